"""A code, said with the system it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True, order=True)
class Coding:
    """One code of one code system (FHIR R4 datatypes.html#Coding).

    system   a URI (`http://loinc.org`), or the name a v2 sender uses (`L`, `LN`); "" when nobody said
    code     exactly as written: codes are case-sensitive and keep their leading zeros
    display  the words for people; no part of the identity
    """

    system: str
    code: str
    display: str = ""

    @property
    def identity(self) -> tuple[str, str]:
        """What makes two codings the same code, whatever their words."""
        return self.system, self.code

    def __str__(self) -> str:
        """FHIR token notation, `system|code`."""
        return f"{self.system}|{self.code}" if self.system else self.code


_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Concept:
    """An entry of a code system: its coding and every other wording it is found by.

    properties   what the release says beside it, under the release's own names (LOINC `PROPERTY`, RxNorm `TTY`)
    retired      no longer to be used for new data
    replaced_by  the codes that the release names instead
    """

    coding: Coding
    synonyms: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=lambda: _NOTHING, hash=False)
    retired: bool = False
    replaced_by: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """Display first, then the synonyms; empty ones left out."""
        return tuple(text for text in (self.coding.display, *self.synonyms) if text)
