"""What a suite needs of a mapping: results with their ledger, and nothing else of how it works."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol, TypeAlias

from workbench.kernel.issues import Issue
from workbench.kernel.location import Location
from workbench.mapping.directed import AnyMapping, Received, compile_any, ran, traced
from workbench.mapping.load import load_package


class Consumed(Protocol):
    """One populated source value and what became of it: `mapped`, `preserved`, `ignored` or `lost`."""

    @property
    def location(self) -> Location: ...
    @property
    def fate(self) -> str: ...


class Account(Protocol):
    """The ledger of one message."""

    @property
    def entries(self) -> Iterable[Consumed]: ...


class Traced(Protocol):
    """One result."""

    @property
    def bundle(self) -> Mapping[str, object]: ...
    @property
    def ledger(self) -> Account: ...
    @property
    def issues(self) -> tuple[Issue, ...]: ...


class Mapper(Protocol):
    """A compiled mapping with its two modes, which must give the same result."""

    def run(self, message: Received) -> Mapping[str, object]:
        """raises  Refused: this message cannot be mapped"""

    def trace(self, message: Received) -> Traced:
        """raises  Refused: this message cannot be mapped"""


MapperSource: TypeAlias = Callable[[Path], Mapper]
"""Makes the mapper of a package folder. Worker processes call it, so it must be a module's own function."""


def package_mapper(folder: Path) -> Mapper:
    """The compiled mapping of a package.

    raises  Refused MAP-…: defective package
    """
    return mapper_of(compile_any(load_package(folder)))


def mapper_of(mapping: AnyMapping) -> Mapper:
    """A compiled mapping as a suite uses it."""
    return _AnyMapper(mapping)


class _AnyMapper:
    """A package of whatever direction; results that are v2 messages come as JSON, field by field."""

    def __init__(self, mapping: AnyMapping) -> None:
        self._mapping = mapping

    def run(self, message: Received) -> Mapping[str, object]:
        return ran(self._mapping, message)

    def trace(self, message: Received) -> Traced:
        return traced(self._mapping, message)
