"""To which slices a repetition belongs (R4 profiling.html#discriminator)."""

from __future__ import annotations

from workbench.fhir.fhirpath import ExpressionRefused
from workbench.fhir.fhirpath.navigation import add_children
from workbench.fhir.fhirpath.values import Items, Node
from workbench.validation.fhir_profile import Around, Discriminator, Rule
from workbench.validation.fhir_values import codes_of, equals, matches

_DEFAULT = "@default"


def assign(rule: Rule, node: Node, around: Around) -> list[Rule]:
    """The slices a value belongs to: one, or one and its re-slices; the default slice when no other fits."""
    assert rule.slicing is not None
    if rule.slicing.urls is not None:
        url = node.value.get("url") if isinstance(node.value, dict) else None
        only = rule.slicing.urls.get(url) if isinstance(url, str) else None
        return [only] if only is not None else []
    found: list[Rule] = []
    default: Rule | None = None
    for each in rule.slices:
        name = each.element.slice_name
        if name == _DEFAULT:
            default = each
        elif found and not name.startswith(f"{found[0].element.slice_name}/"):
            continue
        elif _belongs(each, rule, node, around):
            found.append(each)
    return found or ([default] if default is not None else [])


def _belongs(each: Rule, rule: Rule, node: Node, around: Around) -> bool:
    assert rule.slicing is not None
    if not rule.slicing.discriminators:
        return fits(each, node, around)
    return all(_agrees(discriminator, each, node, around) for discriminator in rule.slicing.discriminators)


def _agrees(discriminator: Discriminator, each: Rule, node: Node, around: Around) -> bool:
    if discriminator.path == "url" and node.kind.name == "Extension":
        urls = each.profiles.get("Extension")
        if urls:
            own = node.value.get("url") if isinstance(node.value, dict) else None
            return any(own == url.partition("|")[0] for url in urls)
    values = _values(discriminator, node, around)
    target = _rules_at(each, discriminator.path, around)
    if target and all(rule.max == 0 for rule in target) and discriminator.kind != "type":
        return not values
    match discriminator.kind:
        case "exists":
            return _exists(target, bool(values))
        case "type":
            return _is_type(target, each, discriminator, values)
        case "profile":
            return _has_profile(target, values, around)
    if not target:
        return bool(values) or discriminator.path == "$this"
    return bool(values) and any(all(fits(one, value, around) for one in target) for value in _nodes(values))


def _nodes(values: Items) -> list[Node]:
    return [value for value in values if isinstance(value, Node)]


def _values(discriminator: Discriminator, node: Node, around: Around) -> Items:
    if discriminator.expression is None:
        return (node,)
    context = around.env.context
    try:
        return discriminator.expression.items(around.env, node)
    except ExpressionRefused:
        return ()
    finally:
        around.env.context = context


def _rules_at(each: Rule, path: str, around: Around) -> list[Rule]:
    """What the slice says of the element at the path; what the profile of its value says when it says nothing."""
    level = [each]
    if path == "$this":
        return level
    for step in _steps(path):
        following: list[Rule] = []
        for rule in level:
            if step in ("resolve()", "$this") or step.startswith(("ofType(", "as(")):
                following.append(rule)
                continue
            name, _, url = step.partition("\n")
            for child in rule.children:
                if child.name == name:
                    following.extend(_with_slices(child, url))
            if not any(child.name == name for child in rule.children):
                for urls in rule.profiles.values():
                    profile = around.profile(urls[0]) if len(urls) == 1 else None
                    if profile is not None:
                        following.extend(child for child in profile.root.children if child.name == name)
        level = following
    return level


def _with_slices(child: Rule, url: str) -> list[Rule]:
    """The child itself, or of an extension() step the slices for that url."""
    if not url:
        return [child, *(child.slices if len(child.slices) == 1 else ())]
    return [each for each in child.slices if url in {u.partition("|")[0] for u in each.profiles.get("Extension", ())}]


def _steps(path: str) -> list[str]:
    """`extension('http://x').value` as ["extension\\nhttp://x", "value"]."""
    found: list[str] = []
    rest = path
    while rest:
        if rest.startswith("extension("):
            argument, _, rest = rest[len("extension(") :].partition(")")
            found.append(f"extension\n{argument.strip(chr(39))}")
            rest = rest.removeprefix(".")
            continue
        step, _, rest = rest.partition(".")
        found.append(step)
    return found


def _exists(target: list[Rule], there: bool) -> bool:
    for rule in target:
        if rule.max == 0:
            return not there
        if rule.min:
            return there
    return there


def _is_type(target: list[Rule], each: Rule, discriminator: Discriminator, values: Items) -> bool:
    nodes = _nodes(values)
    if not nodes:
        return False
    for rule in target or [each]:
        codes = {reference.code for reference in rule.element.types}
        if discriminator.path.endswith("resolve()"):
            codes = {url.rsplit("/", 1)[-1] for reference in rule.element.types for url in reference.target_profiles}
        for reference in rule.element.types:
            for url in reference.profiles if reference.code == "Resource" else ():
                codes.add(url.rsplit("/", 1)[-1])
        if not any(codes & node.kind.ancestors for node in nodes):
            return False
    return True


def _has_profile(target: list[Rule], values: Items, around: Around) -> bool:
    urls = [url for rule in target for profiles in rule.profiles.values() for url in profiles]
    urls += [url for rule in target for url in rule.targets]
    return any(around.conforms(node, url) is True for node in _nodes(values) for url in urls)


def fits(rule: Rule, node: Node, around: Around) -> bool:
    """Whether a value has what a rule fixes, in itself and below; other demands do not decide on membership."""
    value = node.value
    if rule.types is not None and rule.types.isdisjoint(node.kind.ancestors):
        return False
    if rule.fixed is not None and not equals(value, rule.fixed):
        return False
    if rule.pattern is not None and not matches(value, rule.pattern):
        return False
    bound = rule.bound
    is_listed = bound is not None and bound.strength == "required" and bound.codes is not None
    if is_listed and not _in_value_set(rule, node):
        return False
    for child in rule.children:
        items: list[object] = []
        add_children(node, child.name, around.model, items)
        if child.min and len(items) < child.min:
            return False
        if child.max == 0 and items:
            return False
        if not all(fits(child, each, around) for each in items if isinstance(each, Node)):
            return False
        for each_slice in child.slices:
            if each_slice.min and not any(
                _belongs(each_slice, child, each, around) for each in items if isinstance(each, Node)
            ):
                return False
    return True


def _in_value_set(rule: Rule, node: Node) -> bool:
    assert rule.bound is not None
    assert rule.bound.codes is not None
    value = node.value
    if isinstance(value, str):
        return value in rule.bound.code_values
    return any(each in rule.bound.codes for each in codes_of(node))
