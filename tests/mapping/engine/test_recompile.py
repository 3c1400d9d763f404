"""Compiling again after an edit gives what compiling everything gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from workbench.app.documents import document_at
from workbench.app.session import sample_capture_paths, standard_package_folder
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.mapping.edits import AddRule, ChangeHeader, ChangeRule, Edit, PutCodeMap, RemoveRule
from workbench.mapping.engine.compile import CompiledMapping, compile_package
from workbench.mapping.engine.recompile import recompile
from workbench.mapping.load import load_package
from workbench.mapping.model import Package, Policy, Rule, Unmapped
from workbench.messages.capture import Capture
from workbench.v2.er7 import Message


@pytest.fixture(scope="module")
def package() -> Package:
    return load_package(standard_package_folder())


@pytest.fixture(scope="module")
def compiled(package: Package) -> CompiledMapping:
    return compile_package(package)


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    capture = Capture(tuple(sample_capture_paths()), {})
    capture.index(JobContext())
    return [m for n in range(0, len(capture), 5) if isinstance(m := document_at(capture, n), Message)]


def _changed(package: Package, where: str, rule_id: str, change: Callable[[Rule], Rule]) -> Edit:
    rule_map = package.rule_map(where.partition("/")[2])
    assert rule_map is not None
    rule = rule_map.rule(rule_id)
    assert rule is not None
    return ChangeRule(where, rule_id, change(rule))


def _first_of(package: Package, where: str) -> str:
    rule_map = package.rule_map(where.partition("/")[2])
    assert rule_map is not None
    return rule_map.rules[0].id


EDITS: dict[str, Callable[[Package], Edit]] = {
    "a rule of a segment map": lambda p: _changed(
        p, "segments/PID-Patient", "pid-8", lambda r: replace(r, enabled=False)
    ),
    "a new rule": lambda p: AddRule("segments/PID-Patient", Rule("nick", ("PID-5.2",), "name[nick].text")),
    "a rule of a type map": lambda p: RemoveRule("types/XPN-HumanName", _first_of(p, "types/XPN-HumanName")),
    "a code map": lambda p: PutCodeMap(
        "administrative-sex", replace(p.codes["administrative-sex"], rows=p.codes["administrative-sex"].rows[1:])
    ),
    "a row": lambda p: RemoveRule("messages/part-patient", p.messages["part-patient"].rows[-1].id),
    "the header": lambda p: ChangeHeader(replace(p.header, unmapped=Unmapped(Policy.OMIT))),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_compiles_to_what_the_whole_package_does(
    what: str, package: Package, compiled: CompiledMapping, messages: list[Message]
) -> None:
    edited, _ = EDITS[what](package).apply(package)
    again, whole = recompile(compiled, edited), compile_package(edited)
    assert [again.run(message) for message in messages] == [whole.run(message) for message in messages]
    assert [again.trace(m).trace for m in messages] == [whole.trace(m).trace for m in messages]


def test_what_an_edit_does_not_touch_is_the_very_same(package: Package, compiled: CompiledMapping) -> None:
    edited, _ = _changed(package, "segments/PID-Patient", "pid-8", lambda r: replace(r, note="x")).apply(package)
    again = recompile(compiled, edited)
    same = {key for key, made in again.compiler.rule_maps.items() if compiled.compiler.rule_maps.get(key) is made}
    assert {key[0] for key in compiled.compiler.rule_maps.keys() - same} == {"PID-Patient"}


def test_a_defect_is_refused_as_ever(package: Package, compiled: CompiledMapping) -> None:
    edited, _ = _changed(package, "segments/PID-Patient", "pid-8", lambda r: replace(r, target="nosuch")).apply(package)
    with pytest.raises(Refused, match="nosuch"):
        recompile(compiled, edited)
