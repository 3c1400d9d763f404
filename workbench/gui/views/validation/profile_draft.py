"""A profile with unsaved changes is remembered by the workspace, so that closing the window or a kill loses nothing."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from workbench.app.operations.profiles import DRAFT, draft_of, read_draft
from workbench.app.session import Session
from workbench.gui.bench import Bench
from workbench.validation.profiles.model import Profile

_WAIT_MS = 1500
"""After the last change; a draft for each key stroke would be work for nothing."""


class ProfileDraft(QObject):
    """Keeps what was last told to it, a moment later."""

    def __init__(self, bench: Bench, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._bench = bench
        self._session = session
        self._told: tuple[Profile, str] | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_WAIT_MS)
        self._later.timeout.connect(self.keep)

    def tell(self, profile: Profile | None, origin: str) -> None:
        """Say what is not saved: None for nothing."""
        self._told = (profile, origin) if profile is not None else None
        self._later.start()

    def keep(self) -> None:
        """Remember it now."""
        self._later.stop()
        session = self._session
        if self._told is None:
            self._bench.jobs.drop("draft")
            if session.setting(DRAFT) is not None:
                session.set_setting(DRAFT, None)
            return
        profile, origin = self._told
        handle = self._bench.jobs.newest("draft", "Keeping the profile", lambda _ctx: draft_of(profile, origin))
        handle.succeeded.connect(lambda draft: session.set_setting(DRAFT, draft))
        handle.failed.connect(self._bench.report)

    def recover(self, take: Callable[[Profile, None, str], None]) -> None:
        """Hand on the profile that was not saved when the window was closed, if there is one."""
        draft = self._session.setting(DRAFT)
        if draft is not None:
            handle = self._bench.jobs.newest("profile", "Opening the unsaved profile", lambda _ctx: read_draft(draft))
            handle.succeeded.connect(lambda profile: take(profile, None, draft["origin"]))
            handle.failed.connect(self._bench.report)
