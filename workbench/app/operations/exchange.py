"""Live messages: what is received is kept before it is acknowledged, what is sent is paired with its answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from workbench.app.operations.acknowledge import answer_to
from workbench.exchange.listener import Answer, AnswerRule, Listener, ListenerSettings, Received
from workbench.exchange.mllp_frames import framed
from workbench.exchange.sender import Destination, Sent, send
from workbench.kernel.errors import Refused, Unavailable
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, MessageFormat
from workbench.v2.query import compile_query
from workbench.v2.xml_form import to_er7


class Store(Protocol):
    """Where received messages go: `MllpFile`, or `received.SealedStore` for the workspace."""

    @property
    def path(self) -> Path: ...

    def append(self, message: bytes) -> None:
        """Keep one message; it is on the disk on return. Raises OSError when it is not."""
        ...

    def close(self) -> None: ...


class MllpFile:
    """A capture file of MLLP frames that only grows; each message is on the disk when `append` returns.

    raises  Unavailable EXC-0012: the file cannot be written
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        except OSError as error:
            raise Unavailable(
                "EXC-0012",
                f"{path} cannot be written ({error.strerror or type(error).__name__}).",
                "Choose another place for the received messages.",
            ) from error
        self._stream: BinaryIO = os.fdopen(descriptor, "r+b", buffering=0)
        self._end = self._stream.seek(0, os.SEEK_END)

    @property
    def path(self) -> Path:
        return self._path

    def append(self, message: bytes) -> None:
        """Write one frame and wait until it is on the disk.

        raises  OSError: it is not; the file then ends where it ended before
        """
        frame = framed(message)
        try:
            self._stream.seek(self._end)
            written = 0
            while written < len(frame):
                written += self._stream.write(frame[written:]) or 0
            os.fsync(self._stream.fileno())
        except OSError:
            self._stream.truncate(self._end)
            raise
        self._end += len(frame)

    def close(self) -> None:
        self._stream.close()


class Reception:
    """A listener at work. `received` counts the messages that are on the disk."""

    def __init__(self, store: Store, listener: Listener) -> None:
        self._store, self._listener = store, listener
        self.received = 0

    @property
    def path(self) -> Path:
        """The file that is written now."""
        return self._store.path

    @property
    def port(self) -> int:
        return self._listener.port

    @property
    def failed_handshakes(self) -> int:
        """Connections that ended because no TLS came about."""
        return self._listener.failed_handshakes


@contextmanager
def receiving(
    settings: ListenerSettings, store: Store, notice: Callable[[Received], None] | None = None
) -> Iterator[Reception]:
    """Listen while the block runs and keep what arrives; the store is closed at the end.

    notice  called on the listener's thread after a message was kept and before it is answered
    raises  Unavailable EXC-0001: the address cannot be listened on
    """

    def keep(received: Received) -> None:
        store.append(received.raw)
        reception.received += 1
        if notice is not None:
            notice(received)

    listener = Listener(replace(settings, judge=settings.judge or answer_to), keep)
    reception = Reception(store, listener)
    try:
        with listener:
            yield reception
    finally:
        store.close()


def answer_rule(condition: str, answer: str) -> AnswerRule:
    """A rule as people write it: a question, and `reject`, or `accept,2.5` to answer after so many seconds.

    raises  Refused QRY-0001: the question is not understood; EXC-0016: there is no such answer
    """
    word, _, delay = answer.replace(" ", "").partition(",")
    try:
        return AnswerRule(compile_query(condition), Answer(word), max(0.0, float(delay or 0)))
    except ValueError:
        known = ", ".join(each.value for each in Answer)
        raise Refused(
            "EXC-0016", f"{answer!r} is no answer.", f"Write one of {known}, and seconds after a comma: accept,2.5"
        ) from None


def send_messages(
    capture: Capture, destination: Destination, ctx: JobContext, numbers: Sequence[int] | None = None
) -> Iterator[Sent]:
    """Send v2 messages of a capture, all or the chosen ones, in order.

    raises  Refused EXC-0013: a message is no HL7 v2; EXC-0002: one is marked for production; V2-0001
            Unavailable EXC-0003; Cancelled
    """
    chosen = range(len(capture)) if numbers is None else numbers
    for number in chosen:
        if capture.format_of(number) not in (MessageFormat.ER7, MessageFormat.V2_XML):
            raise Refused(
                "EXC-0013",
                f"Message {number} is FHIR and cannot be sent over MLLP; nothing was sent.",
                "Choose HL7 v2 messages, or post FHIR to a FHIR server.",
            )
    raws = (_er7(capture, number) for number in chosen)
    for sent, number in zip(send(raws, destination, ctx), chosen, strict=True):
        yield replace(sent, number=number)


def _er7(capture: Capture, number: int) -> bytes:
    raw = capture.raw(number)
    return to_er7(raw) if capture.format_of(number) is MessageFormat.V2_XML else raw


def mllp_file(out: Path) -> MllpFile:
    """A plain file that is continued when it exists, or a new one in a folder; raises as `MllpFile`."""
    return MllpFile(_file_in(out))


def _file_in(out: Path) -> Path:
    """The file itself, or a new one in a folder; a name without an ending is a folder."""
    if out.is_dir() or (not out.exists() and not out.suffix):
        return out / f"received-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.mllp"
    return out
