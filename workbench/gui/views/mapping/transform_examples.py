"""One example for each transform; what it gives is worked out by the transform itself. Qt-free."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.kernel.errors import Refused
from workbench.mapping.model import TransformCall
from workbench.mapping.transforms import TRANSFORMS, TransformProblem
from workbench.mapping.values import Misfit

EXAMPLES: Mapping[str, tuple[str, tuple[str | int | None, ...]]] = {
    "text": ("A&B", ()),
    "trim": (" 12 ", ()),
    "upper": ("mr", ()),
    "lower": ("MR", ()),
    "prefix": ("123", ("ID-",)),
    "suffix": ("120", (" mg",)),
    "substring": ("19800103", (1, 4)),
    "replace": ("a-b-c", ("-", "/")),
    "before": ("12/80", ("/",)),
    "after": ("12/80", ("/",)),
    "split": ("a;b;c", (";", 2)),
    "digits": ("+1 (734) 555", ()),
    "strip-zeros": ("000123", ()),
    "oid": ("2.16.840.1.113883", ()),
    "uri": ("2.16.840.1.113883", ()),
    "date": ("20260302082200-0500", ()),
    "clock": ("20260302082200-0500", ()),
    "number": ("about 12.5 mg", ()),
    "fixed": ("1250", (2,)),
    "plus": ("20260302082200", ("30", "MIN")),
    "minus": ("20260302082200", ("30", "MIN")),
    "base64": ("48656c6c6f", ("Hex",)),
    "media-type": ("PDF", ()),
}
"""Input and arguments by name of the transform."""


def example(name: str) -> str:
    """`prefix ID-: 123 → ID-123`, "" for a transform without one."""
    if name not in EXAMPLES or name not in TRANSFORMS:
        return ""
    text, arguments = EXAMPLES[name]
    result = TRANSFORMS[name].apply(text, *arguments)
    given = " ".join(str(argument) for argument in arguments)
    return f"{name} {given}".strip() + f": {text} → {result or 'nothing'}"


def steps_on(text: str, calls: tuple[TransformCall, ...]) -> str:
    """What the calls make of a text, step by step: `mr → MR`; stops where one needs more than a text."""
    said = [text]
    for call in calls:
        transform = TRANSFORMS.get(call.name)
        if transform is None:
            break
        try:
            arguments = transform.arguments(call)
            if any(parameter.source for parameter in transform.parameters):
                break
            result = transform.apply(said[-1], *arguments)
        except (TransformProblem, Misfit, Refused) as problem:
            return " → ".join([*said, f"({problem})"])
        said.append(result or "nothing")
        if not result:
            break
    return " → ".join(said) if len(said) > 1 else ""
