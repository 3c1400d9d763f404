"""What a FHIR server answers: documents a page at a time, what it remarks, and what a message does to its record."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QComboBox, QTabWidget, QWidget

from workbench.fhir.json_tree import FhirDocument
from workbench.gui.bench import Bench
from workbench.gui.marks import SEVERITY_MARKS
from workbench.gui.models.node_tree import NodeTreeModel
from workbench.gui.models.nodes import EMPTY_TREE, fhir_tree
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.views.messages.record_changes import CHANGES, telling
from workbench.gui.widgets.basics import down, table, tree
from workbench.kernel.issues import Issue
from workbench.records.updates.plan import UpdatePlan

_ISSUES, _CHANGES = 1, 2


class ServerAnswer(QTabWidget):
    """Answer, Issues, and the Changes of an update."""

    def __init__(self, bench: Bench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = bench.theme
        self._bench = bench
        self.documents: list[FhirDocument] = []
        self.page = QComboBox()
        self.page.setAccessibleName("Which answer")
        self.page.setVisible(False)
        self.page.currentIndexChanged.connect(self.show_page)
        self.model = NodeTreeModel(theme, self, ("Element", "Type", "Value"))
        self.tree = tree(theme, self.model, "Answer of the server", (16, 8))
        columns = (
            Column("", lambda issue: SEVERITY_MARKS[issue.severity].word, 7, mark=lambda i: SEVERITY_MARKS[i.severity]),
            Column("Kind", lambda issue: issue.code.value, 8),
            Column("Place", lambda issue: issue.location.path, 12, mono=True),
            Column("What is remarked", bench.sentence, 20),
        )
        self.issues = RowsModel(theme, columns, self)
        self.changes = RowsModel(theme, CHANGES, self)
        answer = QWidget()
        answer.setLayout(down(self.page, self.tree, spacing=4))
        self.addTab(answer, "Answer")
        self.addTab(table(theme, self.issues, "What is remarked", columns), "Issues")
        self.addTab(table(theme, self.changes, "What the message does to the record", CHANGES), "Changes")
        self.setTabVisible(_CHANGES, False)
        bench.mask_changed.connect(lambda _on: self.show_page())

    def show_answer(
        self, documents: Sequence[FhirDocument], issues: Sequence[Issue], plan: UpdatePlan | None = None
    ) -> None:
        """Show one answer; with a plan, what was or will be done comes first."""
        self.documents = list(documents)
        self.page.blockSignals(True)
        self.page.clear()
        self.page.addItems([f"Page {number} of {len(self.documents)}" for number in range(1, len(self.documents) + 1)])
        self.page.blockSignals(False)
        self.page.setVisible(len(self.documents) > 1)
        self.issues.show(issues)
        self.setTabText(_ISSUES, f"Issues {len(issues):,}" if issues else "Issues")
        self.setTabVisible(_CHANGES, plan is not None)
        self.changes.show(telling(plan.changes) if plan is not None else ())
        self.setCurrentIndex(_CHANGES if plan is not None else _ISSUES if issues and not documents else 0)
        self.show_page()

    def show_page(self) -> None:
        """Show the chosen page, masked or not."""
        at = max(self.page.currentIndex(), 0)
        document = self.documents[at] if at < len(self.documents) else None
        self.model.show(EMPTY_TREE if document is None else fhir_tree(document, self._bench.masked))
        self.tree.expandToDepth(3)
        self.issues.show(self.issues.rows)
