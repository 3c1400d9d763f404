"""Hiding patient values where others may look: shared screens, screenshots, reports."""

from __future__ import annotations

from workbench.kernel.issues import MASK

__all__ = ["mask", "mask_keeping_shape"]


def mask(text: str) -> str:
    """`•••` for any text, "" for none: neither content nor length shows."""
    return MASK if text else ""


def mask_keeping_shape(text: str) -> str:
    """Letters become `x` or `X`, digits `9`; punctuation and white space stay.

    Shows the form of a value (`123-45-6789` → `999-99-9999`), which is what an analyst looks for. Length and case
    show too, so it is for the screen and never for a log.
    """
    return "".join(map(_shape, text))


def _shape(character: str) -> str:
    if character.isnumeric():
        return "9"
    if character.isalpha():
        return "X" if character.isupper() else "x"
    # Combining marks, symbols and emoji tell what the value was; only what delimits it may stay.
    return character if character.isascii() or character.isspace() else "x"
