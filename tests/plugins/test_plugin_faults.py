"""A plug-in that does not work is named, costs no more than what it was asked for, and tells no patient's value."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import pytest

from tests.plugins.conftest import Install
from tests.plugins.test_plugin_example import ADT, write_package
from workbench.cli.command_line import run
from workbench.export.package import EXPORTERS
from workbench.kernel.errors import Refused
from workbench.mapping.transforms import TRANSFORMS
from workbench.messages.capture import open_capture
from workbench.messages.registry import READERS
from workbench.plugins.built_in import exporters, message_formats, transforms, validators
from workbench.plugins.consent import read_allowed
from workbench.plugins.hooks import hookimpl
from workbench.plugins.installed import Hook, installed
from workbench.plugins.loading import plugins
from workbench.validation.validator import VALIDATORS

HEAD = """\
from array import array
from workbench.kernel.issues import Issue, IssueType, RuleSource, Severity
from workbench.kernel.location import Location
from workbench.mapping.transforms import Transform
from workbench.messages.reading import AsItStands, Found
from workbench.plugins.hooks import hookimpl
from workbench.validation.validator import RuleDefinition

class Reader(AsItStands):
    name = "bad reader"
    def sniff(self, head): return head.startswith(b"!bad")
    def read(self, name, buffer, ctx):
        yield Found(array("Q", [5]), array("Q", [len(buffer)]))

class Target:
    name, title = "bad-target", "Bad"
    def file_name(self, release): return "bad.txt"
    def build(self, release): return b""

class Judge:
    name, rules = "bad-judge", ()
    def validate(self, document, against): return ()

"""


def _plugin(install: Install, hook: str, code: str, name: str = "bad") -> str:
    install(name, "0.1", {hook: "bad_module"}, {"bad_module.py": HEAD + code})
    return name


def _refused(name: str) -> Refused:
    before = tuple(map(tuple, (READERS, VALIDATORS, TRANSFORMS, EXPORTERS)))
    with pytest.raises(Refused) as refused:
        plugins().load(installed(name))
    assert "bad 0.1" in refused.value.text
    assert tuple(map(tuple, (READERS, VALIDATORS, TRANSFORMS, EXPORTERS))) == before, "nothing of it is offered"
    assert plugins().loaded == ()
    return refused.value


def _gives(hook: str, value: str) -> str:
    return f"@hookimpl\ndef {hook}():\n    return {value}\n"


def test_the_built_ins_come_through_the_same_door() -> None:
    door = plugins()
    assert door._own.message_formats == message_formats() == READERS.own
    assert door._own.validators == validators() == VALIDATORS.own
    assert door._own.transforms == transforms() == TRANSFORMS.own
    assert door._own.exporters == exporters() == EXPORTERS.own
    assert set(door._own.names()) == set(Hook)
    assert [*READERS.values()] == [*READERS.own]


def test_every_hook_says_what_it_takes_and_what_may_be_raised() -> None:
    from workbench.plugins import hooks

    for hook in Hook:
        specification = getattr(hooks, hook)
        assert "May raise" in specification.__doc__, hook
    assert hookimpl.project_name == "clinical_mapping_workbench"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import no_such_module_here", "ModuleNotFoundError: no_such_module_here"),
        ("raise KeyError('Zebrastripe')", "KeyError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("def broken(:", "SyntaxError"),
    ],
)
def test_one_that_cannot_be_imported(install: Install, code: str, words: str) -> None:
    refusal = _refused(_plugin(install, "transforms", code))
    assert refusal.code == "PLG-0003" and words in refusal.text
    assert "Zebrastripe" not in str(refusal)


@pytest.mark.parametrize(
    ("hook", "code", "words"),
    [
        ("transforms", "", "its metadata names transforms, and it does not implement it"),
        ("transforms", _gives("transforms", "[]") + _gives("exporters", "[]"), "it implements exporters"),
        ("transforms", "@hookimpl\ndef transforms(package):\n    return []\n", "its hooks are not as they must be"),
        ("surprises", "", "names the hook surprises"),
        ("transforms", _gives("transforms", "[str.upper]"), "is no Transform"),
        ("transforms", _gives("transforms", "[Transform('upper', '', str.upper)]"), "upper is not named like"),
        ("transforms", _gives("transforms", "[Transform('a.b', '', str.upper)] * 2"), "is called a.b"),
        ("message_formats", _gives("message_formats", "[object()]"), "is no Reader"),
        ("message_formats", "Reader.name = 'packet trace'\n" + _gives("message_formats", "[Reader()]"), "packet trace"),
        ("exporters", "Target.name = 'python'\n" + _gives("exporters", "[Target()]"), "is called python"),
        ("exporters", "del Target.build\n" + _gives("exporters", "[Target()]"), "is no Exporter"),
        ("validators", "Judge.name = 'hl7-v2'\n" + _gives("validators", "[Judge()]"), "is called hl7-v2"),
        ("validators", "Judge.rules = (1,)\n" + _gives("validators", "[Judge()]"), "a rule is no RuleDefinition"),
        (
            "validators",
            "Judge.rules = (RuleDefinition('V2-0103', Severity.ERROR, '', '', RuleSource('x')),)\n"
            + _gives("validators", "[Judge()]"),
            "another rule is called V2-0103",
        ),
        (
            "exporters",
            "Target.title = property(lambda self: 1 / 0)\n" + _gives("exporters", "[Target()]"),
            "ZeroDivisionError",
        ),
    ],
)
def test_one_that_is_not_what_it_says_or_what_a_hook_takes(install: Install, hook: str, code: str, words: str) -> None:
    refusal = _refused(_plugin(install, hook, code))
    assert refusal.code == "PLG-0004" and words in refusal.text


def test_one_whose_hook_fails(install: Install) -> None:
    refusal = _refused(_plugin(install, "transforms", "@hookimpl\ndef transforms():\n    return {}['Zebrastripe']\n"))
    assert refusal.code == "PLG-0005" and "KeyError in transforms:" in refusal.text
    assert "Zebrastripe" not in str(refusal)


def test_a_broken_one_is_named_and_the_command_goes_on(
    install: Install, settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _plugin(install, "transforms", _gives("transforms", "[]"))
    assert run(["plugins", "allow", "bad", "--yes"], None) == 0
    plugins().unload("bad")
    consent = read_allowed(settings)
    _plugin(install, "transforms", "raise KeyError")
    assert run(["plugins", "allow", "bad", "--yes"], None) == 2, "this process has imported what it was before"
    assert "PLG-0009" in capsys.readouterr().err
    plugins()._imported.clear()
    del sys.modules["bad_module"]
    assert run(["plugins", "allow", "bad", "--yes"], None) == 2, "consent to what does not work is not kept"
    assert read_allowed(settings) == consent
    (tmp_path / "feed.hl7").write_bytes(ADT)
    capsys.readouterr()
    assert run(["--plugin", "bad", "messages", "list", str(tmp_path / "feed.hl7")], None) == 1
    said = capsys.readouterr()
    assert "PLG-0003" in said.err and "bad 0.1" in said.err
    assert "ADT^A01" in said.out


def test_settings_that_cannot_be_read_load_nothing(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.parent.mkdir(parents=True)
    settings.write_text('{"allowed": [1]}')
    (tmp_path / "feed.hl7").write_bytes(ADT)
    assert run(["messages", "list", str(tmp_path / "feed.hl7")], None) == 1
    said = capsys.readouterr()
    assert "PLG-0006" in said.err and "ADT^A01" in said.out
    assert run(["plugins", "list"], None) == 2


JUDGES = {
    "raises": "def validate(self, document, against): raise KeyError(document.value('PID-5.1'))",
    "raises late": "def validate(self, document, against):\n"
    "        yield from ()\n        raise KeyError(document.text)",
    "gives no issue": "def validate(self, document, against): return [document.text]",
    "refuses": "def validate(self, document, against):\n"
    "        from workbench.kernel.errors import Refused\n        raise Refused('X', document.text)",
    "gives a sentence with holes": "def validate(self, document, against):\n"
    "        return [Issue(Severity.ERROR, IssueType.VALUE, 'B-1', Location(), '{missing}', {'other': '1'})]",
}


@pytest.mark.parametrize("how", JUDGES)
def test_a_validator_that_fails_is_a_finding_and_the_others_have_judged(
    how: str,
    install: Install,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="workbench")
    code = f"class Bad(Judge):\n    {JUDGES[how]}\n" + _gives("validators", "[Bad()]")
    _plugin(install, "validators", code)
    (tmp_path / "feed.hl7").write_bytes(ADT.replace(b"DOE", b"Zebrastripe").replace(b"19800103", b"1980Q"))
    arguments = ["validate", str(tmp_path / "feed.hl7"), "--format", "ndjson", "--workers", "1"]
    assert run(["--verbose", "--plugin", "bad", *arguments], None) == 1
    said = capsys.readouterr()
    found = [json.loads(line) for line in said.out.splitlines()]
    (own,) = [each for each in found if each["rule"] == "PLG-0011"]
    assert "bad 0.1" in own["text"] and "the validator bad-judge" in own["text"]
    assert [each for each in found if each["rule"].startswith("V2-")]
    assert "Zebrastripe" not in said.out + said.err + caplog.text


@pytest.mark.parametrize("what", ["{}[text]", "1", "__import__('sys').exit(text)"])
def test_a_transform_that_fails_costs_the_message_and_no_other(
    what: str, install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    code = f"def bad(text):\n    return {what} if text.startswith('Zebra') else text\n"
    _plugin(install, "transforms", code + _gives("transforms", "[Transform('acme.check-digit', '', bad)]"))
    write_package(tmp_path / "map")
    (tmp_path / "feed.hl7").write_bytes(ADT + ADT.replace(b"7992739871", b"Zebrastripe") + ADT)
    out = tmp_path / "out.ndjson"
    arguments = ["map", str(tmp_path / "feed.hl7"), "--mapping", str(tmp_path / "map"), "--out", str(out)]
    assert run(["--plugin", "bad", *arguments, "--workers", "1"], None) == 1
    said = capsys.readouterr()
    assert len(out.read_bytes().splitlines()) == 2
    assert "PLG-0010" in said.err and "bad 0.1" in said.err and "the transform acme.check-digit" in said.err
    assert "Zebrastripe" not in said.err + caplog.text


def test_a_transform_that_cannot_use_a_text_leaves_it_as_it_is(install: Install, tmp_path: Path) -> None:
    code = "from workbench.mapping.values import Misfit\ndef bad(text):\n    raise Misfit(text)\n" + _gives(
        "transforms", "[Transform('acme.check-digit', '', bad)]"
    )
    _plugin(install, "transforms", code)
    write_package(tmp_path / "map")
    (tmp_path / "feed.hl7").write_bytes(ADT)
    out = tmp_path / "out.ndjson"
    arguments = ["map", str(tmp_path / "feed.hl7"), "--mapping", str(tmp_path / "map"), "--out", str(out)]
    run(["--plugin", "bad", *arguments, "--workers", "1"], None)
    assert b"7992739871" in out.read_bytes()


READERS_THAT_FAIL = {
    "read": (
        "def read(self, name, buffer, ctx):\n"
        "        yield Found(array('Q', [5]), array('Q', [9]))\n        raise KeyError(buffer[:])",
        1,
    ),
    "beyond": ("def read(self, name, buffer, ctx):\n        yield Found(array('Q', [5]), array('Q', [10**6]))", 0),
    "backwards": ("def read(self, name, buffer, ctx):\n        yield Found(array('Q', [5, 4]), array('Q', [9, 9]))", 0),
    "again": (
        "def read(self, name, buffer, ctx):\n"
        "        yield Found(array('Q', [6]), array('Q', [9]))\n        yield Found(array('Q', [5]), array('Q', [9]))",
        1,
    ),
    "kinds": ("def read(self, name, buffer, ctx):\n        yield (1, 2)", 0),
}


@pytest.mark.parametrize("how", READERS_THAT_FAIL)
def test_a_reader_that_fails_is_a_finding_of_the_file(how: str, install: Install, tmp_path: Path) -> None:
    code, messages = READERS_THAT_FAIL[how]
    _plugin(install, "message_formats", f"class Bad(Reader):\n    {code}\n" + _gives("message_formats", "[Bad()]"))
    plugins().load(installed("bad"))
    (tmp_path / "a.txt").write_bytes(b"!bad\n" + ADT)
    capture = open_capture([tmp_path / "a.txt"])
    (issue,) = [each for each in capture.issues if each.rule == "PLG-0012"]
    assert "bad 0.1" in issue.text and "the reader bad reader" in issue.text
    assert len(capture) == messages
    assert "DOE" not in issue.text


def test_a_reader_that_fails_to_look_leaves_the_file_to_the_others(install: Install, tmp_path: Path) -> None:
    code = "class Bad(Reader):\n    def sniff(self, head): raise KeyError(head)\n"
    _plugin(install, "message_formats", code + _gives("message_formats", "[Bad()]"))
    plugins().load(installed("bad"))
    (tmp_path / "a.hl7").write_bytes(ADT)
    capture = open_capture([tmp_path / "a.hl7"])
    assert list(capture) == [ADT]
    assert [issue.rule for issue in capture.issues] == ["PLG-0012"]


def test_a_reader_that_fails_to_cut_is_named(install: Install, tmp_path: Path) -> None:
    code = (
        "class Bad(Reader):\n    def cut(self, data): return 'text'\n    def received(self, buffer, start): return 7\n"
    )
    _plugin(install, "message_formats", code + _gives("message_formats", "[Bad()]"))
    plugins().load(installed("bad"))
    (tmp_path / "a.txt").write_bytes(b"!bad\n" + ADT)
    capture = open_capture([tmp_path / "a.txt"])
    with pytest.raises(Refused, match=r"bad 0\.1 failed in the reader bad reader") as refused:
        capture.raw(0)
    assert refused.value.code == "PLG-0010"
    assert capture.received(0) == ""


@pytest.mark.parametrize("verb", ["validate", "map"])
def test_a_message_that_cannot_be_cut_out_costs_no_other(
    verb: str, install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = (
        "class Bad(Reader):\n"
        "    def read(self, name, buffer, ctx):\n"
        "        half = (len(buffer) + 5) // 2\n"
        "        yield Found(array('Q', [5, half]), array('Q', [half, len(buffer)]))\n"
        "    def cut(self, data): return data if b'Zebrastripe' not in data else {}[data]\n"
    )
    _plugin(install, "message_formats", code + _gives("message_formats", "[Bad()]"))
    write_package(tmp_path / "map", "text")
    one = ADT.replace(b"7992739871^", b"Zebrastripe^")
    (tmp_path / "a.txt").write_bytes(b"!bad\n" + one + ADT + b"\r" * (len(one) - len(ADT)))
    more = ["--mapping", str(tmp_path / "map"), "--out", str(tmp_path / "out")] if verb == "map" else []
    assert run(["--plugin", "bad", verb, str(tmp_path / "a.txt"), *more, "--workers", "1"], None) == 1
    said = capsys.readouterr()
    assert "PLG-0010" in said.out + said.err and "bad 0.1" in said.out + said.err
    assert "Zebrastripe" not in said.out + said.err
    if verb == "map":
        assert len(list((tmp_path / "out").iterdir())) == 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def build(self, release): return release.package", "TypeError"),
        ("def build(self, release): raise KeyError", "KeyError"),
        ("def file_name(self, release): return '../elsewhere.txt'", "ValueError"),
        ("def file_name(self, release): raise KeyError", "KeyError"),
    ],
)
def test_a_target_that_fails_writes_nothing(
    code: str, words: str, install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _plugin(install, "exporters", f"class Bad(Target):\n    {code}\n" + _gives("exporters", "[Bad()]"))
    write_package(tmp_path / "map", "text")
    out = tmp_path / "out"
    arguments = ["export", str(tmp_path / "map"), "--target", "bad-target", "--out", str(out), "--draft"]
    assert run(["--plugin", "bad", *arguments], None) == 2
    said = capsys.readouterr().err
    assert "PLG-0010" in said and words in said
    assert not list(tmp_path.rglob("*.txt")) or not out.exists()
