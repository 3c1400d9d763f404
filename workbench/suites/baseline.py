"""Accepted results: one JSON file beside the suite, stable enough that a git diff shows what a person accepted.

Every case carries the SHA-256 of its message, and the file carries one over everything, so that a change by hand is
noticed. Entries of Bundles stand once, one on a line, in the order in which the cases (sorted by id) first need them;
a case names its entries. A change of what many cases share is one changed line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

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
        if value["format"] != FORMAT:
            raise ValueError("another format")
        found = _accepted(value)
    except (Refused, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused(
            "SUI-0010",
            f"{path} is no baseline of format {FORMAT}, or was damaged.",
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
    entries: dict[str, bytes] = {}
    lines = [f"{_text(name)}: {_case_line(each, entries)}" for name, each in ordered.items()]
    shared = [f"{_text(name)}: {written.decode('utf-8')}" for name, written in entries.items()]
    head = f'{{"format": {FORMAT}, "sha256": "{fingerprint}", "entries": {{'
    text = "\n".join((head, ",\n".join(shared), '}, "cases": {', ",\n".join(lines), "}}", ""))
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


def _accepted(value: Mapping[str, Any]) -> dict[str, Accepted]:
    entries: Mapping[str, object] = value["entries"]
    return {str(name): _case(each, entries) for name, each in value["cases"].items()}


def _case(value: Mapping[str, Any], entries: Mapping[str, object]) -> Accepted:
    bundle = value["bundle"]
    if bundle is not None and "entries" in value:
        bundle = {**bundle, "entry": [entries[name] for name in value["entries"]]}
    issues = tuple((str(severity), str(rule), str(place)) for severity, rule, place in value["issues"])
    return Accepted(str(value["message"]), bundle, issues)


def _case_line(each: Accepted, entries: dict[str, bytes]) -> str:
    """The case on one line; entries it is the first to need are added to `entries`."""
    line: dict[str, object] = {"message": each.digest, "issues": [list(issue) for issue in each.issues]}
    listed = each.bundle.get("entry") if each.bundle else None
    if isinstance(listed, list):
        line["bundle"] = {key: value for key, value in (each.bundle or {}).items() if key != "entry"}
        line["entries"] = [_entry_name(entry, entries) for entry in listed]
    else:
        line["bundle"] = each.bundle
    return json_tree.dumps(line).decode("utf-8")


def _entry_name(entry: object, entries: dict[str, bytes]) -> str:
    """`Patient/0f3a…`: type and the beginning of the SHA-256 of what is written."""
    written = json_tree.dumps(entry)
    resource = entry.get("resource") if isinstance(entry, dict) else None
    kind = resource.get("resourceType") if isinstance(resource, dict) else "entry"
    name = f"{kind}/{sha256(written).hexdigest()[:20]}"
    entries[name] = written
    return name


def _text(name: str) -> str:
    return json_tree.dumps(name).decode("utf-8")


def _fingerprint(accepted: Mapping[str, Accepted]) -> str:
    """SHA-256 over ids, messages, issues and whole results, sorted by id; "" for nothing."""
    if not accepted:
        return ""
    digest = sha256()
    for name, each in sorted(accepted.items()):
        whole = [name, each.digest, [list(issue) for issue in each.issues], each.bundle]
        digest.update(json_tree.dumps(whole) + b"\n")
    return digest.hexdigest()
