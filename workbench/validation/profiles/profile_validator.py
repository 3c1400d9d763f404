"""Validation of messages against a conformance profile: `ProfileValidator(profile).validate(message)`.

The profile takes the place of the standard's own rules on structure, usage, length and codes. What the standard
says of bytes, delimiters and escape sequences holds beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from workbench.kernel.issues import Issue, IssueType, RuleSource, Severity
from workbench.kernel.location import Location, Span
from workbench.v2.er7 import Message, Segment
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
            issues.extend(self._issues(Told(Finding("V2-0500", args, Place(9)), message.segments[0]), message))
        else:
            issues.extend(_Teller(message, self._told).issues(judge_message(plan, message, self._silent)))
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
        return self._issues(Told(Finding(remark.rule, remark.args, place), segment), message)

    def _of_reader(self, issue: Issue, message: Message) -> Issue:
        location = issue.location
        if location.span is None:
            location = Location(location.path, message.segments[0].span(18))
        return replace(issue, severity=self._severities.get(issue.rule, issue.severity), location=location)


_Telling = Mapping[str, tuple[Severity, IssueType, str, RuleSource]]
"""Severity, type, sentence and source by rule."""


class _Teller:
    """Makes issues of findings; what the findings of one segment share is worked out once."""

    def __init__(self, message: Message, telling: _Telling) -> None:
        self._message = message
        self._telling = telling
        self._plain = len(message.text) == len(message.raw)
        self._separator = message.delimiters.repetition
        self._segment: Segment | None = None
        self._name = self._line = ""
        self._field = self._start = 0
        self._single = True

    def issues(self, findings: Iterable[Told]) -> list[Issue]:
        found: list[Issue] = []
        for (rule_id, args, place, within), segment, member in findings:
            if segment is not self._segment:
                self._turn_to(segment)
            telling = self._telling.get(rule_id)
            if telling is None:
                continue  # the site does not want to hear of it
            severity, code, template, source = telling
            field = place.field
            if member or within is None or field >= len(segment.fields):
                location = self._whole(segment, place, member)
            else:
                if field != self._field:
                    self._field, self._start = field, segment.start_of(field)
                    self._single = self._separator not in segment.fields[field] if self._separator else True
                first, last = self._start + within[0], self._start + within[1]
                span = _tuple(Span, (first, last)) if self._plain else self._message.span_within(segment, first, last)
                path = self._name + _path_within(place, self._single and place.repetition <= 1)
                location = Location(path, span)
            found.append(Issue(severity, code, rule_id, location, template, {**args, "line": self._line}, source))
        return found

    def _turn_to(self, segment: Segment) -> None:
        self._segment, self._line, self._field = segment, str(segment.index + 1), 0
        alone = len(self._message.named(segment.name)) == 1
        self._name = segment.name if alone else f"{segment.name}[{segment.occurrence}]"

    @staticmethod
    def _whole(segment: Segment, place: Place, member: str) -> Location:
        if member:
            return Location(member if member != "line" else "", segment.span())
        return Location(segment.path(*place), segment.span(*place))


_tuple = tuple.__new__
"""Makes a `Span` in half the time its own constructor takes."""


@lru_cache(maxsize=4096)
def _path_within(place: Place, single: bool) -> str:
    """`-3[2].1`; a repetition that stands alone is not numbered."""
    repetition = "" if single and place.repetition <= 1 else f"[{place.repetition}]"
    return f"-{place.field}{repetition}" + "".join(f".{n}" for n in (place.component, place.subcomponent) if n)


def _general(message: Message) -> Iterator[Remark]:
    yield from judge_bytes(message)
    reason = delimiter_fault(message)
    if reason:
        yield Remark("V2-0013", {"reason": reason}, message.segments[0], 2)


def _offset(issue: Issue) -> int:
    return issue.location.span.start if issue.location.span is not None else 0
