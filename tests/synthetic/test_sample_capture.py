"""The shipped sample is what its script builds, and holds what a first look should find."""

from __future__ import annotations

import runpy
from collections import Counter
from pathlib import Path

from workbench.kernel.shipped import shipped
from workbench.messages.capture import open_capture
from workbench.v2.er7 import parse
from workbench.validation.v2_validator import validate_message

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "build_samples.py"
SAMPLE = shipped("resources", "samples", "general-hospital.hl7")


def test_the_sample_is_up_to_date_with_its_script() -> None:
    built = b"".join(runpy.run_path(str(SCRIPT))["general_hospital"]())
    assert SAMPLE.read_bytes() == built


def test_the_sample_holds_every_type_the_shipped_mapping_handles() -> None:
    capture = open_capture([SAMPLE])
    kinds = Counter(f"{m.message_code}^{m.trigger_event}" for m in map(parse, capture))
    assert capture.issues == () and len(capture) == 67
    events = {f"ADT^{event}" for event in ("A01", "A03", "A04", "A08", "A40")}
    assert kinds.keys() == events | {"ORU^R01", "OML^O21", "ORM^O01", "VXU^V04", "SIU^S12", "MDM^T02"}


def test_each_defect_stands_in_a_message_of_its_own() -> None:
    found = [
        {issue.location.path[:5] for issue in validate_message(parse(raw)) if issue.severity.rank <= 1}
        for raw in open_capture([SAMPLE])
    ]
    assert sorted(map(sorted, filter(None, found))) == [["EVN-2"], ["PID-7"]]


def test_local_codes_a_small_dose_and_a_local_segment_are_there() -> None:
    text = SAMPLE.read_bytes().decode("utf-8")
    for part in ("XSPUT9^", "ALG-0417^", "\rZPI|", "|0.125||mg"):
        assert part in text
