from __future__ import annotations

import pytest

from workbench.fhir.narrative import XHTML, flaws


def _div(content: str) -> str:
    return f'<div xmlns="{XHTML}">{content}</div>'


@pytest.mark.parametrize(
    "content",
    [
        "text",
        "<p>a<br/>b &amp; c &#160;</p>",
        '<table class="grid"><tr><td colspan="2"><a href="#x">y</a></td></tr></table>',
        '<img src="a.png" alt="a"/>',
        '<p style="color: red" xml:lang="sv">å</p>',
        "<!-- note --><p>a</p>",
    ],
)
def test_formatting_is_allowed(content: str) -> None:
    assert flaws(_div(content)) == ()


@pytest.mark.parametrize(
    ("div", "kind"),
    [
        (_div("<b>a"), "form"),
        (_div("a & b"), "form"),
        (_div("a&nbsp;b"), "form"),
        ("text", "form"),
        ('<!DOCTYPE div [<!ENTITY a "aaaa">]>' + _div("&a;"), "form"),
        ("<div>a</div>", "root"),
        (f'<p xmlns="{XHTML}">a</p>', "root"),
        (_div("a<script>alert(1)</script>"), "content"),
        (_div('<p onclick="x()">a</p>'), "content"),
        (_div('a<iframe src="x"/>'), "content"),
        (_div('<p xmlns="urn:other">a</p>'), "content"),
        (_div(" <p> </p> "), "empty"),
    ],
)
def test_anything_else_is_a_flaw(div: str, kind: str) -> None:
    assert {flaw.kind for flaw in flaws(div)} == {kind}


def test_a_narrative_that_is_not_well_formed_names_the_place() -> None:
    (flaw,) = flaws(_div("\n<b>a"))
    assert (flaw.line, flaw.column > 1) == (2, True)
