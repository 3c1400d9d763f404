"""A package built from nothing, by mouse and by keyboard; the standard one edited; every step undone byte for byte."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QLineEdit, QTreeView
from pytestqt.qtbot import QtBot

from tests.gui.gui_samples import settled
from workbench.gui.main_window import MainWindow
from workbench.gui.models.rule_tree import RuleName
from workbench.gui.views.mapping.end_tree import SOURCE_MIME
from workbench.gui.views.mapping.new_package import NewPackageDialog
from workbench.gui.views.mapping.page import MappingPage
from workbench.mapping.composing import new_overlay
from workbench.mapping.load import load_package
from workbench.mapping.model import Rule, RuleStatus
from workbench.mapping.save import save_package

Opener = Callable[[Path], MainWindow]


def page_of(window: MainWindow) -> MappingPage:
    window.go("mapping")
    page = window.pages["mapping"]
    assert isinstance(page, MappingPage)
    return page


def made(window: MainWindow, kind: str) -> dict[str, object]:
    """The first resource of a type in the result."""
    assert window.desk.result is not None
    entries = window.desk.result.traced.bundle["entry"]
    assert isinstance(entries, list)
    return next(e["resource"] for e in entries if e["resource"]["resourceType"] == kind)


def drop(page: MappingPage, source: str, target: str) -> None:
    """Let a source field go on an element, as the window system reports it."""
    index = page.target.model.find(target)
    page.target.tree.scrollTo(index)
    data = QMimeData()
    data.setData(SOURCE_MIME, source.encode())
    place, actions = page.target.tree.visualRect(index).center(), Qt.DropAction.LinkAction | Qt.DropAction.CopyAction
    for kind in (QDragEnterEvent, QDragMoveEvent, QDropEvent):
        event = kind(place, actions, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(page.target.tree.viewport(), event)


def click(qtbot: QtBot, tree: QTreeView, index: object) -> None:
    tree.scrollTo(index)  # type: ignore[arg-type]
    place = tree.visualRect(index).center()  # type: ignore[arg-type]
    qtbot.mouseClick(
        tree.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(tree.visualRect(index).left() + 8, place.y())
    )  # type: ignore[arg-type]


def test_a_package_is_built_from_nothing_by_mouse(
    qtbot: QtBot, opened: Opener, capture_file: Path, tmp_path: Path
) -> None:
    window = opened(capture_file)
    page = page_of(window)
    window.actions_by_id["mapping.new_package"].trigger()
    dialog = next(iter(page.findChildren(NewPackageDialog)))
    qtbot.keyClicks(dialog.name, "tiny")
    dialog.within.setText(str(tmp_path))
    box = dialog.findChildren(QDialogButtonBox)[0]
    qtbot.mouseClick(box.button(QDialogButtonBox.StandardButton.Ok), Qt.MouseButton.LeftButton)
    settled(qtbot, window)
    assert window.desk.package is not None
    assert (window.desk.package.header.id, dict(window.desk.package.segments)) == ("tiny", {})
    # three rules are dragged
    for source, target in (("PID-7", "birthDate"), ("PID-5.1", "name.family"), ("PID-5.2", "name.given")):
        drop(page, source, target)
        settled(qtbot, window)
        assert window.desk.problem is None
    assert made(window, "Patient")["birthDate"] == "1980-01-03"
    assert made(window, "Patient")["name"] == [{"family": "García-Lorca", "given": ["María"]}]
    # a click on a rule shows its ends, and another approves it
    page.rules.refresh()
    click(qtbot, page.rules.tree, page.rules.index_of(RuleName("PID-Patient", "pid-7-birthDate")))
    assert page.source.current_path() == "PID-7"
    assert page.target.current_path() == "birthDate"
    qtbot.mouseClick(page.editor._approve, Qt.MouseButton.LeftButton)
    settled(qtbot, window)
    # and a second rule to the same element is switched off again
    qtbot.mouseClick(page.editor.enabled, Qt.MouseButton.LeftButton, pos=QPoint(8, page.editor.enabled.height() // 2))
    settled(qtbot, window)
    assert "birthDate" not in made(window, "Patient")
    window.actions_by_id["edit.undo"].trigger()
    settled(qtbot, window)
    window.actions_by_id["file.save"].trigger()
    kept = load_package(tmp_path / "tiny")
    rule = kept.segments["PID-Patient"].rule("pid-7-birthDate")
    assert rule is not None
    assert (rule.status, rule.enabled) == (RuleStatus.APPROVED, True)
    assert [row.using for row in kept.messages["ADT"].rows] == [("PID-Patient",)]


def test_a_package_is_built_from_nothing_by_keyboard_alone(
    qtbot: QtBot, opened: Opener, capture_file: Path, tmp_path: Path
) -> None:
    window = opened(capture_file)
    page = page_of(window)
    window.activateWindow()
    window.actions_by_id["mapping.new_package"].trigger()
    dialog = next(iter(page.findChildren(NewPackageDialog)))
    qtbot.keyClicks(dialog.name, "keys")
    dialog.within.selectAll()
    qtbot.keyClicks(dialog.within, str(tmp_path))
    qtbot.keyClick(dialog.within, Qt.Key.Key_Return)
    settled(qtbot, window)
    assert window.desk.package is not None
    assert window.desk.package.header.id == "keys"
    # F6 to the fields, letters to the segment, arrows into it
    window.actions_by_id["go.next_pane"].trigger()
    page.source.fields.setFocus()
    qtbot.keyClicks(page.source.fields, "PID")
    qtbot.keyClick(page.source.fields, Qt.Key.Key_Right)
    while page.source.current_path() != "PID-7":
        before = page.source.current_path()
        qtbot.keyClick(page.source.fields, Qt.Key.Key_Down)
        assert page.source.current_path() != before
    page.target.tree.setFocus()
    while page.target.current_path() != "birthDate":
        before = page.target.current_path()
        qtbot.keyClick(page.target.tree, Qt.Key.Key_Down)
        assert page.target.current_path() != before
    window.actions_by_id["mapping.add_rule"].trigger()
    settled(qtbot, window)
    assert made(window, "Patient")["birthDate"] == "1980-01-03"
    # the new rule is in the editor; paths are typed there
    page.rules.refresh()
    page.rules.tree.setFocus()
    qtbot.keyClick(page.rules.tree, Qt.Key.Key_Return)
    assert window.focusWidget() is page.editor.line("source")
    target = page.editor.line("target")
    target.selectAll()
    qtbot.keyClicks(target, "deceasedDateTime")
    settled(qtbot, window)
    assert made(window, "Patient")["deceasedDateTime"] == "1980-01-03"
    # undo takes the whole word back, not a letter
    window.actions_by_id["edit.undo"].trigger()
    settled(qtbot, window)
    assert target.text() == "birthDate"
    assert made(window, "Patient")["birthDate"] == "1980-01-03"
    window.actions_by_id["mapping.duplicate_rule"].trigger()
    window.actions_by_id["mapping.rule_up"].trigger()
    window.actions_by_id["mapping.remove_rule"].trigger()
    settled(qtbot, window)
    rules = window.desk.package.segments["PID-Patient"].rules
    assert [rule.id for rule in rules] == ["pid-7-birthDate"]
    window.actions_by_id["file.save"].trigger()
    assert load_package(tmp_path / "keys").segments["PID-Patient"].rules[0].target == "birthDate"


@pytest.fixture
def standard(qtbot: QtBot, opened: Opener, capture_file: Path, mapping_copy: Path, window: MainWindow) -> MappingPage:
    window.desk.open(mapping_copy)
    opened(capture_file)
    return page_of(window)


def choose(page: MappingPage, map_: str, rule: str) -> None:
    page.show_rule(RuleName(map_, rule))
    page.rules.select(RuleName(map_, rule), show=True)


def rule_now(page: MappingPage, map_: str, rule: str) -> Rule:
    package = page.desk.package
    assert package is not None
    found = package.segments[map_].rule(rule)
    assert found is not None
    return found


def test_the_standard_package_is_edited_letter_by_letter(
    qtbot: QtBot, standard: MappingPage, window: MainWindow
) -> None:
    page = standard
    choose(page, "PID-Patient", "pid-8")
    stack = window.desk.undo_stack
    assert stack is not None
    count = stack.count()
    # a condition typed, then taken apart into rows and changed there
    conditions = page.editor.rule_form.conditions
    qtbot.keyClicks(conditions.line, "PID-8 = 'F'")
    settled(qtbot, window)
    assert rule_now(page, "PID-Patient", "pid-8").when == "PID-8 = 'F'"
    assert [(row.operand.text(), row.value.text()) for row in conditions.rows] == [("PID-8", "F")]
    conditions.rows[0].value.selectAll()
    qtbot.keyClicks(conditions.rows[0].value, "M")
    settled(qtbot, window)
    assert conditions.line.text() == "PID-8 = 'M'"
    assert "gender" not in made(window, "Patient")
    assert stack.count() == count + 1
    # a condition that is not understood changes nothing and says where
    conditions.line.selectAll()
    qtbot.keyClicks(conditions.line, "PID-8 resembles")
    assert "character" in conditions.problem.text()
    window.desk.undo()
    settled(qtbot, window)
    assert made(window, "Patient")["gender"] == "female"
    assert rule_now(page, "PID-Patient", "pid-8").when == ""


def test_transforms_are_picked_with_parameters(qtbot: QtBot, standard: MappingPage, window: MainWindow) -> None:
    page = standard
    window.desk.apply_all((), "")
    page.add(window.desk.package.segments["PID-Patient"], Rule("nick", ("PID-5.2",), "name[nick].text"))  # type: ignore[union-attr]
    settled(qtbot, window)
    transforms = page.editor.transforms
    transforms.add()
    row = transforms.rows[0]
    row.name.setCurrentText("upper")
    row.name.activated.emit(0)
    transforms.add()
    row = transforms.rows[1]
    row.name.setCurrentText("prefix")
    row.name.activated.emit(0)
    assert "needs" in transforms.says.text()
    qtbot.keyClicks(row.lines["text"], "Dr ")
    settled(qtbot, window)
    names = made(window, "Patient")["name"]
    assert isinstance(names, list)
    assert {"text": "Dr MARÍA"} in names
    assert "MARÍA → Dr MARÍA" in transforms.says.text()


def test_rows_of_a_message_map_are_edited_like_rules(qtbot: QtBot, standard: MappingPage, window: MainWindow) -> None:
    page, desk = standard, window.desk
    assert desk.package is not None
    before = desk.package.messages["part-patient"].rows
    name = RuleName("messages/part-patient", before[0].id)
    choose(page, name.map, name.rule)
    assert page.editor.form is page.editor.row_form
    note = page.editor.line("note")
    qtbot.keyClicks(note, "seen")
    window.actions_by_id["mapping.switch_rule"].trigger()
    settled(qtbot, window)
    row = desk.package.messages["part-patient"].row(name.rule)
    assert row is not None
    assert (row.note, row.enabled) == ("seen", False)
    window.actions_by_id["mapping.rule_down"].trigger()
    assert desk.package.messages["part-patient"].rows[1].id == name.rule
    window.actions_by_id["mapping.remove_rule"].trigger()
    assert desk.package.messages["part-patient"].row(name.rule) is None
    for _ in range(4):
        desk.undo()
    settled(qtbot, window)
    assert desk.package.messages["part-patient"].rows == before
    window.actions_by_id["mapping.add_row"].trigger()
    assert len(desk.package.messages["part-patient"].rows) == len(before) + 1


def test_a_value_of_the_result_leads_to_field_rule_and_element(
    qtbot: QtBot, standard: MappingPage, window: MainWindow
) -> None:
    page = standard
    result = window.desk.result
    assert result is not None
    gender = next(e for e in result.document.root.walk() if e.label == "gender")
    page.show_target(gender.path)
    assert page.rules.current == RuleName("PID-Patient", "pid-8")
    assert (page.source.current_path(), page.target.current_path()) == ("PID-8", "gender")
    assert "code row F → female" in page._explanation.text()
    strong = [curve for curve in (*page.left.curves(), *page.right.curves()) if curve.strong]
    assert len(strong) == 2


def test_a_field_no_rule_reads_says_so_and_stands_out(
    qtbot: QtBot, opened: Opener, capture_file: Path, window: MainWindow
) -> None:
    opened(capture_file)
    page = page_of(window)
    qtbot.waitUntil(lambda: page.probe.tally is not None, timeout=30_000)
    settled(qtbot, window)
    page.show_field("AL1-3")
    assert "no rule reads it" in page._explanation.text()
    assert "in 1 of 2 messages" in page._explanation.text()
    look = page.source.ends.look("AL1-3")
    assert look.mark is not None
    assert look.mark.role == "fate.lost"
    assert page.source.ends.look("PID-7").texts[1] == "100 %"


def test_the_ledger_follows_an_edit_also_after_it_was_measured(
    qtbot: QtBot, opened: Opener, capture_file: Path, window: MainWindow
) -> None:
    opened(capture_file)
    page = page_of(window)
    window.actions_by_id["messages.ledger"].trigger()
    settled(qtbot, window)
    assert page.probe.ledger is window.desk.capture_ledger
    choose(page, "PID-Patient", "pid-7")
    window.actions_by_id["mapping.switch_rule"].trigger()
    settled(qtbot, window)
    qtbot.waitUntil(lambda: page.probe.ledger is not None, timeout=30_000)
    assert page.probe.ledger is not window.desk.capture_ledger
    mark = page.source.ends.look("PID-7").mark
    assert mark is not None
    assert mark.role == "fate.lost"
    settled(qtbot, window)


def test_the_effect_of_the_last_edit_is_counted_with_examples(
    qtbot: QtBot, opened: Opener, capture_file: Path, window: MainWindow
) -> None:
    opened(capture_file)
    page = page_of(window)
    choose(page, "PID-Patient", "pid-5-family")
    rule = rule_now(page, "PID-Patient", "pid-5-family")
    page.change_rule(replace(rule, when="PID-5.1 = 'Roe'"))
    settled(qtbot, window)
    window.actions_by_id["mapping.effect"].trigger()
    settled(qtbot, window)
    assert page.effect.sentence.text() == "This edit changes 1 of 2 messages."
    line = page.effect.model.rows[0]
    assert (line.number, line.path, line.before, line.after) == (0, "Patient.name[0].family", "García-Lorca", "")


def test_pinned_messages_show_at_once_what_an_edit_does_to_them(
    qtbot: QtBot, opened: Opener, capture_file: Path, window: MainWindow
) -> None:
    opened(capture_file)
    page = page_of(window)
    for number in (0, 1):
        window.bench.select_message(number)
        page.pinned.toggle()
        settled(qtbot, window)
    choose(page, "PID-Patient", "pid-5-family")
    page.change_rule(replace(rule_now(page, "PID-Patient", "pid-5-family"), when="PID-5.1 = 'Roe'"))
    settled(qtbot, window)
    assert [(row.number, row.mark.word, row.says) for row in page.pinned.model.rows] == [
        (0, "changed", "name[0].family"),
        (1, "as before", ""),
    ]


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_hundred_random_edits_and_as_many_undos_end_byte_equal(
    qtbot: QtBot, window: MainWindow, small_mapping: Path, seed: int
) -> None:
    page, desk = page_of(window), window.desk
    assert desk.package is not None
    before, start = files_of(small_mapping), desk.package
    chance = random.Random(seed)
    tries = 0
    stack = desk.undo_stack
    assert stack is not None
    while stack.count() < 200:
        random_edit(chance, page)
        tries += 1
        assert tries < 2000
    desk.save_now()
    assert files_of(small_mapping) != before
    while stack.canUndo():
        desk.undo()
    assert desk.package is start
    desk.save_now()
    assert files_of(small_mapping) == before
    while stack.canRedo():
        desk.redo()
    again = load_package(small_mapping)
    desk.save_now()
    assert load_package(small_mapping) == desk.package != again
    settled(qtbot, window)


def random_edit(chance: random.Random, page: MappingPage) -> None:
    package = page.desk.package
    assert package is not None
    rules = [RuleName(m.name, r.id) for m in package.rule_maps() for r in m.walk()]
    rows = [RuleName(f"messages/{m.name}", row.id) for m in package.messages.values() for row in m.rows]
    actions = page.actions_of_rules
    if not rules or chance.random() < 0.2:
        source = chance.choice(["PID-5.1", "PID-7", "PV1-2", "AL1-3", "ZPI-2"])
        kind, target = chance.choice([("Patient", "birthDate"), ("Patient", "name.text"), ("Basic", "code.text")])
        page.target.show_type(kind)
        page.drawing.join(source, target)
        return
    name = chance.choice(rules + rows)
    page.selection.choose_rule(name)
    found = actions.selected()
    assert found is not None
    chance.choice(
        [
            actions.remove,
            actions.duplicate,
            actions.switch,
            actions.approve,
            actions.group,
            actions.ungroup,
            lambda: actions.move(-1),
            lambda: actions.move(1),
            actions.add_row,
            lambda: page.change_rule(replace(found[1], note=f"n{chance.randrange(9)}"), "note"),
            lambda: page.change_rule(replace(found[1], when=f"PID-{chance.randrange(1, 9)} valued"), "when"),
        ]
    )()


def test_a_rule_and_a_row_get_other_ids_and_stay_selected(
    qtbot: QtBot, window: MainWindow, opened: Opener, capture_file: Path
) -> None:
    opened(capture_file)
    page, desk = page_of(window), window.desk
    for name, wanted in ((RuleName("PID-Patient", "pid-7"), "born"), (RuleName("messages/ADT", "patient"), "person")):
        choose(page, name.map, name.rule)
        page.editor.form.id.setText(wanted)
        page.editor.form.id.editingFinished.emit()
        settled(qtbot, window)
        assert page.rules.current == RuleName(name.map, wanted)
    assert desk.package is not None
    assert desk.package.segments["PID-Patient"].rule("born") is not None
    assert desk.package.messages["ADT"].row("person") is not None
    assert made(window, "Patient")["birthDate"] == "1980-01-03"


def test_typing_is_one_step_and_typing_back_is_none(
    qtbot: QtBot, window: MainWindow, opened: Opener, capture_file: Path
) -> None:
    opened(capture_file)
    page = page_of(window)
    choose(page, "PID-Patient", "pid-7")
    stack = window.desk.undo_stack
    assert stack is not None
    note = page.editor.line("note")
    qtbot.keyClicks(note, "abc")
    assert stack.count() == 1
    for _ in range(3):
        qtbot.keyClick(note, Qt.Key.Key_Backspace)
    assert stack.count() == 0
    settled(qtbot, window)


def test_letters_are_recovered_after_a_kill(
    qtbot: QtBot, window: MainWindow, opened: Opener, capture_file: Path, small_mapping: Path
) -> None:
    opened(capture_file)
    page = page_of(window)
    choose(page, "PID-Patient", "pid-7")
    qtbot.keyClicks(page.editor.line("note"), "by hand")
    window.desk._journal.flush()
    window.desk.open(small_mapping)  # as the next start does; nothing was saved
    settled(qtbot, window)
    assert rule_now(page, "PID-Patient", "pid-7").note == "by hand"


def test_every_field_of_the_editor_has_a_name_and_help(window: MainWindow) -> None:
    page = page_of(window)
    for form in (page.editor.rule_form, page.editor.row_form):
        for key, field in form.fields.items():
            assert field.accessibleName(), key
            assert len(field.toolTip()) > 8, key
    lines = [line for line in page.findChildren(QLineEdit) if line.objectName() != "qt_spinbox_lineedit"]
    assert [line for line in lines if not line.accessibleName() and not line.parent().accessibleName()] == []  # type: ignore[attr-defined]


def test_a_site_changes_rules_of_its_base_in_its_own_files_only(
    qtbot: QtBot, window: MainWindow, opened: Opener, capture_file: Path, small_mapping: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    save_package(replace(new_overlay("site", load_package(small_mapping), "../small"), folder=site))
    before = files_of(small_mapping)
    window.desk.open(site)
    opened(capture_file)
    page = page_of(window)
    choose(page, "PID-Patient", "pid-7")
    qtbot.keyClicks(page.editor.line("note"), "here")
    drop(page, "PID-5.2", "name.text")
    settled(qtbot, window)
    assert window.desk.problem is None
    choose(page, "PID-Patient", "pid-3")
    window.actions_by_id["mapping.remove_rule"].trigger()
    settled(qtbot, window)
    assert "identifier" not in made(window, "Patient")
    window.actions_by_id["file.save"].trigger()
    own = load_package(site).segments["PID-Patient"]
    assert [(rule.id, rule.note, rule.remove) for rule in own.rules] == [
        ("pid-7", "here", False),
        ("pid-5-2-name", "", False),
        ("pid-3", "", True),
    ]
    assert files_of(small_mapping) == before
