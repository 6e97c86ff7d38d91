"""The keyring: encryption of numbers and secrets (AES-GCM), keyed hashes for look-up (HMAC-SHA256).

File format (``keyring.json``, mode 0600): ``{"current": 1, "keys": {"1": base64 of 32 bytes}, "hash": base64 of
32 bytes}``. Ciphertext: one byte key number, 12 bytes nonce, ciphertext with the 16 byte tag. The hash key is
never rotated by itself: a refusal must be found for as long as it is in force.

Nonces are random, or made of the text and its owner (``seal_many``): then one owner's same text has the same nonce
under every key, so that PostgreSQL sees what an import changes without reading it.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
HASH_BYTES = 16
_MAX_KEYS = 255
_SHA256_BLOCK = 64
_HMAC_PADS = tuple(bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


class KeyringError(Exception):
    """The keyring is missing, damaged, or lacks the key a ciphertext was made with."""


@dataclass
class _File:
    """What was last seen of the keyring's file."""

    stamp: tuple[int, int, int] | None
    current: int


def _stamp(path: Path | None) -> tuple[int, int, int] | None:
    """What changes when a file is replaced; None without a file."""
    if path is None:
        return None
    with contextlib.suppress(OSError):
        found = path.stat()
        return found.st_ino, found.st_mtime_ns, found.st_size
    return None


@dataclass(frozen=True)
class Keyring:
    """Keys by number, which of them encrypts now, and the key of the look-up hash."""

    current: int
    keys: Mapping[int, bytes] = field(repr=False)
    hash_key: bytes = field(repr=False)
    path: Path | None = field(default=None, compare=False)
    """The file it was read from; looked at again when it changed, for ``loa keys rotate`` adds keys to it."""
    _aead: dict[int, AESGCM] = field(init=False, repr=False, compare=False)
    _file: _File = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_aead", {number: AESGCM(key) for number, key in self.keys.items()})
        object.__setattr__(self, "_file", _File(_stamp(self.path), self.current))

    @classmethod
    def generate(cls) -> Keyring:
        """A new keyring with one key."""
        return cls(1, {1: AESGCM.generate_key(256)}, os.urandom(32))

    def rotated(self) -> Keyring:
        """The same keyring with one more key, which encrypts from now on; the old ones still decrypt."""
        number = max(self.keys) + 1
        if number > _MAX_KEYS:
            raise KeyringError("the keyring is full (255 keys): drop the oldest that no row uses any more")
        return replace(self, current=number, keys={**self.keys, number: AESGCM.generate_key(256)})

    def without(self, number: int) -> Keyring:
        """The same keyring without one of its old keys: what that key encrypted is lost.

        Raises:
            KeyringError: it is the current one, or not on the ring.
        """
        if number == self.current or number not in self.keys:
            raise KeyringError(f"key {number} is the current one or not on the keyring")
        return replace(self, keys={n: key for n, key in self.keys.items() if n != number})

    def encrypt(self, plain: bytes) -> bytes:
        """Ciphertext of ``plain`` under the current key."""
        number, aead = self._newest()
        nonce = os.urandom(NONCE_BYTES)
        return bytes((number,)) + nonce + aead.encrypt(nonce, plain, None)

    def encrypt_many(self, plains: Sequence[bytes]) -> list[bytes]:
        """Ciphertexts of ``plains`` under the current key; as ``encrypt`` of each, with one call for nonces."""
        key, aead = self._newest()
        number, encrypt = bytes((key,)), aead.encrypt
        random = os.urandom(NONCE_BYTES * len(plains))
        nonces = (random[i : i + NONCE_BYTES] for i in range(0, len(random), NONCE_BYTES))
        return [number + nonce + encrypt(nonce, plain, None) for nonce, plain in zip(nonces, plains, strict=True)]

    def seal_many(self, owners: Iterable[bytes], plains: Iterable[bytes], use: bytes = b"") -> list[bytes]:
        """Ciphertexts of ``plains`` under the current key, with nonces made of each text, its owner and its ``use``.

        The nonce is a keyed hash of all three, as in RFC 5297, so no two texts share one. It tells whether an owner's
        text changed, and nothing about the texts of two owners.
        """
        key, aead = self._newest()
        number, encrypt, keyed, sealed = bytes((key,)), aead.encrypt, self._nonces.copy, []
        for owner, plain in zip(owners, plains, strict=True):
            mac = keyed()
            mac.update(owner + use + plain)
            nonce = mac.digest()
            sealed.append(number + nonce + encrypt(nonce, plain, None))
        return sealed

    @cached_property
    def _nonces(self) -> hashlib.blake2b:
        return hashlib.blake2b(key=self.derive("nonces"), digest_size=NONCE_BYTES)

    def reencrypt(self, cipher: bytes) -> bytes:
        """The ciphertext of the same text under the current key; its nonce stays.

        Raises:
            KeyringError: as ``decrypt``.
        """
        plain = self.decrypt(cipher)
        number, aead = self._newest()
        nonce = cipher[1 : 1 + NONCE_BYTES]
        return bytes((number,)) + nonce + aead.encrypt(nonce, plain, None)

    def _newest(self) -> tuple[int, AESGCM]:
        """The key that encrypts now, by the file: a process that runs for weeks must not write under an old key."""
        stamp = _stamp(self.path)
        if stamp != self._file.stamp and stamp is not None:
            self._read_again()
            self._file.stamp = stamp
        return self._file.current, self._aead[self._file.current]

    def _read_again(self) -> None:
        assert self.path is not None
        with contextlib.suppress(OSError):
            newer = Keyring.from_json(self.path.read_text(encoding="ascii"))
            self._aead.update({n: AESGCM(key) for n, key in newer.keys.items() if n not in self._aead})
            self._file.current = newer.current

    def decrypt(self, cipher: bytes) -> bytes:
        """What was encrypted.

        Raises:
            KeyringError: the key is not on the ring, or the ciphertext was altered.
        """
        aead = self._aead_for(cipher[0]) if cipher else None
        if aead is None:
            raise KeyringError(f"no key number {cipher[0] if cipher else '?'} on the keyring")
        try:
            plain: bytes = aead.decrypt(cipher[1 : 1 + NONCE_BYTES], cipher[1 + NONCE_BYTES :], None)
        except InvalidTag as error:
            raise KeyringError("ciphertext does not fit its key: altered, or of another keyring") from error
        return plain

    def _aead_for(self, number: int) -> AESGCM | None:
        if number not in self._aead and self.path is not None:
            self._read_again()
        return self._aead.get(number)

    def hash(self, plain: bytes) -> bytes:
        """Keyed look-up hash, 16 bytes."""
        return hmac.digest(self.hash_key, plain, "sha256")[:HASH_BYTES]

    def hash_many(self, plains: Sequence[bytes]) -> list[bytes]:
        """Look-up hashes of ``plains``; as ``hash`` of each, with the key taken in once: a third of the time.

        HMAC by its definition (RFC 2104, section 2), for the library's object takes longer to copy than to use.
        """
        key = self.hash_key if len(self.hash_key) <= _SHA256_BLOCK else hashlib.sha256(self.hash_key).digest()
        key = key.ljust(_SHA256_BLOCK, b"\0")
        inside, outside = (hashlib.sha256(key.translate(pad)).copy for pad in _HMAC_PADS)
        hashes = []
        for plain in plains:
            inner, outer = inside(), outside()
            inner.update(plain)
            outer.update(inner.digest())
            hashes.append(outer.digest()[:HASH_BYTES])
        return hashes

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose. It comes of the hash key, so it stays when ``loa keys rotate`` ran."""
        return hmac.digest(self.hash_key, b"loa derived key: " + purpose.encode(), "sha256")

    def to_json(self) -> str:
        """The file's content."""
        return json.dumps(
            {
                "current": self.current,
                "keys": {str(n): base64.b64encode(k).decode() for n, k in self.keys.items()},
                "hash": base64.b64encode(self.hash_key).decode(),
            }
        )

    @classmethod
    def from_json(cls, content: str) -> Keyring:
        """Read the file's content.

        Raises:
            KeyringError: it is not a keyring; the text never contains the content.
        """
        try:
            raw = json.loads(content)
            keys = {int(n): base64.b64decode(k, validate=True) for n, k in raw["keys"].items()}
            ring = cls(int(raw["current"]), keys, base64.b64decode(raw["hash"], validate=True))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise KeyringError("the keyring is not readable: restore it from its backup") from error
        if ring.current not in keys:
            raise KeyringError(f"the keyring names key {ring.current} as current but does not hold it")
        return ring


def write_private(path: Path, content: str) -> None:
    """Write a secret file with mode 0600, replacing the old one at once or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def make_private(path: Path, content: str) -> None:
    """Write a private file whole where there is none yet; one that another process made meanwhile counts instead."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = path.with_name(f".{path.name}.{os.getpid()}")
    write_private(staging, content)
    try:
        os.link(staging, path)
    except FileExistsError:
        pass
    finally:
        staging.unlink(missing_ok=True)


def load_keyring(home: Path, inline: str | None = None) -> Keyring:
    """The keyring of ``inline`` (``LOA_KEYRING``) or of ``home/keyring.json``, made at the first start.

    Raises:
        KeyringError: it cannot be read.
    """
    if inline:
        return Keyring.from_json(inline)
    path = home / "keyring.json"
    if not path.exists():
        make_private(path, Keyring.generate().to_json())
    return replace(Keyring.from_json(path.read_text(encoding="ascii")), path=path)
