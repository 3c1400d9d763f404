"""Validation of messages against a conformance profile: `ProfileValidator(profile).validate(message)`.

The profile takes the place of the standard's own rules on structure, usage, length and codes. What the standard
says of bytes, delimiters and escape sequences holds beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from itertools import accumulate

from workbench.kernel.issues import Issue, IssueType, RuleSource, Severity
from workbench.kernel.location import Location, Span
from workbench.v2.er7 import HEADERS, Message, Segment
from workbench.validation.further import MOST_FINDINGS, Further
from workbench.validation.profiles.compile import compile_profile
from workbench.validation.profiles.fields import Finding
from workbench.validation.profiles.judge import Told, judge_message
from workbench.validation.profiles.model import Profile
from workbench.validation.profiles.nodes import Place
from workbench.validation.profiles.plan import MessagePlan
from workbench.validation.profiles.rules import PROFILE_RULES
from workbench.validation.v2_message import Remark, delimiter_fault, judge_bytes
from workbench.validation.v2_rules import V2_RULES

OFF = "off"
"""Among the severities of a profile: findings of the rule are not told."""
_MOST_PLANS = 64


class ProfileValidator:
    """A profile ready to judge messages; keeps one plan for each kind of message and set of delimiters."""

    def __init__(self, profile: Profile, severities: Mapping[str, Severity] | None = None) -> None:
        self.profile = profile
        chosen = {rule: Severity(text) for rule, text in profile.severities.items() if text != OFF}
        self._severities: Mapping[str, Severity] = {**chosen, **(severities or {})}
        off = (rule for rule, text in profile.severities.items() if text == OFF)
        self._silent = frozenset(off) - self._severities.keys()
        self._told = {
            id_: (self._severities.get(id_, rule.definition.severity), rule.code, rule.template, rule.definition.source)
            for id_, rule in (V2_RULES | PROFILE_RULES).items()
            if id_ not in self._silent
        }
        self._plans: dict[tuple[str, str, str], MessagePlan | None] = {}

    def validate(self, message: Message) -> tuple[Issue, ...]:
        """Everything in which a message departs from the profile, in the order of the message."""
        issues = [self._of_reader(issue, message) for issue in message.issues if issue.rule in self._told]
        for remark in _general(message):
            issues.extend(self._of_remark(remark, message))
        plan = self._plan_for(message)
        if plan is None:
            args = {"profile": self.profile.title, "value": message.segments[0].raw(9)}
            issues.extend(self._issues(Told((Finding("V2-0500", args, Place(9)),), message.segments[0]), message))
        else:
            issues.extend(_Teller(message, self._told).issues(judge_message(plan, message)))
        if len(issues) > 1:
            issues.sort(key=_offset)
        return tuple(issues)

    def defects(self) -> tuple[Issue, ...]:
        """What was wrong with the profile itself when it was read."""
        return tuple(
            self._build("V2-0561", Location(file=self.profile.source), {"place": d.place, "reason": d.text})
            for d in self.profile.defects
        )

    def _plan_for(self, message: Message) -> MessagePlan | None:
        """The plan for the kind of message and its delimiters; None when the profile does not describe it."""
        header = message.segments[0]
        key = (header.text[3:4], header.raw(2), header.raw(9))
        if key not in self._plans:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            self._plans[key] = self._compile(message)
        return self._plans[key]

    def _compile(self, message: Message) -> MessagePlan | None:
        described = self.profile.message_for(message.message_code, message.trigger_event, message.structure_id)
        if described is None:
            return None
        delimiters = message.delimiters
        known = (plan for plan in self._plans.values() if plan is not None)
        return next(
            (plan for plan in known if plan.message is described and plan.delimiters == delimiters), None
        ) or compile_profile(self.profile, described, delimiters)

    def _issues(self, told: Told, message: Message) -> list[Issue]:
        return _Teller(message, self._told).issues((told,))

    def _build(self, rule_id: str, location: Location, args: Mapping[str, str]) -> Issue:
        severity, code, template, source = self._told[rule_id]
        return Issue(severity, code, rule_id, location, template, args, source)

    def _of_remark(self, remark: Remark, message: Message) -> list[Issue]:
        segment = remark.segment or message.segments[0]
        place = Place(remark.field, 1 if remark.component else 0, remark.component)
        return self._issues(Told((Finding(remark.rule, remark.args, place),), segment), message)

    def _of_reader(self, issue: Issue, message: Message) -> Issue:
        location = issue.location
        if location.span is None:
            location = Location(location.path, message.segments[0].span(18))
        return replace(issue, severity=self._severities.get(issue.rule, issue.severity), location=location)


_Telling = Mapping[str, tuple[Severity, IssueType, str, RuleSource]]
"""Severity, type, sentence and source by rule."""


class _Teller:
    """Makes issues of findings. This is where most of the time goes on messages with hundreds of them, so what the
    findings of one segment share is worked out once, and values are made by the setters of their slots."""

    def __init__(self, message: Message, telling: _Telling) -> None:
        self._message = message
        self._telling = telling
        self._plain = len(message.text) == len(message.raw)

    def issues(self, told: Iterable[Told]) -> list[Issue]:
        found: list[Issue] = []
        further = Further()
        for findings, segment, member in told:
            if len(found) > MOST_FINDINGS:
                findings = tuple(finding for finding in findings if not further.counts(finding.rule))
            if member:
                location = Location(member if member != "line" else "", segment.span())
                for finding in findings:
                    self._tell(finding, location, segment, found)
            else:
                self._tell_within(findings, segment, found)
        found.extend(further.issues(found))
        return found

    def _tell(self, finding: Finding, location: Location, segment: Segment, found: list[Issue]) -> None:
        telling = self._telling.get(finding.rule)
        if telling is not None:  # else the site does not want to hear of it
            severity, code, template, source = telling
            args = {**finding.args, "line": str(segment.index + 1)}
            found.append(Issue(severity, code, finding.rule, location, template, args, source))

    def _tell_within(self, findings: Iterable[Finding], segment: Segment, found: list[Issue]) -> None:
        telling, append = self._telling.get, found.append
        line, texts = str(segment.index + 1), segment.fields
        count, starts = len(texts), list(accumulate(map(len, texts), initial=0))
        shift = 2 if segment.name in HEADERS else 0
        name = self._name_of(segment)
        base = segment.start if self._plain else self._message.span_within(segment, segment.start, segment.start).start
        wide = () if self._plain else self._wide(segment.text)
        for finding in findings:
            rule, args, place, within, tail = finding
            if within is None or not segment.name:
                whole = Location(segment.path(*place), segment.span(*place))
                self._tell(finding, whole, segment, found)
                continue
            told = telling(rule)
            if told is None:
                continue
            field = place.field
            start = len(segment.text) if field >= count else starts[field] + field - (shift if field > 1 else 0)
            first, last = start + within[0], start + within[1]
            if wide is None:
                span = self._message.span_within(segment, segment.start + first, segment.start + last)
            elif wide:
                more, end = sum(n for at, n in wide if at < first), sum(n for at, n in wide if at < last)
                span = _tuple(Span, (base + first + more, base + last + end))
            else:
                span = _tuple(Span, (base + first, base + last))
            location = _new(Location)
            _path(location, name + tail)
            _span(location, span)
            _file(location, "")
            _message(location, None)
            issue = _new(Issue)
            _severity(issue, told[0])
            _code(issue, told[1])
            _rule(issue, rule)
            _location(issue, location)
            _template(issue, told[2])
            _args(issue, {**args, "line": line})
            _source(issue, told[3])
            append(issue)

    def _wide(self, text: str) -> list[tuple[int, int]] | None:
        """Characters of more than one byte with how many more; None where the bytes must be counted anew each time."""
        if self._message.encoding.lower() not in _ASCII_BASED:
            return None
        found = [(each.start(), len(each[0].encode("utf-8", "surrogateescape")) - 1) for each in _WIDE.finditer(text)]
        return found if len(found) <= _FEW else None

    def _name_of(self, segment: Segment) -> str:
        alone = len(self._message.named(segment.name)) == 1
        return segment.name if alone else f"{segment.name}[{segment.occurrence}]"


_ASCII_BASED = frozenset({"utf-8", "utf8", "ascii"})
_WIDE = re.compile("[^\x00-\x7f]")
_FEW = 16
_new, _tuple = object.__new__, tuple.__new__
_path, _span, _file, _message = (getattr(Location, each.name).__set__ for each in fields(Location))
_severity, _code, _rule, _location, _template, _args, _source = (
    getattr(Issue, each.name).__set__ for each in fields(Issue)
)
"""The setters of the slots, in the order of the attributes: a third of the time that a frozen value's own `__init__`
takes, which sets each attribute by name."""


def _general(message: Message) -> Iterator[Remark]:
    yield from judge_bytes(message)
    reason = delimiter_fault(message)
    if reason:
        yield Remark("V2-0013", {"reason": reason}, message.segments[0], 2)


def _offset(issue: Issue) -> int:
    return issue.location.span.start if issue.location.span is not None else 0
