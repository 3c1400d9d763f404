"""Copies of JSON objects, by whatever way they are made."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from workbench.fhir.json_tree import dumps
from workbench.mapping.engine.template import COPIES_THAT_PAY, Template

TEXTS = st.text() | st.sampled_from(["\udc80", "'''", '"""', "{x}", "\\", "\r\n"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_early_and_late_copies_say_the_same_with_all_digits(element: dict[str, Any]) -> None:
    template = Template(element)
    early = template.copy()
    late = [template.copy() for _ in range(COPIES_THAT_PAY + 1)][-1]
    for copied in (early, late):
        assert copied == element
        assert list(copied) == list(element)
        assert repr(copied) == repr(element)


def test_a_late_copy_can_be_changed_without_a_trace_in_the_next() -> None:
    template = Template({"name": [{"given": ["A"]}], "value": Decimal("5.10")})
    for _ in range(COPIES_THAT_PAY + 2):
        copied: Any = template.copy()
        assert dumps(copied) == dumps({"name": [{"given": ["A"]}], "value": Decimal("5.10")})
        copied["name"][0]["given"].append("B")
        copied["value"] = None


def test_what_a_template_was_made_of_may_change() -> None:
    element: Any = {"name": [{"family": "A"}]}
    template = Template(element)
    before = copy.deepcopy(element)
    element["name"][0]["family"] = "B"
    assert template.copy() == before
