"""Tables of named things that a plug-in layer fills, and workers that begin as their parent did."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from workbench.kernel.offers import Offers
from workbench.kernel.workers import prepare_workers, spawned


@dataclass(frozen=True)
class Thing:
    name: str


ONE, TWO, MORE = Thing("one"), Thing("two"), Thing("more")


def test_a_table_begins_with_its_own_things_in_order() -> None:
    table = Offers([TWO, ONE])
    assert (list(table), table["one"], len(table), "more" in table) == (["two", "one"], ONE, 2, False)
    assert (table.own, table.others) == ((TWO, ONE), ())


def test_what_is_filled_in_is_found_and_told_from_its_own() -> None:
    table = Offers([ONE])
    table.fill([MORE, ONE])
    assert (list(table.values()), table.others) == ([MORE, ONE], (MORE,))
    table.fill([ONE])
    assert table.others == ()


def test_an_equal_thing_is_not_the_same_thing() -> None:
    table = Offers([ONE])
    table.fill([Thing("one")])
    assert len(table.others) == 1


def test_two_of_one_name_are_refused_and_the_table_stays() -> None:
    table = Offers([ONE])
    with pytest.raises(ValueError, match="one is there twice"):
        table.fill([ONE, Thing("one")])
    assert list(table) == ["one"]


def test_its_own_things_may_be_loaded_when_they_are_asked_for() -> None:
    loaded: list[int] = []

    def load() -> list[Thing]:
        loaded.append(1)
        return [ONE]

    table = Offers(load)
    assert loaded == [] and table.others == ()
    assert (list(table), table["one"], loaded) == (["one"], ONE, [1])


def test_a_worker_begins_with_what_was_asked_of_it(tmp_path: Path) -> None:
    here = os.getcwd()  # noqa: PTH109 - what a function of the standard library can be asked in another process
    prepare_workers("test", partial(os.chdir, tmp_path))
    try:
        with spawned(1) as pool:
            assert pool.submit(os.getcwd).result() == str(tmp_path.resolve())
    finally:
        prepare_workers("test", None)
    with spawned(1) as pool:
        assert pool.submit(os.getcwd).result() == here
