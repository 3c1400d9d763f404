"""TLS for both ends of a connection: version 1.2 at least, certificates always verified, keys from PEM files."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from workbench.kernel.errors import Refused


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate (with its chain) and its private key, both PEM; one file may hold both.

    passphrase  of an encrypted key; it is never shown
    """

    certificate: Path
    key: Path | None = None
    passphrase: str = ""

    def __repr__(self) -> str:
        return f"Identity({self.certificate})"


def server_context(identity: Identity, clients: Path | None = None) -> ssl.SSLContext:
    """What a listener needs.

    clients  PEM with the authorities whose clients may connect; None lets clients without a certificate in
    raises   Refused EXC-0010: a file cannot be read or is no PEM; EXC-0011: certificate and key do not belong together
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load_identity(context, identity)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        _load_authorities(context, clients)
    return context


def client_context(authorities: Path | None = None, identity: Identity | None = None) -> ssl.SSLContext:
    """What a sender or client needs: the server's certificate and name are always verified.

    authorities  PEM with the authorities to trust in place of the system's
    identity     for servers that ask for one
    raises       Refused EXC-0010, EXC-0011 as `server_context`
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authorities is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        _load_authorities(context, authorities)
    if identity is not None:
        _load_identity(context, identity)
    return context


def _load_authorities(context: ssl.SSLContext, authorities: Path) -> None:
    try:
        context.load_verify_locations(authorities)
    except OSError as error:  # ssl.SSLError is one
        raise _unreadable(authorities) from error


def _load_identity(context: ssl.SSLContext, identity: Identity) -> None:
    key = identity.key or identity.certificate
    for path in (identity.certificate, key):
        if not path.is_file():
            raise _unreadable(path)
    try:
        # Without a passphrase an encrypted key would be asked for at the terminal.
        context.load_cert_chain(identity.certificate, key, password=identity.passphrase or "")
    except ssl.SSLError as error:
        raise Refused(
            "EXC-0011",
            f"{identity.certificate} and {key} give no certificate with its key ({error.reason or 'unreadable'}).",
            "Both are PEM; the key must belong to the first certificate, and an encrypted key needs its passphrase.",
        ) from error
    except (OSError, ValueError) as error:
        raise _unreadable(key) from error


def _unreadable(path: Path) -> Refused:
    return Refused("EXC-0010", f"{path} cannot be read as PEM.", "Name a file with the certificate in PEM form.")
