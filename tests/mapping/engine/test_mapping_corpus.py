"""The standard package over other people's messages: equal in both modes, balanced, no dangling reference."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.fhir.bundle import dangling
from workbench.fhir.json_tree import dumps
from workbench.kernel.errors import Refused
from workbench.kernel.shipped import shipped
from workbench.mapping.engine.compile import compile_package
from workbench.mapping.load import load_package
from workbench.v2.er7 import Message, parse


def messages(files: list[Path]) -> list[Message]:
    found = []
    for path in files:
        try:
            found.append(parse(path.read_bytes()))
        except Refused:
            continue  # batches and fragments are the capture's work
    return found


@pytest.mark.corpus
def test_fast_and_traced_agree_and_every_ledger_balances_on_the_corpus(corpus_root: Path) -> None:
    mapping = compile_package(load_package(shipped("mappings", "v2-to-fhir-r4")))
    mapped = 0
    for message in messages(sorted(corpus_root.rglob("*.hl7"))[::9]):
        if mapping.map_for(message) is None:
            continue
        result = mapping.trace(message)
        assert dumps(mapping.run(message)) == dumps(result.bundle), message.control_id
        assert dangling(result.bundle) == ()
        result.ledger.check()
        mapped += 1
    assert mapped > 50
