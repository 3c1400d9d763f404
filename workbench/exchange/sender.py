"""Sending messages over MLLP at a chosen rate, with retries, and pairing each with its acknowledgement."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from workbench.exchange.mllp_frames import FrameReader, framed
from workbench.kernel.errors import Refused, Unavailable
from workbench.kernel.progress import JobContext
from workbench.kernel.waiting import waited
from workbench.v2 import er7
from workbench.v2.ack import answered_control_id

_READ_BYTES = 1 << 16
_WRITE_BYTES = 1 << 16
_LOOK_S = 0.1
_TLS_RECORD = (b"\x15\x03", b"\x16\x03")
"""How a TLS alert or handshake begins (RFC 8446 5.1); no answer in MLLP does."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where messages go.

    timeout_s         seconds to wait for an acknowledgement
    retries           further attempts after a time-out or a broken connection
    rate              messages a second, 0 as fast as they are acknowledged
    allow_production  True when the user has allowed messages with MSH-11 = P
    """

    host: str
    port: int
    timeout_s: float = 10.0
    retries: int = 2
    rate: float = 0.0
    tls: ssl.SSLContext | None = None
    allow_production: bool = False


class Outcome(StrEnum):
    """What became of a message that was sent: unanswered in time, or cut off before there was an answer."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    DISCONNECTED = "disconnected"
    MISMATCHED = "mismatched"


@dataclass(frozen=True, slots=True)
class Sent:
    """One message and its acknowledgement.

    code      MSA-1, "" when nothing came
    latency_s seconds from the last byte sent to the acknowledgement, of the attempt that was answered
    """

    number: int
    control_id: str
    outcome: Outcome
    code: str
    attempts: int
    latency_s: float
    acknowledgement: bytes = b""


def send(messages: Iterable[bytes], destination: Destination, ctx: JobContext) -> Iterator[Sent]:
    """Send the messages in order over one connection, each after the acknowledgement of the one before.

    A retry sends the same bytes, so a receiver that is idempotent by MSH-10 keeps one copy.

    raises  Refused EXC-0002: a message is for production and that was not allowed; nothing of it was sent
            Refused V2-0001: no message; Unavailable EXC-0003: nobody listens there
            Unavailable EXC-0004: no TLS connection came about; EXC-0005: the receiver wants TLS; Cancelled
    """
    line = _Line(destination, ctx)
    try:
        following = time.monotonic()
        for number, raw in enumerate(messages):
            _require_allowed(raw, number, destination)
            while (wait := following - time.monotonic()) > 0:
                ctx.check()
                time.sleep(min(wait, _LOOK_S))
            following = time.monotonic() + (1 / destination.rate if destination.rate else 0)
            yield line.send(number, raw)
            ctx.advance(number + 1, label="sending")
    finally:
        line.close()


def _require_allowed(raw: bytes, number: int, destination: Destination) -> None:
    if er7.parse(raw).value("MSH-11") == "P" and not destination.allow_production:
        raise Refused(
            "EXC-0002",
            f"Message {number} is marked for production (MSH-11 = P) and was not sent.",
            "Allow production messages for this destination, or change MSH-11 to T or D.",
        )


class _Line:
    """One connection, made when it is needed and made again after it broke."""

    def __init__(self, destination: Destination, ctx: JobContext) -> None:
        self._destination = destination
        self._ctx = ctx
        self._socket: socket.socket | None = None
        self._frames = FrameReader()
        self._has_answered = False

    def send(self, number: int, raw: bytes) -> Sent:
        control_id = er7.parse(raw).control_id
        attempts, outcome = self._destination.retries + 1, Outcome.UNANSWERED
        for attempt in range(1, attempts + 1):
            try:
                line = self._connected()
                self._give(line, framed(raw))
                sent_at = time.monotonic()
                answer = self._answer(line, sent_at)
            except ssl.SSLError as error:
                self.close()
                raise _no_tls(self._destination, error) from error
            except (TimeoutError, ConnectionError) as error:
                self.close()  # a late answer on the old connection must not be taken for the next message's
                outcome = Outcome.DISCONNECTED if isinstance(error, ConnectionError) else Outcome.UNANSWERED
                if attempt == attempts and isinstance(error, ConnectionError) and not self._has_answered:
                    self._say_when_private(error)
                continue
            self._has_answered = True
            return _paired(number, control_id, answer, attempt, time.monotonic() - sent_at)
        return Sent(number, control_id, outcome, "", attempts, 0.0)

    def _say_when_private(self, error: ConnectionError) -> None:
        """A receiver that wants a certificate may only close the connection after the handshake (RFC 8446 4.4.2.4)."""
        if self._destination.tls is not None:
            raise _no_tls(self._destination, error, closed=True) from error

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = waited(self._connection, self._ctx, socket.socket.close)
            self._frames = FrameReader()
        return self._socket

    def _connection(self) -> socket.socket:
        place = (self._destination.host, self._destination.port)
        try:
            plain = socket.create_connection(place, self._destination.timeout_s)
        except OSError as error:
            raise Unavailable(
                "EXC-0003",
                f"Nobody answers at {place[0]}:{place[1]} ({error.strerror or type(error).__name__}).",
                "Check host and port, and that the receiver is running.",
            ) from error
        return self._private(plain)

    def _private(self, plain: socket.socket) -> socket.socket:
        """The connection itself, or TLS over it."""
        tls = self._destination.tls
        if tls is None:
            return plain
        try:
            return tls.wrap_socket(plain, server_hostname=self._destination.host)
        except OSError as error:  # ssl.SSLError, ConnectionError and TimeoutError are some
            plain.close()
            raise _no_tls(self._destination, error) from error

    def _give(self, line: socket.socket, data: bytes) -> None:
        """All of the data, as fast as the receiver takes it; raises TimeoutError, ConnectionError, Cancelled."""
        line.settimeout(_LOOK_S)
        rest, taken_at = memoryview(data), time.monotonic()
        while rest:
            try:
                rest = rest[line.send(rest[:_WRITE_BYTES]) :]
                taken_at = time.monotonic()
            except TimeoutError:
                self._ctx.check()
                if time.monotonic() - taken_at > self._destination.timeout_s:
                    raise

    def _answer(self, line: socket.socket, sent_at: float) -> bytes:
        """The next frame; raises TimeoutError, ConnectionError, Cancelled."""
        line.settimeout(_LOOK_S)
        while time.monotonic() - sent_at < self._destination.timeout_s:
            self._ctx.check()
            try:
                data = line.recv(_READ_BYTES)
            except TimeoutError:
                continue
            if not data:
                raise ConnectionResetError
            if data.startswith(_TLS_RECORD) and self._destination.tls is None:
                raise Unavailable(
                    "EXC-0005", f"{self._destination.host} wants TLS; the message was not taken.", "Turn TLS on."
                )
            if frames := self._frames.feed(data):
                return frames[0].content
        raise TimeoutError


def _no_tls(destination: Destination, error: OSError, closed: bool = False) -> Unavailable:
    """Why there is no TLS connection."""
    where = f"{destination.host}:{destination.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unavailable(
            "EXC-0004",
            f"The certificate of {where} is not trusted ({error.verify_message.rstrip('.')}).",
            "Name the authority that signed it, and the host as it stands in the certificate.",
        )
    reason = (error.reason if isinstance(error, ssl.SSLError) else "") or type(error).__name__
    hint = "Check that the receiver speaks TLS on this port."
    if closed or "CERTIFICATE" in reason or "HANDSHAKE_FAILURE" in reason:
        hint = "The receiver may ask for a certificate it knows; name yours and its key."
    return Unavailable("EXC-0004", f"No TLS connection to {where} came about ({reason}).", hint)


def _paired(number: int, control_id: str, answer: bytes, attempts: int, latency_s: float) -> Sent:
    try:
        msa = er7.parse(answer).first("MSA")
    except Refused:
        msa = None
    code = msa.value(1) if msa else ""
    if msa is None or answered_control_id(msa) != control_id:
        outcome = Outcome.MISMATCHED
    else:
        outcome = Outcome.ACCEPTED if code in ("AA", "CA") else Outcome.REFUSED
    return Sent(number, control_id, outcome, code, attempts, latency_s, answer)
