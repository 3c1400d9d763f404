"""Places are added to the profile in the editor and taken out, with undo."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from workbench.app.session import Session
from workbench.gui.bench import Bench
from workbench.gui.jobs import JobRunner
from workbench.gui.theme.theme import Theme
from workbench.gui.views.validation.profile_tab import ProfileTab
from workbench.v2 import er7
from workbench.validation.profiles.learn import learn_profile
from workbench.validation.profiles.places import Address

ADT = "MSH|^~\\&|REG|GH|||2026||ADT^A01^ADT_A01|C{n}|P|2.5.1\rEVN||2026\rPID|1||{n}^^^GH^MR||Roe^Ann||1980|F\rPV1|1|I\r"


@pytest.fixture
def tab(qtbot: QtBot, theme: Theme, jobs: JobRunner, session: Session) -> ProfileTab:
    made = ProfileTab(Bench(theme, jobs), session)
    qtbot.addWidget(made)
    made.take(learn_profile((er7.parse(ADT.format(n=n).encode()) for n in range(100, 110)), "learnt"), None, "learnt")
    return made


def titles(tab: ProfileTab, at: Address) -> list[str]:
    tab.go_to(at)
    tab.structure.fill()
    return [action.text() for action in tab.structure.menu.actions()]


def members(tab: ProfileTab) -> int:
    assert tab.profile is not None
    return len(tab.profile.messages[0].members)


def test_the_menu_offers_what_fits_the_selected_place(tab: ProfileTab) -> None:
    assert titles(tab, Address(1)) == ["Segment inside…", "Group inside…"]
    assert titles(tab, Address(1, (3,))) == ["Segment after it…", "Group after it…", "Field at its end"]
    assert titles(tab, Address(1, (3,), 5)) == ["Component at its end"]


def test_places_are_added_selected_taken_out_and_come_back_by_undo(tab: ProfileTab) -> None:
    before = tab.profile
    tab.structure.add_member(Address(1), 5, "ZPI", is_group=False)
    assert (members(tab), tab.at) == (5, Address(1, (5,)))
    tab.structure.add_element()
    assert tab.at == Address(1, (5,), 1)
    tab.structure.take_out()
    assert tab.at == Address(1, (5,))
    tab.structure.take_out()
    assert (members(tab), tab.at) == (4, Address(1))
    for _ in range(4):
        tab.undo()
    assert tab.profile is before


def test_what_cannot_go_or_is_no_segment_is_said(tab: ProfileTab, qtbot: QtBot) -> None:
    before = tab.profile
    told: list[str] = []
    tab._bench.said.connect(told.append)
    tab.go_to(Address(1, (3,), 3))
    tab.structure.take_out()
    tab.structure.add_member(Address(1), 1, "TOO LONG", is_group=False)
    assert tab.profile is before
    assert told[0].startswith("PID-3 stays: a field")
    assert "three letters" in told[1]
