"""A comparison of two package versions for people: Markdown, one HTML file, or JSON.

Values of patients stand in it only where `values` is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from workbench.app.operations.mapping_effect import CaptureEffect, Example, SuiteEffect
from workbench.app.operations.package_changes import PackageDifference
from workbench.fhir.json_tree import dumps
from workbench.mapping.changes import Aspect, ChangeKind, PackageChange
from workbench.mapping.model import Json
from workbench.suites.describe import GLYPHS as RESULT_GLYPHS
from workbench.suites.describe import change_line
from workbench.suites.report_pages import report_page
from workbench.suites.semantic_diff import Change

GLYPHS = {ChangeKind.ADDED: "+", ChangeKind.REMOVED: "−", ChangeKind.CHANGED: "~", ChangeKind.MOVED: "↕"}
PLACES_SHOWN = 60
_LONGEST = 120
_NO_VALUES = "values of patients are left out"


def title_of(found: PackageDifference) -> str:
    return f"{found.before} → {found.after}"


def summary(found: PackageDifference) -> str:
    """The whole comparison in a few sentences."""
    counts = ", ".join(f"{count} {kind}" for kind, count in found.counts.items() if count) or "no differences"
    parts = [f"{counts}."]
    if found.effect is not None:
        parts.append(effect_sentence(found.effect))
    parts += [suite_sentence(suite) for suite in found.suites]
    return " ".join(parts)


def effect_sentence(effect: CaptureEffect) -> str:
    """What a capture says to it, in one or two sentences."""
    text = f"{effect.changed:,} of {effect.messages:,} messages change."
    if effect.newly_lost:
        text += f" {effect.newly_lost:,} values would be lost that are not lost now."
    if effect.newly_refused:
        text += f" {effect.newly_refused:,} messages would be refused that are mapped now."
    if effect.unreadable:
        text += f" {effect.unreadable:,} could not be read."
    return text


def suite_sentence(suite: SuiteEffect) -> str:
    worse = sum(1 for case in suite.cases if case.worse)
    text = f"Suite {suite.suite}: {len(suite.cases):,} of {sum(suite.after.values()):,} cases come out otherwise"
    return f"{text}, {worse:,} of them fail now or for more reasons." if worse else f"{text}."


def change_sentence(change: PackageChange) -> str:
    """`~ rule pid-8: codes administrative-sex → name-use`."""
    name = f"{change.entry.kind} {change.entry.id}" if change.entry.id else str(change.entry.kind)
    was = f" (was {change.was})" if change.was else ""
    holds = f", {change.holds} entries" if change.holds else ""
    said = "; ".join(aspect_text(aspect, change.kind) for aspect in change.aspects)
    return f"{GLYPHS[change.kind]} {name}{was}{holds}" + (f": {said}" if said else "")


def aspect_text(aspect: Aspect, kind: ChangeKind = ChangeKind.CHANGED) -> str:
    """One key of a change: `codes a → b`; of what was added or removed only what it says."""
    if aspect.key == "place":
        return f"behind {aspect.after or 'nothing'}, was behind {aspect.before or 'nothing'}"
    if aspect.key == "in block":
        return f"in {aspect.after or 'the map itself'}, was in {aspect.before or 'the map itself'}"
    if kind in (ChangeKind.ADDED, ChangeKind.REMOVED):
        return f"{aspect.key} {json_text(aspect.after if kind is ChangeKind.ADDED else aspect.before)}"
    return f"{aspect.key} {json_text(aspect.before)} → {json_text(aspect.after)}"


def json_text(value: Json) -> str:
    """A value of the language on one line; a plain text as it is, nothing as a dash."""
    if value is None:
        return "–"
    text = value if isinstance(value, str) else dumps(value).decode("utf-8").strip()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def by_map(changes: Sequence[PackageChange]) -> Iterator[tuple[str, tuple[PackageChange, ...]]]:
    """The changes of each map together, in the order of the maps."""
    ordered = sorted(changes, key=lambda change: change.entry.map)
    for name, some in groupby(ordered, key=lambda change: change.entry.map):
        yield name, tuple(some)


def markdown(found: PackageDifference, *, values: bool = False) -> bytes:
    """The report as Markdown, UTF-8."""
    lines = [f"# {title_of(found)}", "", summary(found), ""]
    if found.changes:
        lines += ["## What the package says differently", ""]
        for name, some in by_map(found.changes):
            lines += [f"### {name}", "", *(f"- {_marked(change_sentence(change))}" for change in some), ""]
    if found.effect is not None:
        lines += _effect_lines(found.effect, values)
    for suite in found.suites:
        lines += _suite_lines(suite)
    return "\n".join(lines).encode("utf-8")


def html(found: PackageDifference, *, values: bool = False) -> bytes:
    """The report as one HTML file that needs nothing beside it, UTF-8."""
    effect = found.effect
    text = report_page("package_changes.html").render(
        found=found,
        title=title_of(found),
        summary=summary(found),
        maps=list(by_map(found.changes)),
        glyphs=GLYPHS,
        result_glyphs=RESULT_GLYPHS,
        sentence=change_sentence,
        effect=effect,
        places=effect.places()[:PLACES_SHOWN] if effect else (),
        more_places=max(0, len(effect.places()) - PLACES_SHOWN) if effect else 0,
        moves=effect.moves() if effect else (),
        examples=[(example, _example_lines(example, values)) for example in effect.examples] if effect else [],
        suite_sentence=suite_sentence,
        numbers=numbers_text,
        no_values="" if values else _NO_VALUES,
    )
    return text.encode("utf-8")


def as_json(found: PackageDifference, *, values: bool = False) -> bytes:
    """The report for programs, UTF-8 JSON."""
    content = {
        "before": found.before,
        "after": found.after,
        "counts": {str(kind): count for kind, count in found.counts.items()},
        "changes": [_change_json(change) for change in found.changes],
        "capture": None if found.effect is None else _effect_json(found.effect, values),
        "suites": [
            {
                "suite": suite.suite,
                "before": {str(outcome): count for outcome, count in suite.before.items()},
                "after": {str(outcome): count for outcome, count in suite.after.items()},
                "cases": [
                    {
                        "case": case.case,
                        "before": case.before,
                        "after": case.after,
                        "changes": case.changes,
                        "newIssues": case.new_issues,
                    }
                    for case in suite.cases
                ],
            }
            for suite in found.suites
        ],
        "worse": found.worse,
    }
    return dumps(content, indent=2) + b"\n"


def numbers_text(numbers: Sequence[int]) -> str:
    """Message numbers as people count: `message 3, 17, 40`."""
    return "message " + ", ".join(f"{number + 1:,}" for number in numbers) if numbers else ""


def _effect_lines(effect: CaptureEffect, values: bool) -> Iterator[str]:
    yield from ("## What a capture says to it", "", effect_sentence(effect), "")
    moves = effect.moves()
    if moves:
        yield from (
            "### Values that end otherwise",
            "",
            "| field | was | is | values | messages | by | for instance |",
            "|---|---|---|---:|---:|---|---|",
        )
        for found in moves:
            move = found.move
            yield (
                f"| {move.field} | {move.before} | {move.after} | {found.values:,} | {found.messages:,} "
                f"| {_marked(move.rule or move.was)} | {numbers_text(found.numbers)} |"
            )
        yield ""
    places = effect.places()
    if places:
        yield from ("### Elements that change", "", "| | element | messages | for instance |", "|---|---|---:|---|")
        for place in places[:PLACES_SHOWN]:
            glyph = RESULT_GLYPHS[place.kind]
            yield f"| {glyph} | {_marked(place.path)} | {place.messages:,} | {numbers_text(place.numbers)} |"
        if len(places) > PLACES_SHOWN:
            yield f"| | and {len(places) - PLACES_SHOWN} more | | |"
        yield ""
    for example in effect.examples:
        yield from (f"### Message {example.number + 1:,} ({example.file}, {example.index + 1:,})", "")
        yield from (f"- {_marked(line)}" for line in _example_lines(example, values))
        yield ""


def _example_lines(example: Example, values: bool) -> list[str]:
    return [change_line(change) if values else _without_values(change) for change in example.changes[:30]]


def _without_values(change: Change) -> str:
    nuance = f" ({change.nuance.value})" if change.nuance else ""
    return f"{RESULT_GLYPHS[change.kind]} {change.path}{nuance}"


def _suite_lines(suite: SuiteEffect) -> Iterator[str]:
    yield from (f"## Suite {suite.suite}", "", suite_sentence(suite), "")
    yield from ("| | before | after |", "|---|---:|---:|")
    yield from (f"| {outcome} | {count:,} | {suite.after[outcome]:,} |" for outcome, count in suite.before.items())
    yield ""
    yield from (f"- {case.case}: {case.before or 'not there'} → {case.after or 'not there'}" for case in suite.cases)
    yield ""


def _marked(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>|#" else sign for sign in text)


def _change_json(change: PackageChange) -> Mapping[str, object]:
    return {
        "kind": str(change.kind),
        "map": change.entry.map,
        "entry": str(change.entry.kind),
        "id": change.entry.id,
        "was": change.was,
        "holds": change.holds,
        "aspects": [{"key": each.key, "before": each.before, "after": each.after} for each in change.aspects],
    }


def _effect_json(effect: CaptureEffect, values: bool) -> Mapping[str, object]:
    return {
        "messages": effect.messages,
        "changed": effect.changed,
        "unreadable": effect.unreadable,
        "newlyLost": effect.newly_lost,
        "newlyRefused": effect.newly_refused,
        "moves": [
            {
                "field": found.move.field,
                "before": str(found.move.before),
                "after": str(found.move.after),
                "was": found.move.was,
                "rule": found.move.rule,
                "values": found.values,
                "messages": found.messages,
                "numbers": list(found.numbers),
            }
            for found in effect.moves()
        ],
        "elements": [
            {"kind": str(place.kind), "path": place.path, "messages": place.messages, "numbers": list(place.numbers)}
            for place in effect.places()
        ],
        "examples": [
            {"number": example.number, "file": example.file, "changes": _example_lines(example, values)}
            for example in effect.examples
        ],
    }
