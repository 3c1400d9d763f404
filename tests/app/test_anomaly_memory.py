"""The running history of a workspace, and anomalies of FHIR captures."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from workbench.app.operations.anomalies import Anomaly, Kind, anomalies
from workbench.app.operations.anomaly_counts import History, history_of
from workbench.app.operations.anomaly_memory import forget, memory_of, remember
from workbench.app.session import Session
from workbench.cli.command_line import run
from workbench.kernel.errors import ExitCode, Refused
from workbench.kernel.progress import JobContext
from workbench.messages.capture import Capture, open_capture
from workbench.security.keys import Argon2Cost
from workbench.security.passphrase import ENVIRONMENT_VARIABLE
from workbench.store.workspace import Workspace

TODAY = date(2026, 3, 2)
PASSPHRASE = "correct horse battery"
LOINC = "http://loinc.org"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "hospital.workspace"
    Session(Workspace.create(made, PASSPHRASE, cost=Argon2Cost(time_cost=1, memory_kib=8, lanes=1))).close()
    return made


@pytest.fixture
def session(folder: Path) -> Iterator[Session]:
    made = Session(Workspace.open(folder, PASSPHRASE))
    yield made
    made.close()


def capture_of(path: Path, text: str) -> Capture:
    path.write_text(text, "utf-8", newline="")
    return open_capture([path], JobContext())


def adt(number: int, ward: str = "3W", service: str = "MED") -> str:
    return (
        f"MSH|^~\\&|REG|GH|WB|T|20260302082200||ADT^A01^ADT_A01|C{number}|T|2.5.1\rEVN|A01|20260302\r"
        f"PID|1||{number}^^^GH^MR||Doe^Jo||19800103|F\rPV1|1|I|{ward}^2^A^GH|||||||{service}\r"
    )


def observation(number: int, value: float, unit: str = "mmol/L", code: str = "2345-7", status: str = "final") -> str:
    resource = {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": status,
        "code": {"coding": [{"system": LOINC, "code": code, "display": "Glucose"}]},
        "subject": {"reference": f"Patient/{number}"},
        "valueQuantity": {"value": round(value, 2), "unit": unit, "code": unit},
    }
    return json.dumps(resource)


def observations(seed: int, count: int = 150, mean: float = 5.5, unit: str = "mmol/L") -> list[str]:
    chance = random.Random(seed)
    return [observation(number, chance.gauss(mean, 0.6), unit) for number in range(count)]


def history(path: Path, text: str) -> History:
    return history_of(capture_of(path, text), JobContext(), workers=1)


def compared(tmp_path: Path, before: list[str], now: list[str]) -> list[Anomaly]:
    first = history(tmp_path / "before.ndjson", "\n".join(before))
    return anomalies(first, history(tmp_path / "now.ndjson", "\n".join(now)))


def test_a_history_is_the_same_after_it_was_kept(tmp_path: Path, session: Session) -> None:
    capture = capture_of(tmp_path / "first.hl7", "".join(adt(n) for n in range(40)))
    remember(session, capture, history_of(capture, JobContext(), workers=1), TODAY)
    memory = memory_of(session)
    assert memory.words == "40 messages of 1 capture since 2026-03-02"
    now = history(tmp_path / "now.hl7", "".join(adt(n, service="SUR" if n == 7 else "MED") for n in range(40)))
    (found,) = anomalies(memory.history, now)
    assert (found.kind, found.place, found.what, found.first) == (Kind.NEW_CODE, "PV1-10", "SUR", 7)


def test_what_any_earlier_capture_had_is_no_anomaly(tmp_path: Path, session: Session) -> None:
    for number, service in enumerate(("MED", "SUR")):
        capture = capture_of(tmp_path / f"{number}.hl7", "".join(adt(n, service=service) for n in range(40)))
        remember(session, capture, history_of(capture, JobContext(), workers=1), TODAY)
    now = history(tmp_path / "now.hl7", "".join(adt(n, service=("MED", "SUR")[n % 2]) for n in range(40)))
    memory = memory_of(session)
    assert memory.history.messages == 80
    assert [one for one in anomalies(memory.history, now) if one.kind is Kind.NEW_CODE] == []


def test_a_capture_is_added_once_and_audited(tmp_path: Path, session: Session) -> None:
    capture = capture_of(tmp_path / "first.hl7", adt(1) * 30)
    counted = history_of(capture, JobContext(), workers=1)
    remember(session, capture, counted, TODAY)
    with pytest.raises(Refused, match="already") as refused:
        remember(session, capture, counted, TODAY)
    assert refused.value.code == "APP-0141"
    forget(session)
    assert memory_of(session).captures == ()
    assert [e.action for e in session.audit_entries()][-2:] == ["anomalies.remember", "anomalies.forget"]


def test_what_identifies_people_is_not_kept(tmp_path: Path, session: Session, folder: Path) -> None:
    text = "".join(adt(n).replace("Doe^Jo", f"Zebrastripe{n}^Jo") for n in range(60))
    capture = capture_of(tmp_path / "first.hl7", text)
    remember(session, capture, history_of(capture, JobContext(), workers=1), TODAY)
    kept = session.kept("anomaly-history", "running")
    assert kept is not None
    assert "Zebrastripe" not in json.dumps(kept.body)
    assert "MED" in json.dumps(kept.body)
    assert not any(b"of_type" in path.read_bytes() for path in folder.rglob("*") if path.is_file()), "it is encrypted"


def test_two_samples_of_the_same_fhir_feed_agree(tmp_path: Path) -> None:
    assert compared(tmp_path, observations(1), observations(2)) == []


def test_units_codes_results_and_elements_of_fhir_are_compared(tmp_path: Path) -> None:
    now = [*observations(3, 80, unit="mg/dL"), *observations(4, 80, mean=11)]
    now[5] = observation(5, 5.5, status="amended")
    now = [
        text.replace('"subject"', '"focus"', 1).replace('{"reference": "Patient', '[{"reference": "Patient')
        for text in now
    ]
    now = [text.replace('"}, "valueQuantity"', '"}], "valueQuantity"') for text in now]
    found = {(one.kind, one.place, one.what) for one in compared(tmp_path, observations(1), now)}
    assert (Kind.UNIT, "2345-7 Glucose", "mg/dL") in found
    assert (Kind.SHIFT, "2345-7 Glucose", "mmol/L") in found
    assert (Kind.NEW_CODE, "Observation.status", "amended") in found
    assert (Kind.ELEMENT_LOST, "Observation", "subject") in found
    assert (Kind.ELEMENT_NEW, "Observation", "focus") in found


def test_v2_beside_fhir_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        anomalies(history(tmp_path / "a.hl7", adt(1) * 30), history(tmp_path / "b.ndjson", observation(1, 5)))
    assert refused.value.code == "APP-0140"


def test_the_command_line_remembers_only_when_asked(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, PASSPHRASE)
    first, second = tmp_path / "first.hl7", tmp_path / "second.hl7"
    first.write_text("".join(adt(n) for n in range(40)), "utf-8", newline="")
    second.write_text("".join(adt(n, service="SUR") for n in range(40)), "utf-8", newline="")
    plain = ["messages", "anomalies", "--workspace", str(folder), "--format", "json", "--workers", "1"]
    assert run([*plain, str(first)], None) == ExitCode.CLEAN
    assert "0 messages of 0 captures" in capsys.readouterr().err
    assert run([*plain, str(first), "--remember"], None) == ExitCode.CLEAN
    capsys.readouterr()
    assert run([*plain, str(second)], None) == ExitCode.ISSUES
    said = capsys.readouterr()
    assert "40 messages of 1 capture" in said.err
    assert {(one["kind"], one["what"]) for one in json.loads(said.out)} >= {("new code", "SUR")}
    assert run(["messages", "anomalies", str(second), "--remember"], None) == ExitCode.REFUSED
