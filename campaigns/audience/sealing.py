"""Names and attributes of people, encrypted for their row and found by keyed hashes of their words (ADR 0019)."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import b2a_base64
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from campaigns.areas.names import fold
from config.keys import Keyring

_WORD = re.compile(r"[^\W_]+")
_TERM_BYTES = 4
_CACHED_WORDS = 50_000
LABELS = frozenset({"nhan", "tags"})
"""Attributes that stay as they are: labels by which the city groups people and SQL finds them (``tags_of``, 0011)."""
MOST_WORDS = 16
"""Words of one name or search that count."""


class Sealed(NamedTuple):
    """What the register keeps of a name and the attributes."""

    name_cipher: bytes | None
    name_words: list[int]
    attributes: dict[str, str]


class Words:
    """Keyed hashes of the words of names: four bytes each, the same with and without accents."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyed = blake2b(key=keyring.derive("words of names"), digest_size=_TERM_BYTES)
        self._known: dict[str, bytes] = {}

    def of(self, name: str) -> list[int]:
        """The hashes of a name's words, each once; empty without a word.

        >>> words = Words(Keyring.generate())
        >>> words.of("Nguyễn Thị Ðào") == words.of("nguyen thi dao")
        True
        """
        return [int.from_bytes(term, "big", signed=True) for term in self.digests(name)]

    def digests(self, name: str) -> dict[bytes, None]:
        """The same as the bytes of numbers, as a binary COPY takes them."""
        try:
            found = [self._known[word] for word in name.split()]
        except KeyError:
            found = [self._learn(word) for word in _WORD.findall(name)]
        return dict.fromkeys(found[:MOST_WORDS])

    def _learn(self, word: str) -> bytes:
        if len(self._known) >= _CACHED_WORDS:
            self._known.clear()
        one = self._keyed.copy()
        one.update(fold(word).encode())
        term = self._known[word] = one.digest()
        return term


def seal_names(keyring: Keyring, owners: Iterable[bytes], names: Iterable[str]) -> list[bytes]:
    """Ciphertexts of names, each for the person whose number has that hash."""
    return keyring.seal_many(owners, map(str.encode, names), b"\0")


def seal_values(keyring: Keyring, owners: Iterable[bytes], key: str, values: Iterable[str]) -> list[bytes]:
    """Ciphertexts of one attribute of each person, in base64, as they stand in JSON."""
    sealed = keyring.seal_many(owners, map(str.encode, values), key.encode() + b"\0")
    return [b2a_base64(cipher, newline=False) for cipher in sealed]


def seal_person(
    keyring: Keyring, owner: bytes, full_name: str | None, attributes: Mapping[str, Any] | None = None
) -> Sealed:
    """One person's name and attributes; ``owner`` is the hash of the number."""
    cipher = seal_names(keyring, [owner], [full_name])[0] if full_name and full_name.strip() else None
    known = {key: text for key, value in (attributes or {}).items() if (text := str(value)).strip()}
    sealed = {
        key: value if key in LABELS else seal_values(keyring, [owner], key, [value])[0].decode()
        for key, value in known.items()
    }
    return Sealed(cipher, Words(keyring).of(full_name or ""), sealed)


def open_name(keyring: Keyring, cipher: bytes | None) -> str | None:
    """The name as it was given; None where there is none.

    Raises:
        KeyringError: it was encrypted with a key that is not on the ring.
    """
    return None if cipher is None else keyring.decrypt(cipher).decode()


def open_attributes(keyring: Keyring, sealed: Mapping[str, str] | None) -> dict[str, str]:
    """The attributes by key.

    Raises:
        KeyringError: one was encrypted with a key that is not on the ring.
    """
    return {
        key: value if key in LABELS else keyring.decrypt(b64decode(value)).decode()
        for key, value in (sealed or {}).items()
    }
