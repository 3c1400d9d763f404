"""Accepting what rules give now as what their examples expect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from workbench.fhir.json_tree import dumps
from workbench.kernel.atomic_file import write_atomically
from workbench.kernel.errors import Refused
from workbench.kernel.progress import JobContext
from workbench.mapping.load import load_package
from workbench.mapping.overlay import effective
from workbench.mapping.yaml_text import read_yaml
from workbench.suites.examples.example import ExampleFile, example_files, load_examples
from workbench.suites.examples.run import own_rules
from workbench.suites.examples.trial import Effect, Trial
from workbench.suites.fingerprint import EXAMPLES_FOLDER, file_fingerprint

_INDENT = "  "
_YAML_BREAKS = {number: f"\\u{number:04x}" for number in (0x85, 0x2028, 0x2029)}
"""Characters that JSON writes as they are, and that end a line of YAML."""


@dataclass(frozen=True, slots=True)
class AcceptedExamples:
    """How many examples say now what their rules give, and the SHA-256 of their files."""

    examples: int
    fingerprint: str


def accept_examples(package: Path, ctx: JobContext | None = None) -> AcceptedExamples:
    """Write into the example files of a package what the rules give now.

    Rules without an example get one where the input that the file has for all shows what they do. Examples that show
    nothing, or are refused, stay as they are. Lines outside `gives` are not touched.

    raises  Refused MAP-…: the package or a file of examples is defective; SUI-0021: as `_check`;
            Unavailable KRN-0002; Cancelled
    """
    ctx = ctx or JobContext()
    own = load_package(package)
    whole = effective(own)
    paths = list(example_files(package))
    accepted = 0
    for number, path in enumerate(paths, 1):
        examples = load_examples(path)
        trial = Trial(whole, examples)
        effects = {
            each.name: effect
            for each in examples.examples
            if each.rule in trial.rules() and (effect := _effect(trial, each.rule, each.input))
        }
        shown = {example.rule for example in examples.examples}
        new = {
            rule: effect
            for rule in own_rules(own, examples.map)
            if rule not in shown and rule in trial.rules() and examples.input
            if (effect := _effect(trial, rule, examples.input))
        }
        before = path.read_text(encoding="utf-8")
        after = "".join(_rewritten(before, examples, effects, new))
        _check(after, path)
        if after != before:
            write_atomically(path, after.encode())
        accepted += len(effects) + len(new)
        ctx.advance(number, len(paths), EXAMPLES_FOLDER)
    digest = sha256("".join(file_fingerprint(path) for path in paths).encode()).hexdigest()
    return AcceptedExamples(accepted, digest)


def _check(text: str, path: Path) -> None:
    """raises  Refused SUI-0021: the examples of the file are not written as blocks, so lines cannot be put in"""
    try:
        read_yaml(text, path.name)
    except Refused as refusal:
        raise Refused(
            "SUI-0021",
            f"{path.name}: what the rules give could not be written between the lines ({refusal.text}).",
            "Write each example as a block: its name on a line, input and gives below it, two blanks deeper.",
        ) from None


def _effect(trial: Trial, rule: str, text: str) -> Effect:
    try:
        return trial.effect(rule, text)
    except Refused:
        return {}  # running the examples says why


def _rewritten(text: str, examples: ExampleFile, effects: dict[str, Effect], new: dict[str, Effect]) -> Iterator[str]:
    """The lines of the file with other `gives`; new examples come after the last."""
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    starts = {example.place.line - 1: example.name for example in examples.examples}
    name, skipping = "", False
    for number, line in enumerate(lines):
        depth = len(line) - len(line.lstrip())
        if number in starts:
            yield from _gives(effects.get(name))
            name, skipping = starts[number], False
        elif name and name in effects and line.strip():
            if skipping and depth <= 4:
                skipping = False
            skipping = skipping or (depth == 4 and line.strip().startswith("gives:"))
        if not skipping:
            yield line
    yield from _gives(effects.get(name))
    if new and not examples.examples and not any(line.rstrip() == "examples:" for line in lines):
        yield "examples:\n"
    for rule, effect in new.items():
        yield f"{_INDENT}{rule}:\n"
        yield from _gives(effect)


def _gives(effect: Effect | None) -> Iterator[str]:
    if effect:
        yield f"{_INDENT * 2}gives:\n"
        for path, value in effect.items():
            yield f"{_INDENT * 3}{path}: {dumps(value).decode().translate(_YAML_BREAKS)}\n"
