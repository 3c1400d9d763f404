"""Units of measure by the UCUM grammar, exact, as far as quantities must be compared (UCUM 2.1, §2–§24).

A unit is a product of atoms with prefixes and exponents; it is reduced to a factor and a dimension over the base
units. Units on special scales (Cel, pH, B[…]) have no factor: they are valid and are compared only with themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType

Dimension = tuple[tuple[str, int], ...]
"""Base units with their exponents, sorted: (("g", 1), ("m", -1))."""

_PREFIXES = {
    "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1,
    "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24,
}  # fmt: skip
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_BASE = ("m", "s", "g", "rad", "K", "C", "cd")


def _table(text: str) -> Mapping[str, tuple[str, str]]:
    """`atom factor unit; …` as atom to (factor, unit)."""
    rows = (row.split() for row in text.split(";"))
    return MappingProxyType({atom: (factor, expression) for atom, factor, expression in rows})


# Only metric atoms take prefixes.
_METRIC = _table("""
mol 602213670000000000000000 1; sr 1 rad2; Hz 1 s-1; N 1000 g.m/s2; Pa 1 N/m2; J 1 N.m; W 1 J/s; A 1 C/s;
V 1 J/C; F 1 C/V; Ohm 1 V/A; S 1 Ohm-1; Wb 1 V.s; T 1 Wb/m2; H 1 Wb/A; lm 1 cd.sr; lx 1 lm/m2; Bq 1 s-1;
Gy 1 J/kg; Sv 1 J/kg; l 1 dm3; L 1 dm3; ar 100 m2; t 1000 kg; bar 100000 Pa; u 1.6605402e-24 g;
eV 1.60217733e-19 J; pc 3.085678e16 m; kat 1 mol/s; U 1 umol/min; cal 4.184 J; eq 1 mol; osm 1 mol;
m[H2O] 9806.65 Pa; m[Hg] 133322 Pa; dyn 1 g.cm/s2; erg 1 dyn.cm; P 1 dyn.s/cm2; G 0.0001 T; Ci 37000000000 Bq;
R 0.000258 C/kg; RAD 100 erg/g; REM 1 RAD; By 8 bit; Bd 1 s-1; st 1 m3; g% 1 g/dl; mho 1 S;
St 1 cm2/s; Bi 10 A; Mx 0.00000001 Wb; Oe 250 /[pi].A/m; Gb 1 Oe.cm; ph 0.0001 lx; sb 1 cd/cm2; Ky 1 cm-1;
cal_IT 4.1868 J; cal_th 4.184 J; cal_m 4.19002 J; cal_[15] 4.1858 J; cal_[20] 4.1819 J;
[e] 1.60217733e-19 C; [k] 1.380658e-23 J/K; [h] 6.6260755e-34 J.s; [G] 6.67259e-11 m3.kg-1.s-2;
[m_e] 9.1093897e-28 g; [m_p] 1.6726231e-24 g; [eps_0] 8.854187817e-12 F/m; [mu_0] 0.0000012566370614359172954 N/A2
""")
_PLAIN = _table("""
% 0.01 1; 10* 10 1; 10^ 10 1; [pi] 3.1415926535897932384626433 1; [ppth] 0.001 1; [ppm] 0.000001 1;
[ppb] 0.000000001 1; [pptr] 0.000000000001 1; min 60 s; h 3600 s; d 86400 s; wk 7 d; a 365.25 d; a_j 365.25 d;
a_g 365.2425 d; a_t 365.24219 d; mo 30.4375 d; mo_j 30.4375 d; mo_s 29.53059 d; mo_g 30.436875 d;
deg 0.017453292519943295769 rad; ' 0.016666666666666666667 deg; '' 0.00027777777777777778 deg; gon 0.9 deg;
circ 6.2831853071795864769 rad; att 98066.5 Pa; atm 101325 Pa; [in_i] 2.54 cm; [ft_i] 12 [in_i];
[yd_i] 3 [ft_i]; [mi_i] 5280 [ft_i]; [nmi_i] 1852 m; [kn_i] 1 [nmi_i]/h; [sin_i] 1 [in_i]2; [sft_i] 1 [ft_i]2;
[cin_i] 1 [in_i]3; [cft_i] 1 [ft_i]3; [gr] 64.79891 mg; [lb_av] 7000 [gr]; [oz_av] 0.0625 [lb_av];
[dr_av] 0.0625 [oz_av]; [ston_av] 2000 [lb_av]; [stone_av] 14 [lb_av]; [lb_tr] 5760 [gr]; [oz_tr] 480 [gr];
[lb_ap] 5760 [gr]; [oz_ap] 480 [gr]; [sc_ap] 20 [gr]; [dr_ap] 60 [gr]; [gal_us] 231 [in_i]3;
[qt_us] 0.25 [gal_us]; [pt_us] 0.5 [qt_us]; [cup_us] 0.5 [pt_us]; [foz_us] 0.03125 [qt_us];
[tbs_us] 0.5 [foz_us]; [tsp_us] 0.16666666666666666667 [foz_us]; [cup_m] 240 ml; [tbs_m] 15 ml; [tsp_m] 5 ml;
[foz_m] 30 ml; [gal_br] 4.54609 l; [pt_br] 0.56826125 l; [foz_br] 28.4130625 ml; [psi] 6894.7572931683613 Pa;
[in_i'Hg] 3386.3788 Pa; [in_i'H2O] 249.08891 Pa; [degR] 0.55555555555555555556 K; [c] 299792458 m/s;
[g] 9.80665 m/s2; [lbf_av] 4.4482216152605 N; [Cal] 4184 J; [Btu] 1055.05585262 J; [HP] 745.69987158227 W;
[Ch] 0.33333333333333333333 mm; [car_m] 0.2 g; [mil_i] 0.001 [in_i]; [hd_i] 4 [in_i]; Ao 0.1 nm; b 100 fm2;
AU 149597870691 m; [ly] 9460730472580800 m; [diop] 1 m-1; [MET] 3.5 ml/min/kg; [fth_us] 1.8288036576 m;
[drp] 0.05 ml; Torr 133.322368 Pa; [oz_m] 28 g; sph 4 [pi].sr; [wood'U] 80 dyn.s/cm5
""")
_ARBITRARY = frozenset(
    {
        *("[arb'U]", "[USP'U]", "[GPL'U]", "[MPL'U]", "[APL'U]", "[beth'U]", "[anti'Xa'U]", "[todd'U]", "[dye'U]"),
        *("[smgy'U]", "[bdsk'U]", "[ka'U]", "[knk'U]", "[mclg'U]", "[tb'U]", "[CCID_50]", "[TCID_50]", "[EID_50]"),
        *("[PFU]", "[FFU]", "[CFU]", "[BAU]", "[AU]", "[Amb'a'1'U]", "[D'ag'U]", "[ELU]", "[EU]", "[FEU]", "[DDU]"),
        *("[RFU]", "[SPRU]", "[hnsf'U]", "[IR]", "[LFU]", "[hp_X]", "[hp_C]", "[hp_M]", "[hp_Q]", "[kp_X]", "[kp_C]"),
        *("[kp_M]", "[kp_Q]", "[Lf]", "[PNU]", "[STU]", "[HPF]", "[LPF]", "[PRU]", "[cr]", "[den]", "[S]", "tex", "gf"),
        *(
            "bit",
            "Gal",
            "Lmb",
            "[crd_us]",
            "[rd_us]",
            "[fdr_us]",
            "[fth_i]",
            "[mi_us]",
            "[min_us]",
            "[qt_br]",
            "[syd_i]",
        ),
        *("[acr_br]", "[acr_us]", "[bbl_us]", "[bf_i]", "[Btu_39]", "[Btu_59]", "[Btu_60]", "[Btu_IT]", "[Btu_m]"),
        *("[Btu_th]", "[bu_br]", "[bu_us]", "[car_Au]", "[ch_br]", "[ch_us]", "[cicero]", "[cml_i]", "[cr_i]"),
        *("[cyd_i]", "[didot]", "[dpt_us]", "[dqt_us]", "[fdr_br]", "[ft_br]", "[ft_us]", "[fth_br]", "[fur_us]"),
        *("[gal_wi]", "[gil_br]", "[gil_us]", "[in_br]", "[in_us]", "[kn_br]", "[lcwt_av]", "[ligne]", "[lk_br]"),
        *("[lk_us]", "[lne]", "[lton_av]", "[mesh_i]", "[mi_br]", "[mil_us]", "[min_br]", "[nmi_br]", "[pc_br]"),
        *("[pca]", "[pca_pr]", "[pied]", "[pk_br]", "[pk_us]", "[pnt]", "[pnt_pr]", "[pouce]", "[pwt_tr]"),
        *("[rch_us]", "[rd_br]", "[rlk_us]", "[sct]", "[scwt_av]", "[smi_us]", "[smoot]", "[srd_us]", "[twp]"),
        *("[yd_br]", "[yd_us]"),
    }
)
"""Atoms that measure only themselves: procedure-defined units, and some that nobody converts."""
_SPECIAL = frozenset(
    {
        *("Cel", "[degF]", "[degRe]", "[pH]", "Np", "B", "B[SPL]", "B[V]", "B[mV]", "B[uV]", "B[10.nV]", "B[W]"),
        *("B[kW]", "bit_s", "[hp'_X]", "[hp'_C]", "[hp'_M]", "[hp'_Q]", "[p'diop]", "%[slope]", "[m/s2/Hz^(1/2)]"),
    }
)
_METRIC_SPECIAL = frozenset({"Cel", "B", "Np", "[iU]", "[IU]"})

_TOKEN = re.compile(r"(\{[^{}]*\})|([()./])|((?:\[[^\[\]]*\]|[^\s(){}\[\]./])+)")
_EXPONENT = re.compile(r"(.*?[^0-9+-]|10[*^])([+-]?[0-9]+)")


@dataclass(frozen=True, slots=True)
class Unit:
    """factor times the base units of the dimension; `special` units have no factor."""

    factor: Fraction
    dimension: Dimension


@dataclass(frozen=True, slots=True)
class Measured:
    """A value in base units."""

    value: Decimal
    dimension: Dimension


@lru_cache(maxsize=4096)
def unit(code: str) -> Unit | None:
    """A UCUM code reduced to base units, None when it is no UCUM code this module knows."""
    try:
        return _Parser(code).whole() if code and not any(map(str.isspace, code)) else None
    except _NoUnit:
        return None


def measured(value: Decimal, code: str) -> Measured | None:
    """A value in base units, None when the unit is not known."""
    found = unit(code)
    if found is None:
        return None
    size = Fraction(value) * found.factor
    return Measured(_decimal(size), found.dimension)


def converted(value: Decimal, code: str, target: str) -> Decimal | None:
    """The value in another unit, None when that is not possible."""
    own, other = unit(code), unit(target)
    if own is None or other is None or own.dimension != other.dimension:
        return None
    return _decimal(Fraction(value) * own.factor / other.factor)


def product(left: str, right: str, divide: bool = False) -> str:
    """The code of the product or quotient of two units: `cm` and `m` make `cm.m`; the same unit cancels to `1`."""
    if divide:
        if left == right:
            return "1"
        return left if right == "1" else f"{'1' if left == '1' else left}/{_grouped(right)}"
    if left == "1":
        return right
    return left if right == "1" else f"{left}.{_grouped(right)}"


def _grouped(code: str) -> str:
    return f"({code})" if "/" in code or "." in code else code


def _decimal(size: Fraction) -> Decimal:
    """28 digits of the value; enough to tell quantities apart, and equal for equal fractions."""
    return (Decimal(size.numerator) / Decimal(size.denominator)).normalize()


class _NoUnit(Exception):
    pass


class _Parser:
    def __init__(self, code: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(code):
            match = _TOKEN.match(code, position)
            if match is None:
                raise _NoUnit
            kind = ("", "annotation", "sign", "atom")[match.lastindex or 0]
            self._tokens.append((kind, match.group()))
            position = match.end()
        self._next = 0

    def whole(self) -> Unit:
        result = self._term()
        if self._next != len(self._tokens):
            raise _NoUnit
        return result

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("", "")

    def _term(self) -> Unit:
        divide = self._peek()[1] == "/"
        if divide:
            self._next += 1
        result = self._component()
        if divide:
            result = _power(result, -1)
        while self._peek()[1] in (".", "/"):
            divide = self._peek()[1] == "/"
            self._next += 1
            component = self._component()
            result = _times(result, _power(component, -1) if divide else component)
        return result

    def _component(self) -> Unit:
        kind, text = self._peek()
        self._next += 1
        if kind == "annotation":
            return Unit(Fraction(1), ())
        if text == "(":
            inner = self._term()
            if self._peek()[1] != ")":
                raise _NoUnit
            self._next += 1
            self._pass_annotation()
            return inner
        if kind != "atom":
            raise _NoUnit
        found = _simple(text)
        if found is None:
            raise _NoUnit
        self._pass_annotation()
        return found

    def _pass_annotation(self) -> None:
        if self._peek()[0] == "annotation":
            self._next += 1


def _times(one: Unit, other: Unit) -> Unit:
    exponents = dict(one.dimension)
    for base, exponent in other.dimension:
        exponents[base] = exponents.get(base, 0) + exponent
    return Unit(one.factor * other.factor, tuple(sorted((b, e) for b, e in exponents.items() if e)))


def _power(base: Unit, exponent: int) -> Unit:
    if abs(exponent) > 99 or (base.factor == 0 and exponent < 0):
        raise _NoUnit
    return Unit(base.factor**exponent, tuple((name, own * exponent) for name, own in base.dimension))


def _simple(text: str) -> Unit | None:
    """An atom with prefix and exponent, or a whole number."""
    if text.isascii() and text.isdigit():
        return Unit(Fraction(int(text)), ()) if int(text) else None
    found = _prefixed(text)
    if found is not None:
        return found
    match = _EXPONENT.fullmatch(text)
    if match is None:
        return None
    base = _prefixed(match.group(1))
    return None if base is None else _power(base, int(match.group(2)))


def _prefixed(text: str) -> Unit | None:
    found = _atom(text)
    if found is not None:
        return found
    for length in (1, 2):
        prefix, atom = text[:length], text[length:]
        metric = atom in _BASE or atom in _METRIC or atom in _ARBITRARY or atom in _METRIC_SPECIAL
        if prefix in _PREFIXES and metric:
            base = _atom(atom)
            if base is not None:
                return Unit(base.factor * Fraction(10) ** _PREFIXES[prefix], base.dimension)
        if prefix in _BINARY and atom in ("bit", "By"):
            base = _atom(atom)
            if base is not None:
                return Unit(base.factor * _BINARY[prefix], base.dimension)
    return None


@lru_cache(maxsize=512)
def _atom(text: str) -> Unit | None:
    if text in _BASE or text in _ARBITRARY or text in _SPECIAL:
        return Unit(Fraction(1), ((text, 1),))
    if text in ("[iU]", "[IU]"):
        return Unit(Fraction(1), (("[iU]", 1),))
    defined = _METRIC.get(text) or _PLAIN.get(text)
    if defined is None:
        return None
    factor, expression = defined
    if expression == "1":
        return Unit(Fraction(factor), ())
    base = unit(expression)
    return None if base is None else Unit(Fraction(factor) * base.factor, base.dimension)
