"""Options of the verbs that connect to something: host and port, certificates."""

from __future__ import annotations

import argparse
import os
import ssl
from pathlib import Path

from workbench.exchange.tls import Identity, client_context, server_context
from workbench.kernel.errors import Refused

KEY_PASSPHRASE = "WORKBENCH_TLS_PASSPHRASE"


def add_identity(parser: argparse.ArgumentParser) -> None:
    """`--tls-cert`, `--tls-key`."""
    parser.add_argument("--tls-cert", type=Path, metavar="PEM", help="own certificate, with its chain")
    parser.add_argument(
        "--tls-key", type=Path, metavar="PEM", help=f"its key, when in another file; {KEY_PASSPHRASE} decrypts it"
    )


def listener_tls(options: argparse.Namespace) -> ssl.SSLContext | None:
    """The context of a listener, None for plain text; raises as `server_context`."""
    identity = _identity(options)
    if identity is None:
        if options.tls_clients:
            raise Refused("CLI-0010", "--tls-clients needs --tls-cert.", "Name the listener's own certificate too.")
        return None
    return server_context(identity, options.tls_clients)


def sender_tls(options: argparse.Namespace) -> ssl.SSLContext | None:
    """The context of a sender, None for plain text; raises as `client_context`."""
    identity = _identity(options)
    if not (options.tls or options.tls_ca or identity):
        return None
    return client_context(options.tls_ca, identity)


def host_and_port(text: str) -> tuple[str, int]:
    """`HOST:PORT`, `[::1]:PORT`; raises Refused CLI-0011."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise Refused("CLI-0011", f"{text!r} is no host and port.", "Write them like interface.example.org:2575.")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _identity(options: argparse.Namespace) -> Identity | None:
    if options.tls_cert is None:
        if options.tls_key is not None:
            raise Refused("CLI-0010", "--tls-key needs --tls-cert.", "Name the certificate the key belongs to.")
        return None
    return Identity(options.tls_cert, options.tls_key, os.environ.get(KEY_PASSPHRASE, ""))
