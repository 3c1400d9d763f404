"""Units as laboratories write them, brought to UCUM (https://ucum.org/ucum): `mg/24 H` becomes `mg/(24.h)`.

UCUM is a grammar, not a list, so a unit is cut into factors and each factor into number, atom and what was counted.
What is no unit at all ("% hemolysis", "copies") becomes an annotation, as UCUM wants it: `%{hemolysis}`, `{copies}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_WHOLE: Mapping[str, str] = {
    "#": "{#}", "sec": "s", "in": "[in_i]", "inch": "[in_i]", "inches": "[in_i]", "ft": "[ft_i]", "yd": "[yd_i]",
    "mi": "[mi_i]", "mph": "[mi_i]/h", "oz": "[oz_av]", "lb": "[lb_av]", "lbs": "[lb_av]", "tbsp": "[tbs_us]",
    "tsp": "[tsp_us]", "french": "[Ch]", "fr": "[Ch]", "ppm": "[ppm]", "ppb": "[ppb]", "psi": "[psi]", "ph": "[pH]",
    "eu": "{Ehrlich'U}", "molar ratio": "mol/mol", "clock time": "{clock_time}", "ct": "{Ct_value}",
    "mmddyy": "{mm/dd/yyyy}",
    "yyyy": "{yyyy}", "tmstp": "{tmstp}", "od": "{OD_unit}", "od unit": "{OD_unit}", "od units": "{OD_unit}",
    "ntu": "{ntu}",
    "elisa": "{ELISA_value}", "cells": "{cells}", "percent": "%", "pct": "%", "celsius": "Cel", "fahrenheit": "[degF]",
    "beats/min": "{beats}/min", "bpm": "{beats}/min", "breaths/min": "{breaths}/min", "k": "10*3", "cfu": "[CFU]",
    "db[10.nv]": "B[10.nV]", "mom": "{M.o.M}", "pos/neg": "{pos/neg}", "neg/pos": "{pos/neg}", "ratio": "{ratio}",
    "score": "{score}", "units": "U", "unit": "U", "mm/hr": "mm/h",
}  # fmt: skip
# Lower-case spelling → UCUM atom. Prefixes are tried before the metric ones.
_METRIC: Mapping[str, str] = {
    "g": "g", "gm": "g", "gram": "g", "grams": "g", "gms": "g", "l": "L", "liter": "L", "litre": "L", "liters": "L",
    "mol": "mol", "mole": "mol", "moles": "mol", "m": "m", "eq": "eq", "osm": "osm", "osmol": "osm", "iu": "[IU]",
    "[iu]": "[IU]", "u": "U", "kat": "kat", "katal": "kat", "s": "s", "sec": "s", "secs": "s", "pa": "Pa", "v": "V",
    "j": "J", "bar": "bar", "hz": "Hz", "w": "W", "bq": "Bq", "ci": "Ci", "gy": "Gy", "cal": "cal", "mm hg": "m[Hg]",
}  # fmt: skip
_PREFIX: Mapping[str, str] = {
    "m": "m", "u": "u", "mc": "u", "n": "n", "p": "p", "f": "f", "k": "k", "c": "c", "d": "d", "a": "a", "milli": "m",
    "micro": "u", "nano": "n", "pico": "p", "kilo": "k",
}  # fmt: skip
_ATOM: Mapping[str, str] = {
    "h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "d": "d", "day": "d", "days": "d", "min": "min",
    "mins": "min", "minute": "min", "minutes": "min", "wk": "wk", "week": "wk", "weeks": "wk", "mo": "mo",
    "month": "mo",
    "months": "mo", "a": "a", "y": "a", "yr": "a", "yrs": "a", "year": "a", "years": "a", "%": "%", "second": "s",
    "seconds": "s", "hpf": "[HPF]", "[hpf]": "[HPF]", "lpf": "[LPF]", "[lpf]": "[LPF]", "mm hg": "mm[Hg]",
    "mmhg": "mm[Hg]", "mm[hg]": "mm[Hg]", "cm h2o": "cm[H2O]", "cmh2o": "cm[H2O]", "deg": "deg", "deg c": "Cel",
    "degc": "Cel", "°c": "Cel", "c": "Cel", "deg f": "[degF]", "degf": "[degF]", "°f": "[degF]", "f": "[degF]",
    "mm3": "uL", "mm^3": "uL", "cmm": "uL", "cumm": "uL", "cu mm": "uL", "cc": "mL", "cm3": "mL", "m2": "m2",
    "sq m": "m2", "lb": "[lb_av]", "oz": "[oz_av]", "dyn": "dyn", "cm5": "cm5", "mph": "[mi_i]/h", "ft": "[ft_us]",
    "in": "[in_i]", "met": "[MET]", "cfu": "[CFU]", "apl u": "[APL'U]", "gpl u": "[GPL'U]", "mpl u": "[MPL'U]",
    "apl": "[APL'U]", "gpl": "[GPL'U]", "mpl": "[MPL'U]", "arb u": "[arb'U]", "au": "[arb'U]", "eu": "[EU]",
    "dye units": "[dye'U]", "todd units": "[todd'U]", "todd unit": "[todd'U]", "cel": "Cel", "mlu": "m[IU]",
    "gpt": "10*9",
    "tpt": "10*12", "thou": "10*3", "thousand": "10*3", "tho": "10*3", "mill": "10*6", "million": "10*6",
    "bands": "{bands}",
    "rbc": "{RBCs}", "rbcs": "{RBCs}", "wbc": "{WBCs}", "wbcs": "{WBCs}", "cell": "{cell}", "cells": "{cells}",
    "copies": "{copies}", "copy": "{copies}", "titer": "{titer}", "units": "U", "unit": "U",
    "ehrlich units": "{Ehrlich'U}",
    "ehrlich unit": "{Ehrlich'U}", "#": "{#}",
}  # fmt: skip
_COUNTED: Mapping[str, str] = {
    "creatinine": "{creat}", "creat": "{creat}", "cr": "{creat}", "crt": "{creat}", "protein": "{protein}",
    "prot": "{protein}",
    "hb": "{Hb}", "hgb": "{Hb}", "hg": "{Hg}", "hemoglobin": "{Hb}", "rbc": "{RBCs}", "rbcs": "{RBCs}", "wbc": "{WBCs}",
    "wbcs": "{WBCs}", "feu": "{FEU}", "ddu": "{DDU}", "cells": "{cells}", "platelets": "{platelets}", "bce": "{BCE}",
    "bw": "{body_wt}", "body wt": "{body_wt}", "equivalents": "", "pmn": "{PMN}", "copies": "{copies}",
    "1/2 cystine": "{1/2cys}",
}  # fmt: skip
_POWER = re.compile(
    r"(?:x\s?|\*\s?)?(?P<times>\d+(?:\.\d+)?\s?[x*]\s?)?10\s?(?:\*\*?|\^|e|x)\s?\(?(?P<power>\d+)\)?(?P<rest>.*)", re.I
)
_NUMBER = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*\.?\s*(?P<rest>.*)")
_DILUTED = {"k": "10*3", "K": "10*3", "m": "10*6", "M": "10*6", "G": "10*9", "T": "10*12", "th": "10*3"}
_ROUND = {"1000": "10*3", "10000": "10*4", "100000": "10*5", "1000000": "10*6"}
_VOLUME = re.compile(r"(?:[mudnpfc]?l|mm\^?3|cmm|cumm|cu mm)", re.I)
_SQUARE = re.compile(r"\(?1\.73\s*(?:sq\.?\s*m|m2|m\^2|m²|m)?\)?", re.I)


@lru_cache(maxsize=20_000)
def ucum_code(text: str) -> str:
    """The UCUM code that a written unit stands for, "" for no text. A unit that is UCUM already stays as it is."""
    plain = re.sub(r"\s+", " ", text.replace("µ", "u").replace("μ", "u").replace("²", "2").replace("³", "3")).strip()
    whole = _WHOLE.get(plain.casefold())
    if whole is not None or not plain:
        return whole or ""
    if plain.casefold().startswith(("log copies", "log iu")):
        head, *rest = plain.split("/")
        return "/".join((f"{{{_words(head[0].upper() + head[1:])}}}", *(_factor(side, True) for side in rest)))
    sides = [side.strip() for side in re.split(r"/(?![^(\[{]*[)\]}])| per ", plain)]
    if len(sides) > 1 and sides[0] in _DILUTED and _VOLUME.fullmatch(sides[1]):
        sides[0] = _DILUTED[sides[0]]
    first = _factor(sides[0], below=False) if sides[0] else ""
    return "/".join((first, *(_factor(side, below=True) for side in sides[1:])))


def _factor(side: str, below: bool) -> str:
    """One side of a fraction; `below` the line a number is bracketed with its unit: `(24.h)`."""
    if side.startswith("(") and side.endswith(")"):
        inner = side[1:-1]
        if "/" in inner:
            return f"({ucum_code(inner)})"
        atoms = _factor(inner, below)
        return atoms if atoms.startswith("(") or not any(sign in inner for sign in ". ") else f"({atoms})"
    if _SQUARE.fullmatch(side):
        return "{1.73_m2}"
    powered = _POWER.fullmatch(side)
    if powered and "." not in powered["power"]:
        rest = powered["rest"].strip()
        times = re.sub(r"\s|[x*]", "", powered["times"] or "")
        return f"{times + 'X' if times else ''}10*{powered['power']}{_annotation(rest) if rest else ''}"
    numbered = _NUMBER.fullmatch(side)
    if numbered and numbered["rest"]:
        return _numbered(numbered["number"], numbered["rest"], below)
    return _ROUND.get(side) or _atoms(side)


def _numbered(number: str, rest: str, below: bool) -> str:
    unit = _atoms(rest)
    power = _ROUND.get(number, number)
    if unit.startswith("{"):
        return power + unit
    if float(number) == 1:
        return unit
    if unit.count("{") and not unit.startswith(("(", "{")):
        return f"{number}{unit}"
    return f"({number}.{unit})" if below else f"{number}.{unit}"


def _atoms(text: str) -> str:
    """A factor without its number: an atom, an atom with what was counted, or an annotation."""
    folded = text.casefold()
    known = _atom(text)
    if known:
        return known
    if "." in text and all(_atom(part) for part in text.split(".")):
        return ".".join(_atom(part) for part in text.split("."))
    if re.fullmatch(r"[a-z]{2,} ?-? ?[a-z]+-min", folded):
        return text
    head, _, counted = text.partition(" ")
    atom = _atom(head)
    if counted and atom:
        if atom == "mU" and counted.casefold() == "ml":
            return f"{atom}/mL"
        numbered = _NUMBER.fullmatch(counted)
        if numbered and not counted.startswith("1/2"):
            return f"{atom}.{counted}"
        return atom + _annotation(counted)
    units = re.fullmatch(r"(.+?)[ -]?(?:u|unit|units)", folded)
    if units and " " in text:
        name = text[: len(units[1])].strip()
        return f"{{{_words(name[0].upper() + name[1:] if name.islower() and len(name) > 3 else name)}'U}}"
    return _annotation(text)


def _atom(text: str) -> str:
    """The UCUM atom of a spelling, with its prefix; "" when it is none."""
    folded = text.casefold()
    if folded in _ATOM and not (len(folded) == 1 and text.isupper() and folded not in "hd"):
        return _ATOM[folded]
    if folded in _METRIC:
        return _METRIC[folded]
    annotated = re.fullmatch(r"([^{]+)(\{[^}]*\})", text)
    if annotated and _atom(annotated[1]):
        return _atom(annotated[1]) + annotated[2]
    for prefix, written in _PREFIX.items():
        rest = folded[len(prefix) :]
        if folded.startswith(prefix) and rest in _METRIC and len(rest) <= 6:
            return written + _METRIC[rest]
    return text if re.fullmatch(r"\{[^}]*\}|[a-zA-Z]*\[[^\]]+\]", text) else ""


def _annotation(text: str) -> str:
    known = _COUNTED.get(text.casefold())
    if known is not None:
        return known
    return text if text.startswith("{") else f"{{{_words(text)}}}"


def _words(text: str) -> str:
    return text.strip().replace(" ", "_")


_SKELETON = re.compile(r"[\s{}()\[\]_'.]")


@lru_cache(maxsize=100_000)
def skeleton(code: str) -> str:
    """A UCUM code without case, brackets and blanks, for comparing what is almost the same."""
    return _SKELETON.sub("", code).casefold()
