"""Accepted results: one JSON file beside the suite, stable enough that a git diff shows what a person accepted.

Cases stand in the order of their ids, each on lines of its own; every case carries the SHA-256 of its message, and the
file carries one over all cases, so that a change by hand is noticed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from workbench.fhir import json_tree
from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.errors import Refused, Unavailable

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a person accepted for one case.

    digest  SHA-256 of the message
    bundle  the result, None when the accepted outcome is that there is none
    issues  (severity, rule, path) of what the mapping said
    """

    digest: str
    bundle: Mapping[str, object] | None
    issues: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Baseline:
    """fingerprint  SHA-256 over all cases, "" when nothing was accepted yet"""

    cases: Mapping[str, Accepted] = field(default_factory=dict)
    fingerprint: str = ""


def load_baseline(path: Path) -> Baseline:
    """The accepted results; an empty baseline when the file does not exist.

    raises  Refused SUI-0010: not a baseline, or another format; SUI-0011: changed by hand or damaged
            Unavailable SUI-0012: cannot be read
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Baseline()
    except OSError as error:
        raise Unavailable("SUI-0012", f"{path} cannot be read ({error.strerror}).", "Check its permissions.") from error
    try:
        value = json_tree.parse(raw).value
        listed = value["cases"]
        if value["format"] != FORMAT or not isinstance(listed, dict):
            raise ValueError("another format")
        found = {str(name): _accepted(each) for name, each in listed.items()}
    except (Refused, KeyError, TypeError, ValueError) as error:
        raise Refused(
            "SUI-0010",
            f"{path} is no baseline of format {FORMAT} ({type(error).__name__}).",
            "Restore it from version control, or accept the results again.",
        ) from error
    fingerprint = _fingerprint(found)
    if value.get("sha256") != fingerprint:
        raise Refused(
            "SUI-0011",
            f"{path} was changed after it was accepted: its content does not have the SHA-256 it states.",
            "Restore it from version control, or accept the results again after looking at them.",
        )
    return Baseline(found, fingerprint)


def save_baseline(path: Path, accepted: Mapping[str, Accepted]) -> Baseline:
    """Replace the accepted results, atomically.

    raises  Unavailable KRN-0002: the folder cannot be written
    """
    ordered = dict(sorted(accepted.items()))
    fingerprint = _fingerprint(ordered)
    lines = [f"{_text(name)}: {_written(each)}" for name, each in ordered.items()]
    body = ",\n".join(lines)
    text = f'{{"format": {FORMAT}, "sha256": "{fingerprint}", "cases": {{\n{body}\n}}}}\n'
    write_atomically(path, text.encode("utf-8"))
    return Baseline(ordered, fingerprint)


def accept(path: Path, actual: Mapping[str, Accepted], only: Iterable[str] | None = None) -> Baseline:
    """Accept results as the new baseline.

    actual  all results of the suite; accepted cases that are not among them are dropped
    only    accept no more than these cases and keep what was accepted for the others; None accepts all

    raises  as `load_baseline` and `save_baseline`
    """
    if only is None:
        return save_baseline(path, actual)
    chosen = set(only)
    kept = {name: each for name, each in load_baseline(path).cases.items() if name in actual and name not in chosen}
    return save_baseline(path, kept | {name: each for name, each in actual.items() if name in chosen})


def _accepted(value: object) -> Accepted:
    if not isinstance(value, dict):
        raise TypeError("a case is an object")
    bundle = value["bundle"]
    issues = tuple((str(severity), str(rule), str(path)) for severity, rule, path in value["issues"])
    return Accepted(str(value["message"]), bundle if isinstance(bundle, dict) else None, issues)


def _written(each: Accepted) -> str:
    entries = {"message": each.digest, "issues": [list(issue) for issue in each.issues], "bundle": each.bundle}
    return json_tree.dumps(entries, indent=1).decode("utf-8")


def _text(name: str) -> str:
    return json_tree.dumps(name).decode("utf-8")


def _fingerprint(accepted: Mapping[str, Accepted]) -> str:
    if not accepted:
        return ""
    digest = sha256()
    for name, each in sorted(accepted.items()):
        digest.update(f"{_text(name)}: {_written(each)}\n".encode())
    return digest.hexdigest()
