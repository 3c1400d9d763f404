"""`workbench` without a verb and without a display: the main job on the sample capture, and where its results lie."""

from __future__ import annotations

from workbench.app.operations.main_job import MainJobReport, run_main_job
from workbench.cli.options import console_job
from workbench.kernel.errors import ExitCode


def run_headless() -> ExitCode:
    """Do the main job and tell what it found."""
    print("There is no display here, so the main job runs on the sample capture without the window.", flush=True)
    _tell(run_main_job(console_job()))
    return ExitCode.CLEAN


def _tell(report: MainJobReport) -> None:
    findings = ", ".join(f"{severity.value} {count}" for severity, count in report.findings.items() if count)
    cases = ", ".join(f"{count} {outcome.value}" for outcome, count in report.cases.items() if count)
    reasons = "".join(f"\n             not released: {text}" for text in report.objections)
    print(f"""
  loaded     {report.messages} messages of synthetic patients
  validated  {findings or "nothing found"} (some defects are in the sample on purpose)
  mapped     {report.account}
  suite      {report.suite}: {cases}
  exported   {report.exported.name}{reasons}
  workspace  {report.workspace}, encrypted, {report.audit_entries} audit entries

The results lie in {report.results}
To open the window, run the same command where there is a display (or under Xvfb: xvfb-run -a …).""")
