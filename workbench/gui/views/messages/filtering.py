"""Which messages a filter leaves. Qt-free."""

from __future__ import annotations

import re
from array import array

from workbench.app.operations.search import search
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture

_QUESTION = re.compile(r"\b[A-Z][A-Z0-9]{2}[-.]\d|\b[a-z]+\s*\(|[=<>]", re.ASCII)


def is_question(text: str) -> bool:
    """True for `PID-3.1 = "123"` and `exists(OBX-5)`; anything else is words to look for."""
    return _QUESTION.search(text) is not None


def as_question(text: str) -> str:
    """What was typed as a question; words ask for messages that hold every one of them."""
    if is_question(text):
        return text
    words = (word.replace("\\", "").replace('"', "") for word in text.split())
    return " and ".join(f'text("{word}")' for word in words if word)


def numbers_matching(capture: Capture, text: str, ctx: JobContext) -> array[int]:
    """The numbers of the messages that answer a question, or hold every word.

    raises  Refused QRY-0001: a question that is not understood; Cancelled
    """
    found = array("I")
    for part in search(capture, as_question(text), ctx):
        found.extend(part.numbers)
    return found
