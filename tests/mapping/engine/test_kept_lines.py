"""Lines that are no segments are kept like everything that no rule maps, and never lost."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.mapping import test_directions
from tests.mapping.conftest import message
from tests.mapping.engine.test_mapping_memory import assert_equal_in_both_modes
from tests.mapping.test_directions import Make, normal
from tests.mapping.test_directions import message as v2_message
from workbench.mapping.engine.compile import CompiledMapping
from workbench.mapping.engine.ledger import Fate

MappingOf = Callable[..., CompiledMapping]
KEPT = "https://example.org/kept"
IGNORED = 'ignore:\n  - {id: others, from: "PID*", reason: Not of this test.}\n'
RULES = f"  - {{id: family, from: PID-5.1, to: name.family}}\n{IGNORED}"
HEAD = f"extensions: {{kept: {KEPT}}}\nignore: [{{id: msh, from: MSH, reason: Not of this test.}}]\n"
KEEP = HEAD + 'keep: [{id: rest, from: "*", reason: No rule for it.}]\n'
LINE = "left arm & right arm^~|ok\\T\\"


def kept(mapping: CompiledMapping, *lines: str) -> list[tuple[str, str]]:
    bundle = json.loads(json.dumps(mapping.run(message("ADT^A01", *lines)), default=str))
    found = [
        each for entry in bundle["entry"] for each in entry["resource"].get("extension", []) if each["url"] == KEPT
    ]
    return [tuple(part["valueString"] for part in each["extension"]) for each in found]


def test_a_line_is_kept_as_it_was_sent_with_its_number(mapping_of: MappingOf) -> None:
    mapping = mapping_of(RULES, head=KEEP)
    assert kept(mapping, "PID|||||DOE", LINE, "ZZZ|x", "and more") == [
        ("ZZZ-1.1", "x"),
        ("line 3", LINE),
        ("line 5", "and more"),
    ]


def test_the_ledger_says_preserved_and_the_trace_where(mapping_of: MappingOf) -> None:
    traced = mapping_of(RULES, head=KEEP).trace(message("ADT^A01", "PID|||||DOE", LINE))
    traced.ledger.check()
    (entry,) = [each for each in traced.ledger.entries if each.field == "no segment"]
    assert (entry.fate, entry.rule) == (Fate.PRESERVED, "keep/rest")
    assert entry.targets[0].endswith("#extension[0]")
    assert [each.source[0].path for each in traced.trace if each.map_id == "keep"] == ["line 3"]
    (span,) = [each.source[0].span for each in traced.trace if each.map_id == "keep"]
    assert span is not None and span.end - span.start == len(LINE)


@pytest.mark.parametrize("pattern", ["Z*", "PID*", "PID"])
def test_only_what_covers_everything_covers_a_line(mapping_of: MappingOf, pattern: str) -> None:
    mapping = mapping_of(RULES, head=HEAD + f'keep: [{{id: some, from: "{pattern}", reason: Some.}}]\n')
    assert kept(mapping, "PID|||||DOE", LINE) == []
    assert mapping.trace(message("ADT^A01", "PID|||||DOE", LINE)).ledger.counts()[Fate.LOST] == 1


def test_a_rule_that_ignores_everything_ignores_a_line(mapping_of: MappingOf) -> None:
    mapping = mapping_of(RULES, head=KEEP.replace("from: MSH", 'from: "*"'))
    assert kept(mapping, "PID|||||DOE", LINE) == []
    ledger = mapping.trace(message("ADT^A01", "PID|||||DOE", LINE)).ledger
    assert [each.fate for each in ledger.entries if each.field == "no segment"] == [Fate.IGNORED]


def test_a_condition_of_the_rule_holds_for_lines_too(mapping_of: MappingOf) -> None:
    mapping = mapping_of(RULES, head=KEEP.replace('from: "*",', 'from: "*", when: PID-8 valued,'))
    assert kept(mapping, "PID|||||DOE", LINE) == []
    assert kept(mapping, "PID|||||DOE|||F", LINE) == [("line 3", LINE)]


LINES = st.sampled_from([LINE, "x", "PID", "NTE", "NTE|1||text", "ZZZ|a^b", "  ", "OB", "a|b", "\\.br\\"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINES, max_size=6), name=st.sampled_from(["DOE", "", '""']))
def test_fast_and_traced_runs_keep_the_same_lines(mapping_of: MappingOf, lines: list[str], name: str) -> None:
    mapping = mapping_of(RULES, head=KEEP)
    given_message = message("ADT^A01", f"PID|1||||{name}", *lines)
    assert_equal_in_both_modes(mapping, given_message)
    ledger = mapping.trace(given_message).ledger
    ledger.check()
    assert ledger.counts()[Fate.LOST] == 0 or not name.strip('"')


# --- from v2 to v2 ---------------------------------------------------------------------------------------------------

make = test_directions.make


def test_a_line_goes_over_as_it_stands_from_v2_to_v2(make: Make) -> None:
    traced = normal(make, "{id: sex, from: PID-8, to: PID-8}").trace(v2_message("PID|1|||||||M", LINE, "ZZZ|1"))
    assert LINE in traced.texts[0].split("\r")
    assert traced.ledger.counts()[Fate.LOST] == 0


def test_a_line_is_kept_where_rules_say_everything(make: Make) -> None:
    head = 'copy: false\nextensions: {kept: ZKP}\nkeep: [{id: rest, from: "*", reason: No rule for it.}]\n'
    traced = normal(make, "{id: sex, from: PID-8, to: PID-8}", header=head).trace(v2_message("PID|1|||||||M", LINE))
    traced.ledger.check()
    assert traced.ledger.counts()[Fate.LOST] == 0
    assert "right arm" in traced.texts[0]
