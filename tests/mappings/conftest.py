"""The shipped package, and messages mapped by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from workbench.kernel.shipped import shipped
from workbench.mapping.engine.compile import CompiledMapping, compile_package
from workbench.mapping.load import load_package
from workbench.v2.er7 import parse

Json = dict[str, Any]


@dataclass(frozen=True)
class Mapped:
    """The bundle of one message, with its references resolved."""

    bundle: Json

    def all(self, resource_type: str) -> list[Json]:
        return [r for r in self.resources() if r["resourceType"] == resource_type]

    def one(self, resource_type: str) -> Json:
        found = self.all(resource_type)
        assert len(found) == 1, f"{len(found)} {resource_type}"
        return found[0]

    def resources(self) -> Iterator[Json]:
        return (entry["resource"] for entry in self.bundle["entry"])

    def at(self, reference: Json) -> Json:
        """The resource a Reference leads to."""
        return next(e["resource"] for e in self.bundle["entry"] if e["fullUrl"] == reference["reference"])

    def references(self) -> list[str]:
        found: list[str] = []

        def walk(value: object) -> None:
            if isinstance(value, dict):
                found.extend(v for k, v in value.items() if k == "reference" and isinstance(v, str))
                for inner in value.values():
                    walk(inner)
            elif isinstance(value, list):
                for inner in value:
                    walk(inner)

        walk(self.bundle)
        return found


def er7(lines: str) -> bytes:
    """The bytes of a message written one segment to a line."""
    return "\r".join(line.strip() for line in lines.strip().splitlines()).encode() + b"\r"


@pytest.fixture(scope="session")
def standard() -> CompiledMapping:
    """The package v2-to-fhir-r4 as shipped."""
    return compile_package(load_package(shipped("mappings", "v2-to-fhir-r4")))


@pytest.fixture(scope="session")
def convert(standard: CompiledMapping) -> Callable[[str], Mapped]:
    """Maps a message written one segment to a line."""
    return lambda lines: Mapped(standard.run(parse(er7(lines))))


@pytest.fixture(scope="session")
def encoded() -> Callable[[str], bytes]:
    return er7
