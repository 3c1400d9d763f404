"""What was approved before, so that nobody maps the same thing twice.

An approval holds for a code together with its wording, unit and specimen: when one of these changes, the old answer is
no answer any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workbench.terminology.code_map import CodeMap, RowStatus
from workbench.terminology.codes import Coding
from workbench.terminology.harvest import LocalCode
from workbench.terminology.specimens import stated_specimen
from workbench.terminology.unit_codes import ucum_code
from workbench.terminology.words import tokens

Key = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Memory:
    """Approved targets by system, code, wording, unit and specimen of the local code."""

    targets: Mapping[Key, tuple[Coding, ...]]

    def recall(self, local: LocalCode) -> tuple[Coding, ...]:
        """The targets approved for exactly this code, () when there are none."""
        return self.targets.get(key_of(local), ())


def key_of(local: LocalCode) -> Key:
    """What an approval is remembered under: system and code as they are, the rest as far as it has a meaning."""
    wording = " ".join(tokens(local.text))
    return local.system, local.code, wording, ucum_code(local.unit), stated_specimen(local.specimen)


def remember(approved: Iterable[tuple[LocalCode, Coding]]) -> Memory:
    """The memory of these approvals, in their order."""
    targets: dict[Key, tuple[Coding, ...]] = {}
    for local, target in approved:
        key = key_of(local)
        if target.identity not in {known.identity for known in targets.get(key, ())}:
            targets[key] = (*targets.get(key, ()), target)
    return Memory(targets)


def remember_map(code_map: CodeMap, seen: Iterable[LocalCode]) -> Memory:
    """The approved rows of a code map, for the local codes as they look today."""
    approved: list[tuple[LocalCode, Coding]] = []
    for local in seen:
        rows = code_map.translate(local.code, local.system)
        approved += [(local, row.target) for row in rows if row.target and row.status is RowStatus.APPROVED]
    return remember(approved)
