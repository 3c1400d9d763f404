from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.kernel.errors import Refused
from workbench.store.json_text import content_hash, from_text, to_text
from workbench.store.workspace import Workspace

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_zero())
LEAVES = st.none() | st.booleans() | st.integers() | DECIMALS | WORDS
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4))


@given(st.dictionaries(WORDS, JSON, max_size=5))
def test_json_comes_back_as_it_was_in_value_and_order(body: dict[str, Any]) -> None:
    back = from_text(to_text(body, "it"))
    assert back == body
    assert list(back) == list(body)
    assert content_hash(from_text(to_text(back, "it"))) == content_hash(back)


def test_a_dose_keeps_the_decimals_that_were_written() -> None:
    assert to_text({"dose": Decimal("0.1250")}, "it") == '{"dose":0.1250}'
    assert str(from_text('{"dose": 0.1250}')["dose"]) == "0.1250"


def test_the_hash_does_not_depend_on_the_order_of_names_but_on_every_value() -> None:
    assert content_hash({"a": 1, "b": {"c": 2, "d": 3}}) == content_hash({"b": {"d": 3, "c": 2}, "a": 1})
    assert content_hash({"a": Decimal("0.10")}) != content_hash({"a": Decimal("0.1")})


def test_revisions_count_from_one(workspace: Workspace) -> None:
    first = workspace.documents.put("mapping", "lab", {"n": 1}, based_on=0)
    second = workspace.documents.put("mapping", "lab", {"n": 2}, based_on=first.revision)
    assert (first.revision, second.revision) == (1, 2)
    stored = workspace.documents.get("mapping", "lab")
    assert stored == second
    assert stored is not None
    assert stored.content_hash == second.content_hash
    assert abs(stored.updated - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("based_on", [0, 1, 3])
def test_a_stale_change_is_refused_and_changes_nothing(workspace: Workspace, based_on: int) -> None:
    workspace.documents.put("mapping", "lab", {"n": 1}, based_on=0)
    workspace.documents.put("mapping", "lab", {"n": 2}, based_on=1)
    for stale in (
        lambda: workspace.documents.put("mapping", "lab", {"n": 3}, based_on=based_on),
        lambda: workspace.documents.delete("mapping", "lab", based_on=based_on),
    ):
        with pytest.raises(Refused) as refusal:
            stale()
        assert refusal.value.code == "STO-0007"
    stored = workspace.documents.get("mapping", "lab")
    assert stored is not None
    assert (stored.revision, stored.body) == (2, {"n": 2})


def test_a_change_of_what_does_not_exist_is_refused(workspace: Workspace) -> None:
    for based_on in (0, 1):
        with pytest.raises(Refused):
            workspace.documents.delete("mapping", "lab", based_on=based_on)
    with pytest.raises(Refused):
        workspace.documents.put("mapping", "lab", {}, based_on=1)
    assert workspace.documents.get("mapping", "lab") is None


def test_a_deleted_document_is_gone_and_its_revisions_are_not_given_out_again(workspace: Workspace) -> None:
    workspace.documents.put("mapping", "lab", {"n": 1}, based_on=0)
    workspace.documents.delete("mapping", "lab", based_on=1)
    assert workspace.documents.get("mapping", "lab") is None
    assert workspace.documents.list() == ()
    assert workspace.documents.put("mapping", "lab", {"n": 2}, based_on=0).revision == 3


def test_listing_is_by_kind_and_in_order(workspace: Workspace) -> None:
    for kind, name in (("suite", "b"), ("mapping", "z"), ("mapping", "a")):
        workspace.documents.put(kind, name, {}, based_on=0)
    assert [(head.kind, head.id) for head in workspace.documents.list()] == [
        ("mapping", "a"),
        ("mapping", "z"),
        ("suite", "b"),
    ]
    assert [head.id for head in workspace.documents.list("mapping")] == ["a", "z"]


def test_half_a_surrogate_pair_is_refused_without_showing_the_text(workspace: Workspace) -> None:
    for store in (
        lambda: workspace.documents.put("case", "1", {"name": "Secret\ud800"}, based_on=0),
        lambda: workspace.journal.append("case", "1", {"name": "Secret\ud800"}, based_on=0),
        lambda: workspace.settings.set("name", "Secret\ud800"),
    ):
        with pytest.raises(Refused) as refusal:
            store()
        assert refusal.value.code == "STO-0010"
        assert refusal.value.__cause__ is None
        assert "Secret" not in str(refusal.value)


def test_a_transaction_happens_wholly_or_not_at_all(workspace: Workspace) -> None:
    def fail_half_way() -> None:
        with workspace.transaction():
            workspace.documents.put("case", "1", {}, based_on=0)
            workspace.audit.append("anna", "case.save", "case", "1")
            raise FileNotFoundError("the caller's own trouble")

    with pytest.raises(FileNotFoundError):
        fail_half_way()
    assert workspace.documents.get("case", "1") is None
    assert workspace.audit.verify().count == 0
    with workspace.transaction():
        document = workspace.documents.put("case", "1", {}, based_on=0)
        workspace.audit.append("anna", "case.save", document.kind, document.id, document.content_hash)
    assert workspace.audit.verify().count == 1


def test_threads_take_turns(workspace: Workspace) -> None:
    def save(name: str) -> None:
        for n in range(20):
            workspace.documents.put("case", f"{name}{n}", {"n": n}, based_on=0)
            workspace.audit.append(name, "case.save", "case", f"{name}{n}")

    threads = [threading.Thread(target=save, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(workspace.documents.list("case")) == 80
    report = workspace.audit.verify()
    assert (report.intact, report.count) == (True, 80)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(value=JSON)
def test_settings_hold_any_json(workspace: Workspace, value: Any) -> None:
    workspace.settings.set("it", value)
    assert workspace.settings.get("it") == value


def test_settings_have_a_default_and_can_be_removed(workspace: Workspace) -> None:
    assert workspace.settings.get("theme", "light") == "light"
    workspace.settings.set("theme", "dark")
    workspace.settings.set("columns", [1, 2])
    assert workspace.settings.all() == {"columns": [1, 2], "theme": "dark"}
    workspace.settings.remove("theme")
    assert workspace.settings.get("theme") is None
