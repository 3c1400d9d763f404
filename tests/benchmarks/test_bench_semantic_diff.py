"""How long a comparison of two Bundles of about 190 kB takes; the aim is 1 ms, one entry removed included."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from workbench.fhir import json_tree
from workbench.suites.semantic_diff import diff


def entry(number: int) -> dict[str, Any]:
    return {
        "fullUrl": f"urn:uuid:{number:08}",
        "resource": {
            "resourceType": "Observation",
            "id": f"{number:08}",
            "status": "final",
            "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category"}]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": f"{number}-1", "display": "Something"}]},
            "subject": {"reference": "urn:uuid:00000000"},
            "effectiveDateTime": "2026-03-02T08:00:00-05:00",
            "valueQuantity": {"value": Decimal("5.40"), "unit": "mg/dL", "system": "http://unitsofmeasure.org"},
        },
        "request": {"method": "POST", "url": "Observation"},
    }


@pytest.mark.parametrize("removed", [0, 1])
def test_keyed_comparison(benchmark: Any, removed: int) -> None:
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry(n) for n in range(230)]}
    raw = json_tree.dumps(bundle, indent=2)
    assert 180_000 < len(raw) < 250_000
    expected, actual = json_tree.parse(raw).value, json_tree.parse(raw).value
    entries: Any = actual["entry"]
    del entries[100 : 100 + removed]
    assert len(benchmark(diff, expected, actual).changes) == removed
