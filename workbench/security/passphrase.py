"""Where a passphrase comes from when nobody sits at a window: prompt, environment, file descriptor, or a value."""

from __future__ import annotations

import getpass
import os
import sys
from typing import Protocol

from workbench.kernel.errors import Cancelled, Refused, Unavailable

ENVIRONMENT_VARIABLE = "WORKBENCH_PASSPHRASE"
_LONGEST = 4096


class PassphraseSource(Protocol):
    """Asked once, when the passphrase is needed; None means that this source has none to give."""

    def __call__(self) -> str | None: ...


def from_value(passphrase: str) -> PassphraseSource:
    """A passphrase that is already at hand, from a dialog or a test."""
    return lambda: passphrase


def from_environment(name: str = ENVIRONMENT_VARIABLE) -> PassphraseSource:
    """The value of an environment variable; an empty one counts as absent."""
    return lambda: os.environ.get(name) or None


def from_descriptor(descriptor: int) -> PassphraseSource:
    """The first line of an open file descriptor, without its line end.

    raises (when asked)  Unavailable SEC-0005: it is not open for reading
                         Refused SEC-0006: it holds no line, more than 4096 bytes, or no UTF-8
    """

    def read() -> str:
        try:
            line = _first_line(descriptor)
        except (OSError, OverflowError) as error:
            raise Unavailable(
                "SEC-0005",
                f"File descriptor {descriptor} cannot be read.",
                "Open it for the command, for example `--passphrase-fd 3 3< file`.",
            ) from error
        try:
            passphrase = line.decode("utf-8")
        except UnicodeDecodeError:
            # The exception holds the secret bytes, so it must not become this one's cause.
            passphrase = ""
        if not passphrase:
            raise Refused(
                "SEC-0006",
                f"File descriptor {descriptor} holds no usable passphrase.",
                f"Write one line of UTF-8 text of at most {_LONGEST} bytes to it.",
            )
        return passphrase

    return read


def from_prompt(question: str = "Passphrase of the workspace: ", confirm: bool = False) -> PassphraseSource:
    """Ask at the terminal without echo; without a terminal there is nothing to ask.

    confirm  ask twice, for a passphrase that is being chosen
    raises (when asked)  Cancelled: input ended
                         Refused SEC-0007: the two entries differ
    """

    def ask() -> str | None:
        if sys.stdin is None or not sys.stdin.isatty():
            return None
        try:
            passphrase = getpass.getpass(question)
            if confirm and passphrase and getpass.getpass("Once more: ") != passphrase:
                raise Refused("SEC-0007", "The two passphrases differ.", "Type the same passphrase twice.")
        except EOFError:
            raise Cancelled from None
        return passphrase or None

    return ask


def headless_sources(descriptor: int | None = None, confirm: bool = False) -> tuple[PassphraseSource, ...]:
    """What a command asks, in order: `--passphrase-fd`, the environment variable, the terminal."""
    named = () if descriptor is None else (from_descriptor(descriptor),)
    return (*named, from_environment(), from_prompt(confirm=confirm))


def first_of(*sources: PassphraseSource) -> PassphraseSource:
    """The first passphrase that any of the sources gives; later ones are not asked.

    raises (when asked)  Unavailable SEC-0002: none has one
    """

    def ask() -> str:
        for source in sources:
            if passphrase := source():
                return passphrase
        raise Unavailable(
            "SEC-0002",
            "The workspace is encrypted and no passphrase was given.",
            f"Set {ENVIRONMENT_VARIABLE}, use --passphrase-fd N, or start from a terminal to be asked.",
        )

    return ask


def _first_line(descriptor: int) -> bytes:
    """The bytes before the first line feed, b"" when there are too many; nothing behind the line is taken."""
    line = bytearray()
    while len(line) <= _LONGEST:
        byte = os.read(descriptor, 1)
        if byte in (b"", b"\n"):
            return bytes(line).removesuffix(b"\r")
        line += byte
    return b""
