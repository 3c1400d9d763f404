"""The walk over a decoded resource: structure, cardinality, formats, required bindings."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from workbench.fhir.bundle import contained
from workbench.fhir.definitions import ElementDefinition
from workbench.fhir.fhirpath.values import Node as PathNode
from workbench.validation import fhir_profile_rules as profile_rules
from workbench.validation import fhir_rules as rules
from workbench.validation.fhir_around import Surroundings
from workbench.validation.fhir_coded import (
    check_coding,
    check_companion,
    check_concept,
    check_narrative,
    report_not_checked,
)
from workbench.validation.fhir_content import check_concept_map, check_entries, check_resource, check_value
from workbench.validation.fhir_context import (
    Node,
    Scope,
    bundle_scope,
    check_bundle,
    check_contained,
    check_extension,
    check_reference,
)
from workbench.validation.fhir_extensions import Owner, check_definition
from workbench.validation.fhir_findings import Findings, Place
from workbench.validation.fhir_invariants import Invariant, judge
from workbench.validation.fhir_plan import Field, Plan, Plans, Role, is_checkable
from workbench.validation.fhir_primitives import FORMS, NOT_TEXT, accepts
from workbench.validation.fhir_profile_walk import ProfileWalk
from workbench.validation.fhir_questionnaire import check_conditions, check_response

_PRIMITIVE, _COMPLEX, _RESOURCE = Role.PRIMITIVE, Role.COMPLEX, Role.RESOURCE


def walk(resource: Node, plans: Plans, profiles: Sequence[str] = (), best_practice: bool = False) -> Findings:
    """All findings in a decoded resource; it must meet `profiles` besides those it names itself."""
    walker = _Walker(plans, profiles, best_practice)
    name = resource.get("resourceType")
    walker.resource(resource, (None, name if isinstance(name, str) and name else "$this", -1), Scope(resource))
    return walker.findings


class _Walker:
    def __init__(self, plans: Plans, profiles: Sequence[str], best_practice: bool) -> None:
        self.findings = Findings()
        self._plans = plans
        self._profiles = profiles
        self._around = Surroundings(plans, best_practice)
        self._owners: list[tuple[Field, Node]] = []

    def resource(self, node: Node, place: Place, scope: Scope) -> None:
        """A resource that is not contained, with what it contains."""
        if node.get("resourceType") == "Bundle":
            index, kind = bundle_scope(node)
            scope = Scope(node, index, None, kind)
            self._within(node, place, scope)
            check_bundle(node, index, place, self.findings)
            check_entries(node, index, place, self.findings)
        else:
            self._within(node, place, scope)
        if "contained" in node:
            check_contained(node, place, self.findings)

    def _within(self, node: Node, place: Place, scope: Scope) -> None:
        before, owners = self._around.enter(node, scope), self._owners
        self._owners = []
        self._typed(node, place)
        self._owners = owners
        self._around.leave(before)

    def _against_profiles(self, node: Node, place: Place) -> None:
        """The profiles of meta.profile, and of the outermost resource those that were asked for."""
        meta = node.get("meta")
        named = meta.get("profile") if isinstance(meta, dict) else None
        urls = [url for url in named if isinstance(url, str)] if isinstance(named, list) else []
        asked = self._profiles if place[0] is None else ()
        demanded = self._plans.definitions.global_profiles.get(str(node.get("resourceType")), ())
        for url in dict.fromkeys((*asked, *demanded, *urls)):
            definition = self._plans.definitions.profile(url)
            if definition is not None and not definition.profile:
                continue
            profile = self._plans.profile(url)
            if profile is None:
                if not self._plans.is_type_url(url):
                    self.findings.report(profile_rules.UNKNOWN_PROFILE, place, profile=url)
                continue
            focus = self._around.env.resource
            if profile.type not in focus.kind.ancestors:
                found = focus.kind.name
                self.findings.report(
                    profile_rules.WRONG_PROFILE_TYPE, place, profile=profile.label, type=profile.type, found=found
                )
                continue
            ProfileWalk(profile, self._around, self.findings).check(focus, place)

    def _answers(self, node: Node, place: Place) -> None:
        """A response against its questionnaire, if that is contained or in a package."""
        url = node.get("questionnaire")
        if isinstance(url, str):
            inside = contained(node, url) if url.startswith("#") else None
            found = inside or self._plans.definitions.questionnaire(url)
            if found is not None:
                check_response(node, place, found, self._plans.definitions, self.findings)

    def _judge(self, all_of: tuple[Invariant, ...], focus: PathNode, place: Place) -> None:
        judge(all_of, focus, place, self._around.env, self.findings, self._around.best_practice)

    def _typed(self, node: Node, place: Place) -> None:
        name = node.get("resourceType")
        if not isinstance(name, str) or not name:
            self.findings.report(rules.NO_RESOURCE_TYPE, place)
            return
        plan = self._plans.of_resource(name)
        if plan is None:
            version = self._plans.definitions.version
            self.findings.report(rules.UNKNOWN_RESOURCE, place, value=name, version=version)
            return
        self._object(node, plan, place)
        check_resource(node, place, self.findings)
        if name == "Questionnaire":
            check_conditions(node, place, self.findings)
        elif name == "QuestionnaireResponse":
            self._answers(node, place)
        elif name == "ConceptMap":
            check_concept_map(node, place, self.findings, self._plans.definitions)
        self._against_profiles(node, place)

    def _object(self, node: Node, plan: Plan, place: Place) -> None:
        fields = plan.fields
        chosen: dict[int, list[str]] = {}
        for name, value in node.items():
            field = fields.get(name)
            if field is None:
                self.findings.report(rules.UNKNOWN_PROPERTY, (place, name, -1), type=plan.name, property=name)
                continue
            if field.choice:
                chosen.setdefault(field.choice, []).append(name.removeprefix("_"))
            if field.repeats:
                self._list(value, field, node, place)
            elif field.role is _PRIMITIVE:
                if not field.accepts(value):
                    self._primitive(value, field, (place, name, -1))
                if field.invariants:
                    self._primitive_invariants(value, field, node, (place, name, -1))
            else:
                self._single(value, field, (place, name, -1))
        if "id" in node and "resourceType" not in node:
            self._around.note_id(node["id"], place, self.findings)
        if plan.required or plan.choices or chosen:
            self._counts(node, plan, chosen, place)
        if plan.invariants:
            self._judge(plan.invariants, PathNode(node, plan.kind), place)

    def _primitive_invariants(self, value: object, field: Field, node: Node, place: Place) -> None:
        extra = node.get(f"_{field.name}")
        kind = self._plans.model.kind(field.code) or self._plans.model.unknown_primitive
        self._judge(field.invariants, PathNode(value, kind, extra if isinstance(extra, dict) else None), place)

    def _counts(self, node: Node, plan: Plan, chosen: dict[int, list[str]], place: Place) -> None:
        for name, companion, element in plan.required:
            if name not in node and companion not in node:
                self._missing(element, place)
        for number, element in plan.choices:
            if number not in chosen:
                self._missing(element, place)
        for names in chosen.values():
            if len(names) > 1 and len(set(names)) > 1:
                element = plan.fields[names[0]].element
                self.findings.report(
                    rules.SEVERAL_CHOICES, (place, names[1], -1), element=element.path, found=", ".join(names)
                )

    def _missing(self, element: ElementDefinition, place: Place) -> None:
        self.findings.report(rules.MISSING, place, element=element.path, min=element.min, count=0)

    def _list(self, value: object, field: Field, node: Node, place: Place) -> None:
        if type(value) is not list:
            rule = rules.EMPTY if value is None else rules.LIST_EXPECTED
            self.findings.report(rule, (place, field.name, -1), element=field.element.path, found="null")
            return
        if not value:
            self.findings.report(
                rules.EMPTY, (place, field.name, -1), element=field.element.path, found="an empty array"
            )
        maximum = field.element.max
        if maximum is not None and len(value) > maximum:
            self.findings.report(
                rules.TOO_MANY, (place, field.name, -1), element=field.element.path, max=maximum, count=len(value)
            )
        if field.role is _PRIMITIVE:
            self._primitives(value, field, node, place)
        elif field.role is Role.COMPANION:
            self._companions(value, field, node, place)
        else:
            for index, item in enumerate(value):
                self._single(item, field, (place, field.name, index))

    def _primitives(self, values: list[object], field: Field, node: Node, place: Place) -> None:
        test = field.accepts
        for index, value in enumerate(values):
            if test(value):
                continue
            if value is None and _item(node.get(f"_{field.name}"), index) is not None:
                continue
            self._primitive(value, field, (place, field.name, index))

    def _companions(self, values: list[object], field: Field, node: Node, place: Place) -> None:
        """The `_x` array beside `x`: the same number of items, null where there is nothing to say."""
        name = field.name.removeprefix("_")
        others = node.get(name)
        if isinstance(others, list) and len(others) != len(values):
            self.findings.report(
                rules.NOT_ALIGNED,
                (place, field.name, -1),
                element=field.element.path,
                name=name,
                count=len(others),
                other=len(values),
            )
        for index, value in enumerate(values):
            if value is not None:
                self._single(value, field, (place, field.name, index))
            elif not isinstance(others, list) or index >= len(others):
                self.findings.report(rules.EMPTY, (place, field.name, index), element=field.element.path, found="null")

    def _single(self, value: object, field: Field, place: Place) -> None:
        """One complex value, resource or companion."""
        if type(value) is not dict:
            self._not_an_object(value, field, place)
            return
        if not value:
            self.findings.report(rules.EMPTY, place, element=field.element.path, found="an empty object")
            return
        if field.role is _RESOURCE:
            self._inner_resource(value, field, place)
            return
        plan = field.plan
        self._owners.append((field, value))
        self._object(value, plan, place)
        self._owners.pop()
        if field.invariants:
            self._judge(field.invariants, PathNode(value, plan.kind), place)
        if plan.special == "Coding":
            check_coding(value, self._plans, place, self.findings)
            check_value(plan.special, value, place, self.findings)
        elif plan.special == "Reference":
            check_reference(value, place, field.targets, self._around.scope, self._plans.definitions, self.findings)
        elif plan.special == "Extension":
            check_extension(value, place, self.findings)
            if ":" in str(value.get("url")):
                check_definition(value, place, self._owner(), self._around, self.findings)
        elif plan.special:
            check_value(plan.special, value, place, self.findings)
        if field.coded is not None:
            if field.role is _COMPLEX:
                check_concept(value, field, field.coded, place, self.findings)
            else:
                check_companion(value, field, place, self.findings)
        if len(value) == 1 and field.role is _COMPLEX and "id" in value:
            self.findings.report(rules.EMPTY, place, element=field.element.path, found="without content besides its id")

    def _owner(self) -> Owner:
        """What an extension at this point stands on."""
        resource = self._around.env.resource
        urls = [str(node.get("url", "")) for field, node in reversed(self._owners) if field.code == "Extension"]
        if not self._owners:
            return Owner(resource.value, [resource.kind.name], resource.kind, urls)
        field, node = self._owners[-1]
        kind = field.plan.kind
        if field.role is Role.COMPANION:
            kind = self._plans.model.kind(field.code) or kind
        path = field.element.path
        paths = [path, field.plan.name]
        name, _, rest = path.partition(".")
        if rest and name == resource.kind.name:
            paths += [f"{ancestor}.{rest}" for ancestor in resource.kind.ancestors]
        return Owner(node, paths, kind, urls)

    def _inner_resource(self, node: Node, field: Field, place: Place) -> None:
        scope = self._around.scope
        if field.name == "contained":
            self._within(node, place, scope)
            return
        entry = scope.entry
        if scope.index is not None and field.element.path == "Bundle.entry.resource" and place[0] is not None:
            entry = place[0][2]
        self.resource(node, place, Scope(node, scope.index, entry, scope.bundle_type))

    def _not_an_object(self, value: object, field: Field, place: Place) -> None:
        path = field.element.path
        if value is None:
            self.findings.report(rules.EMPTY, place, element=path, found="null")
        elif isinstance(value, list) and not field.repeats:
            self.findings.report(rules.SINGLE_EXPECTED, place, element=path)
        else:
            kind = "companion of a primitive" if field.role is Role.COMPANION else field.code or "nested element"
            self.findings.report(
                rules.WRONG_KIND, place, element=path, type=kind, expected="an object", found=_kind(value)
            )

    def _primitive(self, value: object, field: Field, place: Place) -> None:
        """Say what is wrong with a primitive value that its test did not accept."""
        path, code = field.element.path, field.code
        report = self.findings.report
        if value is None or value == "":
            report(rules.EMPTY, place, element=path, found="null" if value is None else "an empty string")
        elif isinstance(value, list):
            report(rules.SINGLE_EXPECTED, place, element=path)
        elif _kind(value) != _expected(code):
            report(rules.WRONG_KIND, place, element=path, type=code, expected=_expected(code), found=_kind(value))
        elif code == "xhtml":
            check_narrative(str(value), place, self.findings)
        elif isinstance(value, str) and value.isspace() and code in ("string", "markdown"):
            report(rules.BLANK, place, element=path)
        elif not accepts(code)(value):
            report(rules.BAD_FORMAT, place, element=path, value=value, type=code, form=FORMS[code])
        elif field.coded is not None and is_checkable(field.coded):
            report(rules.NOT_IN_VALUE_SET, place, element=path, value=value, value_set=field.coded.value_set)
        elif field.coded is not None:
            report_not_checked(path, field.coded, place, self.findings)
        else:
            report(rules.TOO_LONG, place, element=path, count=len(str(value)), max=field.element.max_length)


def _item(values: object, index: int) -> object:
    return values[index] if isinstance(values, list) and index < len(values) else None


def _expected(code: str) -> str:
    if code == "boolean":
        return "a boolean"
    return "a number" if code in NOT_TEXT else "a string"


def _kind(value: object) -> str:
    match value:
        case bool():
            return "a boolean"
        case int() | float() | Decimal():
            return "a number"
        case str():
            return "a string"
        case dict():
            return "an object"
        case list():
            return "an array"
    return "null"
