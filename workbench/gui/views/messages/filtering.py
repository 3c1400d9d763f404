"""Which messages a filter leaves. Qt-free."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING

from workbench.app.operations.search import search
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture

if TYPE_CHECKING:
    from workbench.app.operations.index import MessageIndex

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


def matches(
    capture: Capture, text: str, ctx: JobContext, index: MessageIndex | None = None, among: set[int] | None = None
) -> Iterator[array[int]]:
    """The numbers of the messages that answer a question, or hold every word, a part at a time.

    among   only these are wanted, None for all
    raises  Refused QRY-0001: a question that is not understood; Cancelled
    """
    for part in search(capture, as_question(text), ctx, index):
        yield part.numbers if among is None else array("I", (number for number in part.numbers if number in among))
