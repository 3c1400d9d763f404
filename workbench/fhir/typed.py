"""Typed objects of the library fhir.resources, for people who write scripts. Loaded only when used.

The library has models of R4B (4.3.0) and R5, none of plain R4. R4B is nearest: 128 of R4's 146 resource types exist
in it, most of them unchanged; EffectEvidenceSynthesis, RiskEvidenceSynthesis and the old MedicinalProduct and
Substance types are gone, Evidence and EvidenceVariable differ. It accepts any code and writes 1.50 as 1.5, so it never
judges a resource and never writes one that is sent: `validation.fhir_validator` and `json_tree.dumps` do that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.kernel.errors import Refused, Unavailable


def typed(resource: Mapping[str, Any]) -> Any:
    """The resource as a fhir.resources R4B model: `typed(patient).name[0].family`.

    raises  Refused FHIR-0020: R4B has no such resource type
            Refused FHIR-0021: the library's model does not accept the resource; says which elements
            Unavailable FHIR-0022: fhir.resources is not installed
    """
    try:
        from fhir.resources.R4B import get_fhir_model_class
    except ImportError as error:
        raise Unavailable(
            "FHIR-0022", "The library fhir.resources is not installed.", "Install it, or work with the plain values."
        ) from error
    name = str(resource.get("resourceType", ""))
    try:
        model = get_fhir_model_class(name)
    except (KeyError, ValueError):
        raise Refused(
            "FHIR-0020", f"fhir.resources has no R4B model of “{name}”.", "Work with the plain values of the resource."
        ) from None
    try:
        return model.model_validate(dict(resource))
    except ValueError as error:
        raise Refused(
            "FHIR-0021",
            f"The R4B model of {name} does not accept this resource: {_places(error)}.",
            "Validate it as R4; where R4 and R4B differ, work with the plain values.",
        ) from None


def _places(error: ValueError) -> str:
    """The elements pydantic objects to, without their values."""
    listed = getattr(error, "errors", None)
    if listed is None:
        return "no detail"
    places = (".".join(map(str, item["loc"])) for item in listed(include_input=False, include_url=False))
    return ", ".join(dict.fromkeys(places)) or "the whole resource"
