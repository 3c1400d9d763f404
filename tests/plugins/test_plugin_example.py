"""The plug-in of the help page: all four hooks, from the command line, in this process and in workers."""

from __future__ import annotations

import base64
import json
import pickle
import shutil
from pathlib import Path

import pytest

from tests.plugins.conftest import Install
from workbench.app.operations.plugins import allow, plugin_row
from workbench.cli.command_line import run
from workbench.export.verify import verify
from workbench.kernel.errors import Refused
from workbench.mapping.load import load_package
from workbench.mapping.transforms import TRANSFORMS
from workbench.messages.capture import open_capture
from workbench.messages.registry import READERS
from workbench.messages.rewriting import rewritten
from workbench.plugins.consent import read_allowed
from workbench.plugins.loading import plugins
from workbench.validation.validator import rules

ADT = (
    b"MSH|^~\\&|A|B|C|D|20240102120000+0000||ADT^A01^ADT_A01|M1|T|2.5.1\rEVN||20240102120000+0000\r"
    b"PID|1||7992739871^^^H^MR||DOE^JOHN||19800103|M\rPV1|1|I\r"
)
GOOD = ADT.replace(b"7992739871^", b"79927398713^")


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    """A file of the Acme gateway."""
    path = tmp_path / "gateway.txt"
    path.write_bytes(b"".join(base64.b64encode(each) + b"\n" for each in (ADT, GOOD)))
    return path


PACKAGE = {
    "package.yaml": """\
id: site-map
title: Site
version: 1.0.0
owner: Acme
status: approved
ignore:
  - {id: rest, from: "*", reason: This package is about one field only., by: Tester}
""",
    "messages/ADT.yaml": """\
map: ADT
for: ["ADT^*"]
rows:
  - {id: patient, from: PID, make: Patient, using: PID-Patient, identity: [MSH-4, PID-3.1]}
""",
    "segments/PID-Patient.yaml": """\
map: PID-Patient
from: PID
to: Patient
rules:
  - {id: acme-number, from: PID-3.1, to: identifier.value, transform: acme.check-digit}
""",
}


def write_package(folder: Path, transform: str = "acme.check-digit") -> Path:
    """A mapping that does something with the patient's number."""
    for name, text in PACKAGE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.replace("acme.check-digit", transform), encoding="utf-8")
    return folder


@pytest.fixture
def site_package(tmp_path: Path) -> Path:
    """A mapping that adds a check digit."""
    return write_package(tmp_path / "site-map")


def _allow(name: str) -> None:
    assert run(["plugins", "allow", name, "--yes"], None) == 0


def test_consent_shows_what_it_is_before_anything_of_it_runs(
    acme: str, settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["plugins", "allow", acme], None) == 2, "nobody was there to agree"
    said = capsys.readouterr()
    for words in (
        "acme-hl7 1.2.0",
        "What the hospitals of Acme need",
        "transforms for mapping rules",
        "SHA-256",
        "your rights",
        "patients' data",
    ):
        assert words in said.out
    assert "PLG-0008" in said.err
    assert not settings.exists()
    assert plugins().loaded == ()


def test_a_plug_in_that_nobody_named_is_not_loaded(
    acme: str, gateway: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["plugins", "list", "--format", "json"], None) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["state"], row["brings"]) == (acme, "not allowed", [])
    assert len(open_capture([gateway])) == 0
    assert not [name for name in TRANSFORMS if "." in name]


def test_an_allowed_plug_in_reads_and_judges_in_this_process_and_in_workers(
    acme: str, gateway: Path, settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _allow(acme)
    (consent,) = read_allowed(settings)
    assert (consent.name, consent.version, len(consent.digest)) == ("acme-hl7", "1.2.0", 64)
    capsys.readouterr()
    gateway.write_bytes(gateway.read_bytes() * 250)
    for workers in ("1", "2"):
        assert run(["validate", str(gateway), "--format", "ndjson", "--workers", workers], None) == 0, "only warnings"
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        own = [each for each in found if each["rule"] == "ACME-0001"]
        assert len(own) == 250, workers
        assert own[0]["path"] == "PID-3"
        assert "ends with its check digit" in rules()["ACME-0001"].title
        assert not [each for each in found if each["rule"].startswith("PLG-")]


def test_what_a_reader_takes_apart_is_put_together_again(acme: str, gateway: Path) -> None:
    _allow(acme)
    capture = open_capture([gateway])
    assert list(capture) == [ADT, GOOD]
    assert capture.framings == ((str(gateway), "Acme gateway"),)
    (part,) = capture.parts
    changed = b"".join(rewritten(capture, part, {0: GOOD}))
    assert changed == (base64.b64encode(GOOD) + b"\n") * 2


def test_a_reader_crosses_to_other_processes_as_its_name(acme: str) -> None:
    _allow(acme)
    reader = READERS["Acme gateway"]
    assert pickle.loads(pickle.dumps(reader)) is reader  # noqa: S301 - our own bytes


def test_a_rule_uses_a_transform_in_this_process_and_in_workers(acme: str, site_package: Path, tmp_path: Path) -> None:
    _allow(acme)
    (tmp_path / "feed.hl7").write_bytes(ADT * 401)
    results = []
    for workers in ("1", "2"):
        out = tmp_path / f"{workers}.ndjson"
        arguments = ["map", str(tmp_path / "feed.hl7"), "--mapping", str(site_package), "--out", str(out)]
        assert run([*arguments, "--workers", workers], None) == 0
        results.append(out.read_bytes())
    assert results[0] == results[1]
    lines = results[0].splitlines()
    assert len(lines) == 401
    assert all(b'"79927398713"' in line for line in lines)


def test_a_mapping_says_which_plug_in_it_misses(
    site_package: Path, tmp_path: Path, settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "feed.hl7").write_bytes(ADT)
    assert run(["map", str(tmp_path / "feed.hl7"), "--mapping", str(site_package)], None) == 2
    said = capsys.readouterr().err
    assert "acme.check-digit" in said and "plug-in" in said


def test_an_export_of_such_a_rule_is_refused_by_name_and_a_draft_says_so(
    acme: str, site_package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _allow(acme)
    arguments = ["export", str(site_package), "--target", "python", "--out", str(tmp_path / "out")]
    assert run(arguments, None) == 2
    assert "PID-Patient/acme-number (acme.check-digit)" in capsys.readouterr().err
    assert run([*arguments, "--draft"], None) == 0
    assert "python cannot run the transforms of plug-ins in 1 rules" in capsys.readouterr().err


def test_a_target_of_a_plug_in_builds_what_can_be_verified(
    acme: str, site_package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _allow(acme)
    out = tmp_path / "out"
    assert run(["export", str(site_package), "--target", "acme-board", "--out", str(out), "--draft"], None) == 0
    assert "EXP-0109" not in capsys.readouterr().err
    (artefact,) = out.iterdir()
    assert verify(artefact).target == "acme-board"
    assert artefact.name == "site-map-1.0.0-DRAFT-rules.tgz"


def test_naming_it_loads_it_for_this_run_only(
    acme: str, gateway: Path, settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["--plugin", acme, "validate", str(gateway), "--format", "ndjson", "--workers", "1"], None)
    assert "ACME-0001" in capsys.readouterr().out
    assert not settings.exists()


def test_the_window_may_be_opened_with_it(acme: str) -> None:
    assert run([], lambda: int("acme.check-digit" in TRANSFORMS)) == 0
    assert run(["--plugin", acme], lambda: 40 + ("acme.check-digit" in TRANSFORMS)) == 41


def test_what_is_forbidden_is_gone_at_once(acme: str, settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _allow(acme)
    assert "acme.check-digit" in TRANSFORMS and "ACME-0001" in rules()
    assert run(["plugins", "forbid", "Acme_HL7"], None) == 0, "names are compared as pip does"
    assert "acme.check-digit" not in TRANSFORMS and "ACME-0001" not in rules()
    assert read_allowed(settings) == ()
    assert run(["plugins", "forbid", acme], None) == 1
    assert "was not allowed" in capsys.readouterr().out


def test_other_files_under_the_same_version_are_asked_about_again(
    acme: str, install: Install, gateway: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _allow(acme)
    plugins().unload(acme)
    with (tmp_path / "site" / "acme_hl7.py").open("a") as module:
        module.write("\n# changed\n")
    capsys.readouterr()
    assert run(["plugins", "list"], None) == 1
    assert "changed since it was allowed" in capsys.readouterr().out
    run(["validate", str(gateway), "--workers", "1"], None)
    said = capsys.readouterr()
    assert "PLG-0002" in said.err and "its files are others now" in said.err
    assert "ACME-0001" not in said.out


def test_consent_is_to_what_was_shown(acme: str, settings: Path, tmp_path: Path) -> None:
    seen = plugin_row(settings, acme)
    with (tmp_path / "site" / "acme_hl7.py").open("a") as module:
        module.write("\n# changed while the user was reading\n")
    with pytest.raises(Refused) as refused:
        allow(settings, seen)
    assert refused.value.code == "PLG-0002"
    assert not settings.exists() and plugins().loaded == ()


def test_an_allowed_plug_in_that_was_removed_is_named(
    acme: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _allow(acme)
    plugins().unload(acme)
    shutil.rmtree(next((tmp_path / "site").glob("*.dist-info")))
    (tmp_path / "feed.hl7").write_bytes(ADT)
    assert run(["messages", "list", str(tmp_path / "feed.hl7")], None) == 1, "the command itself found nothing"
    assert "PLG-0001" in capsys.readouterr().err
    assert run(["plugins", "list"], None) == 1
    assert "allowed, but not installed" in capsys.readouterr().out


def test_the_editor_flags_the_rule_for_every_engine(site_package: Path) -> None:
    from workbench.mapping.overlay import effective
    from workbench.mapping.portability import CARRIES, Capability, rules_of_plugins

    package = effective(load_package(site_package))
    assert rules_of_plugins(package) == ("PID-Patient/acme-number (acme.check-digit)",)
    assert not [engine for engine, has in CARRIES.items() if Capability.PLUGINS in has]


def test_a_name_that_is_not_installed_is_refused(settings: Path, install: Install) -> None:
    from workbench.plugins.installed import installed

    for name in ("no-such-plug-in", "pytest", ""):
        with pytest.raises(Refused) as refused:
            installed(name)
        assert refused.value.code == "PLG-0001"
