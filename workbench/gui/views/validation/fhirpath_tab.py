"""FHIRPath over the selected resource: the result as one types, and where an expression goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import QModelIndex, Qt, QTimer
from PySide6.QtWidgets import QLineEdit, QSplitter, QWidget

from workbench.app.operations.fhirpath import evaluate_in_place
from workbench.fhir.fhirpath import ExpressionRefused, Placed
from workbench.fhir.json_tree import FhirDocument, dumps
from workbench.gui.bench import Bench
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.widgets.basics import down, label, pane, retitle, table
from workbench.gui.widgets.message_view import MessageView
from workbench.kernel.issues import MASK

_LATER_MS = 200
_EXAMPLES = "for example Patient.name.where(use = 'official').family"


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a result; `path` is where it stands, "" for what the expression made."""

    number: int
    type: str
    text: str
    path: str


class FhirPathTab(QWidget):
    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        self.expression = QLineEdit()
        self.expression.setFont(bench.theme.mono())
        self.expression.setPlaceholderText(f"FHIRPath, {_EXAMPLES}")
        self.expression.setAccessibleName("FHIRPath expression")
        self.expression.setClearButtonEnabled(True)
        self.problem = label("", "mono", selectable=True)
        self.advice = label("", "muted", wrap=True)
        columns = (
            Column("#", lambda i: f"{i.number:,}", 3, key=lambda i: i.number, right=True, muted=True),
            Column("Type", lambda i: i.type, 8),
            Column("Where", lambda i: i.path or "made by the expression", 18, mono=True, muted=True),
            Column("Value", lambda i: i.text, 30, mono=True),
        )
        self.model = RowsModel(bench.theme, columns, self)
        self.view = table(bench.theme, self.model, "Result of the expression", columns)
        self.message = MessageView(bench)
        self._pane = pane("Result", self.view)
        top = QWidget()
        layout = down(self.expression, self.problem, self.advice, spacing=4)
        layout.setContentsMargins(2, 6, 2, 6)
        top.setLayout(layout)
        below = QSplitter(Qt.Orientation.Vertical)
        below.addWidget(self._pane)
        below.addWidget(self.message)
        below.setChildrenCollapsible(False)
        below.setSizes([240, 360])
        layout = down(top, spacing=4)
        layout.addWidget(below, 1)
        self.setLayout(layout)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_LATER_MS)
        self._later.timeout.connect(self.evaluate)
        self.expression.textChanged.connect(self._later.start)
        self.expression.returnPressed.connect(self.evaluate)
        self.view.selectionModel().currentRowChanged.connect(self._go)
        bench.message_changed.connect(self.evaluate)
        bench.mask_changed.connect(self.evaluate)
        self.evaluate()

    def evaluate(self) -> None:
        """Evaluate beside the window; an earlier expression that still runs is dropped."""
        self._later.stop()
        bench, expression, document = self._bench, self.expression.text().strip(), self._bench.document
        bench.jobs.drop("fhirpath")
        if not isinstance(document, FhirDocument) or not expression:
            is_resource = isinstance(document, FhirDocument)
            self._show((), "" if is_resource else "Select a FHIR resource on the Messages page.")
            return
        handle = bench.jobs.newest(
            "fhirpath", "Evaluating FHIRPath", lambda _ctx: evaluate_in_place(document, expression)
        )
        handle.succeeded.connect(self._show)
        handle.failed.connect(lambda problem: self._refuse(problem, expression))

    def _go(self, index: QModelIndex) -> None:
        """Go to the bytes an item stands on."""
        item, document = self.model.row(index), self._bench.document
        if isinstance(item, Item) and item.path and isinstance(document, FhirDocument):
            element = document.at(item.path)
            if element is not None:
                self._bench.select_place(item.path, element.span, self.view)

    def _show(self, values: tuple[Placed, ...], advice: str = "") -> None:
        self.problem.hide()
        self._mark(False)
        self.advice.setText(advice)
        self.advice.setVisible(bool(advice))
        mask = self._bench.masked
        self.model.show(
            [Item(number, type_of(value), text_of(value, mask), path) for number, (value, path) in enumerate(values)]
        )
        counted = f" · {len(values):,} {'item' if len(values) == 1 else 'items'}"
        retitle(self._pane, "Result" + (counted if self.expression.text().strip() and not advice else ""))

    def _refuse(self, problem: BaseException, expression: str) -> None:
        """Point at the character; an expression half typed is no reason for a dialog."""
        if not isinstance(problem, ExpressionRefused):
            self._bench.report(problem)
            return
        self.model.show(())
        retitle(self._pane, "Result")
        self._mark(True)
        self.problem.setText(f"{expression}\n{' ' * problem.position}▲")
        self.problem.show()
        self.advice.setText(str(problem))
        self.advice.show()

    def _mark(self, wrong: bool) -> None:
        if self.expression.property("wrong") is not wrong:
            self.expression.setProperty("wrong", wrong)
            self.expression.style().polish(self.expression)


def type_of(value: object) -> str:
    """What a value is, in words."""
    if isinstance(value, dict):
        return str(value.get("resourceType", "element"))
    if isinstance(value, bool):
        return "Boolean"
    return "Integer" if isinstance(value, int) else "Decimal" if isinstance(value, Decimal) else "String"


def text_of(value: object, mask: bool) -> str:
    """A value in one line; only truth values are no patient's."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if mask:
        return MASK
    return value if isinstance(value, str) else dumps(value).decode() if isinstance(value, dict | list) else str(value)
