from __future__ import annotations

from pathlib import Path

import pytest

from workbench.app import session
from workbench.app.operations import main_job
from workbench.app.operations.main_job import run_main_job
from workbench.cli.command_line import run
from workbench.export.verify import verify
from workbench.kernel.issues import Severity
from workbench.kernel.progress import JobContext
from workbench.mapping.engine.ledger import Fate
from workbench.suites.results import Outcome


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (session, main_job):
        monkeypatch.setattr(module, "user_data_folder", lambda: tmp_path)
    return tmp_path


def test_the_main_job_runs_without_a_window(home: Path) -> None:
    report = run_main_job(JobContext())
    assert report.messages == 67
    assert report.findings[Severity.ERROR] == 2
    assert report.values[Fate.LOST] == 0 and report.values[Fate.MAPPED] > 5000
    assert (report.cases[Outcome.PASSED], sum(report.cases.values())) == (37, 37)
    assert len(list((report.results / "bundles").glob("*.json"))) == report.messages
    package = verify(report.exported)
    assert package.draft and report.objections, "the standard package is nobody's release before a site approves it"
    assert report.audit_entries == 5
    assert (report.results / "suite.html").stat().st_size > 1000


def test_the_summary_says_where_the_results_lie(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([], open_window=None) == 0
    said = capsys.readouterr().out
    assert str(home / "sample-results") in said
    assert "67 messages" in said and "0 lost" in said and "37 passed" in said
    assert "not released" in said and "open the window" in said
