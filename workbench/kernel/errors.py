"""Exceptions that stop work, each with a sentence for the user and what to do about it.

Anything else that is raised is a defect of ours and ends as exit code 70.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a `workbench` command tells its caller."""

    CLEAN = 0
    ISSUES = 1
    REFUSED = 2
    UNAVAILABLE = 3
    BUG = 70
    CANCELLED = 130


class WorkbenchError(Exception):
    """Something we can say to the user.

    code  stable id such as `SEC-0003`
    text  what happened, one sentence without patient data
    hint  what to do, "" when nothing can be done
    """

    exit_code = ExitCode.BUG

    def __init__(self, code: str, text: str, hint: str = "") -> None:
        super().__init__(code, text, hint)
        self.code = code
        self.text = text
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.text} {self.hint}".strip()


class Refused(WorkbenchError):
    """What was given cannot be used: not a message, a wrong passphrase, a defective mapping."""

    exit_code = ExitCode.REFUSED


class Unavailable(WorkbenchError):
    """The surroundings failed: disk, permission, lock, key store, service."""

    exit_code = ExitCode.UNAVAILABLE


class Cancelled(Exception):
    """The user stopped the job; never logged as an error."""
