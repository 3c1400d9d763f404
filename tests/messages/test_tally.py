from __future__ import annotations

import copy
import pickle

from hypothesis import given
from hypothesis import strategies as st

from workbench.messages import tally as tally_module
from workbench.messages.tally import FieldTally, Seen, Shape, Tally, Value, covering_messages

_shapes = st.frozensets(st.builds(Shape, st.sampled_from("AB"), st.sampled_from("1234567")), min_size=1, max_size=5)
_messages = st.lists(
    st.tuples(st.lists(st.sampled_from(["", "x", "yy", '""', "zzz"]), min_size=1), _shapes), max_size=12
)


def _tally(messages: list[tuple[list[str], frozenset[Shape]]], start: int = 0) -> Tally:
    tally = Tally()
    for number, (texts, shapes) in enumerate(messages, start):
        tally.messages += 1
        counts = tally.field_of("PID", "3")
        counts.note(number, texts)
        for text in texts:
            counts.note_value(Value(text), number)
        tally.note_shapes(shapes, number)
    return tally


@given(_messages, st.integers(0, 12))
def test_parts_merged_say_the_same_as_the_whole(messages: list[tuple[list[str], frozenset[Shape]]], cut: int) -> None:
    first = _tally(messages[:cut])
    first.merge(pickle.loads(pickle.dumps(_tally(messages[cut:], len(messages[:cut])))))  # noqa: S301
    whole = _tally(messages)
    for tally in (first, whole):
        for counts in tally.fields.get("PID", {}).values():
            counts._last = -1
    assert first == whole


@given(st.dictionaries(_shapes, st.builds(Seen, st.just(1), st.integers(0, 99)), max_size=12))
def test_the_smallest_set_shows_every_shape(combinations: dict[frozenset[Shape], Seen]) -> None:
    numbered = {shapes: Seen(1, number) for number, shapes in enumerate(combinations)}
    by_number = {seen.first: shapes for shapes, seen in numbered.items()}
    chosen = covering_messages(numbered)
    shown = set[Shape]().union(*(by_number[number] for number in chosen))
    assert shown == set[Shape]().union(*numbered)
    assert len(chosen) == len(set(chosen)) <= len(shown)


def test_one_message_that_shows_everything_is_enough() -> None:
    a, b, c = Shape("A", "1"), Shape("B", "1"), Shape("C", "1")
    combinations = {frozenset({a}): Seen(5, 0), frozenset({b, c}): Seen(5, 1), frozenset({a, b, c}): Seen(1, 2)}
    assert covering_messages(combinations) == [2]


def test_values_beyond_the_limit_are_counted_as_others(monkeypatch) -> None:
    monkeypatch.setattr(tally_module, "MOST_VALUES", 2)
    counts = FieldTally()
    for text in ("a", "b", "c", "a", "c"):
        counts.note_value(Value(text), 0)
    more = FieldTally()
    more.note_value(Value("d"), 1)
    counts.merge(copy.deepcopy(more))
    assert ({value.text: seen.count for value, seen in counts.values.items()}, counts.others) == ({"a": 2, "b": 1}, 3)


def test_combinations_beyond_the_limit_are_kept_only_when_they_show_something_new(monkeypatch) -> None:
    monkeypatch.setattr(tally_module, "MOST_COMBINATIONS", 1)
    tally = Tally()
    for number, names in enumerate(("A", "AB", "B", "A")):
        tally.note_shapes([Shape(name, "") for name in names], number)
    assert [seen.first for seen in tally.combinations.values()] == [0, 1]
    assert tally.dropped_combinations == 1
    assert covering_messages(tally.combinations) == [1]
