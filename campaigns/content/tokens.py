"""Short tokens that carry a number and that nobody can make up: part number, part proof, nothing stored.

A token is so many letters and digits. Some of its bits prove that we made it: a keyed hash of the number. The number
itself is written shifted by a second keyed hash, of the proof, so that neighbours look nothing alike (a synthetic
initialisation vector, as in RFC 5297, over numbers instead of bytes).
"""

from __future__ import annotations

import hmac
import string
from dataclasses import dataclass

from config.keys import Keyring

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_VALUE = {digit: value for value, digit in enumerate(_DIGITS)}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one purpose. ``values`` is how many numbers they can carry; what the letters hold beyond is proof."""

    purpose: str
    values: int
    length: int

    @property
    def proofs(self) -> int:
        """How many proofs there are for each number: one guess in so many hits."""
        capacity: int = len(_DIGITS) ** self.length
        return capacity // self.values

    def make(self, keyring: Keyring, number: int) -> str:
        """The token of a number, always the same one.

        Raises:
            ValueError: it is not between 0 and ``values``, both excluded.
        """
        if not 0 < number < self.values:
            raise ValueError(f"no token of “{self.purpose}” for this number")
        key = keyring.derive(self.purpose)
        proof = self._prove(key, number)
        return self._write(proof * self.values + (number + self._shift(key, proof)) % self.values)

    def read(self, keyring: Keyring, token: str) -> int | None:
        """The number a token was made for; None for everything we did not make."""
        if len(token) != self.length or not all(character in _VALUE for character in token):
            return None
        key = keyring.derive(self.purpose)
        proof, shifted = divmod(_read(token), self.values)
        number: int = (shifted - self._shift(key, proof)) % self.values
        return number if hmac.compare_digest(b"%d" % proof, b"%d" % self._prove(key, number)) else None

    def _prove(self, key: bytes, number: int) -> int:
        return int.from_bytes(hmac.digest(key, b"proof %d" % number, "sha256")[:8], "big") % self.proofs

    def _shift(self, key: bytes, proof: int) -> int:
        width = (self.values.bit_length() + 6) // 8
        return int.from_bytes(hmac.digest(key, b"shift %d" % proof, "sha256")[:width], "big")

    def _write(self, value: int) -> str:
        digits = []
        for _ in range(self.length):
            value, digit = divmod(value, len(_DIGITS))
            digits.append(_DIGITS[digit])
        return "".join(reversed(digits))


def _read(token: str) -> int:
    value = 0
    for character in token:
        value = value * len(_DIGITS) + _VALUE[character]
    return value
