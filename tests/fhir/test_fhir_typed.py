from __future__ import annotations

import subprocess
import sys

import pytest

from workbench.fhir.typed import typed
from workbench.kernel.errors import Refused


def test_a_resource_becomes_an_object() -> None:
    patient = typed({"resourceType": "Patient", "name": [{"family": "Berg"}]})
    assert patient.name[0].family == "Berg"


def test_a_type_the_library_lacks_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        typed({"resourceType": "EffectEvidenceSynthesis"})
    assert refused.value.code == "FHIR-0020"


def test_a_refusal_names_elements_and_no_values() -> None:
    with pytest.raises(Refused) as refused:
        typed({"resourceType": "Patient", "birthDate": "secret"})
    assert refused.value.code == "FHIR-0021"
    assert "birthDate" in refused.value.text
    assert "secret" not in str(refused.value)


def test_the_library_is_loaded_only_when_it_is_used() -> None:
    program = "import workbench.fhir.typed, sys; sys.exit('fhir.resources' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
