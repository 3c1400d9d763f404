"""Every verb says what of its inputs it could not read, and does not end as if all were well."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest

from workbench.cli.command_line import run
from workbench.kernel.errors import ExitCode

_ADT = b"MSH|^~\\&|A|B|C|D|20240101||ADT^A01^ADT_A01|M1|T|2.5.1\rEVN|A01|20240101\rPID|1||7^^^H||Roe^Jane\rPV1|1|I\r"
_PACKAGE = str(Path(__file__).parents[2] / "mappings" / "v2-normalise")


@pytest.mark.parametrize(
    "words",
    [
        ("ack", "{}"),
        ("messages", "list", "{}"),
        ("messages", "stats", "{}"),
        ("messages", "compare", "{}", "{}"),
        ("validate", "{}"),
        ("fhirpath", "Patient", "{}"),
        ("profile", "learn", "{}", "--out", "{}.yaml"),
        ("map", "{}", "--mapping", _PACKAGE, "--out", "{}.out.hl7"),
        ("terms", "collect", "{}"),
        ("package", "suggest", _PACKAGE, "--capture", "{}"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_what_was_cut_off_is_told_by_every_verb(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: Sequence[str]
) -> None:

    whole = gzip.compress(_ADT + _ADT.replace(b"M1", b"M2") * 200)
    (tmp_path / "feed.hl7.gz").write_bytes(whole[:-20])
    assert run([word.replace("{}", str(tmp_path / "feed.hl7.gz")) for word in words], None) == ExitCode.ISSUES
    assert "CAP-0013" in capsys.readouterr().err
