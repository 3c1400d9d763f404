"""The order of the message list, from the index. Qt-free."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.gui.models.capture_table import ANSWER, CONTROL_ID, PATIENT, SENDER, STATUS, TIME, TYPE
from workbench.kernel.issues import Severity

if TYPE_CHECKING:
    import numpy as np

    from workbench.app.operations.index import MessageIndex

_COLUMNS = {TIME: "time", CONTROL_ID: "control_id", PATIENT: "patient_name", SENDER: "sending_application"}
_NOT_JUDGED, _CLEAN = 100, 99
_NO_ANSWERS: Mapping[int, str] = {}


@dataclass(frozen=True, slots=True)
class Order:
    """The column of the list that messages are sorted by."""

    column: int
    descending: bool = False


def arranged(order: array[int] | None, found: Iterable[int] | None, count: int) -> array[int] | None:
    """The messages a filter has found in the order of a column; None for all of them as they stand."""
    import numpy as np  # here and below: the first screen need not wait for it

    if order is None or found is None:
        return order if found is None else array("I", found)
    wanted = np.zeros(count, dtype=bool)
    wanted[np.fromiter(found, dtype=np.uint32)] = True
    numbers = np.frombuffer(order, dtype=np.uint32)
    return array("I", numbers[wanted[numbers]].tobytes())


def order_of(
    index: MessageIndex,
    order: Order,
    status: Mapping[int, Severity | None],
    answers: Mapping[int, str] = _NO_ANSWERS,
) -> array[int]:
    """All message numbers in the order of a column of the list; equal ones stay in the order of the capture."""
    if order.column == ANSWER:
        return _by_answer(len(index), order.descending, answers)
    if order.column == STATUS:
        return _by_status(len(index), order.descending, status)
    if order.column == TYPE:
        return _by_type(index, order.descending)
    return index.order(_COLUMNS[order.column], order.descending)


def _by_status(count: int, descending: bool, status: Mapping[int, Severity | None]) -> array[int]:
    """The worst first; what was not validated comes last."""
    import numpy as np

    ranks = np.full(count, _NOT_JUDGED, dtype=np.int16)
    for number, severity in status.items():
        ranks[number] = _CLEAN if severity is None else severity.rank
    return _packed(np.argsort(-ranks if descending else ranks, kind="stable"))


def _by_answer(count: int, descending: bool, answers: Mapping[int, str]) -> array[int]:
    """By what the answer says; messages without one come first, or last when descending."""
    import numpy as np

    ranks = np.zeros(count, dtype=np.int32)
    places = {text: place for place, text in enumerate(sorted(set(answers.values())), 1)}
    for number, text in answers.items():
        ranks[number] = places[text]
    return _packed(np.argsort(-ranks if descending else ranks, kind="stable"))


def _by_type(index: MessageIndex, descending: bool) -> array[int]:
    """By code, then by trigger; both are few, so messages are ranked by code and only the ranks are sorted."""
    import numpy as np

    codes = sorted(filter(None, index.column("message_code").unique().to_pylist()), reverse=descending)
    ranks = np.full(len(index), len(codes) if descending else -1, dtype=np.int16)  # sorted by radix, as few bits are
    for rank, code in enumerate(codes):
        ranks[np.frombuffer(index.equal("message_code", code), dtype=np.uint32)] = rank
    by_trigger = np.frombuffer(index.order("trigger_event", descending), dtype=np.uint32)
    return _packed(by_trigger[np.argsort(ranks[by_trigger], kind="stable")])


def _packed(numbers: np.ndarray[Any, np.dtype[Any]]) -> array[int]:
    return array("I", numbers.astype("uint32").tobytes())
