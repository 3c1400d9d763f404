"""The tree of a profile: messages, groups, segments, fields, components; unfolded where somebody looks."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from workbench.gui.theme.theme import Theme
from workbench.validation.profiles.edit import code_sets
from workbench.validation.profiles.model import DynamicCase, Element, GroupUse, MessageProfile, Profile, Usage
from workbench.validation.profiles.places import Address, Item, item_at, path_of, places, places_below
from workbench.validation.profiles.plain_form import to_plain

Index = QModelIndex | QPersistentModelIndex
HEADS = ("Place", "Name", "Usage", "Cardinality", "Length", "Type", "Codes", "Seen")
WIDTHS = (12.5, 13, 4, 5.5, 5, 5, 7)
_ICONS = {
    Usage.R: ("circle-dot", "severity.error", "required"),
    Usage.RE: ("circle-dot", "severity.warning", "required, but may be empty"),
    Usage.C: ("circle-help", "severity.information", "conditional"),
    Usage.X: ("ban", "muted", "not allowed"),
    Usage.W: ("ban", "muted", "withdrawn"),
    Usage.B: ("circle-minus", "muted", "kept for older systems"),
    Usage.O: ("circle", "muted", "optional"),
}
USAGE_WORDS = {usage: words for usage, (_, _, words) in _ICONS.items()}


class ProfileModel(QAbstractItemModel):
    """An index carries the number of a place (ADR 0012). A place keeps its number while the profile is edited."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._profile: Profile | None = None
        self._forget()

    def _forget(self) -> None:
        self._places: list[Address] = []
        self._rows: list[int] = []
        self._above: list[int] = []
        self._numbers: dict[Address, int] = {}
        self._below: dict[int, list[int]] = {}
        self._said: dict[int, tuple[str, ...]] = {}

    def show(self, profile: Profile | None) -> None:
        """Show another profile."""
        self.beginResetModel()
        self._profile = profile
        self._forget()
        if profile is not None:
            self._below[-1] = self._enter(-1, [Address(n) for n in range(1, len(profile.messages) + 1)])
        self.endResetModel()

    def show_edited(self, profile: Profile) -> None:
        """Show the same places as they are said now; only where data types changed may there be others."""
        before, self._profile = self._profile, profile
        self._said.clear()
        if before is not None and all(
            places_below(before, self._places[number]) == places_below(profile, self._places[number])
            for number in self._below
            if number >= 0
        ):
            for number, below in self._below.items():
                first, last = self._index(below[0], 0) if below else QModelIndex(), len(HEADS) - 1
                if below and number >= -1:
                    self.dataChanged.emit(first, self._index(below[-1], last))
        else:
            self.show(profile)

    def _enter(self, above: int, addresses: list[Address]) -> list[int]:
        numbers = []
        for row, at in enumerate(addresses):
            number = len(self._places)
            self._places.append(at)
            self._rows.append(row)
            self._above.append(above)
            self._numbers[at] = number
            numbers.append(number)
        return numbers

    def _children(self, number: int) -> list[int]:
        found = self._below.get(number)
        if found is None:
            below = places_below(self._profile, self._places[number]) if self._profile is not None else ()
            found = self._below[number] = self._enter(number, list(below))
        return found

    def address(self, index: Index) -> Address | None:
        return self._places[index.internalId()] if index.isValid() else None

    def index_of(self, at: Address) -> QModelIndex:
        """The index of a place, unfolding what is above it; invalid when the profile has it no longer."""
        number = self._numbers.get(at)
        if number is None and at.above is not None and self.index_of(at.above).isValid():
            self._children(self._numbers[at.above])
            number = self._numbers.get(at)
        return self._index(number, 0) if number is not None else QModelIndex()

    def find(self, words: str, after: Address | None) -> Address | None:
        """The next place whose path or name holds all the words, round the end; None when there is none."""
        wanted = words.lower().split()
        if self._profile is None or not wanted:
            return None
        first: Address | None = None
        for at in self._matching(self._profile, wanted):
            if after is None or at > after:
                return at
            first = first or at
        return first

    @staticmethod
    def _matching(profile: Profile, wanted: list[str]) -> Iterator[Address]:
        for at in places(profile):
            item = item_at(profile, at)
            name = "" if isinstance(item, DynamicCase) else item.name
            text = f"{path_of(profile, at)} {name}".lower()
            if all(word in text for word in wanted):
                yield at

    def _index(self, number: int, column: int) -> QModelIndex:
        return self.createIndex(self._rows[number], column, number)

    def index(self, row: int, column: int, parent: Index | None = None) -> QModelIndex:
        above = parent.internalId() if parent is not None and parent.isValid() else -1
        below = self._children(above) if above >= 0 else self._below.get(-1, [])
        if not (0 <= row < len(below) and 0 <= column < len(HEADS)):
            return QModelIndex()
        return self.createIndex(row, column, below[row])

    def parent(self, index: Index | None = None) -> QModelIndex:  # type: ignore[override]  # Qt overloads it
        above = self._above[index.internalId()] if index is not None and index.isValid() else -1
        return self._index(above, 0) if above >= 0 else QModelIndex()

    def rowCount(self, parent: Index | None = None) -> int:
        if parent is None or not parent.isValid():
            return len(self._below.get(-1, []))
        return 0 if parent.column() else len(self._children(parent.internalId()))

    def columnCount(self, parent: Index | None = None) -> int:
        return len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        profile = self._profile
        if not index.isValid() or profile is None:
            return None
        number, column = index.internalId(), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._texts(profile, number)[column]
        if role == Qt.ItemDataRole.FontRole:
            return self._theme.mono() if column == 0 else None
        if role not in _ROLES_OF_USAGE:
            return None
        item = item_at(profile, self._places[number])
        usage = None if isinstance(item, MessageProfile | DynamicCase) else item.usage
        if role == Qt.ItemDataRole.ForegroundRole:
            quiet = column in (1, 7) or usage in (Usage.X, Usage.W)
            return self._theme.colour("muted") if quiet else None
        if usage is None:
            return None
        icon, colour, words = _ICONS[usage]
        if role == Qt.ItemDataRole.DecorationRole:
            return self._theme.icon(icon, colour) if column == 2 else None
        texts = [text for text in self._texts(profile, number) if text]
        return f"{', '.join(texts)} – {words}" if column in (0, 2) else self._texts(profile, number)[column]

    def _texts(self, profile: Profile, number: int) -> tuple[str, ...]:
        found = self._said.get(number)
        if found is None:
            at = self._places[number]
            found = self._said[number] = texts_of(profile, at, item_at(profile, at))
        return found


_ROLES_OF_USAGE = frozenset(
    {
        Qt.ItemDataRole.ForegroundRole,
        Qt.ItemDataRole.DecorationRole,
        Qt.ItemDataRole.ToolTipRole,
        Qt.ItemDataRole.AccessibleTextRole,
    }
)


def texts_of(profile: Profile, at: Address, item: Item) -> tuple[str, ...]:
    """What the tree says of a place, in the order of `HEADS`."""
    path = path_of(profile, at)
    if isinstance(item, MessageProfile):
        return (path, item.name, "", "", "", "", "", "")
    if isinstance(item, DynamicCase):
        return (f"when {item.value}", "", "", "", "", _type_name(profile, item.data_type), "", "")
    if not isinstance(item, Element):
        kind = "group" if isinstance(item, GroupUse) else "segment"
        title = "" if isinstance(item, GroupUse) else _segment_title(profile, item.ref)
        return (path.rpartition("/")[2], title, item.usage.value, str(item.cardinality), "", kind, "", "")
    label = path.rpartition(" ")[2] if at.case else path
    return (
        f".{at.parts[-1]}" if at.parts else label,
        item.name,
        item.usage.value,
        "" if at.parts else str(item.cardinality),
        to_plain(item.length) if item.length.stated or item.length.conformance else "",
        _type_name(profile, item.data_type),
        _codes_text(profile, at, item),
        item.comment,
    )


def _segment_title(profile: Profile, ref: str) -> str:
    flavour = profile.segments.get(ref)
    return flavour.title if flavour else ""


def _type_name(profile: Profile, id_: str) -> str:
    kind = profile.data_types.get(id_)
    return kind.name if kind else id_


def _codes_text(profile: Profile, at: Address, element: Element) -> str:
    if element.constant:
        return f"= {element.constant}"
    if element.single_codes:
        return f"= {element.single_codes[0].code}"
    sets = code_sets(profile, at) if element.bindings else ()
    if not sets:
        return ""
    count = sum(len(each.codes) for each in sets)
    return f"{count:,} {'code' if count == 1 else 'codes'}{', closed' if all(each.closed for each in sets) else ''}"
