"""A suite as a value, and how it is read from `suite.yaml`.

suite: v2-to-fhir-r4/main
mapping: ../..                 # the package, from the folder of this file
inputs:
  - {scenario: deceased, patients: 2, seed: 7}
  - {id: ward-3, messages: ["messages/*.hl7"]}
  - {scenario: twins, seed: 7, skip: "waiting for the naming rule of the nursery"}
invariants: [nothing-lost, references-resolve, valid, idempotent]
expect:
  - {cases: "small-dose-*", at: MedicationRequest.dosageInstruction.doseAndRate.doseQuantity.value, equals: 0.125}
  - {cases: "deceased-*-ADT_A03", at: Patient.deceasedDateTime, exists: true}
ignore: [Bundle.timestamp, "*.meta.lastUpdated"]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

from workbench.fhir.path import FhirPath
from workbench.kernel.errors import Refused
from workbench.kernel.issues import blocks
from workbench.mapping.yaml_text import KeyPath, YamlText, read_yaml
from workbench.messages.capture import open_capture
from workbench.synthetic.scenarios import find_scenario, generate

SUITE_FILE = "suite.yaml"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_PATTERNS = "Write files as `messages/*.hl7` from the suite's folder, or as a whole path."


class Invariant(StrEnum):
    """What must hold for the result of every case, whatever its content."""

    NOTHING_LOST = "nothing-lost"
    REFERENCES_RESOLVE = "references-resolve"
    VALID = "valid"
    IDEMPOTENT = "idempotent"


class Check(StrEnum):
    """What an assertion demands of the values at its path.

    EQUALS    exactly this value, or these in this order
    CONTAINS  this value among others
    EXISTS    at least one value (`exists: false`: none)
    COUNT     so many values
    REFUSED   the message is refused with this code
    """

    EQUALS = "equals"
    CONTAINS = "contains"
    EXISTS = "exists"
    COUNT = "count"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Input:
    """One source of cases: a synthetic scenario, or message files (glob patterns, from the suite's folder or whole).

    skip  why its cases are not run, "" when they are
    """

    id: str
    scenario: str = ""
    patients: int = 1
    seed: int = 1
    version: str = "2.5.1"
    messages: tuple[str, ...] = ()
    skip: str = ""

    @property
    def is_synthetic(self) -> bool:
        return bool(self.scenario)


@dataclass(frozen=True, slots=True)
class Assertion:
    """An explicit expectation for the cases whose id matches the glob `cases`; `place` is `suite.yaml:12:5`."""

    cases: str
    check: Check
    value: object
    at: str = ""
    place: str = ""

    def applies_to(self, case_id: str) -> bool:
        return fnmatchcase(case_id, self.cases)


@dataclass(frozen=True, slots=True)
class Suite:
    """file      the YAML file
    mapping    folder of the mapping package
    baseline   file of the accepted results, beside the suite
    """

    id: str
    title: str
    file: Path
    mapping: Path
    baseline: Path
    inputs: tuple[Input, ...]
    invariants: tuple[Invariant, ...]
    assertions: tuple[Assertion, ...]
    ignore: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One message of a suite.

    synthetic  False for messages from files: they may hold what must not be written anywhere else
    skip       why it is not run, "" when it is
    """

    id: str
    raw: bytes
    synthetic: bool
    skip: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the message."""
        return sha256(self.raw).hexdigest()


def load_suite(path: Path) -> Suite:
    """Read a suite.

    path    the YAML file, or the folder that holds `suite.yaml`
    raises  Refused SUI-0001: no such file; SUI-0002: no YAML; SUI-0003: wrong content. Each says file, line, column
    """
    file = path / SUITE_FILE if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is no text in UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        text = f"There is no suite {file}." if not file.exists() else f"{file} cannot be read ({reason})."
        raise Refused("SUI-0001", text, f"Name a folder with {SUITE_FILE}.") from error
    try:
        content = read_yaml(text, file.name)
    except Refused as error:
        raise Refused("SUI-0002", error.text, error.hint) from error
    return _Reader(content, file).suite()


def cases(suite: Suite) -> Iterator[Case]:
    """All cases in the order of the suite.

    raises  Refused SYN-0001, SYN-0002, SYN-0003: as `generate`; SUI-0004: a pattern of message files is
            none, or finds nothing; SUI-0005: a message file is damaged
    """
    for each in suite.inputs:
        if each.is_synthetic:
            for message in generate(each.scenario, each.patients, each.seed, each.version):
                yield Case(each.id + message.name.removeprefix(each.scenario), message.raw, True, each.skip)
        else:
            capture = open_capture(_files(suite, each))
            damage = next((issue for issue in capture.issues if blocks(issue)), None)
            if damage is not None:
                text = f"{suite.file.name}: {damage.location.file}: {damage.masked_text}."
                raise Refused("SUI-0005", text, "A suite needs messages that can all be read.")
            for number, raw in enumerate(capture, 1):
                yield Case(f"{each.id}-{number:04}", raw, False, each.skip)


def _files(suite: Suite, each: Input) -> list[Path]:
    files: list[Path] = []
    for pattern in each.messages:
        whole = Path(pattern)
        folder = Path(whole.anchor) if whole.is_absolute() else suite.file.parent
        try:
            found = sorted(folder.glob(str(whole.relative_to(folder)) if whole.is_absolute() else pattern))
        except (ValueError, IndexError) as error:  # what glob says of patterns such as "" and "a**b"
            raise Refused(
                "SUI-0004", f"{suite.file.name}: “{pattern}” is no pattern of file names ({error}).", _PATTERNS
            ) from None
        if not found:
            raise Refused("SUI-0004", f"{suite.file.name}: “{pattern}” finds no file.", _PATTERNS)
        files += found
    return files


class _Reader:
    """The content of one suite file on its way to a `Suite`; every refusal says where."""

    def __init__(self, content: YamlText, file: Path) -> None:
        self._content = content
        self._file = file

    def suite(self) -> Suite:
        known = ("suite", "title", "mapping", "baseline", "inputs", "invariants", "expect", "ignore")
        top = self._mapping(self._content.value, (), known)
        folder = self._file.parent
        name = self._text(top, (), "suite")
        if not _NAME.fullmatch(name):
            self._refuse(("suite",), "A suite's id is made of letters, digits, dots, dashes and slashes.")
        inputs = tuple(self._input(each, ("inputs", n)) for n, each in enumerate(self._list(top, (), "inputs")))
        if not inputs:
            self._refuse(("inputs",), "A suite without inputs tests nothing.")
        ids = [each.id for each in inputs]
        for number, each_id in enumerate(ids):
            if each_id in ids[:number]:
                self._refuse(("inputs", number), f"The input id {each_id} is used twice; give one of them an `id`.")
        return Suite(
            id=name,
            title=self._text(top, (), "title", name),
            file=self._file,
            mapping=(folder / self._text(top, (), "mapping")).resolve(),
            baseline=folder / self._text(top, (), "baseline", "baseline.json"),
            inputs=inputs,
            invariants=tuple(
                self._word(Invariant, each, ("invariants", n))
                for n, each in enumerate(self._list(top, (), "invariants", [str(each) for each in Invariant]))
            ),
            assertions=tuple(
                self._assertion(each, ("expect", n)) for n, each in enumerate(self._list(top, (), "expect", []))
            ),
            ignore=self._texts(top, (), "ignore"),
        )

    def _input(self, value: object, path: KeyPath) -> Input:
        known = ("id", "scenario", "patients", "seed", "version", "messages", "skip")
        given = self._mapping(value, path, known)
        messages = self._texts(given, path, "messages")
        scenario = self._text(given, path, "scenario", "")
        if bool(messages) == bool(scenario):
            self._refuse(path, "An input has either a `scenario` or `messages`.")
        if scenario:
            try:
                find_scenario(scenario)
            except Refused as error:
                self._refuse((*path, "scenario"), str(error))
        elif "id" not in given:
            self._refuse(path, "An input of message files needs an `id`.")
        return Input(
            id=self._text(given, path, "id", scenario),
            scenario=scenario,
            patients=self._number(given, path, "patients"),
            seed=self._number(given, path, "seed"),
            version=self._text(given, path, "version", "2.5.1"),
            messages=messages,
            skip=self._text(given, path, "skip", ""),
        )

    def _assertion(self, value: object, path: KeyPath) -> Assertion:
        given = self._mapping(value, path, ("cases", "at", *Check))
        checks = [check for check in Check if check in given]
        if len(checks) != 1:
            self._refuse(path, f"An expectation has exactly one of {', '.join(Check)}.")
        check = checks[0]
        at = self._text(given, path, "at", "")
        if bool(at) == (check is Check.REFUSED):
            self._refuse(path, "An expectation needs `at`, the path of the values it is about; `refused` has none.")
        if at:
            try:
                FhirPath.parse(at)
            except Refused as error:
                self._refuse((*path, "at"), str(error))
        wanted = {Check.EXISTS: bool, Check.COUNT: int, Check.REFUSED: str}.get(check, object)
        if not isinstance(given[check], wanted) or (wanted is int and isinstance(given[check], bool)):
            self._refuse((*path, check), f"`{check}` takes a {wanted.__name__}.")
        place = str(self._content.place(path))
        return Assertion(self._text(given, path, "cases", "*"), check, given[check], at, place)

    def _mapping(self, value: object, path: KeyPath, known: Sequence[str]) -> Mapping[str, object]:
        if not isinstance(value, dict):
            self._refuse(path, "Here stands a list of keys and values.")
        for key in value:
            if key not in known:
                self._refuse((*path, key), f"The key `{key}` is unknown; known are {', '.join(known)}.")
        return value

    def _list(
        self, given: Mapping[str, object], path: KeyPath, key: str, default: list[str] | None = None
    ) -> list[object]:
        value = given.get(key, default)
        if not isinstance(value, list):
            self._refuse((*path, key), f"`{key}` is a list.")
        return value

    def _text(self, given: Mapping[str, object], path: KeyPath, key: str, default: str | None = None) -> str:
        value = given.get(key, default)
        if not isinstance(value, str):
            self._refuse((*path, key), f"`{key}` is a text." if key in given else f"`{key}` is missing.")
        return value

    def _texts(self, given: Mapping[str, object], path: KeyPath, key: str) -> tuple[str, ...]:
        texts = [each for each in self._list(given, path, key, []) if isinstance(each, str)]
        if len(texts) != len(self._list(given, path, key, [])):
            self._refuse((*path, key), f"`{key}` is a list of texts.")
        return tuple(texts)

    def _number(self, given: Mapping[str, object], path: KeyPath, key: str) -> int:
        value = given.get(key, 1)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self._refuse((*path, key), f"`{key}` is a whole number.")
        return value

    def _word(self, vocabulary: type[Invariant], value: object, path: KeyPath) -> Invariant:
        if value not in list(vocabulary):
            self._refuse(path, f"“{value}” is none of {', '.join(vocabulary)}.")
        return vocabulary(str(value))

    def _refuse(self, path: KeyPath, sentence: str) -> NoReturn:
        hint = "The form of a suite file is described in the help under “Suites”."
        raise Refused("SUI-0003", f"{self._content.place(path)}: {sentence}", hint)
