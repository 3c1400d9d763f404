"""From a passphrase to the key that encrypts: Argon2id, AES-256-GCM key wrapping, HKDF subkeys.

A passphrase becomes a *key-encrypting key* (NIST SP 800-57 pt. 1, "KEK") by Argon2id (RFC 9106). The KEK
wraps a random *data key*; whatever encrypts or authenticates content uses a subkey of that, one for each
purpose (HKDF-SHA256, RFC 5869). A new passphrase therefore rewrites a header, not the content.
"""

from __future__ import annotations

import hmac
import os
import unicodedata
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from workbench.kernel.errors import Refused

KEY_BYTES = 32
SALT_BYTES = 16
NONCE_BYTES = 12
CHECK_BYTES = 16
SHORTEST_PASSPHRASE = 8


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """What one guess costs; the defaults are the second recommended option of RFC 9106 §4.

    time_cost  passes over the memory
    memory_kib memory in KiB
    lanes      degree of parallelism
    raises     ValueError: outside what RFC 9106 §3.1 and an ordinary workstation allow
    """

    time_cost: int = 3
    memory_kib: int = 64 * 1024
    lanes: int = 4

    def __post_init__(self) -> None:
        # A header is read before it can be authenticated: it must not be able to ask for a terabyte.
        if not (1 <= self.time_cost <= 64 and 1 <= self.lanes <= 64 and 8 * self.lanes <= self.memory_kib <= 4 << 20):
            raise ValueError("Argon2 cost out of range")


ORDINARY_COST = Argon2Cost()


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key under AES-256-GCM: 12 bytes nonce, 48 bytes ciphertext with its tag."""

    nonce: bytes
    ciphertext: bytes


def new_data_key() -> bytes:
    """32 random bytes from the operating system."""
    return os.urandom(KEY_BYTES)


def new_salt() -> bytes:
    """16 random bytes, the salt length RFC 9106 §3.1 recommends."""
    return os.urandom(SALT_BYTES)


def passphrase_key(passphrase: str, salt: bytes, cost: Argon2Cost) -> bytes:
    """The 32-byte key-encrypting key of a passphrase (Argon2id v1.3).

    The passphrase is normalised to NFC first (RFC 8265 §4.2), so that it does not matter which keyboard typed it.
    """
    from argon2.low_level import Type, hash_secret_raw  # here and below: who opens no workspace need not load it

    secret = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
    return hash_secret_raw(secret, salt, cost.time_cost, cost.memory_kib, cost.lanes, KEY_BYTES, Type.ID)


def key_check(kek: bytes) -> bytes:
    """16 bytes that tell whether a KEK is the right one, and nothing else about it."""
    return subkey(kek, "passphrase check")[:CHECK_BYTES]


def is_right_key(kek: bytes, check: bytes) -> bool:
    """Compare in constant time with what `key_check` gave when the KEK was made."""
    return hmac.compare_digest(key_check(kek), check)


def wrap(kek: bytes, data_key: bytes, associated: bytes) -> WrappedKey:
    """Encrypt a data key; it can be unwrapped only beside the same `associated` bytes."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(NONCE_BYTES)
    return WrappedKey(nonce, AESGCM(subkey(kek, "wrap")).encrypt(nonce, data_key, associated))


def unwrap(kek: bytes, wrapped: WrappedKey, associated: bytes) -> bytes:
    """The data key.

    raises  cryptography.exceptions.InvalidTag: another KEK, or the wrapped key or `associated` were changed
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(subkey(kek, "wrap")).decrypt(wrapped.nonce, wrapped.ciphertext, associated)


def subkey(key: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose; subkeys of different purposes say nothing about one another."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"clinical-mapping-workbench/{purpose}".encode()).derive(key)


def require_strength(passphrase: str) -> None:
    """Raise Refused SEC-0003 for a new passphrase of fewer than 8 characters (NIST SP 800-63B §5.1.1.1)."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise Refused(
            "SEC-0003",
            f"The passphrase has fewer than {SHORTEST_PASSPHRASE} characters.",
            "Take a longer one; a few unrelated words are easy to remember and hard to guess.",
        )
