"""What a resource under validation can see: its Bundle, its contained resources, the profiles that are loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from workbench.fhir.bundle import contained, literal_reference
from workbench.fhir.definitions import STRUCTURE_DEFINITION
from workbench.fhir.fhirpath.environment import Environment
from workbench.fhir.fhirpath.values import Node
from workbench.kernel.issues import blocks
from workbench.validation import fhir_content_rules as content_rules
from workbench.validation.fhir_context import Scope
from workbench.validation.fhir_findings import Findings, Place
from workbench.validation.fhir_plan import Plans
from workbench.validation.fhir_profile import Profile
from workbench.validation.fhir_profile_walk import ProfileWalk

_DEEPEST_CONFORMANCE = 12

Before = tuple[Scope, Environment, set[str]]
"""Where a walk was before it entered a resource."""


class Surroundings:
    """The answers profiles and FHIRPath need, for the resource the walk is at.

    scope  what references can see
    env    the FHIRPath environment of the resource
    """

    def __init__(self, plans: Plans, best_practice: bool) -> None:
        self.plans = plans
        self.model = plans.model
        self.best_practice = best_practice
        self.scope = Scope({})
        self.env = Environment(self.model, self.model.resource({}), surroundings=self)
        self._known: dict[tuple[int, str], bool | None] = {}
        self._depth = 0
        self._ids: set[str] = set()

    def note_id(self, identity: object, place: Place, findings: Findings) -> None:
        """The id of an element: unique in its resource (R4 element.html#id).

        Snapshot and differential of a StructureDefinition give the same ids to the same elements.
        """
        if isinstance(identity, str) and self.env.resource.kind.name != "StructureDefinition":
            if identity in self._ids:
                findings.report(content_rules.REPEATED_ID, (place, "id", -1))
            self._ids.add(identity)

    def enter(self, resource: dict[str, object], scope: Scope) -> Before:
        """Move to a resource; gives what `leave` needs to return."""
        before = self.scope, self.env, self._ids
        self.scope = scope
        node = self.model.resource(resource)
        root = node if scope.root is resource else self.model.resource(scope.root)
        self.env = Environment(self.model, node, root, self)
        self._ids = set()
        return before

    def leave(self, before: Before) -> None:
        self.scope, self.env, self._ids = before

    @contextmanager
    def within(self, node: Node, place: Place) -> Iterator[None]:
        """A resource inside a resource has its own references; any other value changes nothing."""
        value = node.value
        if not isinstance(value, dict) or "resourceType" not in value or value is self.env.resource.value:
            yield
            return
        scope = self.scope
        if place[1] == "contained":
            inner = scope
        else:
            parent = place[0]
            entry = parent[2] if parent is not None and parent[1] == "entry" else scope.entry
            inner = Scope(value, scope.index, entry, scope.bundle_type)
        before = self.enter(value, inner)
        try:
            yield
        finally:
            self.leave(before)

    def profile(self, url: str) -> Profile | None:
        return self.plans.profile(url)

    def conforms(self, node: Node, url: str) -> bool | None:
        if url.startswith(STRUCTURE_DEFINITION):
            name = url.partition("|")[0].removeprefix(STRUCTURE_DEFINITION)
            if self.model.kind(name) is not None:
                return name in node.kind.ancestors
        profile = self.plans.profile(url)
        if profile is None:
            return None
        key = (id(node.value), url)
        if key not in self._known:
            self._known[key] = True  # a circle of references holds unless something else breaks it
            self._known[key] = self._meets(node, profile)
        return self._known[key]

    def _meets(self, node: Node, profile: Profile) -> bool:
        if node.kind.name and profile.type not in node.kind.ancestors and profile.type != "Element":
            return False
        if self._depth >= _DEEPEST_CONFORMANCE:
            return True
        findings = Findings()
        name = node.kind.name or "$this"
        value = node.value
        self._depth += 1
        try:
            if isinstance(value, dict) and "resourceType" in value and value is not self.env.resource.value:
                before = self.enter(value, self._scope_of(value))
                try:
                    ProfileWalk(profile, self, findings).check(node, (None, name, -1))
                finally:
                    self.leave(before)
            else:
                ProfileWalk(profile, self, findings).check(node, (None, name, -1))
        finally:
            self._depth -= 1
        return not any(blocks(finding.issue) for finding in findings.all)

    def _scope_of(self, resource: dict[str, object]) -> Scope:
        scope = self.scope
        if scope.index is None:
            return Scope(scope.root)
        number = next((n for n in range(len(scope.index.entries)) if scope.index.resource(n) is resource), None)
        return Scope(resource, scope.index, number, scope.bundle_type) if number is not None else scope

    def type_of(self, url: str) -> str | None:
        name = url.partition("|")[0].removeprefix(STRUCTURE_DEFINITION)
        if self.model.kind(name) is not None:
            return name
        profile = self.plans.profile(url)
        return None if profile is None else profile.type

    def target(self, node: Node) -> tuple[Node | None, str]:
        reference = node.value.get("reference") if isinstance(node.value, dict) else None
        if not isinstance(reference, str) or not reference:
            return None, ""
        if reference.startswith("#"):
            inside = contained(self.scope.root, reference)
            return (None if inside is None else self.model.resource(inside)), "contained"
        found = self.resolve(reference)
        if found is not None:
            return self.model.resource(found), "bundled"
        return None, "referenced"

    def resolve(self, reference: str) -> dict[str, object] | None:
        """For FHIRPath's resolve()."""
        index = self.scope.index
        if reference.startswith("#"):
            return contained(self.scope.root, reference) or self._contained_anywhere(reference)
        if index is None:
            return None
        found = index.find(reference, self.scope.entry)
        if found is None and self.scope.entry is None:
            found = self._anywhere(reference)
        return found

    def _contained_anywhere(self, reference: str) -> dict[str, object] | None:
        """For questions asked of the Bundle as a whole: `#id` in whichever entry contains it."""
        index = self.scope.index
        if index is None or self.scope.entry is not None:
            return None
        holders = (index.resource(number) for number in range(len(index.entries)))
        return next((found for holder in holders if holder and (found := contained(holder, reference))), None)

    def _anywhere(self, reference: str) -> dict[str, object] | None:
        """For questions asked of the Bundle as a whole: a relative reference by type and id alone."""
        index, literal = self.scope.index, literal_reference(reference)
        if index is None or literal is None or literal.base:
            return None
        candidates = (index.resource(number) for number in range(len(index.entries)))
        return next(
            (r for r in candidates if r and (r.get("resourceType"), r.get("id")) == (literal.type, literal.id)), None
        )

    def member_of(self, system: str, code: str, value_set: str) -> bool | None:
        """For FHIRPath's memberOf()."""
        codes = self.plans.definitions.value_set_codes(value_set)
        if codes is None:
            return None
        return (system, code) in codes if system else any(code == each for _, each in codes)

    def conforms_to(self, value: dict[str, object], profile: str) -> bool | None:
        """For FHIRPath's conformsTo()."""
        return self.conforms(self.model.resource(value), profile)
