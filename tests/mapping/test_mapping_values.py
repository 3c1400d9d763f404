"""Texts to FHIR primitives, and the closed list of transforms."""

from __future__ import annotations

from decimal import Decimal

import pytest

from workbench.mapping.model import TransformCall
from workbench.mapping.transforms import TRANSFORMS, TransformProblem
from workbench.mapping.values import CONVERTERS, Misfit, Zone

ZONE = Zone(60, "")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", " a ", " a "),
        ("code", " a  b ", "a b"),
        ("uri", " urn:x ", "urn:x"),
        ("boolean", "true", True),
        ("integer", "+7", 7),
        ("positiveInt", "7.0", 7),
        ("decimal", "+5.40", Decimal("5.40")),
        ("decimal", ".5", Decimal(".5")),
        ("decimal", " 5.40 ", Decimal("5.40")),
        ("integer", "7 ", 7),
        ("date", "198002", "1980-02"),
        ("date", "20040629 ", "2004-06-29"),
        ("dateTime", "2020", "2020"),
        ("dateTime", "20200102153000.25", "2020-01-02T15:30:00.25+01:00"),
        ("instant", "202001021530+0000", "2020-01-02T15:30:00Z"),
        ("time", "1530", "15:30:00"),
        ("time", " 1530", "15:30:00"),
        ("time", "153001.5", "15:30:01.5"),
        ("base64Binary", "QUJD\n", "QUJD"),
    ],
)
def test_a_text_becomes_a_value_of_its_type(kind: str, text: str, value: object) -> None:
    assert CONVERTERS[kind](text, ZONE) == value


def test_decimals_keep_every_digit() -> None:
    assert str(CONVERTERS["decimal"]("5.40", ZONE)) == "5.40"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("string", "  "),
        ("uri", "a b"),
        ("boolean", "Y"),
        ("integer", "1.5"),
        ("positiveInt", "0"),
        ("unsignedInt", "-1"),
        ("decimal", "1e5"),
        ("decimal", "<5"),
        ("date", "20200230"),
        ("instant", "20200102"),
        ("time", "2460"),
        ("base64Binary", "QUJ"),
        ("id", "a b"),
        ("oid", "1.2.3"),
    ],
)
def test_a_text_that_is_no_value_is_a_misfit(kind: str, text: str) -> None:
    with pytest.raises(Misfit):
        CONVERTERS[kind](text, ZONE)


def test_a_time_without_any_zone_keeps_its_date() -> None:
    assert CONVERTERS["dateTime"]("202001021530", Zone()) == "2020-01-02"
    assert CONVERTERS["dateTime"]("202007021530", Zone(None, "Europe/Berlin")) == "2020-07-02T15:30:00+02:00"


@pytest.mark.parametrize(
    ("name", "arguments", "text", "value"),
    [
        ("trim", {}, " a ", "a"),
        ("trim", {}, "  ", None),
        ("upper", {}, "aé", "AÉ"),
        ("lower", {}, "AÉ", "aé"),
        ("prefix", {"": "urn:"}, "x", "urn:x"),
        ("suffix", {"text": "!"}, "x", "x!"),
        ("substring", {"start": 2, "length": 2}, "abcd", "bc"),
        ("substring", {"start": 9}, "abcd", None),
        ("replace", {"find": "-", "with": ""}, "1-2", "12"),
        ("before", {"": "-"}, "a-b-c", "a"),
        ("after", {"": "-"}, "a-b-c", "b-c"),
        ("after", {"": "-"}, "abc", None),
        ("split", {"by": "-", "part": 3}, "a-b", None),
        ("digits", {}, "(555) 1", "5551"),
        ("strip-zeros", {}, "000", "0"),
        ("oid", {}, "1.2.3", "urn:oid:1.2.3"),
        ("oid", {}, "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
        ("oid", {}, "HOSP", None),
        ("uri", {}, "https://a.b", "https://a.b"),
        ("date", {}, "20200102153000+0100", "20200102"),
        ("date", {}, "2020", "2020"),
        ("clock", {}, "20200102153001", "153001"),
        ("clock", {}, "20200102", None),
        ("number", {}, "<5.40 mg", "5.40"),
        ("fixed", {"": 2}, "1234", "12.34"),
        ("fixed", {"": 2}, "-5", "-0.05"),
        ("media-type", {}, "PDF", "application/pdf"),
    ],
)
def test_a_transform_does_what_the_help_says(
    name: str, arguments: dict[str, str | int], text: str, value: str | None
) -> None:
    transform = TRANSFORMS[name]
    assert transform.apply(text, *transform.arguments(TransformCall(name, arguments))) == value


@pytest.mark.parametrize(
    ("name", "rest", "text", "value"),
    [
        ("plus", ("30", "MIN"), "202001012345+0100", "202001020015+0100"),
        ("plus", ("90", "S"), "202001010000", "20200101000130"),
        ("minus", ("1", "D"), "202003010800", "202002290800"),
        ("plus", (None, "MIN"), "202001010000", None),
        ("base64", ("Base64",), "QUJD", "QUJD"),
        ("base64", ("A",), "ABC", "QUJD"),
        ("base64", ("Hex",), "414243", "QUJD"),
    ],
)
def test_a_transform_with_sources_gets_their_values(
    name: str, rest: tuple[str | None, ...], text: str, value: str | None
) -> None:
    assert TRANSFORMS[name].apply(text, *rest) == value


@pytest.mark.parametrize("arguments", [{}, {"start": 0}, {"begin": 1}, {"start": "1"}])
def test_a_transform_refuses_parameters_it_does_not_take(arguments: dict[str, str | int]) -> None:
    with pytest.raises(TransformProblem):
        TRANSFORMS["substring"].arguments(TransformCall("substring", arguments))
