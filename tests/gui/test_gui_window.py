"""What the window does by itself: filters, keys, panes, masking, damage, recovery, and what screen readers hear."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import ADT, FHIR, PASSPHRASE, settled
from workbench.app.session import Session, open_session
from workbench.gui import start
from workbench.gui.main_window import MainWindow
from workbench.gui.models.rule_tree import RuleName
from workbench.gui.palette_source import PaletteSource
from workbench.gui.shell.command_palette import CommandPalette
from workbench.gui.shell.dialogs import KeysDialog, PassphraseDialog, ReasonDialog
from workbench.gui.theme.theme import Theme
from workbench.gui.theme.tokens import ThemeName
from workbench.gui.views.mapping.add_rule import AddRuleDialog
from workbench.gui.views.mapping.page import MappingPage
from workbench.gui.views.messages.page import MessagesPage
from workbench.kernel.issues import MASK
from workbench.mapping.edits import RemoveRule


def messages_of(window: MainWindow) -> MessagesPage:
    page = window.pages["messages"]
    assert isinstance(page, MessagesPage)
    return page


def mapping_of(window: MainWindow) -> MappingPage:
    page = window.pages["mapping"]
    assert isinstance(page, MappingPage)
    return page


@pytest.mark.parametrize(
    ("text", "left"), [("roe", 1), ('PID-3.1 = "123456"', 1), ("count(PID) = 1", 2), ("nobody", 0)]
)
def test_words_and_questions_filter_the_list(
    qtbot: QtBot, window: MainWindow, capture_file: Path, text: str, left: int
) -> None:
    window.open_paths([capture_file])
    settled(qtbot, window)
    messages = messages_of(window)
    messages.list.filter.setText(text)
    messages.list.apply_filter()
    settled(qtbot, window)
    assert messages.list.model.rowCount() == left


def test_a_question_that_is_not_understood_is_said_and_changes_nothing(
    qtbot: QtBot, window: MainWindow, capture_file: Path
) -> None:
    window.open_paths([capture_file])
    settled(qtbot, window)
    messages = messages_of(window)
    messages.list.filter.setText("PID-3.1 = ")
    messages.list.apply_filter()
    settled(qtbot, window)
    assert messages.list.filter.property("wrong") is True
    assert messages.list.filter.toolTip() != ""
    assert messages.list.model.rowCount() == 2


def test_files_can_be_dropped_on_the_window(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "patient.json"
    path.write_bytes(FHIR)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPoint(5, 5).toPointF(),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)
    settled(qtbot, window)
    model = messages_of(window).message.model
    assert model.tree.at_path("Patient.name[0].family") > 0


def test_damage_is_listed_and_the_rest_still_loads(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "feed").mkdir()
    (tmp_path / "feed" / "good.hl7").write_bytes(ADT)
    (tmp_path / "feed" / "notes.txt").write_bytes(b"Call the lab about the feed.")
    window.open_paths([tmp_path / "feed" / "good.hl7", tmp_path / "feed" / "notes.txt"])
    settled(qtbot, window)
    assert window.bench.capture is not None
    assert len(window.bench.capture) == 1
    assert any(finding.number is None for finding in window.bench.findings())


def test_a_missing_file_is_a_sentence_not_a_crash(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    problems: list[object] = []
    window.bench.refused.connect(problems.append)
    window.open_paths([tmp_path / "gone.hl7"])
    settled(qtbot, window)
    assert len(problems) == 1
    close_dialogs(window)


def test_masking_reaches_list_tree_raw_result_and_problems(
    qtbot: QtBot, window: MainWindow, capture_file: Path
) -> None:
    window.open_paths([capture_file])
    settled(qtbot, window)
    window.actions_by_id["view.mask"].trigger()
    settled(qtbot, window)
    messages = messages_of(window)
    qtbot.waitUntil(lambda: messages.list.model.index(0, 4).data() == MASK)
    shown = [
        messages.message.raw.toPlainText(),
        mapping_of(window).result.json.toPlainText(),
        " ".join(node.value for node in messages.message.model.tree.nodes),
        " ".join(node.value for node in mapping_of(window).source.model.tree.nodes),
    ]
    assert not any("Lorca" in text or "123456" in text for text in shown)


def test_f8_goes_from_problem_to_problem(qtbot: QtBot, window: MainWindow, capture_file: Path) -> None:
    window.open_paths([capture_file])
    settled(qtbot, window)
    window.bench.validate()
    settled(qtbot, window)
    window.actions_by_id["go.next_issue"].trigger()
    first = window.problems.view.currentIndex().row()
    window.actions_by_id["go.next_issue"].trigger()
    assert (first, window.problems.view.currentIndex().row()) == (0, 1)
    window.actions_by_id["go.previous_issue"].trigger()
    assert window.problems.view.currentIndex().row() == 0


def test_the_palette_finds_commands_rules_and_messages(qtbot: QtBot, window: MainWindow, capture_file: Path) -> None:
    window.open_paths([capture_file])
    settled(qtbot, window)
    palette = CommandPalette(
        window.bench.theme, PaletteSource(window.bench, window.pages, window.actions_by_id).entries, window
    )
    qtbot.addWidget(palette)
    palette.words.setText("pid-8 gender")
    assert "PID-Patient/pid-8" in [entry.title for entry in palette.model.rows]
    palette.words.setText("2")
    palette.run()
    assert window.bench.number == 1


def test_each_page_keeps_its_own_docks(window: MainWindow) -> None:
    window.go("review")
    assert window.bottom.isHidden()
    window.go("messages")
    assert not window.bottom.isHidden()
    window.actions_by_id["view.bottom"].trigger()
    window.go("review")
    window.go("messages")
    assert window.bottom.isHidden()


def test_a_defective_rule_is_said_and_the_last_good_result_stays(
    qtbot: QtBot, window: MainWindow, capture_file: Path
) -> None:
    window.open_paths([capture_file])
    settled(qtbot, window)
    mapping = mapping_of(window)
    window.go("mapping")
    mapping.show_rule(RuleName("PID-Patient", "pid-8"))
    mapping.editor.line("target").setText("noSuchElement")
    mapping.editor.line("target").editingFinished.emit()
    settled(qtbot, window)
    assert window.desk.problem is not None
    assert "noSuchElement" in window.desk.problem.text
    assert window.desk.result is not None
    window.desk.undo()
    settled(qtbot, window)
    assert window.desk.problem is None


def test_edits_survive_a_kill_and_can_be_undone(
    qtbot: QtBot, window: MainWindow, session: Session, theme: Theme, mapping_copy: Path
) -> None:
    assert window.desk.apply(RemoveRule("segments/PID-Patient", "pid-8"), "Remove pid-8")
    settled(qtbot, window)
    window.bench.jobs.close()
    again = start.open_window(theme, session)
    settled(qtbot, again)
    package = again.desk.package
    assert package is not None
    assert package.segments["PID-Patient"].rule("pid-8") is None
    assert not again.desk.is_saved
    again.desk.undo()
    assert again.desk.package is not None
    assert again.desk.package.segments["PID-Patient"].rule("pid-8") is not None
    settled(qtbot, again)
    again.close()
    again.deleteLater()


def test_an_undone_edit_is_not_recovered(qtbot: QtBot, window: MainWindow, session: Session, theme: Theme) -> None:
    window.desk.apply(RemoveRule("segments/PID-Patient", "pid-8"), "Remove pid-8")
    window.desk.undo()
    settled(qtbot, window)
    window.bench.jobs.close()
    again = start.open_window(theme, session)
    settled(qtbot, again)
    assert again.desk.package is not None
    assert again.desk.package.segments["PID-Patient"].rule("pid-8") is not None
    assert again.desk.holder is not None
    again.desk.holder.saved()
    again.close()
    again.deleteLater()


def test_a_rule_is_asked_for_by_keyboard(qtbot: QtBot, window: MainWindow, capture_file: Path) -> None:
    window.open_paths([capture_file])
    settled(qtbot, window)
    window.go("mapping")
    mapping = mapping_of(window)
    source = mapping.source.model
    mapping.source.tree.setCurrentIndex(source.index_of(source.tree.at_path("PID-5.2")))
    window.actions_by_id["mapping.add_rule"].trigger()
    dialog = next(each for each in mapping.findChildren(AddRuleDialog))
    dialog.map.setCurrentIndex(next(n for n in range(dialog.map.count()) if "PID-Patient " in dialog.map.itemText(n)))
    qtbot.keyClicks(dialog.target, "name[nick].text")
    qtbot.keyClick(dialog.target, Qt.Key.Key_Return)
    settled(qtbot, window)
    assert mapping.rules.current.rule == "pid-5-2-name-nick"
    assert window.desk.problem is None
    window.desk.undo()
    settled(qtbot, window)


def test_cancelling_leaves_what_was_found(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "many.hl7"
    path.write_bytes(ADT * 20_000)
    handle = window.bench.open_paths([path])
    handle.cancel()
    settled(qtbot, window)
    assert str(handle.state) == "cancelled"


# Workspaces


def test_a_new_workspace_needs_the_passphrase_twice(qtbot: QtBot, theme: Theme, tmp_path: Path) -> None:
    dialog = PassphraseDialog(theme, tmp_path / "new.workspace", new=True)
    qtbot.addWidget(dialog)
    ok = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)  # type: ignore[union-attr]
    dialog.passphrase.setText("short")
    assert not ok.isEnabled()
    dialog.passphrase.setText(PASSPHRASE)
    assert not ok.isEnabled()
    dialog.again.setText(PASSPHRASE)
    assert ok.isEnabled()


def test_a_wrong_passphrase_is_said_and_asked_for_again(
    qtbot: QtBot, theme: Theme, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = session.workspace.folder
    session.close()
    typed = iter(["not the right words", PASSPHRASE])
    said: list[str] = []

    def answer(dialog: PassphraseDialog) -> int:
        said.append(dialog.problem.text())
        dialog.passphrase.setText(next(typed))
        return int(QDialog.DialogCode.Accepted)

    monkeypatch.setattr(PassphraseDialog, "exec", answer)
    opened = start.unlocked(theme, folder)
    assert opened is not None
    opened.close()
    assert said[0] == ""
    assert "SEC-0001" in said[1]


def test_giving_up_opens_nothing(theme: Theme, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PassphraseDialog, "exec", lambda _dialog: int(QDialog.DialogCode.Rejected))
    assert start.unlocked(theme, session.workspace.folder) is None


def test_decisions_are_in_the_workspace_after_it_was_closed(session: Session) -> None:
    session.record("review.accepted", "review", "abc")
    folder = session.workspace.folder
    session.close()
    again = open_session(folder, PASSPHRASE)
    actions = [entry.action for entry in again.audit_entries()]
    again.close()
    assert "review.accepted" in actions


# Access


@pytest.mark.parametrize(
    "name", ["home", "messages", "validation", "mapping", "terminology", "suites", "review", "export"]
)
def test_everything_that_takes_the_keyboard_has_a_name(
    qtbot: QtBot, window: MainWindow, capture_file: Path, name: str
) -> None:
    window.open_paths([capture_file])
    settled(qtbot, window)
    window.bench.validate()
    settled(qtbot, window)
    window.go(name)
    settled(qtbot, window)
    assert [described(widget) for widget in window.findChildren(QWidget) if needs_a_name(widget)] == []


def needs_a_name(widget: QWidget) -> bool:
    if not widget.isVisible() or widget.focusPolicy() is Qt.FocusPolicy.NoFocus:
        return False
    if not isinstance(widget, QAbstractButton | QLineEdit | QComboBox | QAbstractItemView | QPlainTextEdit):
        return False
    if isinstance(widget.parent(), QComboBox):
        return False
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    buddy = any(other.buddy() is widget for other in widget.window().findChildren(QLabel))
    return not (widget.accessibleName() or text or buddy)


def described(widget: QWidget) -> str:
    return f"{type(widget).__name__} {widget.objectName()} in {type(widget.parent()).__name__}"


def test_dialogs_can_be_shown(qtbot: QtBot, theme: Theme) -> None:
    for dialog in (KeysDialog(theme), ReasonDialog(theme, "Reject", "Why?")):
        qtbot.addWidget(dialog)
        with qtbot.waitExposed(dialog):
            dialog.show()
        dialog.close()


@pytest.mark.parametrize("name", ThemeName)
def test_every_page_can_be_painted_in_every_theme(window: MainWindow, name: ThemeName) -> None:
    window.use_theme(name)
    for page in window.pages:
        window.go(page)
        assert not window.grab().isNull()


def close_dialogs(window: MainWindow) -> None:
    for dialog in window.findChildren(QDialog):
        dialog.close()


def test_discarded_changes_do_not_come_back(
    qtbot: QtBot, window: MainWindow, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.desk.apply(RemoveRule("segments/PID-Patient", "pid-8"), "Remove pid-8")
    settled(qtbot, window)
    monkeypatch.setattr(QMessageBox, "question", lambda *_args: QMessageBox.StandardButton.Discard)
    assert window.close()
    assert session.unsaved() == ()


def test_the_window_stays_open_when_closing_is_called_off(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.desk.apply(RemoveRule("segments/PID-Patient", "pid-8"), "Remove pid-8")
    settled(qtbot, window)
    monkeypatch.setattr(QMessageBox, "question", lambda *_args: QMessageBox.StandardButton.Cancel)
    assert not window.close()
    assert window.isVisible()


def test_a_message_the_mapping_cannot_take_is_explained(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "patient.json"
    path.write_bytes(FHIR)
    window.open_paths([path])
    settled(qtbot, window)
    assert window.desk.result is None
    assert "FHIR" in window.desk.why_nothing
    other = tmp_path / "report.hl7"
    other.write_bytes(ADT.replace(b"ADT^A01^ADT_A01", b"ORU^R01^ORU_R01"))
    window.open_paths([other])
    settled(qtbot, window)
    assert "ORU^R01" in window.desk.why_nothing


def test_start_opens_the_named_workspace_and_leaves_it_closed(
    qtbot: QtBot,
    theme: Theme,
    session: Session,
    capture_file: Path,
    small_mapping: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = session.workspace.folder
    session.package = small_mapping
    seen: list[tuple[str, int]] = []

    def stay(application: QApplication) -> int:
        window = next(w for w in application.topLevelWidgets() if isinstance(w, MainWindow) and w.isVisible())
        settled(qtbot, window)
        seen.append((window.top.workspace.text(), len(window.bench.capture or ())))
        window.close()
        return 0

    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(QApplication, "exec", stay)
    monkeypatch.setattr(start, "unlocked", lambda _theme, asked: session if asked == folder else None)
    assert start.start([str(folder), "--open", str(capture_file), "--theme", "dark"]) == 0
    assert seen == [("hospital", 2)]
    again = open_session(folder, PASSPHRASE)
    again.close()


def test_a_record_that_is_not_compared_says_so_and_leads_on(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "patient.json"
    path.write_bytes(FHIR)
    window.open_paths([path])
    settled(qtbot, window)
    window.bench.page_asked.emit("review")
    settled(qtbot, window)
    said = [each.text() for each in window.pages["review"].findChildren(QLabel) if each.isVisible()]
    assert "No record to compare" in said
    assert "Nothing to review yet" not in said
