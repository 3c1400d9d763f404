"""An MLLP listener that hands over what arrives and answers as it was told: ACK, NAK, late, or not at all.

What it was told may depend on the message: the first rule whose question holds decides.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from uuid import uuid4

from workbench.exchange.mllp_frames import FrameReader, framed
from workbench.kernel.errors import Refused, Unavailable, WorkbenchError
from workbench.kernel.log import area_log
from workbench.v2 import er7
from workbench.v2.ack import AckCode, acknowledge
from workbench.v2.er7 import Message
from workbench.v2.query import Query

log = area_log("exchange")

_READ_BYTES = 1 << 16
_STARTUP_S = 10.0
_HANDSHAKE_S = 10.0
_LOOK_S = 0.02


class Answer(StrEnum):
    """How the listener answers a message; `JUDGE` leaves it to `ListenerSettings.judge`."""

    ACCEPT = "accept"
    ERROR = "error"
    REJECT = "reject"
    SILENCE = "silence"
    JUDGE = "validate"


_CODES = {Answer.ACCEPT: AckCode.ACCEPT, Answer.ERROR: AckCode.ERROR, Answer.REJECT: AckCode.REJECT}
Judge = Callable[[Message, str, datetime], tuple[AckCode, bytes]]
"""Message, MSH-10 of the answer and its time; gives the code and the answer itself."""


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """Messages for which `condition` holds are answered like this."""

    condition: Query
    answer: Answer
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """Where to listen and how to answer.

    host     loopback unless the user opens it to others
    port     0 takes a free one
    delay_s  seconds before each answer
    tls      a server context, None for plain text
    rules    asked in order; the first that holds stands in for `answer` and `delay_s`
    judge    makes the answers of `Answer.JUDGE`; None accepts what is a message at all
    grace_s  seconds that answers under way get to be sent when the listener stops
    """

    host: str = "127.0.0.1"
    port: int = 0
    answer: Answer = Answer.ACCEPT
    delay_s: float = 0.0
    tls: ssl.SSLContext | None = None
    rules: tuple[AnswerRule, ...] = ()
    judge: Judge | None = None
    grace_s: float = 0.0

    def reply_to(self, message: Message | None) -> tuple[Answer, float]:
        """The answer and its delay; rules are asked about messages only."""
        for rule in self.rules if message is not None else ():
            if message is not None and rule.condition(message):
                return rule.answer, rule.delay_s
        return self.answer, self.delay_s


@dataclass(frozen=True, slots=True)
class Received:
    """One message that arrived, whole, and the answer it was given (b"" for none)."""

    raw: bytes
    at: datetime
    answer: bytes = field(default=b"")


class Listener:
    """Listens from `start` to `stop` in a thread of its own; a context manager does both.

    receive  called on that thread for each message after it was taken and before it is answered, so that what is
             acknowledged is already kept. OSError and WorkbenchError are answered with AR and stop nothing.
    """

    def __init__(self, settings: ListenerSettings, receive: Callable[[Received], None]) -> None:
        self._settings = settings
        self._receive = receive
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="mllp listener", daemon=True)
        self._ready = threading.Event()
        self._failure: Exception | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._stopping: asyncio.Event | None = None
        self.port = 0
        self.failed_handshakes = 0
        self._answering = 0

    def start(self) -> None:
        """Begin to listen; `port` tells where.

        raises  Unavailable EXC-0001: the address cannot be listened on
        """
        self._thread.start()
        self._ready.wait(_STARTUP_S)
        if self._failure is not None:
            reason = getattr(self._failure, "strerror", "") or "there is no such address"
            raise Unavailable(
                "EXC-0001",
                f"{self._settings.host}:{self._settings.port} cannot be listened on ({reason}).",
                "Choose another port, or stop the program that uses this one.",
            ) from self._failure

    def stop(self) -> None:
        """Close all connections and wait until the thread has ended; stopping twice is no error."""
        if self._thread.is_alive() and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def __enter__(self) -> Listener:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        try:
            server = await asyncio.start_server(self._connection, self._settings.host, self._settings.port)
        except (OSError, OverflowError, UnicodeError) as error:  # the last two: no port, no name of a host
            self._failure = error
            self._ready.set()
            return
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        server.close()
        over = time.monotonic() + self._settings.grace_s
        while self._answering and time.monotonic() < over:
            await asyncio.sleep(_LOOK_S)
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await server.wait_closed()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if await self._is_private(writer):
                await self._talk(reader, writer)
        except (ConnectionError, ssl.SSLError):
            log.info("a sender closed its connection in the middle")
        except asyncio.CancelledError:
            log.info("a connection was closed with the listener")  # nobody awaits this task but `_serve`
        finally:
            self._connections.discard(task)
            writer.close()

    async def _is_private(self, writer: asyncio.StreamWriter) -> bool:
        """Shake hands where TLS is asked for; False when that failed, which is counted."""
        if self._settings.tls is None:
            return True
        try:
            await writer.start_tls(self._settings.tls, ssl_handshake_timeout=_HANDSHAKE_S)
        except OSError as error:  # ssl.SSLError, ConnectionError and TimeoutError are some
            self.failed_handshakes += 1
            log.warning("a TLS handshake failed (%s)", getattr(error, "reason", "") or type(error).__name__)
            return False
        return True

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = FrameReader()
        while data := await reader.read(_READ_BYTES):
            for frame in frames.feed(data):
                await self._answer_frame(frame.content, writer)
            if frames.too_large:
                log.warning("a frame beyond the limit; the connection was closed")
                return

    async def _answer_frame(self, content: bytes, writer: asyncio.StreamWriter) -> None:
        self._answering += 1
        try:
            answer, delay_s = self._take(content)
            if answer:
                await asyncio.sleep(delay_s)
                writer.write(framed(answer))
                await writer.drain()
        finally:
            self._answering -= 1

    def _take(self, raw: bytes) -> tuple[bytes, float]:
        """Hand a message over and give its answer, b"" for silence, and how long that has to wait."""
        now = datetime.now(UTC)
        message = _message_in(raw)
        try:
            how, delay_s = self._settings.reply_to(message)
            answer = self._answer(message, how, now)
            self._receive(Received(raw, now, answer))
        except (OSError, WorkbenchError) as error:
            reason = error.code if isinstance(error, WorkbenchError) else type(error).__name__
            log.error("a message could not be judged or kept (%s); it was rejected", reason)
            return _answer(message, AckCode.REJECT, now), 0.0
        return answer, delay_s

    def _answer(self, message: Message | None, how: Answer, now: datetime) -> bytes:
        if how is Answer.SILENCE:
            return b""
        if how is Answer.JUDGE and message is not None and self._settings.judge is not None:
            return self._settings.judge(message, _new_control_id(), now)[1]
        return _answer(message, _CODES.get(how, AckCode.ACCEPT), now)


def _message_in(raw: bytes) -> Message | None:
    try:
        return er7.parse(raw)
    except Refused:
        return None


def _answer(message: Message | None, code: AckCode, now: datetime) -> bytes:
    """The acknowledgement of a message; a plain AR when the bytes are no message and nothing can be mirrored."""
    control_id = _new_control_id()
    if message is None:
        stamp = now.strftime("%Y%m%d%H%M%S%z")
        return f"MSH|^~\\&|||||{stamp}||ACK|{control_id}|P|2.5.1\rMSA|AR|\r".encode()
    return acknowledge(message, code, control_id, now)


def _new_control_id() -> str:
    """Twenty characters, the most that MSH-10 has in versions before 2.6."""
    return uuid4().hex[:20].upper()
