"""Validation of messages against a conformance profile: `ProfileValidator(profile).validate(message)`.

The profile takes the place of the standard's own rules on structure, usage, length and codes. What the standard
says of bytes, delimiters and escape sequences holds beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from workbench.kernel.issues import Issue, Severity
from workbench.kernel.location import Location
from workbench.v2.delimiters import Delimiters
from workbench.v2.dictionary import dictionary
from workbench.v2.er7 import Message, Segment
from workbench.validation.profiles.fields import Finding
from workbench.validation.profiles.judge import Told, judge_message
from workbench.validation.profiles.model import MessageProfile, Profile
from workbench.validation.profiles.nodes import Place
from workbench.validation.profiles.plan import MessagePlan, compile_profile
from workbench.validation.profiles.rules import PROFILE_RULES
from workbench.validation.v2_message import Remark, judge_bytes, judge_header
from workbench.validation.v2_rules import V2_RULES

_HEADER_RULES = frozenset({"V2-0013"})
"""Of the rules about MSH, those that a profile does not take the place of."""


class ProfileValidator:
    """A profile ready to judge messages; keeps one plan for each kind of message and set of delimiters."""

    def __init__(self, profile: Profile, severities: Mapping[str, Severity] | None = None) -> None:
        self.profile = profile
        chosen = {rule: Severity(text) for rule, text in profile.severities.items()}
        self._severities: Mapping[str, Severity] = {**chosen, **(severities or {})}
        self._told = {
            id_: (self._severities.get(id_, rule.definition.severity), rule.code, rule.template, rule.definition.source)
            for id_, rule in (V2_RULES | PROFILE_RULES).items()
        }
        self._plans: dict[tuple[str, Delimiters], MessagePlan] = {}

    def validate(self, message: Message) -> tuple[Issue, ...]:
        """Everything in which a message departs from the profile, in the order of the message."""
        issues = [self._of_reader(issue, message) for issue in message.issues]
        issues.extend(self._of_remark(remark, message) for remark in _general(message))
        described = self.profile.message_for(message.message_code, message.trigger_event, message.structure_id)
        if described is None:
            kind = "^".join(filter(None, (message.message_code, message.trigger_event, message.structure_id)))
            args = {"profile": self.profile.title, "value": kind}
            issues.append(self._issue(Told(Finding("V2-0500", args, Place(9)), message.segments[0])))
        else:
            issues.extend(map(self._issue, judge_message(self._plan(described, message.delimiters), message)))
        if len(issues) > 1:
            issues.sort(key=_offset)
        return tuple(issues)

    def defects(self) -> tuple[Issue, ...]:
        """What was wrong with the profile itself when it was read."""
        return tuple(
            self._build("V2-0561", Location(file=self.profile.source), {"place": d.place, "reason": d.text})
            for d in self.profile.defects
        )

    def _plan(self, described: MessageProfile, delimiters: Delimiters) -> MessagePlan:
        key = (described.id, delimiters)
        plan = self._plans.get(key)
        if plan is None:
            plan = compile_profile(self.profile, described, delimiters.repetition, delimiters.component)
            self._plans[key] = plan
        return plan

    def _issue(self, told: Told) -> Issue:
        finding, segment, member = told
        rule_id, args, place, within = finding
        if member:
            location = Location(member if member != "line" else "", segment.span())
        elif within is None or place.field >= len(segment.fields):
            location = Location(segment.path(*place), segment.span(*place))
        else:
            start = segment.start_of(place.field)
            single = not segment.message.delimiters.repetition or len(segment.repetitions(place.field)) == 1
            path = f"{_name_of(segment)}{_path_within(place, single)}"
            location = Location(path, segment.message.span_within(segment, start + within[0], start + within[1]))
        return self._build(rule_id, location, {**args, "line": str(segment.index + 1)})

    def _build(self, rule_id: str, location: Location, args: Mapping[str, str]) -> Issue:
        severity, code, template, source = self._told[rule_id]
        return Issue(severity, code, rule_id, location, template, args, source)

    def _of_remark(self, remark: Remark, message: Message) -> Issue:
        segment = remark.segment or message.segments[0]
        place = Place(remark.field, 1 if remark.component else 0, remark.component)
        return self._issue(Told(Finding(remark.rule, remark.args, place), segment))

    def _of_reader(self, issue: Issue, message: Message) -> Issue:
        location = issue.location
        if location.span is None:
            location = Location(location.path, message.segments[0].span(18))
        return replace(issue, severity=self._severities.get(issue.rule, issue.severity), location=location)


def _name_of(segment: Segment) -> str:
    """`OBX[2]`, or the name alone when there is but one."""
    alone = len(segment.message.named(segment.name)) == 1
    return segment.name if alone else f"{segment.name}[{segment.occurrence}]"


@lru_cache(maxsize=4096)
def _path_within(place: Place, single: bool) -> str:
    """`-3[2].1`; a repetition that stands alone is not numbered."""
    repetition = "" if single and place.repetition <= 1 else f"[{place.repetition}]"
    return f"-{place.field}{repetition}" + "".join(f".{n}" for n in (place.component, place.subcomponent) if n)


def _general(message: Message) -> Iterator[Remark]:
    yield from judge_bytes(message)
    for remark in judge_header(message, dictionary(message.version)):
        if remark.rule in _HEADER_RULES:
            yield remark


def _offset(issue: Issue) -> int:
    return issue.location.span.start if issue.location.span is not None else 0
