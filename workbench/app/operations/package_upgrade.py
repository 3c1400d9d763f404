"""Putting a site's package on a newer base: the questions, the answers, and what is written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.kernel.errors import Refused
from workbench.mapping.entries import EntryName
from workbench.mapping.load import load_package
from workbench.mapping.model import Package
from workbench.mapping.save import save_package
from workbench.mapping.upgrade import Choice, Question, Upgrade, plan_upgrade, upgraded


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What an upgrade did: the questions with their answers, what needed none, and the files that were written."""

    plan: Upgrade
    answers: Mapping[EntryName, Choice]
    package: Package
    files: tuple[str, ...]


def plan_for(site: Path, new_base: Path, old_base: Path | None = None) -> Upgrade:
    """Read the packages and work out what has to be asked.

    old_base  what the site stood on when its own rules were made; None is the base its package.yaml names
    raises    Refused MAP-…: a defective package, or one without a base
    """
    old = load_package(old_base) if old_base is not None else None
    package = load_package(site)
    return plan_upgrade(package, load_package(new_base), old)


def upgrade(
    site: Path,
    new_base: Path,
    old_base: Path | None = None,
    choices: Mapping[str, Choice] | None = None,
    otherwise: Choice | None = None,
    *,
    write: bool = True,
) -> Upgraded:
    """Answer the questions of an upgrade and write the site's package.

    choices    by `segments/PID-Patient/pid-8`
    otherwise  for all others; None takes what is suggested
    raises     Refused MAP-0410: a choice for something that is not asked; MAP-…: as `plan_for` and `upgrade.upgraded`
               Unavailable KRN-0002: a file cannot be written
    """
    plan = plan_for(site, new_base, old_base)
    asked = {answer_name(question): question for question in plan.questions}
    unknown = sorted((choices or {}).keys() - asked.keys())
    if unknown:
        known = ", ".join(asked) or "nothing is asked"
        raise Refused("MAP-0410", f"{unknown[0]} is not asked.", f"Asked are: {known}.")
    chosen = {asked[name].entry: choice for name, choice in (choices or {}).items()}
    extends = Path(os.path.relpath(new_base.resolve(), site.resolve())).as_posix()
    package = upgraded(plan, chosen, extends, otherwise=otherwise)
    answers = {
        question.entry: chosen.get(question.entry, otherwise or question.suggested) for question in plan.questions
    }
    files = save_package(package) if write else ()
    return Upgraded(plan, answers, package, files)


def answer_name(question: Question) -> str:
    """How a choice names its question: `segments/PID-Patient/pid-8`."""
    return f"{question.entry.map}/{question.entry.id}"
