"""The audit trail of a workspace: is it whole, and what does it say."""

from __future__ import annotations

from pathlib import Path

from workbench.app.session import reading
from workbench.security.audit import AuditReport


def verify_audit(folder: Path, passphrase_descriptor: int | None) -> AuditReport:
    """Check the chain of a workspace that may be open elsewhere.

    raises  Refused, Unavailable as opening the workspace does
    """
    with reading(folder, passphrase_descriptor) as workspace:
        return workspace.audit.verify()
