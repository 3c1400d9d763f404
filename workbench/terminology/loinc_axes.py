"""The six axes of LOINC (User's Guide §2), read from a release's columns or, where these are empty, from the name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from workbench.terminology.codes import Concept
from workbench.terminology.specimens import specimen_class

LOINC = "http://loinc.org"

QUALITATIVE = frozenset({"PrThr", "Prid", "Imp", "Type", "Titr", "Find"})
"""Properties of results that are words, classes or steps rather than measured amounts."""

# The words that long common names put in brackets → the property's abbreviation (User's Guide, appendix A).
_PROPERTY_OF: Mapping[str, str] = {
    "mass/volume": "MCnc", "moles/volume": "SCnc", "units/volume": "ACnc", "enzymatic activity/volume": "CCnc",
    "#/volume": "NCnc", "presence": "PrThr", "titer": "Titr", "susceptibility": "Susc", "identifier": "Prid",
    "interpretation": "Imp", "type": "Type", "ratio": "Ratio", "mass ratio": "MRto", "moles/mass": "SCnt",
    "mass/mass": "MCnt", "mass fraction": "MFr", "volume fraction": "VFr", "molar ratio": "SRto",
    "number fraction": "NFr",
    "mass/time": "MRat", "moles/time": "SRat", "volume rate": "VRat", "time": "Time", "mass": "Mass", "volume": "Vol",
    "#/area": "Naric", "partial pressure": "PPres", "osmolality": "Osmol", "entitic volume": "EntVol",
    "entitic mass": "EntMass", "length": "Len", "temperature": "Temp", "velocity": "Vel", "#": "Num",
    "log #/volume": "LnCnc", "log units/volume": "LaCnc", "volume rate/area": "ArVRat", "relative time": "RelTime",
    "moles fraction": "SFr", "units/mass": "ACnt", "enzymatic activity/mass": "CCnt", "pressure": "Pres", "ph": "LsCnc",
    "multiple of the median": "MoM", "mass or moles/volume": "MSCnc", "threshold": "ThreshNum", "viscosity": "Visc",
    "molecules/volume": "NCnc", "units/time": "ARat", "#/time": "NRat", "#/mass": "NCnt", "units/volume rate": "CRat",
    "entitic number": "EntNum", "color": "Color", "appearance": "Aper", "clarity": "Clarity", "score": "Score",
}  # fmt: skip
_NAME = re.compile(
    r"^(?:Deprecated )?(?P<component>.*?)\s*(?:\[(?P<property>[^\]]+)\])?\s*"
    r"(?:\b(?:in|of|from|on)\s+(?P<system>[A-Z0-9][^\[\]]*?))?(?:\s+by\s+(?P<method>[^\[\]]+?))?"
    r"(?:\s*--\s*(?P<challenge>.+))?$"
)
_CHALLENGE_IN_COMPONENT = re.compile(r"\^|--|\bpost\b|post dose|peak|trough|\bpre\b|stimulated|challenge", re.I)
_TIMED = re.compile(r"^(\d+)\s*hour\s+(.*)$", re.I)


@dataclass(frozen=True, slots=True)
class Axes:
    """What a LOINC concept is said to measure. Each is "" where neither column nor name says it.

    kind       kind of property: MCnc, PrThr
    specimen   class of `specimens`, from SYSTEM
    timing     "24H" for collections, "Pt" for a point in time
    challenge  True for results after a dose, a meal or another stimulus
    """

    component: str
    kind: str = ""
    timing: str = ""
    system: str = ""
    specimen: str = ""
    scale: str = ""
    method: str = ""
    challenge: bool = False

    @property
    def qualitative(self) -> bool | None:
        """True for words and classes, False for amounts, None when nothing says which."""
        if self.scale == "Qn" or (self.kind and self.kind not in QUALITATIVE and self.kind != "Susc"):
            return False
        return True if self.kind in QUALITATIVE or self.scale in ("Ord", "Nom", "Nar", "Doc") else None


def axes_of(concept: Concept) -> Axes:
    """The axes of a LOINC concept."""
    facts = concept.properties
    named = named_axes(concept.coding.display)
    component = facts.get("COMPONENT") or named.component
    system = facts.get("SYSTEM") or named.system
    timing = facts.get("TIME_ASPCT") or named.timing
    return Axes(
        component=component,
        kind=_property(facts.get("PROPERTY", "")) or named.kind,
        timing="" if timing.casefold() == "pt" else timing,
        system=system,
        specimen=specimen_class(system) if system else "",
        scale=facts.get("SCALE_TYP", ""),
        method=facts.get("METHOD_TYP") or named.method,
        challenge=named.challenge or bool(_CHALLENGE_IN_COMPONENT.search(component)),
    )


def _property(text: str) -> str:
    return _PROPERTY_OF.get(text.casefold(), text)


@lru_cache(maxsize=50_000)
def named_axes(name: str) -> Axes:
    """The axes that a long common name says: `Glucose [Mass/volume] in Serum or Plasma`."""
    match = _NAME.match(name.strip())
    if match is None:
        return Axes(name)
    system, timing = match["system"] or "", ""
    timed = _TIMED.match(system)
    if timed:
        timing, system = f"{timed[1]}H", timed[2]
    bracket = match["property"] or ""
    found = _PROPERTY_OF.get(bracket.casefold(), bracket)
    if not found and "/100 " in match["component"]:
        found = "NFr"
    return Axes(
        component=match["component"].strip(),
        kind=found,
        timing=timing,
        system=system,
        specimen=specimen_class(system) if system else "",
        method=match["method"] or "",
        challenge=bool(match["challenge"]),
    )
