"""Everything that stands against a package as it is: defects of its files, what does not compile, what engines lack."""

from __future__ import annotations

from pathlib import Path

from workbench.kernel.errors import Refused
from workbench.mapping.directed import compile_any
from workbench.mapping.files import Defect, defects_of
from workbench.mapping.load import load_package
from workbench.mapping.model import Package
from workbench.mapping.portability import EngineFlag, engine_flags


def check_package(folder: Path) -> tuple[tuple[Defect, ...], tuple[EngineFlag, ...]]:
    """The defects of a package, each with its place, and the rules its engines cannot carry.

    Engines are looked at only where the package is sound.

    raises  Refused MAP-0100: no package there; Unavailable MAP-0190: a file cannot be read
    """
    try:
        package = load_package(folder)
    except Refused as problem:
        if problem.code == "MAP-0100":
            raise
        return defects_of(problem), ()
    found = compile_defects(package)
    return found, () if found else engine_flags(package)


def compile_defects(package: Package) -> tuple[Defect, ...]:
    """What keeps a package that can be read from being run; () when nothing does."""
    try:
        compile_any(package)
    except Refused as problem:
        return defects_of(problem)
    return ()
