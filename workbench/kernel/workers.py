"""Worker processes: spawned, and made ready as this process was."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

_STEPS: dict[str, Callable[[], object]] = {}


def prepare_workers(name: str, step: Callable[[], object] | None) -> None:
    """Let every worker process that is made from now on begin with this step; None takes the step of that name back.

    step  can be pickled, and never raises: a worker that cannot begin is a broken pool
    """
    if step is None:
        _STEPS.pop(name, None)
    else:
        _STEPS[name] = step


def spawned(workers: int) -> ProcessPoolExecutor:
    """So many processes that share nothing with this one."""
    return ProcessPoolExecutor(workers, get_context("spawn"), _prepare, (tuple(_STEPS.values()),))


def _prepare(steps: tuple[Callable[[], object], ...]) -> None:
    for step in steps:
        step()
