"""What a unit measures, and with which LOINC properties that goes together.

UCUM's dimensions do not tell mass from amount of substance from activity in the way LOINC does (a mole is a number
there), so units are sorted by the kinds of their two sides instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from workbench.terminology.unit_codes import ucum_code

_PREFIX = r"[afpnumcdkMG]?"
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("creatinine", rf"{_PREFIX}(?:g|mol)\{{creat\}}"),
        ("hemoglobin", rf"{_PREFIX}(?:g|mol)\{{Hb\}}"),
        ("mass", rf"{_PREFIX}g(?:\{{.*\}})?"),
        ("substance", rf"{_PREFIX}(?:mol|eq)(?:\{{.*\}})?"),
        ("osmolality", rf"{_PREFIX}osm"),
        (
            "arbitrary",
            rf"{_PREFIX}\[i?IU\]|{_PREFIX}\[iU\]|\[.*'U\]|\[A?B?E?AU\]|\[EU\]|\{{.*(?:U|index.*|Index.*)\}}|{_PREFIX}\[IU\].*",
        ),
        ("activity", rf"{_PREFIX}(?:U|kat)(?:\{{.*\}})?"),
        ("volume", rf"(?:{_PREFIX}L|[cdm]m3)(?:\{{.*\}})?"),
        ("field", r"\[HPF\]|\[LPF\]|\{field\}|\{area\}"),
        ("time", rf"(?:\(?\d+\.)?(?:h|d|min|{_PREFIX}s|wk|mo|a)\)?"),
        ("pressure", rf"{_PREFIX}m\[Hg\]|cm\[H2O\]|{_PREFIX}Pa|{_PREFIX}bar"),
        ("body-area", r"\{1\.73_m2\}|m2"),
        ("length", rf"{_PREFIX}m|\[in_i\]|\[ft_i\]|\[ft_us\]"),
        ("temperature", r"Cel|\[degF\]|K"),
        ("white-cells", r"(?:\(?100\.?)\{(?:WBC|leuk|RBC|cell)[^}]*\}\)?"),
        ("number", r"\{#\}|\{cells?\}|\{copies\}|\[CFU\]|10\*\d+.*|\{[RW]BCs?\}|\{copies.*|"),
    )
)
_WHOLE: Mapping[str, str] = {
    "%": "percent", "fL": "cell-volume", "um3": "cell-volume", "pg": "cell-mass", "fmol": "cell-mass",
    "{ratio}": "ratio", "{titer}": "titer", "[pH]": "ph", "{score}": "score", "{INR}": "ratio", "{inr}": "ratio",
    "mm/h": "velocity", "{beats}/min": "rate", "{breaths}/min": "rate", "/min": "rate", "{pos/neg}": "presence",
    "kg": "body-mass", "[lb_av]": "body-mass", "{S/CO}": "index", "{s/co}": "index", "{fraction}": "percent",
    "mm/(1.h)": "velocity", "kg/m2": "body-ratio",
}  # fmt: skip

PROPERTY_KINDS: Mapping[str, tuple[str, ...]] = {
    "mass/volume": ("MCnc",), "substance/volume": ("SCnc", "SCncDiff"), "activity/volume": ("CCnc", "ACnc"),
    "arbitrary/volume": ("ACnc", "CCnc"), "number/volume": ("NCnc",), "number/field": ("Naric",),
    "arbitrary": ("ACnc", "Arb"),
    "percent": ("NFr", "MFr", "VFr", "SFr", "CFr", "AFr", "Ratio", "MRto", "RelACnc", "RelMCnc", "CFrDF", "SatFr"),
    "cell-volume": ("EntVol",), "cell-mass": ("EntMass", "EntSub"), "titer": ("Titr",), "time": ("Time",),
    "ratio": ("Ratio", "MRto", "SRto", "NRto", "RelTime", "MFr", "RelACnc", "VRto", "ACncRto"),
    "index": ("ACnc", "Ratio", "RelACnc"), "pressure": ("PPres", "Pres", "PresDiff"), "temperature": ("Temp",),
    "length": ("Len",), "osmolality/mass": ("Osmol",), "osmolality/volume": ("Osmol",), "mass/time": ("MRat",),
    "substance/time": ("SRat",), "activity/time": ("CRat",), "arbitrary/time": ("CRat", "ARat"),
    "volume/time": ("VRat", "ArVRat"), "volume/time/body-area": ("ArVRat", "VRat"),
    "mass/creatinine": ("MRto", "MRtoCr", "Ratio"),
    "substance/creatinine": ("SRto", "Ratio"), "activity/creatinine": ("CRto",), "mass/mass": ("MCnt", "MRto"),
    "substance/mass": ("SCnt", "SRto"), "substance/substance": ("SRto",), "activity/mass": ("CCnt",),
    "arbitrary/mass": ("ACnt", "CCnt"), "mass/substance": ("MSRto", "MRto"), "activity/hemoglobin": ("CCnt", "CEnt"),
    "volume": ("Vol",), "mass": ("Mass",), "velocity": ("Vel",), "score": ("Score",), "presence": ("PrThr", "ACnc"),
    "rate": ("NRat",), "ph": ("LsCnc",), "body-mass": ("Mass",), "body-ratio": ("Ratio", "MAric"),
    "log": ("LnCnc", "LaCnc", "LsCnc"),
    "number/white-cells": ("NFr", "Ratio", "NRto"), "number/mass": ("NCnt",),
}  # fmt: skip
"""What a unit measures → the LOINC properties that are reported in it."""


@lru_cache(maxsize=20_000)
def measures(unit: str) -> str:
    """What a unit measures, as a key of `PROPERTY_KINDS` (`mass/volume`); "" when nobody can tell.

    Several units for one code may be given with `|` or `;` between them; the first that says something counts.
    """
    for part in re.split(r"[|;]", unit):
        found = _measures(part.strip())
        if found:
            return found
    return ""


def _measures(unit: str) -> str:
    code = ucum_code(unit)
    if not code:
        return ""
    if code in _WHOLE:
        return _WHOLE[code]
    if code.casefold().startswith(("{log", "log")):
        return "log"
    if code.startswith("%"):
        return "percent"
    sides = code.split("/")
    kinds = [_kind(side) for side in sides]
    if len(kinds) == 1:
        return kinds[0] if kinds[0] in PROPERTY_KINDS else ""
    for length in range(min(len(kinds), 3), 1, -1):
        key = "/".join(kinds[:length])
        if key in PROPERTY_KINDS:
            return key
    return ""


def _kind(side: str) -> str:
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(side)), "")


@lru_cache(maxsize=4_000)
def properties_for(unit: str) -> frozenset[str]:
    """The LOINC properties that results with this unit may have; empty when the unit says nothing."""
    return frozenset(PROPERTY_KINDS.get(measures(unit), ()))
