"""Buttons that add places to a profile and take them out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from PySide6.QtWidgets import QInputDialog, QMenu, QWidget

from workbench.gui.bench import Bench
from workbench.gui.widgets.basics import button, tool_button
from workbench.validation.profiles.edit_structure import may_go, with_element, with_group, with_segment, without
from workbench.validation.profiles.model import GroupUse, MessageProfile, Profile, SegmentUse
from workbench.validation.profiles.places import Address, item_at, path_of, places_below


class Editing(Protocol):
    """The profile being edited and the place that is selected."""

    @property
    def profile(self) -> Profile | None: ...

    @property
    def at(self) -> Address | None: ...

    def edit(self, after: Profile, words: str) -> None: ...

    def go_to(self, at: Address) -> None: ...


class StructureButtons:
    """`add` opens a menu of what can be added at the selected place; `remove` takes the place out."""

    def __init__(self, bench: Bench, editing: Editing, parent: QWidget) -> None:
        self._bench, self._editing, self._parent = bench, editing, parent
        self.add = button("Add", lambda: None, tip="Add a segment, group, field or component at the selected place")
        self.menu = QMenu("Add to the profile", self.add)
        self.menu.aboutToShow.connect(self.fill)
        self.add.setMenu(self.menu)
        self.remove = tool_button(bench.theme, "trash-2", "Remove the selected place", self.take_out)

    def refresh(self) -> None:
        """Follow the selection."""
        profile, at = self._editing.profile, self._editing.at
        self.add.setEnabled(profile is not None and at is not None)
        self.remove.setEnabled(profile is not None and at is not None and bool(at.members))

    def fill(self) -> None:
        """List what can be added at the selected place."""
        self.menu.clear()
        profile, at = self._editing.profile, self._editing.at
        if profile is None or at is None:
            return
        item = item_at(profile, at)
        ways: list[tuple[str, Callable[[], object]]] = []
        if isinstance(item, MessageProfile | GroupUse):
            end = len(item.members) + 1
            ways += [
                ("Segment inside…", partial(self.ask_member, at, end, is_group=False)),
                ("Group inside…", partial(self.ask_member, at, end, is_group=True)),
            ]
        if isinstance(item, SegmentUse | GroupUse):
            holder, after = at._replace(members=at.members[:-1]), at.members[-1] + 1
            ways += [
                ("Segment after it…", partial(self.ask_member, holder, after, is_group=False)),
                ("Group after it…", partial(self.ask_member, holder, after, is_group=True)),
            ]
        if isinstance(item, SegmentUse):
            ways.append(("Field at its end", self.add_element))
        elif at.field:
            ways.append(("Component at its end", self.add_element))
        for title, act in ways:
            self.menu.addAction(title).triggered.connect(lambda _checked=False, act=act: act())

    def ask_member(self, holder: Address, number: int, *, is_group: bool) -> None:
        """Ask for the name of a segment or group."""
        about = "Name of the group" if is_group else "Segment, such as NTE or ZPI"
        name, ok = QInputDialog.getText(self._parent, "Add to the profile", about)
        if ok and name.strip():
            self.add_member(holder, number, name.strip().upper(), is_group=is_group)

    def add_member(self, holder: Address, number: int, name: str, *, is_group: bool) -> None:
        """Put a segment or group at a place of a message or group."""
        profile = self._editing.profile
        if profile is None:
            return
        if not is_group and not (len(name) == 3 and name.isascii() and name.isalnum() and name[0].isalpha()):
            self._bench.say("A segment is called by three letters or digits, such as NTE.")
            return
        add = with_group if is_group else with_segment
        self._editing.edit(add(profile, holder, number, name), f"Add {name} to {path_of(profile, holder)}")
        self._editing.go_to(holder._replace(members=(*holder.members, number)))

    def add_element(self) -> None:
        """Add a field to the selected segment, or a component to the selected field or component."""
        profile, at = self._editing.profile, self._editing.at
        if profile is None or at is None:
            return
        try:
            made = with_element(profile, at)
        except LookupError as reason:
            self._bench.say(f"Nothing can be added to {path_of(profile, at)}: {reason}.")
            return
        added = places_below(made, at)[-1]
        self._editing.edit(made, f"Add {path_of(made, added)}")
        self._editing.go_to(added)

    def take_out(self) -> None:
        """Take the selected place out; of fields and components only the last can go."""
        profile, at = self._editing.profile, self._editing.at
        if profile is None or at is None or at.above is None:
            return
        path = path_of(profile, at)
        if not may_go(profile, at):
            why = "a field or component before the last keeps its number; give it the usage X"
            self._bench.say(f"{path} stays: {why if at.field else 'nothing would be left beside it'}.")
            return
        self._editing.edit(without(profile, at), f"Remove {path}")
        self._editing.go_to(at.above)
