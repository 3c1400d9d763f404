"""Named things of one kind: those of the product itself, until the plug-in layer fills in what others offer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol, TypeVar


class Named(Protocol):
    """What is found by its name."""

    @property
    def name(self) -> str: ...


Offer = TypeVar("Offer", bound=Named)


class Offers(Mapping[str, Offer]):
    """A table of one process: things by name, in order.

    It holds the product's own things. `workbench.plugins` puts others beside them, so that whoever looks something up
    need not know of plug-ins.
    """

    __slots__ = ("_all", "_make", "_own")

    def __init__(self, own: Iterable[Offer] | Callable[[], Iterable[Offer]]) -> None:
        """`own` are the product's things, or a function that loads them when they are first asked for."""
        self._make = own if callable(own) else None
        self._own: tuple[Offer, ...] | None = None if callable(own) else tuple(own)
        self._all: dict[str, Offer] | None = None

    @property
    def own(self) -> tuple[Offer, ...]:
        """The things of the product itself."""
        if self._own is None:
            self._own = tuple(self._make()) if self._make else ()
        return self._own

    @property
    def others(self) -> tuple[Offer, ...]:
        """What is there besides."""
        return (
            ()
            if self._all is None
            else tuple(each for each in self._all.values() if not any(each is one for one in self.own))
        )

    def fill(self, offers: Iterable[Offer]) -> None:
        """Hold these from now on, the product's own among them; whoever looks meanwhile sees the old or the new.

        raises  ValueError: two have the same name
        """
        named: dict[str, Offer] = {}
        for offer in offers:
            if offer.name in named:
                raise ValueError(f"{offer.name} is there twice")
            named[offer.name] = offer
        self._all = named

    def _by_name(self) -> dict[str, Offer]:
        if self._all is None:
            self.fill(self.own)
        return self._all or {}

    def __getitem__(self, name: str) -> Offer:
        return self._by_name()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name())

    def __len__(self) -> int:
        return len(self._by_name())
