"""How long a person waits for the window: jumping in a large capture, looking at a message."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytest_benchmark.fixture import BenchmarkFixture
from pytestqt.qtbot import QtBot

from workbench.app.operations.listing import row_at
from workbench.app.session import sample_capture_paths, standard_package_folder
from workbench.fhir.json_tree import dumps
from workbench.fhir.json_tree import parse as parse_fhir
from workbench.gui.models.capture_table import CaptureTableModel
from workbench.gui.models.node_tree import NodeTreeModel
from workbench.gui.models.nodes import fhir_tree, v2_tree
from workbench.gui.theme.theme import Theme
from workbench.gui.theme.tokens import ThemeName
from workbench.gui.widgets.basics import table
from workbench.gui.widgets.display_text import of_json
from workbench.gui.widgets.span_text import SpanText
from workbench.mapping.engine.compile import compile_package
from workbench.mapping.load import load_package
from workbench.messages.capture import Capture, open_capture
from workbench.v2 import er7

ROWS = 1_000_000

pytestmark = pytest.mark.qt_log_ignore("^This plugin does not support", extend=True)


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme(qapp, ThemeName.LIGHT)
    yield made
    made.deleteLater()


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    raw = sample_capture_paths()[0].read_bytes()
    path: Path = tmp_path_factory.mktemp("capture") / "large.hl7"
    path.write_bytes(raw * 300)
    return open_capture([path])


def test_jumping_in_a_list_of_a_million_messages(
    qtbot: QtBot, theme: Theme, capture: Capture, benchmark: BenchmarkFixture
) -> None:
    model = CaptureTableModel(theme)
    view = table(theme, model, "Messages", sorts=False)
    qtbot.addWidget(view)
    model.asked.connect(
        lambda generation, wanted: model.accept(
            generation, wanted[0], [row_at(capture, number % len(capture)) for number in wanted[1]]
        )
    )
    model.reset(ROWS)
    view.resize(700, 800)
    view.show()
    places = random.Random(7)

    def jump() -> None:
        view.scrollTo(model.index(places.randrange(ROWS), 0))
        view.grab()

    benchmark(jump)
    assert model.rowCount() == ROWS


def test_showing_the_fields_of_a_message(
    qapp: QApplication, theme: Theme, capture: Capture, benchmark: BenchmarkFixture
) -> None:
    model = NodeTreeModel(theme)
    raw = capture.raw(2)
    benchmark(lambda: model.show(v2_tree(er7.parse(raw))))
    assert model.rowCount() > 3


def test_the_live_result_of_a_message(
    qtbot: QtBot, theme: Theme, capture: Capture, benchmark: BenchmarkFixture
) -> None:
    """Mapping with trace and ledger, the bundle with spans, its tree, and the text with its highlights."""
    compiled = compile_package(load_package(standard_package_folder()))
    message = er7.parse(capture.raw(0))
    view, model = SpanText(theme, "Result"), NodeTreeModel(theme)
    qtbot.addWidget(view)

    def look() -> None:
        traced = compiled.trace(message)
        document = parse_fhir(dumps(traced.bundle, indent=2))
        model.show(fhir_tree(document))
        view.show_json(of_json(document))
        view.point_out([document.root.span])
        assert traced.ledger.entries

    benchmark(look)
    assert model.rowCount() == 1
