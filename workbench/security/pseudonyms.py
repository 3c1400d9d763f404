"""Pseudonyms: the same value under the same key gives the same pseudonym, and without the key nothing leads back.

Everything is a keyed hash (HMAC-SHA256, FIPS 198-1) or a keyed permutation made of it (a Feistel network over the
values of one format, as NIST SP 800-38G does it with AES), so nothing has to be remembered between captures. The key
stays in the workspace, or comes from a passphrase.
"""

from __future__ import annotations

import hashlib
import os
import re
import string
import unicodedata
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from workbench.security.fictitious import GIVEN_NAMES, PLACE_ENDS, SURNAME_ENDS, SURNAME_STARTS
from workbench.security.keys import KEY_BYTES, ORDINARY_COST, passphrase_key, require_strength, subkey

_PURPOSE = "de-identification"
_ROUNDS = 8
_MOST_DAYS = 730
_CLASSES = (string.digits, string.ascii_uppercase, string.ascii_lowercase)
_VALUE_OF = {character: value for characters in _CLASSES for value, character in enumerate(characters)}
_CLASS_OF = {character: kind for kind, characters in enumerate(_CLASSES) for character in characters}
_RADIX = tuple(len(characters) for characters in _CLASSES)
_NAME_BREAK = re.compile(r"([\s\-,./()]+)")
_LONGEST_ID = 256


def new_key() -> bytes:
    """A random key, to be kept in the encrypted workspace."""
    return os.urandom(KEY_BYTES)


def key_of_passphrase(passphrase: str) -> bytes:
    """The key for pseudonyms of a passphrase, the same on every machine.

    There is no salt to keep, because the same passphrase must give the same pseudonyms everywhere; the passphrase has
    to be the stronger for it.

    raises  Refused SEC-0003: the passphrase is too short
    """
    require_strength(passphrase)
    return subkey(passphrase_key(passphrase, b"pseudonyms salt.", ORDINARY_COST), _PURPOSE)


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Pseudonyms under one 32-byte key; the key is never shown."""

    key: bytes = field(repr=False)

    def number(self, *parts: str) -> int:
        """0 ≤ n < 2**64, told apart by every part."""
        return _number(self.key, parts)

    def identifier(self, text: str) -> str:
        """Another identifier of the same form: digits stay digits, letters letters, all else stays.

        Different identifiers of one form give different pseudonyms (a permutation), as long as they are ASCII.
        """
        return _identifier(self.key, text)

    def name(self, text: str, subject: str, given: bool) -> str:
        """A fictitious name in the same spelling: `O'NEIL-DOE` → `THORNMERE-ASHBURY`, initials stay initials.

        subject  whose name it is: the same name of different people becomes different names
        """
        return _name(self.key, text, subject, given)

    def city(self, text: str, subject: str = "") -> str:
        """A place that does not exist."""
        places = _places()
        return _spelled_like(text, places[self.number("city", subject, _plain(text)) % len(places)])

    def street(self, text: str, subject: str = "") -> str:
        """A street that does not exist, with a house number when there was one."""
        numbers = "".join(re.findall(r"\d+", text)[:1])
        names = _surnames()
        name = names[self.number("street", subject, _plain(text)) % len(names)]
        return _spelled_like(text, " ".join(filter(None, (self.identifier(numbers), name, "Street"))))

    def organization(self, text: str) -> str:
        names = _surnames()
        return _spelled_like(text, f"{names[self.number('organization', _plain(text)) % len(names)]} Group")

    def contact(self, text: str) -> str:
        """An e-mail address at example.org, or a telephone number of the same form that nobody has.

        The last seven digits of a number become 555-01xx, the range kept for fiction (NANP 555 line numbers).
        """
        return _contact(self.key, text)

    def uuid(self, text: str) -> str:
        """Another UUID (version 4 in form) for a UUID."""
        digits = _digest(self.key, f"uuid {text.casefold()}").hex()[:32]
        digits = f"{digits[:12]}4{digits[13:16]}{'89ab'[int(digits[16], 16) % 4]}{digits[17:]}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def shift_days(self, subject: str) -> int:
        """By how many days all dates of a person move: 1 to 730 into the past, the same for all of them."""
        return -1 - self.number("shift", subject) % _MOST_DAYS

    def date_digits(self, digits: str, subject: str) -> str:
        """`YYYY`, `YYYYMM` or `YYYYMMDD`, moved, stated as exactly as before.

        A month or year moves as its middle does, so intervals between such dates hold to their own precision.

        raises  ValueError: no such day, or one that would lie before the year 1
        """
        if len(digits) not in (4, 6, 8) or not (digits.isdigit() and digits.isascii()):
            raise ValueError("not a date")
        year, month, day = int(digits[:4]), int(digits[4:6] or 7), int(digits[6:8] or (15 if digits[4:6] else 1))
        try:
            moved = date(year, month, day) + timedelta(days=self.shift_days(subject))
        except OverflowError as error:
            raise ValueError("before the year 1") from error
        return f"{moved.year:04}{moved.month:02}{moved.day:02}"[: len(digits)]


@lru_cache(maxsize=1 << 15)
def _name(key: bytes, text: str, subject: str, given: bool) -> str:
    if _NAME_BREAK.search(text) is None:
        return _name_word(key, text, subject, given) if text else text
    return "".join(
        piece if n % 2 or not piece else _name_word(key, piece, subject, given)
        for n, piece in enumerate(_NAME_BREAK.split(text))
    )


def _name_word(key: bytes, word: str, subject: str, given: bool) -> str:
    plain = _plain(word)
    if len(plain) <= 1:
        letter = string.ascii_uppercase[_number(key, ("initial", subject, plain)) % 26]
        return letter.lower() if word.islower() else letter
    names = GIVEN_NAMES if given else _surnames()
    place = _number(key, ("given" if given else "family", subject, plain)) % len(names)
    if names[place].casefold() == plain:
        place = (place + 1) % len(names)
    return _spelled_like(word, names[place])


@lru_cache(maxsize=1 << 15)
def _contact(key: bytes, text: str) -> str:
    if "@" in text:
        return f"user{_number(key, ('contact', text.casefold())) % 10**8:08}@example.org"
    digits = "".join(character for character in text if character in string.digits)
    if len(digits) < 7:
        return _identifier(key, text)
    line = f"55501{_number(key, ('contact', digits)) % 100:02}"
    changed = iter(_identifier(key, digits[:-7]) + line)
    return "".join(next(changed) if character in string.digits else _identifier(key, character) for character in text)


@lru_cache(maxsize=1 << 16)
def _number(key: bytes, parts: tuple[str, ...]) -> int:
    return int.from_bytes(_digest(key, "\x1f".join(f"{len(part)}:{part}" for part in parts))[:8])


def _digest(key: bytes, text: str) -> bytes:
    return _hmac(key, text.encode("utf-8", "surrogatepass"))


def _hmac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 with the padded keys hashed once: a third of the time of `hmac.digest` for short messages."""
    padded_inner, padded_outer = _padded(key)
    inner, outer = padded_inner.copy(), padded_outer.copy()
    inner.update(message)
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(maxsize=8)
def _padded(key: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    padded = key.ljust(64, b"\0")  # RFC 2104 §2; keys here have 32 bytes
    return hashlib.sha256(bytes(byte ^ 0x36 for byte in padded)), hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))


@lru_cache(maxsize=1 << 16)
def _identifier(key: bytes, text: str) -> str:
    text = text if text.isascii() else _ascii_form(key, text)
    if len(text) > _LONGEST_ID:
        return text[:0].join(_identifier(key, text[n : n + _LONGEST_ID]) for n in range(0, len(text), _LONGEST_ID))
    kinds = [_CLASS_OF.get(character, -1) for character in text]
    places = [place for place, kind in enumerate(kinds) if kind >= 0]
    if not places:
        return text
    form = "".join("9Aa"[kind] if kind >= 0 else character for character, kind in zip(text, kinds, strict=True))
    halves = places[: len(places) // 2], places[len(places) // 2 :]
    values, sizes = [0, 0], [1, 1]
    for side, half in enumerate(halves):
        for place in half:
            radix = _RADIX[kinds[place]]
            sizes[side] *= radix
            values[side] = values[side] * radix + _VALUE_OF[text[place]]
    _permute(key, form, values, sizes)
    found = list(text)
    for side, half in enumerate(halves):
        for place in reversed(half):
            values[side], digit = divmod(values[side], _RADIX[kinds[place]])
            found[place] = _CLASSES[kinds[place]][digit]
    return "".join(found)


def _permute(key: bytes, form: str, values: list[int], sizes: list[int]) -> None:
    """A Feistel network on two halves: each in turn is moved by a keyed amount that depends on the other."""
    widths = [(size.bit_length() + 7) // 8 for size in sizes]
    tweak = form.encode()
    for turn in range(_ROUNDS):
        side = turn % 2
        message = b"%d %s " % (turn, tweak) + values[1 - side].to_bytes(widths[1 - side])
        # Sixteen bytes more than the half has make the remainder's bias negligible.
        moved = int.from_bytes(_stream(key, message, widths[side] + 16))
        values[side] = (values[side] + moved) % sizes[side]


def _stream(key: bytes, message: bytes, width: int) -> bytes:
    found = _hmac(key, message)
    while len(found) < width:
        found += _hmac(key, found[-32:] + message)
    return found[:width]


def _ascii_form(key: bytes, text: str) -> str:
    """Letters and digits of other scripts as keyed ASCII ones of their kind; it must not show what they were."""
    return "".join(
        character if character.isascii() else _other_letter(key, place, text) for place, character in enumerate(text)
    )


def _other_letter(key: bytes, place: int, text: str) -> str:
    character = text[place]
    kind = 0 if character.isnumeric() else 1 if character.isupper() else 2
    return _CLASSES[kind][_digest(key, f"letter {place} {text}")[0] % _RADIX[kind]]


@lru_cache(maxsize=1 << 14)
def _plain(text: str) -> str:
    """Letters without marks and case, so that `MÉABH` and `Meabh` are one name."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if character.isalnum()).casefold()


def _spelled_like(text: str, name: str) -> str:
    return name.upper() if text.isupper() else name.lower() if text.islower() else name


@lru_cache(maxsize=1)
def _surnames() -> tuple[str, ...]:
    return tuple(start + end for start in SURNAME_STARTS for end in SURNAME_ENDS)


@lru_cache(maxsize=1)
def _places() -> tuple[str, ...]:
    return tuple(start + end for start in SURNAME_STARTS for end in PLACE_ENDS)
