"""The details pane: what the dictionary says of the field that has the attention."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QScrollArea, QVBoxLayout, QWidget

from workbench.fhir.json_tree import FhirDocument
from workbench.gui.bench import Bench
from workbench.gui.findings import Place
from workbench.gui.models.explain import Details, explain_fhir, explain_v2
from workbench.gui.widgets.basics import label
from workbench.gui.widgets.wrapped_text import WrappedText, is_unbroken
from workbench.v2.er7 import Message


class DetailsPane(QScrollArea):
    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        self.setWidgetResizable(True)
        self.setAccessibleName("Details")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(round(bench.theme.em * 12))
        bench.place_changed.connect(self.follow)
        bench.message_changed.connect(self._again)
        bench.mask_changed.connect(self._again)
        bench.theme.changed.connect(self._again)
        self.details: Details | None = None
        self.follow(bench.place)

    def _again(self) -> None:
        self.follow(self._bench.place)

    def follow(self, place: Place) -> None:
        document = self._bench.looked_at
        self.details = None
        if isinstance(document, Message) and place.path:
            self.details = explain_v2(document, place.path, self._bench.masked)
        elif isinstance(document, FhirDocument) and place.path:
            self.details = explain_fhir(document, place.path)
        self.show_details(self.details)

    def show_details(self, details: Details | None) -> None:
        body = QWidget()
        body.setObjectName("page")
        layout = QVBoxLayout(body)
        layout.setContentsMargins(12, 10, 12, 12)
        layout.setSpacing(8)
        if details is None:
            layout.addWidget(label("Select a field to see what the standard says of it.", "muted", wrap=True))
        else:
            self._fill(layout, details)
        layout.addStretch(1)
        self.setWidget(body)

    def _fill(self, layout: QVBoxLayout, details: Details) -> None:
        path = label(details.path, "mono", selectable=True, wrap=True)
        path.setStyleSheet(f"color: {self._bench.theme.tokens['accent']};")
        layout.addWidget(path)
        layout.addWidget(label(details.title, "heading", wrap=True))
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(4)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for word, text in details.facts:
            shown = WrappedText(text, word) if is_unbroken(text) else label(text, wrap=True, selectable=True)
            form.addRow(label(word, "muted"), shown)
        layout.addLayout(form)
        if details.codes:
            layout.addSpacing(6)
            layout.addWidget(label(details.codes_title, "heading", wrap=True))
            codes = QFormLayout()
            codes.setHorizontalSpacing(12)
            codes.setVerticalSpacing(3)
            for code, display in details.codes:
                codes.addRow(label(code, "mono"), label(display, "muted", wrap=True))
            layout.addLayout(codes)
