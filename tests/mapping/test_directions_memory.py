"""What fast runs of the other directions leave out or copy changes nothing: against traced runs and plain readings."""

from __future__ import annotations

import json
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.fhir.json_tree import FhirDocument, dumps
from workbench.fhir.json_tree import parse as parse_fhir
from workbench.kernel.shipped import shipped
from workbench.mapping.directed import compile_any
from workbench.mapping.directions.mapping import DirectedMapping, Received
from workbench.mapping.directions.patterns import ANY_DEPTH, Cover, PatternStep, Spot
from workbench.mapping.directions.running import Instance, Node
from workbench.mapping.directions.v2_target import Verbatim, objects, paths, render, tree_of, untidy
from workbench.mapping.load import load_package
from workbench.v2.delimiters import STANDARD
from workbench.v2.er7 import parse


def compiled(name: str) -> DirectedMapping:
    mapping = compile_any(load_package(shipped(f"mappings/{name}")))
    assert isinstance(mapping, DirectedMapping)
    return mapping


TO_V2, NORMALISE, FOR_23 = compiled("fhir-to-v2"), compiled("v2-normalise"), compiled("v2-normalise-23")


def same_in_both_modes(mapping: DirectedMapping, document: Received) -> None:
    mapped, traced = mapping.map(document), mapping.trace(document)
    assert mapped.texts == traced.texts
    assert dumps(mapped.bundle) == dumps(traced.bundle)
    assert mapped.issues == traced.issues
    traced.ledger.check()


# --- FHIR to v2: reports in a row -----------------------------------------------------------------------------------

_few = st.sampled_from
_codings = st.fixed_dictionaries(
    {"code": _few(["1-8", "2-6"])},
    optional={
        "system": _few(["http://loinc.org", "urn:id:L", "http://terminology.hl7.org/CodeSystem/v2-0078"]),
        "display": _few(["Glucose", "a^b", "Natrium"]),
        "userSelected": st.booleans(),
        "extension": st.just([{"url": "urn:x", "valueString": "kept"}]),
    },
)
_concepts = st.fixed_dictionaries(
    {}, optional={"coding": st.lists(_codings, min_size=1, max_size=4), "text": _few(["t", "u"])}
)
_references = st.fixed_dictionaries(
    {},
    optional={"reference": _few(["Organization/o", "Practitioner/p", "#c", "Patient/none"]), "display": st.just("D")},
)
_observations = st.fixed_dictionaries(
    {"resourceType": st.just("Observation"), "code": _concepts},
    optional={
        "status": _few(["final", "preliminary", "unheard-of"]),
        "valueQuantity": st.fixed_dictionaries(
            {"value": _few([1, Decimal("1.50"), Decimal("2")])},
            optional={"unit": st.just("g"), "comparator": st.just("<")},
        ),
        "valueString": _few(["text", "longer " * 40, ""]),
        "interpretation": st.lists(_concepts, max_size=2),
        "referenceRange": st.lists(
            st.fixed_dictionaries({}, optional={"text": st.just("1-2"), "low": st.just({"value": 1})}), max_size=2
        ),
        "effectiveDateTime": _few(["2024-01-02", "2024-13-45", "2024-01-02T03:04:05Z"]),
        "issued": _few(["2024-01-02T03:04:05Z", "no time"]),
        "performer": st.lists(_references, max_size=2),
        "note": st.just([{"text": "n"}]),
        "contained": _few(["One", "Two"]).map(
            lambda name: [{"resourceType": "Practitioner", "id": "c", "name": [{"family": name}]}]
        ),
        "hasMember": st.lists(
            st.fixed_dictionaries({"reference": _few(["Observation/0", "Observation/1"])}), max_size=2
        ),
        "derivedFrom": st.lists(st.just({"reference": "Observation/0"}), max_size=1),
        "device": st.just({"reference": "Observation/1"}),
        "photo": st.just("not of this resource"),
    },
)


@st.composite
def reports(draw: st.DrawFn) -> FhirDocument:
    """A Bundle with a report, its results and those who made them; not all of it as FHIR says."""
    results = draw(st.lists(_observations, min_size=1, max_size=4))
    report: dict[str, object] = {
        "resourceType": "DiagnosticReport", "status": draw(_few(["final", "amended"])), "code": draw(_concepts),
        "result": [{"reference": f"Observation/{number}"} for number in range(len(results))],
        "subject": {"reference": "Patient/x"}, "performer": draw(st.lists(_references, max_size=2)),
    }  # fmt: skip
    identifier = [{"system": draw(_few(["urn:id:A", "urn:id:B"])), "value": "7"}]
    resources: list[dict[str, object]] = [
        report,
        {"resourceType": "Patient", "id": "x", "gender": draw(_few(["male", "other"]))},
        {"resourceType": "Organization", "id": "o", "name": "Lab", "identifier": identifier},
        {"resourceType": "Practitioner", "id": "p", "name": [{"family": "Who"}], "identifier": identifier},
        *(dict[str, object](result) | {"id": str(number)} for number, result in enumerate(results)),
    ]
    return parse_fhir(dumps({"resourceType": "Bundle", "entry": [{"resource": each} for each in resources]}))


@settings(max_examples=60, deadline=None)
@given(st.lists(reports(), min_size=1, max_size=4))
def test_reports_in_a_row_become_what_each_becomes_in_a_traced_run(feed: list[FhirDocument]) -> None:
    for document in feed:
        same_in_both_modes(TO_V2, document)


@settings(max_examples=60, deadline=None)
@given(st.lists(reports(), min_size=1, max_size=2))
def test_results_without_a_report_do_too(feed: list[FhirDocument]) -> None:
    """There a result is the row around itself and around its members."""
    for document in feed:
        entries: Any = document.value["entry"]
        same_in_both_modes(TO_V2, parse_fhir(dumps({"resourceType": "Bundle", "entry": entries[1:]})))


@settings(max_examples=25, deadline=None)
@given(reports())
def test_the_places_of_objects_are_those_that_count_as_reached(document: FhirDocument) -> None:
    run = TO_V2.trace(document)._run
    assert objects(run.roots) == set(paths(run.roots))


def test_what_varies_is_not_taken_from_memory() -> None:
    """A hundred results of one doctor and one code: each has its own value, unit and number."""

    def result(number: int) -> dict[str, object]:
        return {
            "resourceType": "Observation", "id": str(number), "status": "final", "code": {"text": "c"},
            "valueQuantity": {"value": number, "unit": f"u{number % 7}"},
            "performer": [{"reference": "Practitioner/p"}],
        }  # fmt: skip

    doctor = {"resourceType": "Practitioner", "id": "p", "name": [{"family": "Who"}]}
    report = {"resourceType": "DiagnosticReport", "result": [{"reference": f"Observation/{n}"} for n in range(100)]}
    entries = [{"resource": each} for each in (report, doctor, *map(result, range(100)))]
    document = parse_fhir(json.dumps({"resourceType": "Bundle", "entry": entries}).encode())
    (text,) = TO_V2.map(document).texts
    found = [segment for segment in parse(text.encode()).segments if segment.name == "OBX"]
    assert [(each.value(1), each.value(5), each.value(6), each.value(16, 1, 2)) for each in found] == [
        (str(number + 1), str(number), f"u{number % 7}", "Who") for number in range(100)
    ]


def test_a_contained_doctor_is_that_of_its_own_result() -> None:
    def result(name: str) -> dict[str, object]:
        doctor = {"resourceType": "Practitioner", "id": "c", "name": [{"family": name}]}
        return {
            "resourceType": "Observation", "id": name, "code": {"text": "c"}, "contained": [doctor],
            "performer": [{"reference": "#c"}],
        }  # fmt: skip

    report = {"resourceType": "DiagnosticReport", "result": [{"reference": f"Observation/{name}"} for name in "AB"]}
    entries = [{"resource": each} for each in (report, result("A"), result("B"))]
    document = parse_fhir(dumps({"resourceType": "Bundle", "entry": entries}))
    message = parse(TO_V2.map(document).texts[0].encode())
    assert [segment.value(16, 1, 2) for segment in message.named("OBX")] == ["A", "B"]
    same_in_both_modes(TO_V2, document)


# --- v2 to v2 ---------------------------------------------------------------------------------------------------------

_field = st.text(st.sampled_from("aB1^^&~ \\E.-"), max_size=8).filter(lambda text: text.count("\\") % 2 == 0)
_lines = st.tuples(_few(["PID", "NK1", "OBX", "ORC", "OBR", "ZZZ", "PV1", "AL1"]), st.lists(_field, max_size=14)).map(
    lambda line: "|".join((line[0], *line[1]))
)


@settings(max_examples=120, deadline=None)
@given(st.lists(_lines, max_size=6))
def test_messages_become_the_same_in_both_modes_however_separators_stand(lines: list[str]) -> None:
    header = r"MSH|^~\&|A|B|C|D|2024-01-02||ADT^A01|1|P|2.3"
    message = parse("\r".join((header, *lines, "no segment")).encode())
    same_in_both_modes(NORMALISE, message)
    same_in_both_modes(FOR_23, message)


@settings(max_examples=200)
@given(st.text(st.sampled_from("ab^&~"), max_size=9))
def test_a_repetition_copied_as_text_is_written_like_its_parts(text: str) -> None:
    if not text or "~" in text or untidy(STANDARD).search(text):
        return
    written = []
    for value in (Verbatim(text), tree_of(text, ("^", "&"))):
        root = Instance("", "", Node("", None), None)
        root.inside = [segment := Instance("", "PID", Node("", None), root)]
        segment.content = {"3": [value]}
        written.append(render(root))
    assert written[0] == written[1] == f"PID|||{text}\r"


# --- patterns -------------------------------------------------------------------------------------------------------

_names = _few(["a", "ab", "extension", "b"])
_ways = st.lists(st.tuples(_names, _few(["", "urn:x", "urn:y"])), max_size=5)
_wanted = st.lists(
    st.one_of(
        st.just(PatternStep(ANY_DEPTH)),
        st.tuples(_few(["a", "a*", "*", "extension", "b"]), _few(["", "urn:x"])).map(lambda step: PatternStep(*step)),
    ),
    min_size=1,
    max_size=4,
)


def begins(wanted: list[PatternStep], way: list[tuple[str, str]]) -> bool:
    """What a pattern means, said as plainly as can be: the way begins as it says; `**` is any number of steps."""
    if not wanted:
        return True
    if wanted[0].name == ANY_DEPTH:
        return any(begins(wanted[1:], way[number:]) for number in range(len(way)))
    if not way:
        return False
    (name, url), first = way[0], wanted[0]
    return fnmatchcase(name, first.name) and first.url in ("", url) and begins(wanted[1:], way[1:])


@settings(max_examples=300)
@given(st.lists(st.tuples(_wanted, st.booleans()), max_size=4), _ways)
def test_following_a_way_finds_the_patterns_that_cover_its_end(
    patterns: list[tuple[list[PatternStep], bool]], way: list[tuple[str, str]]
) -> None:
    covers = [Cover(n, "", tuple(steps), True, keeps, False) for n, (steps, keeps) in enumerate(patterns)]
    spot = Spot(frozenset((cover, 0) for cover in covers), {})
    for name, url in way:
        spot = spot.inside(name, url)
    covering = [cover for cover in covers if begins(list(cover.steps), way)]
    assert list(spot.ignore) == [cover for cover in covering if not cover.keeps]
    assert list(spot.keep) == [cover for cover in covering if cover.keeps]
    assert spot.left_out == bool(spot.ignore)
    if spot.ignore:
        assert spot.may_ignore
