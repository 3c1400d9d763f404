"""Validation of HL7 v2 messages against the standard, without reference to a site profile.

    for issue in validate_message(parse(raw)): ...

Every rule is in `v2_rules`; `V2Options` switches rules off and changes severities for a site.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from workbench.kernel.issues import Issue, Severity
from workbench.kernel.location import Location
from workbench.v2.delimiters import NULL
from workbench.v2.dictionary import Disputed
from workbench.v2.er7 import Message, Segment
from workbench.validation.further import MOST_FINDINGS, Further
from workbench.validation.v2_across import judge_across
from workbench.validation.v2_across_rules import EVERY_RULE
from workbench.validation.v2_message import Remark, judge_bytes, judge_header, judge_structure
from workbench.validation.v2_plan import Finding, Plan, SegmentPlan, plan_for
from workbench.validation.v2_rules import DISPUTED, PARTS_ALLOW_MORE


@dataclass(frozen=True, slots=True)
class V2Options:
    """How a site wants its messages judged.

    version     version of the standard that overrules MSH-12, "" to believe the message
    severities  severity by rule id, where it differs from the rule's own
    disabled    rules that are not reported
    """

    version: str = ""
    severities: Mapping[str, Severity] = field(default_factory=dict)
    disabled: frozenset[str] = frozenset()


_STANDARD = V2Options()


def validate_message(message: Message, options: V2Options = _STANDARD) -> tuple[Issue, ...]:
    """Everything in which a message departs from the standard, in the order of the message.

    Beyond `MOST_FINDINGS` those of a rule are counted.
    """
    plan = plan_for(options.version or message.version, message.delimiters)
    issues = [_of_reader(issue, message, options) for issue in message.issues if issue.rule not in options.disabled]
    further = Further()
    for remark in _judge_whole(message, plan):
        if remark.rule in options.disabled or (len(issues) > MOST_FINDINGS and further.counts(remark.rule)):
            continue
        issues.append(_issue_of_remark(remark, message, options))
    for segment in message.segments:
        segment_plan = plan.segment(segment.name)
        if segment_plan is None:
            continue
        for position, finding in _judge_segment(segment, segment_plan, plan):
            if finding.rule in options.disabled or (len(issues) > MOST_FINDINGS and further.counts(finding.rule)):
                continue
            issues.append(_issue(segment, position, finding, options))
    issues.extend(further.issues(issues))
    if len(issues) > 1:
        issues.sort(key=_offset)
    return tuple(issues)


def _judge_whole(message: Message, plan: Plan) -> Iterator[Remark]:
    yield from judge_bytes(message)
    yield from judge_header(message, plan.dictionary)
    yield from judge_structure(message, plan.dictionary)
    yield from judge_across(message, plan.dictionary)


def _judge_segment(segment: Segment, plan: SegmentPlan, whole: Plan) -> Iterator[tuple[int, Finding]]:
    fields = segment.fields
    count = len(fields)
    for position in plan.required:
        if position >= count or not fields[position]:
            yield position, _missing(plan, position, whole)
        elif fields[position].isspace():
            yield position, _missing(plan, position, whole, "V2-0212")
    for position, (raw, field_plan) in enumerate(zip(fields, plan.fields, strict=False)):
        if raw and field_plan is not None:
            found = field_plan.verdicts.get(raw)
            if found is None:
                found = field_plan.judge(raw)
            for finding in found:
                yield position, finding
    if count > len(plan.fields) and not plan.endless and any(fields[len(plan.fields) :]):
        number = next(n for n in range(len(plan.fields), count) if fields[n])
        args = {
            "segment": segment.name,
            "most": str(len(plan.fields) - 1),
            "number": str(number),
            "version": whole.dictionary.version,
        }
        yield number, Finding("V2-0205", args)
    if segment.name == "OBX" and count > 2:
        yield from _judge_observation(fields[2], fields[5] if count > 5 else "", whole)


def _judge_observation(data_type: str, raw: str, whole: Plan) -> Iterator[tuple[int, Finding]]:
    """OBX-5 by the data type that OBX-2 names (v2.5.1 7.4.2.5)."""
    if data_type in ("", NULL):
        if raw not in ("", NULL):
            yield 2, Finding("V2-0210", {})
        return
    if whole.delimiters.component and whole.delimiters.component in data_type:
        data_type = data_type.split(whole.delimiters.component)[0]
    plan = whole.observation_value(data_type)
    if plan is None:
        yield 2, Finding("V2-0211", {"value": data_type, "version": whole.dictionary.version})
    elif raw:
        found = plan.verdicts.get(raw)
        for finding in plan.judge(raw) if found is None else found:
            yield 5, finding


def _missing(plan: SegmentPlan, position: int, whole: Plan, rule: str = "V2-0201") -> Finding:
    definition = whole.dictionary.field(plan.name, position)
    if definition is None:
        raise LookupError(f"{plan.name}-{position} is required but not defined")
    doubt = DISPUTED if Disputed.USAGE in definition.disputed else ""
    return Finding(rule, {"field": definition.label, "name": definition.name}, doubt=doubt)


def _issue(segment: Segment, position: int, finding: Finding, options: V2Options) -> Issue:
    place = (position, finding.repetition, finding.component, finding.subcomponent)
    location = Location(segment.path(*place), segment.span(*place))
    return _build(finding.rule, location, finding.args, finding.doubt, options)


def _issue_of_remark(remark: Remark, message: Message, options: V2Options) -> Issue:
    if remark.segment is None:
        location = Location("", message.byte_span(0, len(message.text)))
    else:
        place = (remark.field, 1 if remark.component else 0, remark.component)
        location = Location(remark.segment.path(*place), remark.segment.span(*place))
    return _build(remark.rule, location, remark.args, "", options)


def _build(rule_id: str, location: Location, args: Mapping[str, str], doubt: str, options: V2Options) -> Issue:
    rule = EVERY_RULE[rule_id]
    severity = options.severities.get(rule_id)
    if severity is None:
        severity = rule.definition.severity
        if doubt == PARTS_ALLOW_MORE:
            severity = Severity.INFORMATION
        elif doubt and severity is Severity.ERROR:
            severity = Severity.WARNING
    return Issue(severity, rule.code, rule_id, location, rule.template + doubt, args, rule.definition.source)


def _of_reader(issue: Issue, message: Message, options: V2Options) -> Issue:
    """A finding of the reader, which is always about MSH-18, with its place and the site's severity."""
    location = issue.location
    if location.span is None:
        location = Location(location.path, message.segments[0].span(18))
    return replace(issue, severity=options.severities.get(issue.rule, issue.severity), location=location)


def _offset(issue: Issue) -> int:
    return issue.location.span.start if issue.location.span is not None else 0
