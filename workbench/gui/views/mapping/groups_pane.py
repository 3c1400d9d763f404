"""The groups of a message map, and what a person does to them."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame

from workbench.gui.bench import Bench
from workbench.gui.mapping_desk import MappingDesk
from workbench.gui.models.rows import Column, RowsModel
from workbench.gui.views.mapping.group_dialog import GroupDialog
from workbench.gui.widgets.basics import across, button, down, table
from workbench.kernel.errors import Refused
from workbench.mapping.composing import rename_group_edits
from workbench.mapping.edits import PutGroup
from workbench.mapping.files import MESSAGES
from workbench.mapping.model import Group, MessageMap
from workbench.mapping.origins import own_map, site_edits
from workbench.mapping.wiring import Wiring

_COLUMNS = (
    Column("Group", lambda group: group.name, 11),
    Column("Begins with", lambda group: ", ".join(group.starts), 7, mono=True),
    Column("Within", lambda group: group.within or "the message", 8),
    Column("Holds only", lambda group: ", ".join(group.holds) if group.holds is not None else "all that follow", 8),
)


class GroupsPane(QFrame):
    """Groups are changed where they are said; those of a base can only be added to."""

    def __init__(self, bench: Bench, desk: MappingDesk) -> None:
        super().__init__()
        self._bench, self._desk = bench, desk
        self._wiring: Wiring | None = None
        self.model = RowsModel(bench.theme, _COLUMNS, self)
        self.table = table(bench.theme, self.model, "Groups of the message map", _COLUMNS, sorts=False)
        self.table.doubleClicked.connect(lambda _index: self.change_group())
        buttons = across(
            button("Add group…", self.add_group, tip="Say by which segments repetitions of a group begin"),
            button("Change…", self.change_group, tip="Change the selected group (double click)"),
            button("Remove", self.remove_group, tip="Take the selected group out; undo brings it back"),
            1,
        )
        buttons.setContentsMargins(6, 6, 6, 6)
        self.setLayout(down(self.table, buttons, spacing=0))

    def show_groups(self, wiring: Wiring | None) -> None:
        self._wiring = wiring
        self.model.show([] if wiring is None else list(wiring.groups))

    def add_group(self) -> None:
        if self._wiring is not None:
            GroupDialog(self._bench.theme, None, self._group_names(), self._put_group, self).open()

    def change_group(self) -> None:
        group = self.model.row(self.table.currentIndex())
        if group is None:
            self._bench.say("Select a group first.")
            return
        GroupDialog(
            self._bench.theme, group, self._group_names(), lambda wanted: self._replace_group(group, wanted), self
        ).open()

    def remove_group(self) -> None:
        group = self.model.row(self.table.currentIndex())
        where = self._home_of(group) if group is not None else ""
        if group is None or not where:
            self._bench.say("Select a group of this package first.")
            return
        self._desk.apply(PutGroup(where, group.name, None), f"Remove group {group.name}")

    def _put_group(self, group: Group) -> None:
        package = self._desk.package
        if package is not None and self._wiring is not None:
            edit = PutGroup(f"{MESSAGES}/{self._wiring.map}", group.name, group)
            self._desk.apply_all(site_edits(package, edit), f"Add group {group.name}")

    def _replace_group(self, before: Group, after: Group) -> None:
        package, where = self._desk.package, self._home_of(before)
        if package is None or not where or before == after:
            return
        try:
            renamed = rename_group_edits(package, where, before.name, after.name) if before.name != after.name else ()
        except Refused as problem:
            self._bench.report(problem)
            return
        self._desk.apply_all((*renamed, PutGroup(where, after.name, after)), f"Change group {after.name}")

    def _home_of(self, group: Group) -> str:
        """The map of the package's own files that says a group, "" when only a base or nobody does."""
        package = self._desk.package
        for name in sorted(package.messages) if package is not None else ():
            where = f"{MESSAGES}/{name}"
            found = own_map(package, where) if package is not None else None
            if isinstance(found, MessageMap) and group in found.groups:
                return where
        return ""

    def _group_names(self) -> list[str]:
        return [group.name for group in self._wiring.groups] if self._wiring is not None else []
