"""Which messages a filter leaves. Qt-free."""

from __future__ import annotations

import re
from array import array

from workbench.app.operations.listing import selector
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture

_QUESTION = re.compile(r"\b[A-Z][A-Z0-9]{2}[-.]\d|\b(?:exists|count|text|valued)\s*\(", re.ASCII)
_REPORT_EVERY = 256


def is_question(text: str) -> bool:
    """True for `PID-3.1 = "123"` and `exists(OBX-5)`; anything else is words to look for."""
    return _QUESTION.search(text) is not None


def numbers_matching(capture: Capture, text: str, ctx: JobContext) -> array[int]:
    """The numbers of the messages that answer a question, or hold every word, whatever its case.

    raises  Refused QRY-0001: a question that is not understood; Cancelled
    """
    found = array("I")
    holds = selector(text) if is_question(text) else _words(text)
    for number in range(len(capture)):
        if not number % _REPORT_EVERY:
            ctx.advance(number, len(capture))
        if holds(capture, number):
            found.append(number)
    return found


class _words:  # noqa: N801  # used as a function
    def __init__(self, text: str) -> None:
        self._wanted = [word.encode("utf-8").lower() for word in text.split()]

    def __call__(self, capture: Capture, number: int) -> bool:
        raw = capture.raw(number).lower()
        return all(word in raw for word in self._wanted)
