"""Files about people that stay on disk for a while, encrypted in blocks under a key of their own."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from config.keys import NONCE_BYTES, Keyring, KeyringError

_MAGIC = b"LOA sealed file 1\n"
_BLOCK = 256 * 1024
_LENGTH = struct.Struct(">I")


def _key(keyring: Keyring) -> AESGCM:
    """Of the hash key, so that neither a rotation nor the end of an old key makes a file unreadable."""
    return AESGCM(keyring.derive("sealed files"))


def seal_file(keyring: Keyring, path: Path) -> None:
    """Put the encrypted file in the place of the plain one, mode 0600. One that is sealed or gone is left alone."""
    if not path.exists() or is_sealed(path):
        return
    key, staging = _key(keyring), path.with_name(f"{path.name}.sealing")
    staging.unlink(missing_ok=True)
    descriptor = os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with path.open("rb") as plain, os.fdopen(descriptor, "wb") as sealed:
        sealed.write(_MAGIC)
        for number, block in enumerate(iter(lambda: plain.read(_BLOCK), b"")):
            nonce = os.urandom(NONCE_BYTES)
            # The block's number is sealed with it, so that none can be left out or moved.
            cipher = nonce + key.encrypt(nonce, block, _LENGTH.pack(number))
            sealed.write(_LENGTH.pack(len(cipher)) + cipher)
        sealed.flush()
        os.fsync(sealed.fileno())
    staging.replace(path)


def is_sealed(path: Path) -> bool:
    """Whether the file is encrypted."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def read_blocks(keyring: Keyring, path: Path) -> Iterator[bytes]:
    """The plain content of a file, sealed or not, block by block.

    Raises:
        KeyringError: it was sealed with another keyring, or altered.
    """
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            file.seek(0)
            yield from iter(lambda: file.read(_BLOCK), b"")
            return
        yield from _opened(_key(keyring), file)


def _opened(key: AESGCM, file: BinaryIO) -> Iterator[bytes]:
    number = 0
    while head := file.read(_LENGTH.size):
        cipher = file.read(_LENGTH.unpack(head)[0])
        try:
            yield key.decrypt(cipher[:NONCE_BYTES], cipher[NONCE_BYTES:], _LENGTH.pack(number))
        except (InvalidTag, ValueError) as error:
            raise KeyringError("the file does not fit the keyring: altered, or of another one") from error
        number += 1


class _Stream(io.RawIOBase):
    """Blocks as a file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._left = blocks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._left = self._left or next(self._blocks, b"")
        taken, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def open_text(keyring: Keyring, path: Path) -> io.TextIOWrapper:
    """A file of UTF-8 text, sealed or not, for reading; lines end as they were written."""
    return io.TextIOWrapper(io.BufferedReader(_Stream(read_blocks(keyring, path))), encoding="utf-8-sig", newline="")
