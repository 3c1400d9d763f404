"""From plain values to the parts of a package, with errors that say file, line, column and rule."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn, TypeVar

from workbench.kernel.errors import Refused
from workbench.mapping.model import (
    Direction,
    Group,
    Header,
    Json,
    LedgerRule,
    MapKind,
    MessageMap,
    Null,
    Policy,
    Raise,
    Repeat,
    Row,
    Rule,
    RuleMap,
    RuleStatus,
    Standard,
    TransformCall,
    Unmapped,
    Write,
)
from workbench.mapping.update_rules import updates_of
from workbench.mapping.yaml_text import KeyPath, YamlText

RULE_KEYS = (
    "id", "from", "to", "using", "codes", "unmapped", "literal", "default", "transform", "when", "repeat", "join",
    "preset", "make", "as", "identity", "write", "reference", "null", "accounts-for", "raise", "rules", "first-of",
    "status", "cite", "note", "enabled", "remove", "after",
)  # fmt: skip
ROW_KEYS = (
    "id", "from", "within", "make", "fill", "group", "as", "using", "when", "follows", "each", "identity", "write",
    "link", "raise", "status", "cite", "note", "enabled", "remove", "after",
)  # fmt: skip
LEDGER_KEYS = ("id", "from", "on", "reason", "by", "when")
RULE_MAP_KEYS = ("map", "title", "from", "to", "cite", "note", "rules", "ignore", "keep")
MESSAGE_MAP_KEYS = (
    "map", "title", "for", "structures", "when", "include", "cite", "note", "groups", "rows", "ignore", "keep",
)  # fmt: skip
HEADER_KEYS = (
    "id", "title", "version", "owner", "direction", "source", "target", "status", "extends", "unmapped", "copy",
    "time-zone", "sender", "identity", "extensions", "ignore", "keep", "engines", "suites", "truth", "updates",
    "note",
)  # fmt: skip
GROUP_KEYS = ("starts", "within", "holds")

_Word = TypeVar("_Word", bound=StrEnum)
_Part = TypeVar("_Part")


@dataclass(frozen=True)
class Part:
    """A value inside a document, knowing where it stands and which rule it belongs to.

    faults  collects what is wrong in single rules and rows, which are then left out; None stops at the first
    """

    document: YamlText
    path: KeyPath = ()
    subject: str = ""
    faults: list[Refused] | None = None

    @property
    def value(self) -> Json:
        value = self.document.value
        for step in self.path:
            value = value[step]  # type: ignore[index]
        return value

    def refuse(self, sentence: str, *keys: str | int, code: str = "MAP-0102") -> NoReturn:
        """Stop with the place of this value, or of an entry in it."""
        raise self.fault(sentence, *keys, code=code)

    def fault(self, sentence: str, *keys: str | int, code: str) -> Refused:
        """What `refuse` stops with."""
        place = self.document.place((*self.path, *keys))
        subject = f"{self.subject}: " if self.subject else ""
        return Refused(code, f"{place}: {subject}{sentence}", "See the help page of the mapping language.")

    def mapping(self, known: Collection[str] | None = None) -> Mapping[str, Json]:
        """The entries; refused when this is no mapping or has a key that is not known."""
        value = self.value
        if not isinstance(value, dict):
            self.refuse("a mapping (key: value) is expected here.")
        for key in value:
            if known is not None and key not in known:
                near = difflib.get_close_matches(key, known, 1)
                meant = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}."
                self.refuse(f"unknown key {key}; {meant}", key)
        return value

    def at(self, key: str | int) -> Part:
        return replace(self, path=(*self.path, key))

    def text(self, key: str, *, required: bool = False) -> str:
        value = self.mapping().get(key)
        if value is None:
            return self.refuse(f"{key} is missing.") if required else ""
        if isinstance(value, dict | list | bool):
            self.refuse(f"{key} is a text.", key)
        return str(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """A text or a list of texts."""
        value = self.mapping().get(key)
        if value is None:
            return ()
        values = value if isinstance(value, list) else [value]
        for index, item in enumerate(values):
            if item is None or isinstance(item, dict | list | bool):
                self.refuse(f"{key} is a text or a list of texts.", key, index)
        return tuple(str(item) for item in values)

    def flag(self, key: str, usual: bool) -> bool:
        value = self.mapping().get(key, usual)
        if not isinstance(value, bool):
            self.refuse(f"{key} is true or false.", key)
        return value

    def word(self, key: str, vocabulary: type[_Word], usual: _Word) -> _Word:
        text = self.text(key)
        if not text:
            return usual
        try:
            return vocabulary(text)
        except ValueError:
            self.refuse(f"{key} is one of {', '.join(vocabulary)}.", key)

    def named(self, key: str) -> Mapping[str, str]:
        """A mapping from words to texts."""
        if self.mapping().get(key) is None:
            return {}
        part = self.at(key)
        return {name: part.text(name, required=True) for name in part.mapping()}

    def parts(self, key: str) -> Iterator[Part]:
        """The entries of a list."""
        value = self.mapping().get(key)
        if value is None:
            return
        if not isinstance(value, list):
            self.refuse(f"{key} is a list.", key)
        for index in range(len(value)):
            yield self.at(key).at(index)

    def each(self, key: str, read: Callable[[Part], _Part]) -> Iterator[tuple[Part, _Part]]:
        """The entries of a list with what `read` makes of them; defective ones go to `faults`."""
        for child in self.parts(key):
            try:
                yield child, read(child)
            except Refused as fault:
                if self.faults is None:
                    raise
                self.faults.append(fault)

    def about(self, subject: str) -> Part:
        return replace(self, subject=subject)

    def identified(self) -> Part:
        """The same, whose errors name the rule."""
        return self.about(f"rule {self.text('id', required=True)}")


def header_of(part: Part) -> Header:
    """package.yaml.

    raises  Refused MAP-0102
    """
    part.mapping(HEADER_KEYS)
    default = Header(id="", version="")
    return Header(
        id=part.text("id", required=True),
        version=part.text("version", required=True),
        title=part.text("title"),
        owner=part.text("owner"),
        direction=part.word("direction", Direction, Direction.V2_TO_FHIR),
        source=_standard(part, "source", default.source),
        target=_standard(part, "target", default.target),
        status=part.word("status", RuleStatus, RuleStatus.DRAFT),
        extends=part.text("extends"),
        unmapped=_unmapped(part) or default.unmapped,
        copy=part.flag("copy", True),
        time_zone=part.text("time-zone"),
        sender=part.text("sender") or default.sender,
        identity=part.text("identity"),
        extensions=part.named("extensions"),
        ignore=ledger_rules_of(part, "ignore"),
        keep=ledger_rules_of(part, "keep"),
        engines=part.texts("engines"),
        suites=part.texts("suites"),
        truth=part.named("truth"),
        updates=updates_of(part.at("updates")) if part.mapping().get("updates") is not None else default.updates,
        note=part.text("note"),
    )


def message_map_of(part: Part) -> MessageMap:
    """A file of messages/.

    raises  Refused MAP-0102; MAP-0103: an id that stands twice
    """
    part.mapping(MESSAGE_MAP_KEYS)
    groups = part.at("groups") if part.mapping().get("groups") is not None else None
    return MessageMap(
        name=part.text("map", required=True),
        triggers=part.texts("for"),
        structures=part.texts("structures"),
        when=part.text("when"),
        include=part.texts("include"),
        groups=tuple(group_of(groups.at(name), name) for name in groups.mapping()) if groups else (),
        rows=_unique(part, "rows", row_of),
        ignore=ledger_rules_of(part, "ignore"),
        keep=ledger_rules_of(part, "keep"),
        title=part.text("title"),
        cite=part.text("cite"),
        note=part.text("note"),
        place=part.document.place(part.path),
    )


def rule_map_of(part: Part, kind: MapKind) -> RuleMap:
    """A file of segments/ or types/.

    raises  Refused MAP-0102; MAP-0103: an id that stands twice
    """
    part.mapping(RULE_MAP_KEYS)
    found = RuleMap(
        kind=kind,
        name=part.text("map", required=True),
        source=part.text("from", required=True),
        target=part.text("to", required=True),
        rules=_unique(part, "rules", rule_of),
        ignore=ledger_rules_of(part, "ignore"),
        keep=ledger_rules_of(part, "keep"),
        title=part.text("title"),
        cite=part.text("cite"),
        note=part.text("note"),
        place=part.document.place(part.path),
    )
    seen: set[str] = set()
    for rule in found.walk():
        if rule.id in seen:
            raise Refused(
                "MAP-0103",
                f"{rule.place}: another rule of {found.name} has the id {rule.id} already.",
                "Every rule of a map has an id of its own, rules inside blocks included.",
            )
        seen.add(rule.id)
    return found


def rule_of(part: Part) -> Rule:
    """One rule with those below it.

    raises  Refused MAP-0102
    """
    part = part.identified()
    part.mapping(RULE_KEYS)
    value = part.mapping()
    if "rules" in value and "first-of" in value:
        part.refuse("rules and first-of exclude each other.", "first-of")
    if "remove" not in value and not any(
        key in value for key in ("from", "literal", "default", "reference", "rules", "first-of", "raise")
    ):
        part.refuse("a rule needs from, literal, reference, rules, first-of or raise.")
    return Rule(
        id=part.text("id"),
        source=part.texts("from"),
        target=part.text("to"),
        using=part.text("using"),
        codes=part.text("codes"),
        unmapped=_unmapped(part),
        literal=literal_of(part, "literal"),
        default=literal_of(part, "default"),
        transform=_transforms(part),
        when=part.text("when"),
        repeat=part.word("repeat", Repeat, Repeat.EACH),
        join=None if value.get("join") is None else part.text("join"),
        preset={name: literal_of(part.at("preset"), name) for name in part.at("preset").mapping()}
        if value.get("preset") is not None
        else {},
        rules=tuple(rule for _, rule in part.each("rules", rule_of)),
        first_of=tuple(rule for _, rule in part.each("first-of", rule_of)),
        make=part.text("make"),
        instance=part.text("as"),
        identity=part.texts("identity"),
        write=part.word("write", Write, Write.UPDATE),
        reference=part.text("reference"),
        null=part.word("null", Null, Null.OMIT),
        accounts_for=part.texts("accounts-for"),
        raises=_raise(part),
        status=_status(part),
        cite=part.text("cite"),
        note=part.text("note"),
        enabled=part.flag("enabled", True),
        remove=part.flag("remove", False),
        after=part.text("after"),
        place=part.document.place(part.path),
    )


def row_of(part: Part) -> Row:
    """One row of a message map.

    raises  Refused MAP-0102
    """
    part = part.identified()
    value = part.mapping(ROW_KEYS)
    if "remove" not in value:
        part.text("from", required=True)
        if sum(key in value for key in ("make", "fill", "group", "raise")) != 1:
            part.refuse("a row says make, fill, group or raise, exactly one of them.")
    return Row(
        id=part.text("id"),
        source=part.text("from"),
        within=part.text("within"),
        make=part.text("make"),
        fill=part.text("fill"),
        group=part.text("group"),
        instance=part.text("as"),
        using=part.texts("using"),
        when=part.text("when"),
        follows=part.text("follows"),
        each=part.text("each"),
        identity=part.texts("identity"),
        write=part.word("write", Write, Write.UPDATE),
        link=part.named("link"),
        raises=_raise(part),
        status=_status(part),
        cite=part.text("cite"),
        note=part.text("note"),
        enabled=part.flag("enabled", True),
        remove=part.flag("remove", False),
        after=part.text("after"),
        place=part.document.place(part.path),
    )


def ledger_rules_of(part: Part, key: str) -> tuple[LedgerRule, ...]:
    """The `ignore` or `keep` rules.

    raises  Refused MAP-0102: also an ignore rule without a reason
    """
    return tuple(rule for _, rule in part.each(key, lambda child: _ledger_rule(child.identified())))


def _ledger_rule(part: Part) -> LedgerRule:
    part.mapping(LEDGER_KEYS)
    return LedgerRule(
        id=part.text("id"),
        source=part.texts("from") or part.refuse("from is missing."),
        reason=part.text("reason", required=True),
        by=part.text("by"),
        when=part.text("when"),
        on=part.text("on"),
        place=part.document.place(part.path),
    )


def literal_of(part: Part, key: str) -> Json:
    """A literal as it will stand in the target; None when there is none.

    raises  Refused MAP-0102: null inside it
    """
    value = part.mapping().get(key)
    if value is None and key in part.mapping():
        part.refuse("null is no literal; leave the key out.", key)
    return value


def _unique(part: Part, key: str, read: Callable[[Part], _Part]) -> tuple[_Part, ...]:
    found: dict[str, _Part] = {}
    for child, item in part.each(key, read):
        name = child.text("id")
        if name not in found:
            found[name] = item
            continue
        fault = child.fault(f"another of the {key} has the id {name} already.", "id", code="MAP-0103")
        if part.faults is None:
            raise fault
        part.faults.append(fault)
    return tuple(found.values())


def group_of(part: Part, name: str) -> Group:
    """One group of a message map.

    raises  Refused MAP-0102
    """
    part = part.about(f"group {name}")
    value = part.mapping(GROUP_KEYS)
    starts = part.texts("starts")
    if not starts:
        part.refuse("starts names the segment that begins a repetition.")
    return Group(name, starts, part.text("within"), part.texts("holds") if value.get("holds") is not None else None)


def _standard(part: Part, key: str, usual: Standard) -> Standard:
    if part.mapping().get(key) is None:
        return usual
    inner = part.at(key)
    inner.mapping(("standard", "version"))
    return Standard(inner.text("standard", required=True), inner.text("version"))


def _status(part: Part) -> RuleStatus | None:
    return part.word("status", RuleStatus, RuleStatus.DRAFT) if part.mapping().get("status") is not None else None


def _unmapped(part: Part) -> Unmapped | None:
    value = part.mapping().get("unmapped")
    if value is None:
        return None
    if isinstance(value, dict):
        inner = part.at("unmapped")
        inner.mapping(("default", "prefix"))
        if len(value) != 1:
            inner.refuse("unmapped takes one of default and prefix.")
        name = next(iter(value))
        return Unmapped(Policy(name), inner.text(name, required=True))
    plain = (Policy.PRESERVE, Policy.OMIT, Policy.ERROR, Policy.PASSTHROUGH)
    if value not in plain:
        part.refuse(f"unmapped is {', '.join(plain)}, {{default: CODE}} or {{prefix: TEXT}}.", "unmapped")
    return Unmapped(Policy(str(value)))


def _raise(part: Part) -> Raise | None:
    if part.mapping().get("raise") is None:
        return None
    inner = part.at("raise")
    inner.mapping(("severity", "text"))
    severity = inner.text("severity") or "error"
    if severity not in ("error", "warning", "information"):
        inner.refuse("severity is error, warning or information.", "severity")
    return Raise(severity, inner.text("text", required=True))


def _transforms(part: Part) -> tuple[TransformCall, ...]:
    value = part.mapping().get("transform")
    if value is None:
        return ()
    many = isinstance(value, list)
    inner = part.at("transform")
    items = [inner.at(index) for index in range(len(value))] if isinstance(value, list) and many else [inner]
    return tuple(_transform(item) for item in items)


def _transform(part: Part) -> TransformCall:
    value = part.value
    if isinstance(value, str):
        return TransformCall(value)
    if not isinstance(value, dict) or len(value) != 1:
        part.refuse("a transform is a name, or a name with its parameters.")
    name, given = next(iter(value.items()))
    if isinstance(given, dict):
        arguments = {key: item for key, item in given.items() if isinstance(item, str | int)}
        if len(arguments) < len(given):
            part.refuse("parameters of a transform are texts and whole numbers.", name)
        return TransformCall(name, arguments)
    if isinstance(given, str | int | Decimal) and not isinstance(given, bool):
        return TransformCall(name, {"": given if isinstance(given, int) else str(given)})
    return part.refuse("parameters of a transform are texts and whole numbers.", name)
