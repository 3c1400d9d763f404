from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest

from workbench.exchange.listener import Listener, ListenerSettings, Received
from workbench.exchange.sender import Destination, Outcome, send
from workbench.exchange.tls import Identity, client_context, server_context
from workbench.kernel.errors import Refused, Unavailable
from workbench.kernel.progress import JobContext

MESSAGE = b"MSH|^~\\&|A|B|C|D|2024||ADT^A01|M1|T|2.5.1\rPID|1||7\r"


def _exchange(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[list[Received], Outcome]:
    kept: list[Received] = []
    with Listener(ListenerSettings(tls=server), kept.append) as listener:
        destination = Destination("127.0.0.1", listener.port, timeout_s=2, retries=0, tls=client)
        (sent,) = send([MESSAGE], destination, JobContext())
    return kept, sent.outcome


def test_messages_travel_over_tls(pki) -> None:
    kept, outcome = _exchange(server_context(Identity(pki.server)), client_context(pki.authority))
    assert ([received.raw for received in kept], outcome) == ([MESSAGE], Outcome.ACCEPTED)


def test_a_client_shows_its_certificate_when_the_listener_asks(pki) -> None:
    server = server_context(Identity(pki.server), clients=pki.authority)
    assert _exchange(server, client_context(pki.authority, Identity(pki.client)))[1] is Outcome.ACCEPTED
    with pytest.raises(Unavailable, match="name yours") as problem:
        _exchange(server, client_context(pki.authority))
    assert problem.value.code == "EXC-0004"


def test_a_listener_nobody_vouches_for_is_not_trusted_and_says_so(pki) -> None:
    with pytest.raises(Unavailable, match="not trusted") as problem:
        _exchange(server_context(Identity(pki.server)), client_context())
    assert problem.value.code == "EXC-0004"


def test_a_listener_counts_failed_handshakes_and_goes_on(pki) -> None:
    kept: list[Received] = []
    with Listener(ListenerSettings(tls=server_context(Identity(pki.server))), kept.append) as listener:
        place = ("127.0.0.1", listener.port)
        with pytest.raises(Unavailable):
            list(send([MESSAGE], Destination(*place, retries=0, tls=client_context()), JobContext()))
        (plain,) = send([MESSAGE], Destination(*place, retries=0), JobContext())
        assert plain.outcome is Outcome.DISCONNECTED
        sent = list(send([MESSAGE] * 20, Destination(*place, tls=client_context(pki.authority)), JobContext()))
        assert {each.outcome for each in sent} == {Outcome.ACCEPTED}
        assert (len(kept), listener.failed_handshakes) == (20, 2)


def test_tls_where_nobody_speaks_it_is_said(pki) -> None:
    with Listener(ListenerSettings(), lambda received: None) as listener:
        destination = Destination(
            "127.0.0.1", listener.port, timeout_s=0.5, retries=0, tls=client_context(pki.authority)
        )
        with pytest.raises(Unavailable, match="No TLS connection") as problem:
            list(send([MESSAGE], destination, JobContext()))
    assert problem.value.code == "EXC-0004"


def test_a_receiver_that_wants_tls_is_told_from_one_that_is_silent() -> None:
    server = socket.create_server(("127.0.0.1", 0))

    def alert() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"\x15\x03\x01\x00\x02\x02\x46")

    thread = threading.Thread(target=alert)
    thread.start()
    with pytest.raises(Unavailable, match="wants TLS"):
        list(send([MESSAGE], Destination("127.0.0.1", server.getsockname()[1]), JobContext()))
    thread.join()
    server.close()


def test_many_connections_shake_hands(pki) -> None:
    kept: list[Received] = []
    with Listener(ListenerSettings(tls=server_context(Identity(pki.server))), kept.append) as listener:
        destination = Destination("127.0.0.1", listener.port, tls=client_context(pki.authority))
        for _ in range(50):
            list(send([MESSAGE], destination, JobContext()))
    assert len(kept) == 50


def test_old_versions_and_unverified_certificates_are_impossible(pki) -> None:
    server, client = server_context(Identity(pki.server)), client_context(pki.authority)
    assert {server.minimum_version, client.minimum_version} == {ssl.TLSVersion.TLSv1_2}
    assert (client.verify_mode, client.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_an_encrypted_key_needs_its_passphrase_and_never_asks(pki) -> None:
    assert server_context(Identity(pki.server, pki.encrypted_key, "open sesame"))
    for passphrase in ("", "wrong"):
        with pytest.raises(Refused) as refusal:
            server_context(Identity(pki.server, pki.encrypted_key, passphrase))
        assert refusal.value.code == "EXC-0011"
    assert "sesame" not in repr(Identity(pki.server, pki.encrypted_key, "open sesame"))


def test_files_that_are_no_pem_are_refused(tmp_path: Path, pki) -> None:
    (tmp_path / "no.pem").write_text("no")
    for make in (
        lambda: server_context(Identity(tmp_path / "missing.pem")),
        lambda: client_context(tmp_path / "missing.pem"),
        lambda: client_context(tmp_path / "no.pem"),
    ):
        with pytest.raises(Refused) as refusal:
            make()
        assert refusal.value.code == "EXC-0010"
    with pytest.raises(Refused) as refusal:
        server_context(Identity(pki.server, pki.client))
    assert refusal.value.code == "EXC-0011"


def test_nobody_is_still_nobody_over_tls(pki) -> None:
    with pytest.raises(Unavailable):
        list(send([MESSAGE], Destination("127.0.0.1", 1, tls=client_context(pki.authority)), JobContext()))
