"""Where the targets of a trace stand in the HL7 v2 messages a mapping wrote. Qt-free."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from workbench.kernel.location import Span
from workbench.v2.er7 import Message
from workbench.v2.er7 import parse as parse_er7
from workbench.v2.path import V2Path

_NUMBERED = re.compile(r"#(\d+):")


def joined(texts: Sequence[str]) -> bytes:
    """The messages one after the other, as they are shown."""
    return b"\r".join(text.rstrip("\r").encode() for text in texts)


class Er7Targets:
    """The places of written messages as bytes of `joined`."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = [text.rstrip("\r").encode() for text in texts]

    @cached_property
    def _messages(self) -> tuple[tuple[Message, int], ...]:
        """Each message with the byte it begins at."""
        found, start = [], 0
        for raw in self._texts:
            found.append((parse_er7(raw), start))
            start += len(raw) + 1
        return tuple(found)

    def span(self, target: str) -> Span | None:
        """The bytes of `PID-3[2].4`, or of `#2:PID-3` in the second message; None when nothing stands there."""
        match = _NUMBERED.match(target)
        number, text = (int(match[1]), target[match.end() :]) if match else (1, target)
        path = V2Path.read(text)
        if path is None or not 1 <= number <= len(self._messages):
            return None
        message, start = self._messages[number - 1]
        element = next(iter(message.at(path)), None)
        return Span(element.span.start + start, element.span.end + start) if element is not None else None
