"""Certificates of a connection: whether it is encrypted, with what, and whom it trusts."""

from __future__ import annotations

import ssl
from pathlib import Path

from PySide6.QtWidgets import QCheckBox, QFileDialog, QFormLayout, QLineEdit, QWidget

from workbench.exchange.tls import Identity, client_context, server_context
from workbench.gui.theme.theme import Theme
from workbench.gui.widgets.basics import across, down, tool_button
from workbench.kernel.errors import Refused

_PEM = "PEM files (*.pem *.crt *.cer *.key);;All files (*)"


class TlsFields(QWidget):
    """A switch and the files behind it.

    listener  True for the side that is connected to: it needs a certificate of its own, and may ask for one
    """

    def __init__(self, theme: Theme, *, listener: bool) -> None:
        super().__init__()
        self._listener = listener
        self.on = QCheckBox("Encrypt (TLS 1.2 or newer)")
        own = "needed" if listener else "only where the receiver asks for one"
        self.certificate = FileLine(theme, "Own certificate", own)
        self.key = FileLine(theme, "Key", "when it is not in the same file")
        self.passphrase = _line("Passphrase of the key", "when it is encrypted")
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        asked = FileLine(theme, "Clients of", "authority whose clients may connect; empty: everybody")
        self.authorities = asked if listener else authorities_line(theme)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Own certificate", self.certificate)
        form.addRow("Key", self.key)
        form.addRow("Passphrase of the key", self.passphrase)
        form.addRow("Clients of" if listener else "Trust", self.authorities)
        self._files = QWidget()
        self._files.setLayout(form)
        self._files.setVisible(False)
        self.on.toggled.connect(self._files.setVisible)
        self.setLayout(down(self.on, self._files))

    def context(self) -> ssl.SSLContext | None:
        """What the connection needs, None without TLS.

        raises  Refused EXC-0010, EXC-0011, GUI-0041: a file is missing, is no PEM, or does not fit
        """
        if not self.on.isChecked():
            return None
        identity = self._identity()
        authorities = self.authorities.chosen
        if not self._listener:
            return client_context(authorities, identity)
        if identity is None:
            raise Refused("GUI-0041", "A listener with TLS needs a certificate of its own.", "Choose a PEM file.")
        return server_context(identity, authorities)

    def state(self) -> dict[str, str | bool]:
        """What may be remembered: all but the passphrase."""
        return {
            "on": self.on.isChecked(),
            "certificate": self.certificate.text(),
            "key": self.key.text(),
            "authorities": self.authorities.text(),
        }

    def restore(self, state: object) -> None:
        """Take what `state` gave."""
        if isinstance(state, dict):
            self.on.setChecked(state.get("on") is True)
            for name in ("certificate", "key", "authorities"):
                getattr(self, name).setText(str(state.get(name, "")))

    def _identity(self) -> Identity | None:
        certificate = self.certificate.chosen
        return None if certificate is None else Identity(certificate, self.key.chosen, self.passphrase.text())


class FileLine(QWidget):
    """The name of a file, typed or chosen."""

    def __init__(self, theme: Theme, name: str, hint: str) -> None:
        super().__init__()
        self._line = _line(name, hint)
        self.setLayout(across(self._line, tool_button(theme, "folder-open", f"Choose file: {name}", self.ask)))

    @property
    def chosen(self) -> Path | None:
        """The file, None when none is named."""
        text = self._line.text().strip()
        return Path(text) if text else None

    def text(self) -> str:
        return self._line.text()

    def setText(self, text: str) -> None:
        self._line.setText(text)

    def ask(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, self._line.accessibleName(), self._line.text(), _PEM)
        if name:
            self._line.setText(name)


def authorities_line(theme: Theme) -> FileLine:
    """The authorities a client trusts in place of those of the system."""
    return FileLine(theme, "Trust", "empty: the system's authorities")


def _line(name: str, hint: str) -> QLineEdit:
    made = QLineEdit()
    made.setAccessibleName(name)
    made.setPlaceholderText(hint)
    return made
