"""Checking a resource or a value against a compiled profile."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.fhir.bundle import literal_reference
from workbench.fhir.fhirpath.model import Kind, Model
from workbench.fhir.fhirpath.values import Node
from workbench.fhir.json_tree import dumps
from workbench.validation import fhir_profile_rules as profile_rules
from workbench.validation import fhir_rules as rules
from workbench.validation.fhir_findings import Findings, Place
from workbench.validation.fhir_invariants import judge
from workbench.validation.fhir_profile import Around, Bound, Profile, Rule
from workbench.validation.fhir_rule import FhirRule
from workbench.validation.fhir_slicing import assign
from workbench.validation.fhir_values import codes_of, equals, matches, side_of

Item = tuple[Node, Place]
_DEEPEST = 40


class ProfileWalk:
    """One profile on one value; findings go to `findings`."""

    def __init__(self, profile: Profile, around: Around, findings: Findings, depth: int = 0) -> None:
        self._profile = profile
        self._around = around
        self._findings = findings
        self._depth = depth

    def check(self, node: Node, place: Place) -> None:
        """The root of the profile on the value at the place."""
        root = self._profile.root
        if root.invariants:
            self._judge(root, node, place)
        if root.fixed is not None or root.pattern is not None:
            self._against_values(root, node, place)
        self._inside(root, node, place)

    def _inside(self, rule: Rule, node: Node, place: Place) -> None:
        for child in rule.children:
            items = children(node, child.name, place, self._around.model)
            self._element(child, items, place)

    def _element(self, rule: Rule, items: list[Item], place: Place) -> None:
        count = len(items)
        if rule.min and count < rule.min:
            self._report(profile_rules.PROFILE_MISSING, place, element=rule.path, min=rule.min, count=count)
        if rule.max is not None and count > rule.max:
            at = items[rule.max][1]
            self._report(profile_rules.PROFILE_TOO_MANY, at, element=rule.path, max=rule.max, count=count)
        for node, at in items:
            self._value(rule, node, at)
        if rule.slicing is not None:
            self._sliced(rule, items, place)

    def _value(self, rule: Rule, node: Node, place: Place) -> None:
        if rule.types is not None and node.kind.name not in rule.types and not self._is_allowed_resource(rule, node):
            allowed = ", ".join(sorted(rule.types))
            self._report(profile_rules.WRONG_CHOICE, place, element=rule.path, found=node.kind.name, allowed=allowed)
            return
        if rule.fixed is not None or rule.pattern is not None:
            self._against_values(rule, node, place)
        if rule.least is not None or rule.most is not None:
            self._against_limits(rule, node, place)
        if rule.max_length is not None or rule.min_length is not None:
            self._against_length(rule, node, place)
        if (rule.needs_value or rule.alternatives) and node.value is None:
            self._without_value(rule, node, place)
        if rule.bound is not None:
            self._against_binding(rule.bound, rule, node, place)
        if rule.invariants:
            self._judge(rule, node, place)
        if rule.profiles:
            self._against_profiles(rule, node, place)
        if (rule.targets or rule.aggregation) and node.kind.name == "Reference":
            self._against_targets(rule, node, place)
        if rule.children:
            with self._around.within(node, place):
                self._inside(rule, node, place)

    def _is_allowed_resource(self, rule: Rule, node: Node) -> bool:
        assert rule.types is not None
        return not rule.types.isdisjoint(node.kind.ancestors) or not node.kind.name

    def _judge(self, rule: Rule, node: Node, place: Place) -> None:
        judge(rule.invariants, node, place, self._around.env, self._findings, self._around.best_practice)

    def _against_values(self, rule: Rule, node: Node, place: Place) -> None:
        value = node.value
        if value is None:
            return
        if rule.fixed is not None and not equals(value, rule.fixed):
            self._report(profile_rules.NOT_FIXED, place, element=rule.path, expected=_shown(rule.fixed))
        if rule.pattern is not None and not matches(value, rule.pattern):
            self._report(profile_rules.NOT_PATTERN, place, element=rule.path, expected=_shown(rule.pattern))

    def _against_limits(self, rule: Rule, node: Node, place: Place) -> None:
        if rule.least is not None and side_of(node, rule.least) == -1:
            self._report(profile_rules.OUT_OF_RANGE, place, element=rule.path, side="below", limit=_shown(rule.least))
        if rule.most is not None and side_of(node, rule.most) == 1:
            self._report(profile_rules.OUT_OF_RANGE, place, element=rule.path, side="above", limit=_shown(rule.most))

    def _against_length(self, rule: Rule, node: Node, place: Place) -> None:
        if not isinstance(node.value, str):
            return
        count = len(node.value)
        if rule.max_length is not None and count > rule.max_length:
            self._report(profile_rules.PROFILE_TOO_LONG, place, element=rule.path, count=count, max=rule.max_length)
        if rule.min_length is not None and count < rule.min_length:
            self._report(profile_rules.PROFILE_TOO_SHORT, place, element=rule.path, count=count, min=rule.min_length)

    def _without_value(self, rule: Rule, node: Node, place: Place) -> None:
        extensions = (node.extra or {}).get("extension")
        present = (
            {each.get("url") for each in extensions if isinstance(each, dict)} if isinstance(extensions, list) else ()
        )
        if rule.needs_value or not set(rule.alternatives) & set(present):
            allowed = " or ".join(("a value", *rule.alternatives))
            self._report(profile_rules.VALUE_DEMANDED, place, element=rule.path, allowed=allowed)

    def _against_binding(self, bound: Bound, rule: Rule, node: Node, place: Place) -> None:
        if bound.codes is None:
            if bound.strength == "required":
                self._findings.report_once(
                    rules.NOT_CHECKED, rule.path, place, element=rule.path, value_set=bound.value_set
                )
            return
        value = node.value
        if isinstance(value, str):
            if value not in bound.code_values:
                self._outside(bound, rule, place, value)
            return
        if not isinstance(value, dict):
            return
        stated = codes_of(node)
        if any(each in bound.codes for each in stated):
            return
        if stated:
            self._outside(bound, rule, place, f"{stated[0][0] or 'no system'}#{stated[0][1]}")
        elif bound.strength == "required" and "extension" not in value and node.kind.name != "Quantity":
            self._report(profile_rules.PROFILE_NO_CODE, place, element=rule.path, value_set=bound.value_set)

    def _outside(self, bound: Bound, rule: Rule, place: Place, shown: str) -> None:
        finding = (
            profile_rules.PROFILE_NOT_IN_VALUE_SET if bound.strength == "required" else profile_rules.OUTSIDE_EXTENSIBLE
        )
        self._report(finding, place, element=rule.path, value=shown, value_set=bound.value_set)

    def _against_profiles(self, rule: Rule, node: Node, place: Place) -> None:
        wanted = rule.profiles.get(node.kind.name)
        if wanted is None:
            wanted = next((urls for code, urls in rule.profiles.items() if code in node.kind.ancestors), None)
        if wanted is None or not isinstance(node.value, dict):
            return
        if len(wanted) == 1 and self._depth < _DEEPEST:
            profile = self._around.profile(wanted[0])
            if profile is not None and node.kind.name != "Extension":
                with self._around.within(node, place):
                    ProfileWalk(profile, self._around, self._findings, self._depth + 1).check(node, place)
            return
        outcomes = [self._around.conforms(node, url) for url in wanted]
        if outcomes and all(outcome is False for outcome in outcomes):
            self._report(profile_rules.VALUE_PROFILE, place, element=rule.path, allowed=", ".join(wanted))

    def _against_targets(self, rule: Rule, node: Node, place: Place) -> None:
        target, where = self._around.target(node)
        if rule.aggregation and where and where not in rule.aggregation:
            allowed = " or ".join(sorted(rule.aggregation))
            self._report(profile_rules.AGGREGATION, place, element=rule.path, found=where, allowed=allowed)
        if not rule.targets:
            return
        if target is None:
            self._against_target_types(rule, node, place)
            return
        outcomes = [self._around.conforms(target, url) for url in rule.targets]
        if all(outcome is False for outcome in outcomes):
            names = ", ".join(url.rsplit("/", 1)[-1] for url in rule.targets)
            self._report(profile_rules.PROFILE_TARGET, place, element=rule.path, found=target.kind.name, allowed=names)

    def _against_target_types(self, rule: Rule, node: Node, place: Place) -> None:
        """Of a target that is not at hand only the type its reference names is known."""
        reference = node.value.get("reference") if isinstance(node.value, dict) else None
        literal = literal_reference(reference) if isinstance(reference, str) else None
        types = [self._around.type_of(url) for url in rule.targets]
        if literal is None or self._around.model.kind(literal.type) is None or None in types:
            return
        kind = self._around.model.kind(literal.type)
        if kind is not None and kind.ancestors.isdisjoint(each for each in types if each):
            names = ", ".join(sorted({each for each in types if each}))
            self._report(profile_rules.PROFILE_TARGET, place, element=rule.path, found=literal.type, allowed=names)

    def _sliced(self, rule: Rule, items: list[Item], place: Place) -> None:
        """Counts, order and closedness of slices, and each item against its slice."""
        assert rule.slicing is not None
        members: dict[str, int] = {}
        latest = 0
        beyond = False
        order = {each.id: number for number, each in enumerate(rule.slices)}
        for node, at in items:
            found = assign(rule, node, self._around)
            if not found:
                beyond = True
                if rule.slicing.closed:
                    self._report(profile_rules.SLICE_CLOSED, at, element=rule.path)
                continue
            for each in found:
                members[each.id] = members.get(each.id, 0) + 1
                self._value(each, node, at)
            number = order[found[0].id]
            if (rule.slicing.ordered and number < latest) or (rule.slicing.open_at_end and beyond):
                self._report(profile_rules.SLICE_ORDER, at, element=rule.path, slice=found[0].element.slice_name)
            latest = max(latest, number)
        for each in rule.slices:
            count = members.get(each.id, 0)
            name = each.element.slice_name
            if each.min and count < each.min:
                self._report(
                    profile_rules.SLICE_MISSING, place, slice=name, element=rule.path, min=each.min, count=count
                )
            if each.max is not None and count > each.max:
                at = items[0][1]
                self._report(profile_rules.SLICE_TOO_MANY, at, slice=name, element=rule.path, max=each.max, count=count)

    def _report(self, rule: FhirRule, place: Place, **args: object) -> None:
        self._findings.report(rule, place, profile=self._profile.label, **args)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else dumps(value).decode("utf-8")


def children(node: Node, name: str, place: Place, model: Model) -> list[Item]:
    """The children of that name with their places."""
    value = node.value if node.value.__class__ is dict else node.extra
    out: list[Item] = []
    if not isinstance(value, dict):
        return out
    for json_name, companion, kind in node.kind.present(name, value):
        found = value.get(json_name)
        if kind is not None and kind.primitive:
            extra = value.get(companion)
            if found is not None or extra is not None:
                out.extend(_primitives(found, extra, kind, json_name, place))
        elif isinstance(found, list):
            out.extend((_complex(each, kind, model), (place, json_name, n)) for n, each in enumerate(found))
        elif found is not None:
            out.append((_complex(found, kind, model), (place, json_name, -1)))
    return out


def _complex(value: object, kind: Kind | None, model: Model) -> Node:
    if kind is None:
        return model.resource(value) if isinstance(value, dict) else Node(value, model.unknown)
    return Node(value, kind)


def _primitives(found: object, extra: object, kind: Kind, name: str, place: Place) -> Iterator[Item]:
    if not isinstance(found, list) and not isinstance(extra, list):
        yield Node(found, kind, extra if isinstance(extra, dict) else None), (place, name, -1)
        return
    values = found if isinstance(found, list) else []
    extras = extra if isinstance(extra, list) else []
    for index in range(max(len(values), len(extras))):
        value = values[index] if index < len(values) else None
        beside = extras[index] if index < len(extras) else None
        if value is not None or isinstance(beside, dict):
            yield Node(value, kind, beside if isinstance(beside, dict) else None), (place, name, index)
