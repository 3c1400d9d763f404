"""Values of the selected message are dragged as the field a rule names."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt

from workbench.gui.main_window import MainWindow
from workbench.gui.models.nodes import v2_tree
from workbench.gui.theme.theme import Theme
from workbench.gui.views.mapping.end_tree import SOURCE_MIME
from workbench.gui.views.mapping.ends import plain_sources
from workbench.gui.views.mapping.source_nodes import SourceNodes
from workbench.v2.er7 import parse


def test_a_value_carries_the_path_of_its_field(theme: Theme) -> None:
    model = SourceNodes(theme, lambda node: next(iter(plain_sources(node.path)), ""), QObject(theme))
    model.show(v2_tree(parse(b"MSH|^~\\&|A\rPID|1||A^^^B~C")))
    number = next(n for n, node in enumerate(model.tree.nodes) if node.path.startswith("PID-3[2]"))
    index = model.index_of(number)
    assert model.flags(index) & Qt.ItemFlag.ItemIsDragEnabled
    assert model.mimeData([index]).data(SOURCE_MIME).toStdString() == "PID-3"


def test_what_no_rule_can_name_is_not_dragged(theme: Theme) -> None:
    model = SourceNodes(theme, lambda _node: "", QObject(theme))
    model.show(v2_tree(parse(b"MSH|^~\\&|A\r")))
    index = model.index(0, 0)
    assert not model.flags(index) & Qt.ItemFlag.ItemIsDragEnabled
    assert not model.mimeData([index]).hasFormat(SOURCE_MIME)


def test_the_button_of_a_code_map_shows_its_codes(window: MainWindow) -> None:
    window.desk.code_map_asked.emit("gender")
    assert window.page.name == "terminology"
    box = window.page.filter_box()
    assert box is not None and box.text() == "gender"
