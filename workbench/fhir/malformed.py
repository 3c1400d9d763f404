"""Definitions come from outside and are used without a look at every part of them: this is where that shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from workbench.kernel.errors import Refused


@contextmanager
def reading_definition(kind: str, url: str) -> Iterator[None]:
    """What a definition breaks that has not the form of its kind, as a refusal that names it.

    raises  Refused FHIR-0025
    """
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as fault:
        raise Refused(
            "FHIR-0025",
            f"The {kind} {url} of a FHIR package is malformed and cannot be used.",
            "Validate the definition by itself to see where, or get the package again.",
        ) from fault
