"""The whole job on the shipped sample: load, validate, map, suite, export; what the window does, without it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from workbench.app.operations.export import export_to
from workbench.app.operations.ledgers import ledger_json, ledger_sentence
from workbench.app.operations.mapping import BundleWriter, map_capture
from workbench.app.operations.suites import run_suite_at
from workbench.app.operations.validation import validate_capture
from workbench.app.session import Session, sample_capture_paths, sample_session, standard_package_folder
from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.issues import Severity
from workbench.kernel.progress import JobContext
from workbench.kernel.shipped import user_data_folder
from workbench.mapping.engine.ledger import CaptureLedger, Fate
from workbench.messages.capture import open_capture
from workbench.suites.results import Outcome

TARGET = "fhir-package"


@dataclass(frozen=True, slots=True)
class MainJobReport:
    """What the job found and where its results lie.

    findings  issues by severity
    account   the ledger in one line, `values` by fate
    exported  the package file, a draft as long as there are objections to its release
    """

    results: Path
    workspace: Path
    messages: int
    findings: dict[Severity, int]
    account: str
    values: dict[Fate, int]
    suite: str
    cases: dict[Outcome, int]
    exported: Path
    objections: tuple[str, ...]
    audit_entries: int


def run_main_job(ctx: JobContext) -> MainJobReport:
    """Do the job in the sample workspace, with the results in a folder beside it.

    raises  Refused, Unavailable, Cancelled as the steps do
    """
    session = sample_session()
    try:
        return _in_session(session, user_data_folder() / "sample-results", ctx)
    finally:
        session.close()


def _in_session(session: Session, results: Path, ctx: JobContext) -> MainJobReport:
    capture = open_capture(sample_capture_paths(), ctx)
    session.record_opened(capture)
    findings = Counter(
        issue.severity for judged in validate_capture(capture, ctx, workers=1) for issue in judged.issues
    )
    package = standard_package_folder()
    account, not_mapped = CaptureLedger(), 0
    with BundleWriter(results / "bundles", capture) as writer:
        for mapped in map_capture(capture, package, ctx, workers=1):
            writer.write(mapped)
            if mapped.ledger is None:
                not_mapped += 1
            else:
                account.merge(mapped.ledger)
    write_atomically(results / "ledger.json", ledger_json(account, not_mapped))
    session.record("mapping.run", "package", package.name)
    suite = run_suite_at(package / "suites" / "main", ctx, junit=results / "suite.xml", html=results / "suite.html")
    session.record("suite.run", "suite", suite.suite, suite.suite_fingerprint)
    exported = export_to(package, TARGET, results, draft=True, ctx=ctx)
    if not exported.objections:
        exported = export_to(package, TARGET, results, draft=False, ctx=ctx)
    session.record("package.export", "package", package.name, exported.release.fingerprint)
    return MainJobReport(
        results=results,
        workspace=session.workspace.folder,
        messages=len(capture),
        findings={severity: findings[severity] for severity in Severity},
        account=ledger_sentence(account, not_mapped),
        values=dict(account.counts()),
        suite=suite.suite,
        cases=suite.counts,
        exported=exported.path,
        objections=tuple(issue.text for issue in exported.objections),
        audit_entries=session.verify_audit().count,
    )
