from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.v2.delimiters import STANDARD, Delimiters
from workbench.v2.escapes import escape, unescape


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("plain", "plain"),
        ("a\\F\\b\\S\\c\\R\\d\\E\\e\\T\\f", "a|b^c~d\\e&f"),
        ("line one\\.br\\line two", "line one\nline two"),
        ("\\X0D\\", "\r"),
        ("\\XC3A9\\", "é"),
        ("\\XE9\\", "é"),
    ],
)
def test_sequences_with_a_character_become_it(written: str, meant: str) -> None:
    assert unescape(written, STANDARD) == meant


@pytest.mark.parametrize(
    "written", ["\\H\\bold\\N\\", "\\Zlocal\\", "\\.sp3\\", "\\XZZ\\", "unclosed \\F", "\\C2842\\"]
)
def test_sequences_without_a_character_stay_as_they_are_written(written: str) -> None:
    assert unescape(written, STANDARD) == written


@given(st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"])))
def test_escaped_text_reads_back_as_itself(text: str) -> None:
    written = escape(text, STANDARD)
    assert not set(written) & set("|^~&\n")
    assert unescape(written, STANDARD) == text


def test_a_message_without_an_escape_character_escapes_nothing() -> None:
    bare = Delimiters.of_header("MSH|^~|A")
    assert (bare.escape, bare.subcomponent, unescape("a\\F\\b", bare)) == ("", "", "a\\F\\b")


def test_the_truncation_character_is_escaped_where_it_is_declared() -> None:
    truncating = Delimiters.of_header("MSH|^~\\&#|A")
    assert truncating.truncation == "#"
    assert unescape(escape("no. #1", truncating), truncating) == "no. #1"


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", ""])
def test_the_end_of_the_line_ends_the_encoding_characters(end: str) -> None:
    whole = Delimiters.of_header(f"MSH|^~\\&{end}PID|1" if end else "MSH|^~\\&")
    assert (whole.subcomponent, whole.truncation) == ("&", "")
    short = Delimiters.of_header(f"MSH|^{end}PID|1" if end else "MSH|^")
    assert (short.component, short.repetition, short.escape) == ("^", "", "")
