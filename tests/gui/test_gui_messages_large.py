"""Large messages are looked at in parts: nothing is copied, folded or numbered wrongly."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import settled
from workbench.gui import bench as bench_module
from workbench.gui.main_window import MainWindow
from workbench.gui.models import outline as outline_module
from workbench.gui.models.decoded import embedded_at, folded_span, meaning_of, whole_of
from workbench.gui.models.nodes import v2_tree
from workbench.gui.models.outline import FOLD_BYTES, PART_SEGMENTS, Bytes, Outline, look_at, outline_of, path_of
from workbench.gui.views.messages.page import MessagesPage
from workbench.gui.widgets.display_text import of_message
from workbench.kernel.errors import Cancelled, Refused
from workbench.kernel.location import Span
from workbench.kernel.progress import JobContext
from workbench.messages.capture import open_capture
from workbench.v2 import er7

HEAD = "MSH|^~\\&|LAB|GH|WB|T|20250101||ORU^R01|L1|T|2.5.1\r"


def many_results(count: int, end: str = "\r") -> bytes:
    rows = (f"OBX|{n}|NM|GLU^Glucose^L||{n}|mg/dL" for n in range(1, count + 1))
    return (HEAD.replace("\r", end) + f"PID|1||7||Roe^Ann{end}" + end.join(rows) + end).encode()


def outlined(raw: bytes) -> Outline:
    found = outline_of(Bytes(raw, 0, len(raw)), "", JobContext())
    assert found is not None
    return found


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_paths_and_bytes_of_a_part_are_those_of_the_whole(end: str) -> None:
    raw = many_results(3 * PART_SEGMENTS, end)
    outline, whole = outlined(raw), er7.parse(raw)
    assert (len(outline), outline.parts) == (len(whole.segments), 4)
    for number in range(outline.parts):
        for segment in outline.part(number).segments:
            for leaf in segment.leaves():
                path = path_of(leaf)
                assert whole.at(path)[0].span == leaf.span, path
                assert raw[leaf.span.start : leaf.span.end].decode() == leaf.raw


def test_a_place_is_found_in_the_part_that_holds_it() -> None:
    raw = many_results(5 * PART_SEGMENTS)
    outline, wanted = outlined(raw), 4 * PART_SEGMENTS
    part = outline.part(outline.part_of(f"OBX[{wanted}]-5"))
    assert part.value(f"OBX[{wanted}]-5") == str(wanted)
    assert outline.part_at(raw.index(f"OBX|{wanted}|".encode())) == part.part
    assert outline.part_of("ZZZ-1") == outline.part_of("no path") == -1


@settings(deadline=None, max_examples=60)
@given(
    before=st.text(alphabet="aé|^~&", max_size=40),
    long=st.text(alphabet="xé中", min_size=1, max_size=9).map(lambda text: text * (FOLD_BYTES // len(text) + 9)),
    after=st.text(alphabet="bü|^", max_size=40),
)
def test_folded_text_leads_to_the_right_bytes_and_back(before: str, long: str, after: str) -> None:
    raw = (HEAD + f"ZZ1|{before}|{long}|{after}\rZZ2|1\r").encode()
    excerpt = outlined(raw).part(0)
    shown = of_message(excerpt)
    assert " bytes ⋯ " in shown.text
    assert len(excerpt.raw) < len(raw)
    for segment in excerpt.segments:
        for leaf in segment.leaves():
            start, end = shown.positions(leaf.span)
            words = shown.text[start:end]
            assert words == leaf.raw or words.startswith(leaf.raw + " ⋯ ")
            assert shown.byte(start) == leaf.span.start
    assert raw[excerpt.segments[-1].span(1).start :] == b"1\r"


def test_a_folded_document_is_decoded_from_the_file() -> None:
    pdf = b"%PDF-1.4\n" + bytes(range(256)) * 400
    text = base64.b64encode(pdf).decode()
    raw = (HEAD + f"OBX|1|ED|D^Doc||^application^pdf^Base64^{text}||||||F\r").encode()
    outline = outlined(raw)
    part = outline.part(0)
    found = embedded_at(part, "OBX-5")
    assert found is not None and not found.is_whole and found.kind == "PDF document"
    assert abs(found.size - len(pdf)) < 3
    assert meaning_of(part, "OBX-5.5")[0][1].startswith("PDF document, about")
    span = folded_span(part, "OBX-5")
    assert span is not None
    assert whole_of(outline.data, span, JobContext()).data == pdf
    with pytest.raises(Refused, match="no base64"):
        whole_of(outline.data, Span(0, 40), JobContext())


def test_outlining_stops_when_it_is_cancelled() -> None:
    ctx = JobContext()
    ctx.cancel()
    with pytest.raises(Cancelled):
        outline_of(Bytes(many_results(3), 0, 60), "", ctx)


def test_what_cannot_be_cut_at_its_bytes_is_read_as_a_whole(tmp_path: Path) -> None:
    raw = many_results(3).replace(b"|2.5.1", b"|2.5.1||||||ISO IR87") + "NTE|1||日本語\r".encode("iso2022_jp")
    path = tmp_path / "japanese.hl7"
    path.write_bytes(raw)
    looked = look_at(open_capture([path]), 0, JobContext())
    assert looked.outline is None and looked.document is not None


def test_a_large_message_is_read_beside_the_window_and_shown_in_parts(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_module, "SLOW_BYTES", 1000)
    monkeypatch.setattr(outline_module, "WHOLE_SEGMENTS", 10)
    path = tmp_path / "large.hl7"
    path.write_bytes(many_results(3 * PART_SEGMENTS))
    window.open_paths([path])
    assert window.bench.document is None
    settled(qtbot, window)
    page, bench = window.pages["messages"], window.bench
    assert isinstance(page, MessagesPage)
    view = page.message
    assert bench.document is None and bench.part is not None
    assert "too large" in bench.document_problem
    assert view.parts.words.text().startswith("Segments 1 to 100 of 302")
    bench.select_place("OBX[250]-5", None)
    assert view.parts.words.text().startswith("Segments 201 to 300 of 302")
    assert view.model.node(view.tree.currentIndex()).path == "OBX[250]-5"  # type: ignore[union-attr]
    view.parts.after.click()
    assert bench.part.part == 3
    view.raw_buttons.button(1).click()
    assert view.hex.model().index(0, 0).data() == "4d"
    bench.set_masked(True)
    assert view.hex.model().index(0, 0).data() == "2a"
    assert "Roe" not in view.raw.toPlainText()


def test_a_long_message_keeps_its_findings_and_shows_one_part_in_the_tree(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "long.hl7"
    path.write_bytes(many_results(3000))
    window.open_paths([path])
    settled(qtbot, window)
    bench = window.bench
    assert bench.document is not None and bench.part is not None
    assert bench.findings()
    page = window.pages["messages"]
    assert isinstance(page, MessagesPage)
    assert len(page.message.model.tree.children[-1]) == PART_SEGMENTS
    assert len(v2_tree(bench.part).children[-1]) == PART_SEGMENTS
