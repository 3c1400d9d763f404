"""What a result was measured in: local words and LOINC systems brought to one short list, and what fits what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from workbench.terminology.words import tokens

UNSPECIFIED = "unspecified"
SERUM, BLOOD, URINE = "serum", "blood", "urine"

# The first class whose words are all there wins, so the narrow ones stand first. A word in brackets must be absent.
_WORDS: tuple[tuple[str, str], ...] = (
    ("cord-blood", "bldco; cord blood; umbilical blood"),
    ("arterial-blood", "blda; arterial blood; arterial; art blood"),
    ("venous-blood", "bldv; venous blood; venous; bldmv; mixed venous"),
    ("capillary-blood", "bldc; capillary blood; capillary; fingerstick"),
    ("amniotic", "amnio fld; amniotic; amn fld; amn"),
    ("csf", "csf; cerebrospinal; cerebral spinal; spinal fluid; liquor"),
    ("pleural", "pleur fld; pleural; plrf; thoracentesi"),
    ("peritoneal", "periton fld; peritoneal; ascite; ascitic; prt"),
    ("synovial", "synv fld; synovial; joint; snv"),
    ("pericardial", "pericard fld; pericardial; pcar"),
    ("dialysis", "dial fld; dialysi; dialysate; peritoneal dialysis"),
    ("gastric", "gastric; gast fld"),
    ("bile", "bile"),
    ("marrow", "mar; bone marrow; marrow"),
    ("urine-sediment", "urine sed; urine sediment"),
    ("urine", "urine; ur; urn; urinary; uri"),
    ("stool", "stool; fece; faece; fecal; stl"),
    ("saliva", "saliva; oral fluid"),
    ("sputum", "sputum; spt; tracheal aspirate"),
    ("lower-respiratory", "lower respiratory; bronchoalveolar; bal; bronchial; bronchu"),
    ("nasopharynx", "nasopharynx; nasopharyngeal; nph"),
    ("nose", "nose; nasal; nare; anterior nare"),
    ("throat", "throat; oropharyngeal; oropharynx; pharynx"),
    ("respiratory", "respiratory; upper respiratory; resp"),
    ("semen", "semen; seminal; smn"),
    ("vagina", "vaginal; vagina; vag"),
    ("cervix", "cvx; cervix; cervical; endocervical"),
    ("genital", "genital; urethral; urethra"),
    ("sweat", "sweat"),
    ("milk", "milk"),
    ("hair", "hair"),
    ("nail", "nail"),
    ("meconium", "meconium"),
    ("vitreous", "vitreous"),
    ("wound", "wound; pus; abscess"),
    ("placenta", "placenta"),
    ("isolate", "isolate; isol"),
    ("dbs", "bld dot; blood spot; dried blood"),
    ("red-cells", "rbc; erythrocyte; red cell"),
    ("white-cells", "wbc; leukocyte; lymphocyte"),
    ("serum-or-blood", "ser plas bld; serum plasma blood; plas bld"),
    ("coagulation-plasma", "ppp; platelet poor plasma"),
    (SERUM, "ser; serum; plas; plasma; serpl; serplas; srm"),
    (BLOOD, "bld; blood; whole blood; wb"),
    ("tissue", "tiss; tissue; biopsy; tumor"),
    ("skin", "skin; dermatologic; dermal"),
    ("body-fluid", "body fld; body fluid; other fluid; fluid; fld"),
    (UNSPECIFIED, "xxx; unspecified specimen; specimen; unspecified"),
)
_RULES = tuple((name, tuple(frozenset(tokens(phrase)) for phrase in phrases.split(";"))) for name, phrases in _WORDS)

_BLOODS = frozenset({BLOOD, "arterial-blood", "venous-blood", "capillary-blood", "serum-or-blood", "dbs"})
_SERUMS = frozenset({SERUM, "coagulation-plasma", "serum-or-blood"})
_FLUIDS = frozenset(
    {"body-fluid", "pleural", "peritoneal", "synovial", "pericardial", "csf", "amniotic", "dialysis", "gastric", "bile"}
)
_AIRWAYS = frozenset({"respiratory", "nasopharynx", "nose", "throat", "lower-respiratory", "sputum"})


@lru_cache(maxsize=20_000)
def specimen_class(text: str) -> str:
    """The class of a specimen text or LOINC system; "" when it names none that is known."""
    found = frozenset(tokens(text))
    if not found:
        return ""
    for name, phrases in _RULES:
        if any(phrase <= found for phrase in phrases):
            return name
    return ""


_NOT_IN_NAMES = frozenset(
    {"red-cells", "white-cells", "tissue", "skin", "wound", "hair", "nail", UNSPECIFIED, "placenta"}
)
"""Words for these are analytes or sites when they stand in the name of a test."""


def named_specimen(text: str) -> str:
    """The class of the specimen that the name of a test says, "" when it says none."""
    found = specimen_class(text)
    if found not in _NOT_IN_NAMES:
        return found
    bare = " ".join(word for word in tokens(text) if specimen_class(word) not in _NOT_IN_NAMES)
    again = specimen_class(bare)
    return "" if again in _NOT_IN_NAMES else again


def stated_specimen(text: str) -> str:
    """The class of a specimen field, which may list several; of several parts of the airways it is the airways."""
    classes = {specimen_class(part) for part in re.split(r"[;,/|]", text)} - {""}
    if len(classes) > 1:
        return "respiratory" if classes <= _AIRWAYS else specimen_class(text)
    return next(iter(classes), "")


@lru_cache(maxsize=4_000)
def fit(local: str, target: str) -> float:
    """How a target's specimen fits the local one: 1 the same, 0 says nothing, -1 another specimen.

    A laboratory's "Blood" covers serum and plasma as well, its "fluid" every fluid.
    """
    if not local or not target:
        return 0.0
    if local == target:
        return 1.0
    if target == UNSPECIFIED or local == UNSPECIFIED:
        return -0.25
    close = _CLOSE.get((local, target))
    if close is not None:
        return close
    if local in _BLOODS and target in _BLOODS:
        return 0.2
    if local in _AIRWAYS and target in _AIRWAYS:
        return 0.6 if "respiratory" in (local, target) else 0.2
    return -1.0


_CLOSE: Mapping[tuple[str, str], float] = {
    **{(SERUM, target): 0.8 for target in _SERUMS},
    **{("coagulation-plasma", target): 0.7 for target in _SERUMS},
    (SERUM, BLOOD): -0.3,
    (BLOOD, SERUM): 0.7,
    (BLOOD, "coagulation-plasma"): 0.6,
    (BLOOD, "serum-or-blood"): 0.6,
    (BLOOD, "red-cells"): 0.0,
    (BLOOD, "white-cells"): 0.0,
    (BLOOD, "arterial-blood"): 0.1,
    (BLOOD, "venous-blood"): 0.1,
    (BLOOD, "capillary-blood"): 0.0,
    (BLOOD, "cord-blood"): -0.6,
    (SERUM, "red-cells"): -0.5,
    ("urine", "urine-sediment"): 0.7,
    ("urine-sediment", "urine"): 0.5,
    ("respiratory", "unspecified"): 0.2,
    **{("body-fluid", name): -0.5 for name, _ in _WORDS if name not in ("body-fluid", SERUM, BLOOD, URINE)},
    **{(source, "body-fluid"): 0.1 for source in _FLUIDS if source not in ("body-fluid", "csf")},
    ("csf", "body-fluid"): -0.6,
}


def conflicts(local: str, target: str) -> bool:
    """True when a result measured in the one must not be filed as measured in the other.

    Not said of an unspecified specimen, nor of blood against serum and plasma when only "Blood" is known.
    """
    return fit(local, target) <= -0.9
