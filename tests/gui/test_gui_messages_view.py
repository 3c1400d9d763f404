"""One message: what the tree shows, hex, the meaning of a value; and how a capture was read."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import ADT, BAD, FHIR, settled
from workbench.fhir import json_tree
from workbench.gui.bench import Bench
from workbench.gui.jobs import JobRunner
from workbench.gui.main_window import MainWindow
from workbench.gui.models.decoded import Embedded, date_in_words, embedded_at, meaning_of
from workbench.gui.models.node_choice import only, with_absent
from workbench.gui.models.nodes import v2_tree
from workbench.gui.theme.theme import Theme
from workbench.gui.views.messages.detection import part_lines
from workbench.gui.views.messages.page import MessagesPage
from workbench.gui.widgets.display_text import masked_bytes
from workbench.gui.widgets.embedded_dialog import EmbeddedDialog
from workbench.gui.widgets.hex_view import ROW_BYTES, TEXT, WINDOW_BYTES, HexView
from workbench.kernel.location import Span
from workbench.messages.capture import Framing
from workbench.v2 import er7

PDF = base64.b64encode(b"%PDF-1.4 " + b"x" * 60).decode()
REPORT = (
    "MSH|^~\\&|LAB|GH|WB|T|20260302||MDM^T02|C9|T|2.5.1\r"
    f"OBX|1|ED|PDF^Report||^application^pdf^Base64^{PDF}\rOBX|2|ST|X||a \\T\\ b\r"
).encode()


def page_of(window: MainWindow) -> MessagesPage:
    page = window.pages["messages"]
    assert isinstance(page, MessagesPage)
    return page


def labels(page: MessagesPage) -> set[str]:
    return {node.label for node in page.message.model.tree.nodes}


def test_all_fields_of_the_dictionary_are_shown_in_their_order() -> None:
    message = er7.parse(ADT)
    tree = with_absent(v2_tree(message), message)
    pid = tree.at_path("PID")
    fields = [tree.nodes[number].label for number in tree.children[pid]]
    assert fields[:5] == ["PID-1", "PID-2", "PID-3", "PID-4", "PID-5"]
    assert tree.nodes[tree.at_path("PID-2")].span is None
    assert tree.nodes[tree.at_path("PID-3[2].1")].value == "998877"


def test_fields_no_dictionary_knows_stay_in_the_tree_of_all() -> None:
    message = er7.parse(ADT)
    tree = with_absent(v2_tree(message), message)
    assert tree.nodes[tree.at_path("ZPI-2")].value == "VIP note"


def test_a_part_of_a_tree_keeps_what_holds_it_and_what_it_holds() -> None:
    tree = v2_tree(er7.parse(ADT))
    kept = only(tree, [tree.at_path("PID-3")])
    assert {node.label for node in kept.nodes if node.parent < 0} == {"PID"}
    assert kept.at_path("PID-3[1].1") > 0
    assert kept.at_path("PID-5") == -1


def test_the_tree_can_show_problems_only(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "bad.hl7"
    path.write_bytes(BAD)
    window.open_paths([path])
    settled(qtbot, window)
    page = page_of(window)
    page.message.show_fields("With problems")
    assert "PID-7" in labels(page)
    assert "PID-5" not in labels(page)
    page.message.show_fields("All")
    assert "PID-30" in labels(page)


def test_hex_shows_rows_of_sixteen_and_says_which_byte_was_chosen(qtbot: QtBot, theme: Theme) -> None:
    view = HexView(theme)
    qtbot.addWidget(view)
    view.show_bytes(bytes(range(40)))
    model = view.model()
    assert model.rowCount() == 3
    assert model.index(1, 1).data() == "11"
    assert model.index(2, TEXT).data() == " !\"#$%&'"
    assert model.index(2, 9).data() is None
    chosen: list[int] = []
    view.byte_chosen.connect(chosen.append)
    view.setCurrentIndex(model.index(1, 3))
    view.point_out([Span(5, 6)])
    assert chosen == [19]
    assert view.currentIndex().column() == 5


def test_hex_of_a_giant_moves_its_window_to_the_byte(qtbot: QtBot, theme: Theme) -> None:
    view = HexView(theme)
    qtbot.addWidget(view)
    view.show_bytes(b"a" * (WINDOW_BYTES + 5) + b"Z")
    assert view.model().rowCount() == WINDOW_BYTES // ROW_BYTES
    view.point_out([Span(WINDOW_BYTES + 5, WINDOW_BYTES + 6)])
    assert view.currentIndex().data() == "5a"


def test_hidden_values_are_hidden_in_the_bytes_as_well() -> None:
    message = er7.parse(ADT)
    hidden = masked_bytes(message, mask=True)
    assert len(hidden) == len(ADT)
    assert b"123456" not in hidden
    assert hidden.startswith(b"MSH|^~\\&|REG|GH")
    assert b"Doe" not in masked_bytes(json_tree.parse(FHIR), mask=True)


def test_hex_and_tree_follow_one_another(qtbot: QtBot, window: MainWindow, capture_file: Path) -> None:
    window.open_paths([capture_file])
    settled(qtbot, window)
    view = page_of(window).message
    view.raw_buttons.button(1).click()
    byte = ADT.index(b"998877")
    view.hex.setCurrentIndex(view.hex.model().index(byte // ROW_BYTES, byte % ROW_BYTES))
    assert window.bench.place.path == "PID-3[2].1"
    node = view.model.node(view.tree.currentIndex())
    assert node is not None
    assert node.value == "998877"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("20260302082200-0500", "Monday, 2 March 2026, 08:22:00, UTC-05:00"),
        ("198001", "January 1980"),
        ("1980", "the year 1980"),
        ("20260230", "no such date"),
        ("1980133", ""),
    ],
)
def test_dates_are_told_in_words_as_far_as_they_are_stated(text: str, words: str) -> None:
    assert date_in_words(text) == words


def test_a_value_is_decoded_by_its_data_type() -> None:
    message = er7.parse(ADT)
    assert meaning_of(message, "PID-7") == (("Date", "Thursday, 3 January 1980"),)
    assert dict(meaning_of(message, "PID-8"))["Code"].startswith("Female")
    assert meaning_of(message, "PID-7", mask=True) == ()
    assert meaning_of(message, "PID-30") == ()
    assert dict(meaning_of(er7.parse(REPORT), "OBX[2]-5"))["Decoded"] == "a & b"


def test_a_document_in_base64_is_known_by_its_first_bytes() -> None:
    message = er7.parse(REPORT)
    found = embedded_at(message, "OBX-5")
    assert found is not None
    assert found.words == "PDF document, 69 bytes, in base64"
    assert meaning_of(message, "OBX-5.5") == (("Holds", found.words),)
    assert embedded_at(message, "OBX[2]-5") is None


def test_text_and_rtf_inside_a_message_can_be_read_and_saved(
    qtbot: QtBot, theme: Theme, jobs: JobRunner, tmp_path: Path
) -> None:
    bench = Bench(theme, jobs)
    rtf = rb"{\rtf1{\fonttbl{\f0 Arial;}}\f0 Glucose \b high\b0\par Second line}"
    dialog = EmbeddedDialog(bench, Embedded("RTF document", rtf))
    qtbot.addWidget(dialog)
    assert isinstance(dialog.body, QPlainTextEdit)
    assert dialog.body.toPlainText().split("\n") == ["Glucose high", "Second line"]
    dialog.save(tmp_path / "report.rtf")
    qtbot.waitUntil(lambda: not jobs.running)
    assert (tmp_path / "report.rtf").read_bytes() == rtf


def test_framing_and_encoding_can_be_overruled(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "latin.hl7"
    path.write_bytes(ADT.decode().replace("||||||UNICODE UTF-8", "").encode("cp1252"))
    window.open_paths([path])
    settled(qtbot, window)
    page = page_of(window)
    assert page.list.detection.text() == Framing.ER7
    page.list.show_detection()
    dialog = page.list._detection
    assert dialog is not None
    assert [line.messages for line in dialog.model.rows] == [1]
    dialog.encoding.setCurrentText("Windows-1252")
    dialog.apply()
    settled(qtbot, window)
    assert window.bench.capture is not None
    assert part_lines(window.bench.capture, dialog.overrule)[0].encoding == "cp1252"
    assert dialog.model.rows[0].overrule.encoding == "cp1252"
    assert "García" in page.message.raw.toPlainText()
    dialog.close()


def test_an_element_of_a_resource_is_explained_under_the_text(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "patient.json"
    path.write_bytes(b'{"resourceType": "Patient", "gender": "male", "birthDate": "1980-01-03"}')
    window.open_paths([path])
    settled(qtbot, window)
    page = window.pages["messages"]
    assert isinstance(page, MessagesPage)
    window.bench.select_place("Patient.gender", None)
    words = page.message.meaning.text()
    assert "male | female" in words and "Cardinality: 0..1" in words and "Binding: required" in words
    assert "Code: Male" in words
    window.bench.select_place("Patient.birthDate", None)
    assert "Date: Thursday, 3 January 1980" in page.message.meaning.text()
    window.bench.set_masked(True)
    assert "1980" not in page.message.meaning.text()
