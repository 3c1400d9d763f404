"""Whole files encrypted with one key: AES-256-GCM, a random nonce before the ciphertext."""

from __future__ import annotations

import os
from dataclasses import dataclass

from workbench.kernel.errors import Refused
from workbench.security.keys import NONCE_BYTES, subkey

LARGEST = (1 << 31) - 1
"""Bytes that AES-GCM of the library takes at once."""
_TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class KeySeal:
    """Seals data for one purpose; what is sealed for another cannot be opened with it.

    key      32 bytes
    purpose  such as `message index`
    """

    key: bytes
    purpose: str

    def seal(self, data: bytes) -> bytes:
        """12 bytes nonce, ciphertext, 16 bytes tag."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # who seals nothing need not load it

        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(subkey(self.key, self.purpose)).encrypt(nonce, data, self.purpose.encode())

    def unseal(self, sealed: bytes) -> bytes:
        """What was sealed.

        raises  Refused SEC-0011: with another key or for another purpose, or it was changed or cut off
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            if len(ciphertext) < _TAG_BYTES:
                raise InvalidTag
            return AESGCM(subkey(self.key, self.purpose)).decrypt(nonce, ciphertext, self.purpose.encode())
        except InvalidTag:
            raise Refused("SEC-0011", "The sealed data were changed, or sealed with another key.") from None
