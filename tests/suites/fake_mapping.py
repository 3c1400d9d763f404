"""A small mapping with faults on demand, so that suites can be tested without the real one.

Its package folder holds `behaviour.json`: `{"drop": "AL1"}`, `{"die": "<control id>"}` and so on.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from workbench.fhir.bundle import Entry, transaction, urn_uuid
from workbench.kernel.errors import Refused
from workbench.kernel.issues import Issue
from workbench.kernel.location import Location
from workbench.v2.er7 import Message


@dataclass(frozen=True)
class Used:
    location: Location
    fate: str


@dataclass(frozen=True)
class Ledger:
    entries: tuple[Used, ...]


@dataclass(frozen=True)
class Result:
    bundle: Mapping[str, object]
    ledger: Ledger
    issues: tuple[Issue, ...] = ()


class FakeMapper:
    def __init__(self, behaviour: Mapping[str, str]) -> None:
        self._behaviour = behaviour
        self._runs = 0

    def run(self, message: Message) -> Mapping[str, object]:
        return self.trace(message).bundle

    def trace(self, message: Message) -> Result:
        self._runs += 1
        control_id = message.control_id
        if self._behaviour.get("die") == control_id:
            os._exit(9)
        time.sleep(float(self._behaviour.get("slow", "0")))
        if self._behaviour.get("refuse") == control_id:
            raise Refused("MAP-0999", "No map for this message.")
        if self._behaviour.get("break") == control_id:
            raise KeyError("a patient's value")
        stop_after = self._behaviour.get("stop-after")
        if stop_after and self._runs > int(stop_after):
            raise OSError(28, "No space left on device")
        return Result(transaction(self._entries(message)), Ledger(tuple(self._ledger(message))))

    def _entries(self, message: Message) -> Iterator[Entry]:
        number = message.value("PID-3.1")
        patient = urn_uuid("patient", number)
        name = {"family": message.value("PID-5.1"), "given": [message.value("PID-5.2") or "?"]}
        if self._behaviour.get("unstable"):
            name["family"] += str(self._runs)
        identifier = {"system": "urn:oid:1.2.3", "value": number}
        yield Entry(patient, {"resourceType": "Patient", "identifier": [identifier], "name": [name]})
        subject = urn_uuid("nobody") if self._behaviour.get("dangle") else patient
        for allergy in () if self._behaviour.get("drop") == "AL1" else message.named("AL1"):
            code = {"text": allergy.value(3, component=2)}
            resource = {"resourceType": "AllergyIntolerance", "code": code, "patient": {"reference": subject}}
            yield Entry(urn_uuid("allergy", number, allergy.value(1)), resource)
        for order in message.named("RXO"):
            dose = order.value(2)
            if self._behaviour.get("round"):
                dose = str(int(Decimal(dose)))
            quantity = {"value": Decimal(dose), "unit": order.value(4)}
            resource = {
                "resourceType": "MedicationRequest",
                "status": "active",
                "intent": "order",
                "medicationCodeableConcept": {"text": order.value(1, component=2)},
                "subject": {"reference": patient},
                "dosageInstruction": [{"doseAndRate": [{"doseQuantity": quantity}]}],
            }
            yield Entry(urn_uuid("medication", number), resource)

    def _ledger(self, message: Message) -> Iterator[Used]:
        for segment in message.segments:
            lost = segment.name == self._behaviour.get("drop")
            yield Used(Location(segment.path()), "lost" if lost else "mapped")


def fake_mapper(folder: Path) -> FakeMapper:
    return FakeMapper(json.loads((folder / "behaviour.json").read_text()))
