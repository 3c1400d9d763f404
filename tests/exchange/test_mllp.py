from __future__ import annotations

import socket
import threading
import time
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.exchange.listener import Answer, AnswerRule, Listener, ListenerSettings, Received
from workbench.exchange.mllp_frames import FrameReader, framed
from workbench.exchange.sender import Destination, Outcome, send
from workbench.kernel.errors import Cancelled, Refused, Unavailable
from workbench.kernel.progress import JobContext
from workbench.v2.ack import AckCode, acknowledge
from workbench.v2.er7 import Message
from workbench.v2.query import compile_query


def _message(control_id: str = "M1", processing: str = "T") -> bytes:
    return f"MSH|^~\\&|A|B|C|D|2024||ADT^A01|{control_id}|{processing}|2.5.1\rPID|1||7\r".encode()


@given(
    st.lists(st.binary(max_size=30).map(lambda b: b.replace(b"\x0b", b"").replace(b"\x1c", b"")), max_size=5),
    st.integers(1, 7),
)
def test_frames_come_out_whole_however_they_arrive(contents: list[bytes], step: int) -> None:
    stream = b"".join(framed(content) for content in contents)
    reader = FrameReader()
    found = [frame for at in range(0, len(stream), step) for frame in reader.feed(stream[at : at + step])]
    assert [frame.content for frame in found] == contents
    assert (reader.unfinished, sum(frame.stray for frame in found)) == (b"", 0)


def test_a_frame_without_an_end_is_closed_by_the_next_and_noise_is_counted() -> None:
    reader = FrameReader()
    found = list(reader.feed(b"noise\x0bone\x0btwo\x1c\x0bthree"))
    assert [(frame.content, frame.stray) for frame in found] == [(b"one", 5), (b"two", 0)]
    assert reader.unfinished == b"three"


def test_a_frame_beyond_the_limit_is_noticed() -> None:
    reader = FrameReader(largest=10)
    assert list(reader.feed(b"\x0b" + b"x" * 20)) == []
    assert reader.too_large


def test_what_is_sent_arrives_is_kept_and_is_acknowledged() -> None:
    kept: list[Received] = []
    with Listener(ListenerSettings(), kept.append) as listener:
        messages = [_message(f"M{n}") for n in range(5)]
        sent = list(send(messages, Destination("127.0.0.1", listener.port), JobContext()))
    assert [received.raw for received in kept] == messages
    assert [(s.control_id, s.outcome, s.code) for s in sent] == [(f"M{n}", Outcome.ACCEPTED, "AA") for n in range(5)]


@pytest.mark.parametrize(("answer", "code"), [(Answer.ERROR, "AE"), (Answer.REJECT, "AR")])
def test_a_negative_answer_is_told(answer: Answer, code: str) -> None:
    with Listener(ListenerSettings(answer=answer), lambda received: None) as listener:
        (sent,) = send([_message()], Destination("127.0.0.1", listener.port), JobContext())
    assert (sent.outcome, sent.code, sent.attempts) == (Outcome.REFUSED, code, 1)


def _rules(*rules: tuple[str, Answer, float]) -> tuple[AnswerRule, ...]:
    return tuple(AnswerRule(compile_query(question), answer, delay) for question, answer, delay in rules)


def test_the_first_rule_that_holds_decides_the_answer() -> None:
    rules = _rules(
        ('MSH-10 = "M0"', Answer.REJECT, 0.0),
        ('MSH-10 in ("M0", "M1") and PID-3 = "7"', Answer.ERROR, 0.0),
        ('MSH-10 = "M2"', Answer.ACCEPT, 0.15),
    )
    with Listener(ListenerSettings(rules=rules), lambda received: None) as listener:
        sent = list(
            send(map(_message, ("M0", "M1", "M2", "M3")), Destination("127.0.0.1", listener.port), JobContext())
        )
    assert [each.code for each in sent] == ["AR", "AE", "AA", "AA"]
    assert sent[2].latency_s >= 0.15


def test_a_rule_can_keep_silent_about_one_message_and_answer_the_next() -> None:
    rules = _rules(('MSH-10 = "M0"', Answer.SILENCE, 0.0))
    with Listener(ListenerSettings(rules=rules), lambda received: None) as listener:
        destination = Destination("127.0.0.1", listener.port, timeout_s=0.2, retries=0)
        sent = list(send(map(_message, ("M0", "M1")), destination, JobContext()))
    assert [each.outcome for each in sent] == [Outcome.UNANSWERED, Outcome.ACCEPTED]


def test_an_answer_can_be_left_to_a_judge() -> None:
    def judge(message: Message, control_id: str, at: datetime) -> tuple[AckCode, bytes]:
        return AckCode.ERROR, acknowledge(message, AckCode.ERROR, control_id, at)

    settings = ListenerSettings(answer=Answer.JUDGE, judge=judge)
    with Listener(settings, lambda received: None) as listener:
        (sent,) = send([_message()], Destination("127.0.0.1", listener.port), JobContext())
    assert (sent.outcome, sent.code) == (Outcome.REFUSED, "AE")


def test_a_receiver_that_hangs_up_is_told_from_one_that_is_silent() -> None:
    server = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        connection, _ = server.accept()
        connection.recv(4096)
        connection.close()

    thread = threading.Thread(target=hang_up)
    thread.start()
    (sent,) = send([_message()], Destination("127.0.0.1", server.getsockname()[1], retries=0), JobContext())
    thread.join()
    server.close()
    assert sent.outcome is Outcome.DISCONNECTED


def test_silence_is_retried_and_then_told() -> None:
    kept: list[Received] = []
    with Listener(ListenerSettings(answer=Answer.SILENCE), kept.append) as listener:
        destination = Destination("127.0.0.1", listener.port, timeout_s=0.2, retries=1)
        (sent,) = send([_message()], destination, JobContext())
    assert (sent.outcome, sent.attempts, len(kept)) == (Outcome.UNANSWERED, 2, 2)


def test_a_message_that_cannot_be_kept_is_not_acknowledged_as_accepted() -> None:
    def full(received: Received) -> None:
        raise OSError(28, "No space left on device")

    with Listener(ListenerSettings(), full) as listener:
        (sent,) = send([_message()], Destination("127.0.0.1", listener.port), JobContext())
    assert (sent.outcome, sent.code) == (Outcome.REFUSED, "AR")


def test_an_answer_to_another_message_is_no_answer() -> None:
    server = socket.create_server(("127.0.0.1", 0))

    def answer_wrongly() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(framed(b"MSH|^~\\&|||||2024||ACK|1|T|2.5.1\rMSA|AA|OTHER\r"))

    thread = threading.Thread(target=answer_wrongly)
    thread.start()
    (sent,) = send([_message()], Destination("127.0.0.1", server.getsockname()[1]), JobContext())
    thread.join()
    server.close()
    assert sent.outcome is Outcome.MISMATCHED


def test_production_messages_are_not_sent_until_allowed() -> None:
    kept: list[Received] = []
    with Listener(ListenerSettings(), kept.append) as listener:
        place = ("127.0.0.1", listener.port)
        with pytest.raises(Refused, match="production"):
            list(send([_message(processing="P")], Destination(*place), JobContext()))
        assert kept == []
        assert (
            len(list(send([_message(processing="P")], Destination(*place, allow_production=True), JobContext()))) == 1
        )


def test_nobody_listening_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Unavailable, match="Nobody answers"):
        list(send([_message()], Destination("127.0.0.1", port), JobContext()))


def test_a_port_in_use_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(Unavailable, match="cannot be listened on"):
        Listener(ListenerSettings(port=taken.getsockname()[1]), lambda received: None).start()


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 99999), ("127.0.0.1", -1), ("a" * 70, 0)])
def test_an_address_that_cannot_be_is_said_at_once(host: str, port: int) -> None:
    with pytest.raises(Unavailable) as problem:
        Listener(ListenerSettings(host, port), lambda received: None).start()
    assert problem.value.code == "EXC-0001"


def test_a_judge_that_is_refused_rejects_the_message_and_stops_nothing() -> None:
    def judge(message: Message, control_id: str, at: datetime) -> tuple[AckCode, bytes]:
        raise Refused("V2P-0002", "The profile cannot be used.", "")

    with Listener(ListenerSettings(answer=Answer.JUDGE, judge=judge), lambda received: None) as listener:
        sent = list(send([_message("M1"), _message("M2")], Destination("127.0.0.1", listener.port), JobContext()))
    assert [(s.control_id, s.code) for s in sent] == [("M1", "AR"), ("M2", "AR")]


def test_bytes_that_are_no_message_are_rejected_and_kept() -> None:
    kept: list[Received] = []
    with (
        Listener(ListenerSettings(), kept.append) as listener,
        socket.create_connection(("127.0.0.1", listener.port)) as line,
    ):
        line.sendall(framed(b"hello"))
        assert b"MSA|AR|" in line.recv(4096)
    assert [received.raw for received in kept] == [b"hello"]


def test_waiting_for_an_answer_can_be_cancelled() -> None:
    ctx = JobContext()
    with Listener(ListenerSettings(answer=Answer.SILENCE), lambda received: ctx.cancel()) as listener:
        began = time.monotonic()
        with pytest.raises(Cancelled):
            list(send([_message()], Destination("127.0.0.1", listener.port, timeout_s=60), ctx))
    assert time.monotonic() - began < 30


def test_a_rate_spreads_the_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.exchange import sender

    slept: list[float] = []
    monkeypatch.setattr(sender.time, "sleep", lambda seconds: slept.append(seconds))
    with Listener(ListenerSettings(), lambda received: None) as listener:
        monkeypatch.setattr(sender.time, "monotonic", _clock())
        list(send([_message()] * 3, Destination("127.0.0.1", listener.port, rate=2), JobContext()))
    assert sum(slept) > 0


def _clock():
    now = [0.0]

    def read() -> float:
        now[0] += 0.01
        return now[0]

    return read


def test_connecting_can_be_cancelled_and_a_late_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    ctx, go = JobContext(), threading.Event()
    one, other = socket.socketpair()

    def slow(*_: object) -> socket.socket:
        ctx.cancel()
        go.wait(60)
        return one

    monkeypatch.setattr("workbench.exchange.sender.socket.create_connection", slow)
    with pytest.raises(Cancelled):
        list(send([_message()], Destination("receiver.example", 1, timeout_s=600), ctx))
    go.set()
    with other:
        other.settimeout(10)
        assert other.recv(1) == b""  # its other end was closed


@pytest.mark.parametrize("cancels", [True, False])
def test_a_receiver_that_takes_nothing_does_not_hold_the_sender(cancels: bool) -> None:
    ctx, giant = JobContext(), _message() + b"NTE|1||" + b"x" * 50_000_000 + b"\r"
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = Destination("127.0.0.1", server.getsockname()[1], timeout_s=600 if cancels else 0.3, retries=0)
        if cancels:
            threading.Timer(0.3, ctx.cancel).start()
            with pytest.raises(Cancelled):
                list(send([giant], place, ctx))
        else:
            assert [sent.outcome for sent in send([giant], place, ctx)] == [Outcome.UNANSWERED]
