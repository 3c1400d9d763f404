"""What was approved before, so that nobody maps the same thing twice.

An approval holds for a code together with its wording, unit and specimen: when one of these changes, the old answer is
no answer any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from workbench.terminology.code_map import CodeMap, RowStatus
from workbench.terminology.codes import Coding
from workbench.terminology.harvest import LocalCode
from workbench.terminology.specimens import stated_specimen
from workbench.terminology.unit_codes import ucum_code
from workbench.terminology.words import tokens

Key = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Memory:
    """Approved targets by system, code, wording, unit and specimen of the local code.

    alike  approved targets by wording, unit and specimen alone: what another sender's code was mapped to
    """

    targets: Mapping[Key, tuple[Coding, ...]]
    alike: Mapping[tuple[str, str, str], tuple[Coding, ...]] = field(default_factory=dict)

    def recall(self, local: LocalCode) -> tuple[Coding, ...]:
        """The targets approved for exactly this code, () when there are none."""
        return self.targets.get(key_of(local), ())

    def recall_alike(self, local: LocalCode) -> tuple[Coding, ...]:
        """The targets approved for other codes with the same wording, unit and specimen."""
        _, _, *said = key_of(local)
        own = {target.identity for target in self.recall(local)}
        return tuple(target for target in self.alike.get(_words_of(said), ()) if target.identity not in own)


def key_of(local: LocalCode) -> Key:
    """What an approval is remembered under: system and code as they are, the rest as far as it has a meaning."""
    wording = " ".join(tokens(local.text))
    return local.system, local.code, wording, ucum_code(local.unit), stated_specimen(local.specimen)


def remember(approved: Iterable[tuple[LocalCode, Coding]]) -> Memory:
    """The memory of these approvals, in their order."""
    targets: dict[Key, tuple[Coding, ...]] = {}
    alike: dict[tuple[str, str, str], tuple[Coding, ...]] = {}
    for local, target in approved:
        key = key_of(local)
        targets[key] = _with(targets.get(key, ()), target)
        if key[2]:
            alike[_words_of(key[2:])] = _with(alike.get(_words_of(key[2:]), ()), target)
    return Memory(targets, alike)


def _with(known: tuple[Coding, ...], target: Coding) -> tuple[Coding, ...]:
    return known if target.identity in {each.identity for each in known} else (*known, target)


def _words_of(said: Sequence[str]) -> tuple[str, str, str]:
    wording, unit, specimen = said
    return wording, unit, specimen


def remember_map(code_map: CodeMap, seen: Iterable[LocalCode]) -> Memory:
    """The approved rows of a code map, for the local codes as they look today."""
    approved: list[tuple[LocalCode, Coding]] = []
    for local in seen:
        rows = code_map.translate(local.code, local.system)
        approved += [(local, row.target) for row in rows if row.target and row.status is RowStatus.APPROVED]
    return remember(approved)
