from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.messages.samples import framed_samples
from workbench.app.operations import search as search_module
from workbench.app.operations.index import build_index
from workbench.app.operations.saved_searches import SavedSearch, keep_search, kept_searches
from workbench.app.operations.search import compile_question, count_matching, search
from workbench.app.session import create_session
from workbench.kernel.errors import Cancelled, Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, open_capture
from workbench.v2 import er7

FHIR = (
    b'{"resourceType":"Bundle","type":"message","entry":[{"resource":{"resourceType":"Patient","active":true,'
    b'"name":[{"family":"Smith"}],"birthDate":"1980-05-01"}},{"resource":{"resourceType":"Observation",'
    b'"valueQuantity":{"value":5.40}}}]}'
)


def message(number: int) -> bytes:
    kind = ("A01", "A08", "A40")[number % 3]
    odd = "L&X" if number % 7 == 0 else "L"
    return (
        f"MSH|^~\\&|{odd}|FAC|B|D|2024010{number % 9 + 1}||ADT^{kind}|C{number:05}|P|2.5\r"
        f"PID|1||{number:05}^^^H~{number % 10}^^^N||FAM{number % 5}^A\\T\\B||1980\r"
        + ("AL1|1||PEN\r" if number % 4 == 0 else "")
    ).encode()


QUESTIONS = [
    "MSH-9.2 = A08",
    "MSH-9.2 in (A01, A40) and MSH-3.1 = L",
    "not MSH-9.2 = A08",
    "MSH-10 = C00042",
    "MSH-10.1 = C00042 or PID-3.1 = 00043",
    "PID-3[2].1 = 7",
    "PID-5.2 = 'A&B' and exists(AL1)",
    "count(PID-3) = 2 and MSH-7 >= 2024-01-05",
    "text(fam3)",
    "text matches 'FAM[12]'",
    "MSH-3.1 contains l and not MSH-3.1.2 = X",
    "exists(MSH-3) and not exists(MSH-20)",
    "MSH-12 != 2.5 or MSH-3.1.2 = X",
    "count(AL1) < 1 and PID-3 contains 99",
]


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    path = tmp_path_factory.mktemp("search") / "many.hl7"
    path.write_bytes(b"".join(map(message, range(500))))
    return open_capture([path])


def _numbers(capture: Capture, question: str, **kwargs: object) -> list[int]:
    found = search(capture, question, JobContext(), **kwargs)  # type: ignore[arg-type]
    return [number for part in found for number in part.numbers]


@pytest.mark.parametrize("question", QUESTIONS)
def test_index_bytes_and_parser_agree(capture: Capture, question: str) -> None:
    query = compile_question(question)
    expected = [number for number, raw in enumerate(capture) if query(er7.parse(raw))]
    assert 0 < len(expected) < 500 or question.startswith(("exists", "text m"))
    assert _numbers(capture, question, workers=1) == expected
    index = build_index(capture, JobContext(), workers=1)
    assert _numbers(capture, question, index=index, workers=1) == expected


_WORDS = st.sampled_from(["A", "B", "A&B", "X1", "", "a"])
_TERMS = (
    st.builds(
        "{} {} '{}'".format,
        st.sampled_from(["MSH-3.1", "MSH-3", "MSH-9.2", "MSH-10", "MSH-10.1", "MSH-4.1", "PID-3.1", "MSH-12"]),
        st.sampled_from(["=", "!=", "contains", "<", ">="]),
        _WORDS,
    )
    | st.builds("exists({})".format, st.sampled_from(["MSH-3", "MSH-4.1", "PID-3", "AL1"]))
    | st.builds("text('{}')".format, st.sampled_from(["ab", "ss", "fi", "a1", "ß", "|x", ""]))
)
_QUESTIONS = st.recursive(
    _TERMS,
    lambda inner: (
        st.builds("({} and {})".format, inner, inner)
        | st.builds("({} or {})".format, inner, inner)
        | st.builds("not {}".format, inner)
    ),
    max_leaves=4,
)
_FIELD = st.text(alphabet="ABX1a^~&\\sSſßﬁ", max_size=4)
_MESSAGE = st.builds(
    lambda delimiters, fields, patient: (
        f"MSH|{delimiters}|" + "|".join(fields) + "\rPID|1||" + patient + "\r"
    ).encode(),
    st.sampled_from(["^~\\&", "^~\\&", "^~\\&#", "^~^&", "*@?%"]),
    st.lists(_FIELD, min_size=8, max_size=12),
    _FIELD,
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_MESSAGE, min_size=1, max_size=6), _QUESTIONS)
def test_every_shortcut_gives_what_parsing_gives(tmp_path: Path, messages: list[bytes], question: str) -> None:
    (tmp_path / "x.hl7").write_bytes(b"".join(messages))
    capture = open_capture([tmp_path / "x.hl7"])
    query = compile_question(question)
    expected = [number for number, raw in enumerate(messages) if query(er7.parse(raw))]
    index = build_index(capture, JobContext(), workers=1)
    assert _numbers(capture, question, workers=1) == expected
    assert _numbers(capture, question, index=index, workers=1) == expected


def test_worker_processes_give_the_same_answer_in_order(capture: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "PIECE_MESSAGES", 100)
    monkeypatch.setattr(search_module, "PATIENCE_S", 0.0)
    parts = list(search(capture, "PID-3[2].1 = 7", JobContext(), workers=2))
    assert [part.done for part in parts] == [100, 200, 300, 400, 500]
    assert [number for part in parts for number in part.numbers] == list(range(7, 500, 10))


def test_a_question_the_index_answers_reads_no_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_bytes(b"".join(message(number) for number in range(60) if number % 7))
    capture = open_capture([tmp_path / "x"])
    index = build_index(capture, JobContext(), workers=1)
    monkeypatch.setattr(search_module, "_answer_piece", None)
    question = "MSH-9.2 in (A01, A08) and not MSH-10.1 = C00001"
    assert count_matching(capture, question, JobContext(), index) == 33
    with pytest.raises(TypeError):
        count_matching(capture, "PID-3.1 = 00001", JobContext(), index)


@pytest.mark.parametrize(
    ("question", "holds"),
    [
        ("Patient.name.family = Smith", True),
        ("Patient.name[0].family contains SMI", True),
        ("Patient.birthDate < 1980-06", True),
        ("Observation.valueQuantity.value > 5.3", True),
        ("Observation.value[x].value > 5.5", False),
        ("exists(Patient.active) and Bundle.type = message", True),
        ("count(Bundle.entry) = 2", True),
        ("Patient.active = true and not PID-3 = 1", True),
        ("exists(PID)", False),
        ("text(smith)", True),
    ],
)
def test_fhir_documents_answer_element_paths(tmp_path: Path, question: str, holds: bool) -> None:
    (tmp_path / "b.json").write_bytes(FHIR)
    assert _numbers(open_capture([tmp_path / "b.json"]), question) == ([0] if holds else [])


def test_every_framing_answers_the_same_question(tmp_path: Path) -> None:
    for name, data in framed_samples().items():
        (tmp_path / name).write_bytes(data)
    capture = open_capture([tmp_path])
    assert len(_numbers(capture, "PID-5.2 = ANN and MSH-9.1 = ADT")) == len(framed_samples())


@pytest.mark.parametrize("question", ["", "PID-3 =", "patient = 1", "Patient..x = 1", "MSH-9 matches '('", "(" * 500])
def test_what_is_no_question_is_refused(capture: Capture, question: str) -> None:
    with pytest.raises(Refused, match="not understood"):
        _numbers(capture, question)


def test_a_search_stops_when_it_is_cancelled(capture: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "PIECE_MESSAGES", 100)
    ctx = JobContext()
    found = search(capture, "PID-3[2].1 = 7", ctx, workers=1)
    next(found)
    ctx.cancel()
    with pytest.raises(Cancelled):
        list(found)


def test_searches_are_kept_in_the_workspace_by_name(tmp_path: Path) -> None:
    session = create_session(tmp_path / "w.workspace", "a long enough passphrase")
    try:
        keep_search(session, SavedSearch("no allergies", "not exists(AL1)"))
        keep_search(session, SavedSearch("Admissions", "MSH-9.2 = A01"))
        keep_search(session, SavedSearch("no allergies", "count(AL1) = 0"))
        assert kept_searches(session) == (
            SavedSearch("Admissions", "MSH-9.2 = A01"),
            SavedSearch("no allergies", "count(AL1) = 0"),
        )
        with pytest.raises(Refused):
            keep_search(session, SavedSearch("bad", "PID-3 ="))
    finally:
        session.close()
