"""How texts of codes are cut into words for comparison, and the short forms that laboratories and wards use.

A short form adds its long words and never replaces what was written: `K` may be potassium or a vitamin.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[a-z]+|\d+(?:\.\d+)?|%|[\u0370-\U0010ffff]")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_FILLING = frozenset({"a", "an", "and", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"})

SHORT_FORMS: dict[str, str] = {
    # specimens and places
    "amn": "amniotic", "art": "arterial", "bld": "blood", "cap": "capillary", "csf": "cerebrospinal fluid",
    "fl": "fluid", "plas": "plasma", "pl": "plasma", "rbc": "red blood cell erythrocyte", "ser": "serum",
    "serpl": "serum plasma", "sp": "sputum", "ua": "urine urinalysis", "ur": "urine", "urn": "urine",
    "ven": "venous", "wb": "whole blood", "wbc": "white blood cell leukocyte",
    # analytes
    "afp": "alpha fetoprotein", "alb": "albumin", "alk": "alkaline", "alp": "alkaline phosphatase",
    "alt": "alanine aminotransferase", "amy": "amylase", "ast": "aspartate aminotransferase",
    "baso": "basophils", "bili": "bilirubin", "bnp": "natriuretic peptide", "bun": "urea nitrogen",
    "ca": "calcium", "cbc": "complete blood count", "chol": "cholesterol", "ck": "creatine kinase",
    "cl": "chloride", "co2": "carbon dioxide", "cr": "creatinine", "crea": "creatinine", "creat": "creatinine",
    "crp": "c reactive protein", "eos": "eosinophils", "esr": "erythrocyte sedimentation rate", "fe": "iron",
    "fib": "fibrinogen", "ggt": "gamma glutamyl transferase", "glu": "glucose", "gluc": "glucose",
    "hb": "hemoglobin", "hba": "hemoglobin a1c", "hbsag": "hepatitis b surface antigen", "hco": "bicarbonate",
    "hct": "hematocrit", "hcv": "hepatitis c virus", "hdl": "high density lipoprotein cholesterol",
    "hgb": "hemoglobin", "hiv": "human immunodeficiency virus", "inr": "international normalized ratio",
    "k": "potassium", "lac": "lactate", "ldh": "lactate dehydrogenase", "ldl": "low density lipoprotein cholesterol",
    "lip": "lipase", "lymph": "lymphocytes", "mch": "mean corpuscular hemoglobin",
    "mchc": "mean corpuscular hemoglobin concentration", "mcv": "mean corpuscular volume", "mg": "magnesium",
    "mono": "monocytes", "mpv": "mean platelet volume", "na": "sodium", "neut": "neutrophils",
    "phos": "phosphate", "plt": "platelets", "prot": "protein", "psa": "prostate specific antigen",
    "pt": "prothrombin time", "ptt": "partial thromboplastin time", "rdw": "red cell distribution width",
    "rf": "rheumatoid factor", "sat": "saturation", "tbil": "total bilirubin", "tg": "triglyceride",
    "tibc": "total iron binding capacity", "trig": "triglyceride", "trop": "troponin",
    "tsh": "thyrotropin thyroid stimulating hormone", "uric": "urate", "vit": "vitamin",
    # wording of tests
    "ab": "antibody", "abs": "absolute", "ag": "antigen", "auto": "automated", "conc": "concentration",
    "cnt": "count", "ct": "count", "cult": "culture", "diff": "differential", "dir": "direct",
    "fast": "fasting", "ig": "immunoglobulin", "lvl": "level", "neg": "negative",
    "pos": "positive", "qual": "qualitative", "quant": "quantitative", "scr": "screen", "susc": "susceptibility",
    "tot": "total", "vol": "volume",
    # drugs and their use
    "asa": "aspirin", "caps": "capsule", "hctz": "hydrochlorothiazide", "im": "intramuscular", "inj": "injection",
    "iv": "intravenous", "mcg": "microgram", "nacl": "sodium chloride", "oint": "ointment", "pcn": "penicillin",
    "po": "oral", "sc": "subcutaneous", "soln": "solution", "sol": "solution", "sulfa": "sulfonamide",
    "susp": "suspension", "tab": "tablet", "tabs": "tablet", "vacc": "vaccine",
    # diseases and history
    "af": "atrial fibrillation", "chf": "congestive heart failure", "ckd": "chronic kidney disease",
    "copd": "chronic obstructive pulmonary disease", "cva": "cerebrovascular accident", "dm": "diabetes mellitus",
    "dx": "diagnosis", "dvt": "deep vein thrombosis", "fx": "fracture", "gi": "gastrointestinal",
    "htn": "hypertension", "hx": "history", "mi": "myocardial infarction", "uti": "urinary tract infection",
}  # fmt: skip


@lru_cache(maxsize=100_000)
def words(text: str) -> tuple[str, ...]:
    """The words of a text in its order: lower case, no accents, letters apart from digits, filling words left out."""
    plain = "".join(
        sign for sign in unicodedata.normalize("NFKD", _CAMEL.sub(" ", text)) if not unicodedata.combining(sign)
    )
    return tuple(word for word in _WORD.findall(plain.casefold()) if word not in _FILLING)


def long_words(found: tuple[str, ...]) -> tuple[str, ...]:
    """The words that the short forms among `found` stand for, without those that are there already."""
    added: dict[str, None] = {}
    for word in found:
        for long in SHORT_FORMS.get(word, "").split():
            if long not in found:
                added[long] = None
    return tuple(added)
