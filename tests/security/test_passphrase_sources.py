from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator

import pytest

from workbench.kernel.errors import Cancelled, Refused, Unavailable
from workbench.security.passphrase import (
    ENVIRONMENT_VARIABLE,
    first_of,
    from_descriptor,
    from_environment,
    from_prompt,
    from_value,
    headless_sources,
)


@pytest.fixture
def pipe() -> Iterator[Callable[[bytes], int]]:
    opened: list[int] = []

    def holding(content: bytes) -> int:
        reading, writing = os.pipe()
        opened.append(reading)
        os.write(writing, content)
        os.close(writing)
        return reading

    yield holding
    for descriptor in opened:
        os.close(descriptor)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def answers(monkeypatch: pytest.MonkeyPatch, *given: str) -> list[str]:
    """Sit at a terminal and type these; the list fills with the questions that were asked."""
    asked: list[str] = []
    waiting = list(given)

    def type_it(question: str) -> str:
        asked.append(question)
        if not waiting:
            raise EOFError
        return waiting.pop(0)

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", type_it)
    return asked


@pytest.mark.parametrize(
    "content", [b"correct horse\n", b"correct horse\r\n", b"correct horse", b"correct horse\nmore\n"]
)
def test_a_descriptor_gives_its_first_line(pipe: Callable[[bytes], int], content: bytes) -> None:
    assert from_descriptor(pipe(content))() == "correct horse"


def test_a_descriptor_keeps_white_space_and_accents(pipe: Callable[[bytes], int]) -> None:
    assert from_descriptor(pipe(" Zürich \n".encode()))() == " Zürich "


def test_a_descriptor_leaves_what_follows_the_line(pipe: Callable[[bytes], int]) -> None:
    descriptor = pipe(b"secret one\nMSH|")
    from_descriptor(descriptor)()
    assert os.read(descriptor, 10) == b"MSH|"


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfesecret\n", b"x" * 4097 + b"\n"])
def test_a_descriptor_without_a_usable_line_is_refused_without_saying_it(
    pipe: Callable[[bytes], int], content: bytes
) -> None:
    with pytest.raises(Refused) as refusal:
        from_descriptor(pipe(content))()
    assert refusal.value.code == "SEC-0006"
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("descriptor", [-1, 999_999, 1 << 40])
def test_a_closed_descriptor_is_unavailable(descriptor: int) -> None:
    with pytest.raises(Unavailable) as refusal:
        from_descriptor(descriptor)()
    assert refusal.value.code == "SEC-0005"


def test_the_environment_gives_its_value_and_an_empty_one_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "from outside")
    assert from_environment()() == "from outside"
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "")
    assert from_environment()() is None
    monkeypatch.delenv(ENVIRONMENT_VARIABLE)
    assert from_environment()() is None


def test_the_prompt_asks_once_and_twice_when_choosing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answers(monkeypatch, "typed", "chosen", "chosen")
    assert from_prompt()() == "typed"
    assert len(asked) == 1
    assert from_prompt(confirm=True)() == "chosen"
    assert len(asked) == 3


def test_two_different_entries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "chosen", "choosen")
    with pytest.raises(Refused) as refusal:
        from_prompt(confirm=True)()
    assert refusal.value.code == "SEC-0007"


def test_end_of_input_at_the_prompt_cancels(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch)
    with pytest.raises(Cancelled):
        from_prompt()()


@pytest.mark.parametrize("stdin", [io.StringIO("piped"), None])
def test_without_a_terminal_nothing_is_asked(monkeypatch: pytest.MonkeyPatch, stdin: io.StringIO | None) -> None:
    monkeypatch.setattr("sys.stdin", stdin)
    assert from_prompt()() is None


def test_later_sources_are_not_asked_once_one_has_given() -> None:
    def never() -> str:
        raise AssertionError("asked without need")

    assert first_of(lambda: None, from_value("second"), never)() == "second"


def test_no_passphrase_anywhere_is_unavailable_and_says_the_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(Unavailable) as refusal:
        first_of(*headless_sources())()
    assert refusal.value.code == "SEC-0002"
    assert ENVIRONMENT_VARIABLE in refusal.value.hint
    assert "--passphrase-fd" in refusal.value.hint


def test_the_descriptor_comes_before_the_environment_and_that_before_the_prompt(
    pipe: Callable[[bytes], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, "typed")
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "from outside")
    assert first_of(*headless_sources(pipe(b"from fd\n")))() == "from fd"
    assert first_of(*headless_sources())() == "from outside"
    monkeypatch.delenv(ENVIRONMENT_VARIABLE)
    assert first_of(*headless_sources())() == "typed"
