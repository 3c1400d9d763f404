"""Jobs: results, failures, cancelling, and the newest one winning."""

from __future__ import annotations

import threading

from pytestqt.qtbot import QtBot

from workbench.gui.jobs import READERS, JobRunner, JobState
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext, Progress


def test_a_result_arrives_on_the_window_thread(qtbot: QtBot, jobs: JobRunner) -> None:
    arrived: list[tuple[object, int]] = []
    handle = jobs.start("Add", lambda _ctx: 2 + 2)
    handle.succeeded.connect(lambda result: arrived.append((result, threading.get_ident())))
    qtbot.waitUntil(lambda: bool(arrived))
    assert arrived == [(4, threading.get_ident())]


def test_a_refusal_arrives_as_a_failure_with_its_sentence(qtbot: QtBot, jobs: JobRunner) -> None:
    def refuse(_ctx: JobContext) -> None:
        raise Refused("X-0001", "It cannot be used.", "Try another.")

    handle = jobs.start("Refuse", refuse)
    failures: list[object] = []
    states: list[JobState] = []
    handle.failed.connect(failures.append)
    handle.ended.connect(lambda job: states.append(job.state))
    qtbot.waitUntil(lambda: bool(states))
    assert isinstance(failures[0], Refused)
    assert states == [JobState.FAILED]


def test_a_cancelled_job_neither_succeeds_nor_fails(qtbot: QtBot, jobs: JobRunner) -> None:
    begun = threading.Event()

    def endless(ctx: JobContext) -> None:
        while True:
            begun.set()
            ctx.check()

    handle = jobs.start("Endless", endless)
    outcomes: list[str] = []
    handle.succeeded.connect(lambda _r: outcomes.append("succeeded"))
    handle.failed.connect(lambda _p: outcomes.append("failed"))
    handle.ended.connect(lambda job: outcomes.append(str(job.state)))
    assert begun.wait(5)
    handle.cancel()
    qtbot.waitUntil(lambda: bool(outcomes))
    assert outcomes == ["cancelled"]


def test_the_result_of_a_superseded_job_is_dropped(qtbot: QtBot, jobs: JobRunner) -> None:
    release = threading.Event()
    results: list[str] = []
    first = jobs.newest("look", "First", lambda _ctx: release.wait(5) and "first")
    first.succeeded.connect(results.append)
    second = jobs.newest("look", "Second", lambda _ctx: "second")
    second.succeeded.connect(results.append)
    release.set()
    qtbot.waitUntil(lambda: not jobs.running)
    assert results == ["second"]


def test_jobs_that_write_run_one_after_the_other(qtbot: QtBot, jobs: JobRunner) -> None:
    inside, most = [0], [0]
    lock = threading.Lock()

    def write(_ctx: JobContext) -> None:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        threading.Event().wait(0.02)
        with lock:
            inside[0] -= 1

    for _ in range(4):
        jobs.start("Write", write, writes=True)
    qtbot.waitUntil(lambda: not jobs.running)
    assert most == [1]


def test_the_last_step_of_a_job_is_always_reported(qtbot: QtBot, jobs: JobRunner) -> None:
    said: list[Progress] = []

    def count(ctx: JobContext) -> None:
        for step in range(1, 1001):
            ctx.advance(step, 1000)

    handle = jobs.start("Count", count)
    handle.progressed.connect(said.append)
    qtbot.waitUntil(lambda: not jobs.running)
    assert said[-1].fraction == 1.0
    assert len(said) < 20


def test_closing_waits_for_every_thread(jobs: JobRunner) -> None:
    ended = threading.Event()

    def slow(ctx: JobContext) -> None:
        try:
            while True:
                ctx.check()
        finally:
            ended.set()

    started = jobs.start("Slow", slow)
    jobs.close()
    assert started.state is JobState.CANCELLED
    assert not jobs.running


def test_jobs_that_wait_leave_the_readers_free(qtbot: QtBot) -> None:
    runner, go = JobRunner(), threading.Event()
    for number in range(READERS + 1):
        runner.start(f"Waiting {number}", lambda _ctx: go.wait(60), waits=True)
    read = runner.start("Reading", lambda _ctx: 7)
    with qtbot.waitSignal(read.succeeded, timeout=10_000) as found:
        pass
    assert found.args == [7]
    go.set()
    runner.close()
