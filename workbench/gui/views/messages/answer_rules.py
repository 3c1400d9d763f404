"""How a listener answers: one answer for all messages, and other ones for those a question holds for."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLineEdit, QWidget

from workbench.exchange.listener import Answer, AnswerRule
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import across, button, down, label, tool_button
from workbench.gui.widgets.number_box import decimal_number
from workbench.v2.query import compile_query

ANSWERS = {
    "Accept (AA)": Answer.ACCEPT,
    "Error (AE)": Answer.ERROR,
    "Reject (AR)": Answer.REJECT,
    "By validation": Answer.JUDGE,
    "No answer": Answer.SILENCE,
}


class ReplyBox(QWidget):
    """One answer and the seconds before it."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.answer = QComboBox()
        self.answer.setAccessibleName(f"Answer {what}")
        self.answer.setToolTip("By validation: AA, AE or AR as the findings in the message demand")
        self.answer.addItems(list(ANSWERS))
        self.delay: QDoubleSpinBox = decimal_number(f"Seconds before the answer {what}", 0.0, 600.0, 0.0)
        self.delay.setSuffix(" s")
        self.setLayout(across(self.answer, label("after"), self.delay))

    @property
    def chosen(self) -> Answer:
        return ANSWERS[self.answer.currentText()]

    def choose(self, answer: Answer, delay_s: float) -> None:
        self.answer.setCurrentIndex(list(ANSWERS.values()).index(answer))
        self.delay.setValue(delay_s)


class RuleRow(QWidget):
    """A question and its answer."""

    def __init__(self, theme: Theme, remove: object) -> None:
        super().__init__()
        self.condition = QLineEdit()
        self.condition.setAccessibleName("Messages for which this holds")
        self.condition.setPlaceholderText('MSH-9.1 = "ORU" and OBX-11 in (P, C)')
        self.reply = ReplyBox("to these messages")
        gone = tool_button(theme, "trash-2", "Remove this rule", lambda: remove(self) if callable(remove) else None)
        line = across(label("when"), self.condition, self.reply, gone)
        line.setStretch(1, 1)
        self.setLayout(line)


class AnswerRules(QWidget):
    """The answer to all messages, and rules that go before it, the first that holds deciding."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.default = ReplyBox("to all other messages")
        self.rows: list[RuleRow] = []
        self._list = down()
        body = down()
        body.addLayout(self._list)
        add = button("Add a rule", self.add, tip="Answer some messages differently; the first rule that holds decides")
        self._otherwise = label("otherwise")
        self._otherwise.setVisible(False)
        body.addLayout(across(self._otherwise, self.default, 1, add))
        self.setLayout(body)

    def add(self) -> RuleRow:
        """A new rule after the others."""
        row = RuleRow(self._theme, self._remove)
        self.rows.append(row)
        self._list.addWidget(row)
        self._otherwise.setVisible(True)
        row.condition.setFocus()
        return row

    def _remove(self, row: RuleRow) -> None:
        self.rows.remove(row)
        self._list.removeWidget(row)
        row.deleteLater()
        self._otherwise.setVisible(bool(self.rows))

    def rules(self) -> tuple[AnswerRule, ...]:
        """The rules with a question; raises Refused QRY-0001."""
        return tuple(
            AnswerRule(compile_query(row.condition.text()), row.reply.chosen, row.reply.delay.value())
            for row in self.rows
            if row.condition.text().strip()
        )

    def state(self) -> list[dict[str, str | float]]:
        """What may be remembered; the last one is the answer to all other messages."""
        replies = [(row.condition.text(), row.reply) for row in self.rows]
        return [
            {"when": condition, "answer": reply.chosen.value, "delay": reply.delay.value()}
            for condition, reply in (*replies, ("", self.default))
        ]

    def restore(self, state: object) -> None:
        """Take what `state` gave."""
        for place, each in enumerate(state if isinstance(state, list) else ()):
            if not isinstance(each, dict) or each.get("answer") not in list(Answer):
                continue
            is_last = place == len(state) - 1 if isinstance(state, list) else True
            reply = self.default if is_last else self._restored(str(each.get("when", "")))
            reply.choose(Answer(str(each["answer"])), float(each.get("delay", 0)))

    def _restored(self, condition: str) -> ReplyBox:
        row = self.add()
        row.condition.setText(condition)
        return row.reply
