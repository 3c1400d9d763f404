"""Rows that the shape of a message rules out, and names that a package looks resources up by."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings

from tests.mapping.conftest import message
from tests.mapping.engine.test_mapping_ledger import MESSAGES
from workbench.fhir.json_tree import dumps
from workbench.kernel.shipped import shipped
from workbench.mapping.engine.compile import CompiledMapping, compile_package
from workbench.mapping.engine.lookups import names_looked_up
from workbench.mapping.engine.rows import RowFunction, Rows
from workbench.mapping.engine.scope import LaidOut, lay_out
from workbench.mapping.load import load_package
from workbench.mapping.model import Package
from workbench.v2.er7 import Message

STANDARD = compile_package(load_package(shipped("mappings", "v2-to-fhir-r4")))


def _every_row(rows: Rows, laid_out: LaidOut) -> Iterable[RowFunction]:
    return [function for _, function in rows._by_row]


@settings(max_examples=60, deadline=None)
@given(MESSAGES)
def test_rows_that_are_not_begun_would_have_done_nothing(given_message: Message) -> None:
    shaped = dumps(STANDARD.run(given_message))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Rows, "of", _every_row)
        assert dumps(STANDARD.run(given_message)) == shaped


def _begun(mapping: CompiledMapping, given_message: Message) -> int:
    compiled, _ = mapping._chosen(given_message)
    return len(list(compiled.rows.of(lay_out(given_message, compiled.layout))))


def test_rows_are_ruled_out_by_absent_segments_empty_fields_and_begun_values(
    package_of: Callable[..., Package],
) -> None:
    rows = (
        'map: ALL\nfor: ["*"]\nrows:\n'
        "  - {id: patient, from: PID, make: Patient, using: PID-Patient}\n"
        "  - {id: absent, from: PID, make: Patient, using: PID-Patient, when: PV1-2 valued}\n"
        "  - {id: empty, from: PID, make: Patient, using: PID-Patient, when: PID-5 valued}\n"
        "  - {id: begun, from: PID, make: Patient, using: PID-Patient, when: 'not (PID-3[1].1 valued)'}\n"
        "  - {id: counted, from: PID, make: Patient, using: PID-Patient, when: count(PV1) > 0}\n"
    )
    rules = "map: PID-Patient\nfrom: PID\nto: Patient\nrules:\n  - {id: a, from: PID-3, to: 'identifier[].value'}\n"
    mapping = compile_package(package_of({"messages/ALL.yaml": rows, "segments/PID-Patient.yaml": rules}))
    assert _begun(mapping, message("ADT^A01", "PID|1||7")) == 1
    assert _begun(mapping, message("ADT^A01", "PID|1||^^^H")) == 2
    assert _begun(mapping, message("ADT^A01", "PID|1||7||DOE", "PV1|1|I")) == 4


def test_a_row_for_each_repetition_is_not_judged_by_the_first(package_of: Callable[..., Package]) -> None:
    rows = (
        'map: ALL\nfor: ["*"]\nrows:\n'
        "  - {id: other, from: PID, each: PID-3, make: Patient, using: PID-Patient, when: 'not (PID-3[1].1 valued)'}\n"
    )
    rules = "map: PID-Patient\nfrom: PID\nto: Patient\nrules:\n  - {id: a, from: PID-3, to: 'identifier[].value'}\n"
    mapping = compile_package(package_of({"messages/ALL.yaml": rows, "segments/PID-Patient.yaml": rules}))
    assert len(mapping.run(message("ADT^A01", "PID|1||7~8"))["entry"]) == 1


def test_names_are_looked_up_by_links_references_fills_keys_keep_rules_and_conditions(
    package_of: Callable[..., Package],
) -> None:
    rows = (
        'map: ALL\nfor: ["*"]\nrows:\n'
        "  - {id: patient, from: PID, make: Patient, using: PID-Patient, identity: ['@key', PID-3.1]}\n"
        "  - {id: more, from: PD1, fill: filled, when: 'made asked'}\n"
        "  - {id: visit, from: PV1, make: Encounter, link: {subject: linked}}\n"
        "keep:\n  - {id: k, from: PID, on: keeper, reason: r, when: PID-8 valued and made once}\n"
    )
    rules = (
        "map: PID-Patient\nfrom: PID\nto: Patient\nrules:\n"
        "  - {id: a, reference: doctor, to: 'generalPractitioner[]'}\n"
        "  - {id: b, from: 'PID-3[CX.5 valued and not (made inner)].1', to: 'identifier[].value'}\n"
    )
    package = package_of({"messages/ALL.yaml": rows, "segments/PID-Patient.yaml": rules})
    assert names_looked_up(package) - {""} == {
        "key", "asked", "filled", "linked", "keeper", "once", "doctor", "inner"
    }  # fmt: skip
