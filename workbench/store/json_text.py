"""JSON as the tables keep it: numbers with a fraction stay the decimals that were written (0.10 is not 0.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

import msgspec

from workbench.store import refusals

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_CANONICAL = msgspec.json.Encoder(decimal_format="number", order="sorted")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def to_text(value: object, what: str) -> str:
    """JSON text of a JSON value; names keep their order. `what` names it for the user.

    raises  Refused STO-0010: half a surrogate pair, which no UTF-8 file can hold
    """
    with suppress(UnicodeEncodeError):
        return _ENCODER.encode(value).decode("utf-8")
    # Raised out here, because that exception carries the text, which may be a patient's, and would hang on as context.
    raise refusals.not_storable(what)


def from_text(text: str) -> Any:
    """The JSON value; numbers with a fraction or an exponent are `Decimal`."""
    return _DECODER.decode(text)


def content_hash(value: Mapping[str, Any]) -> str:
    """SHA-256 in hex over canonical JSON: names sorted, no white space, decimals as written."""
    return hashlib.sha256(_CANONICAL.encode(value)).hexdigest()
