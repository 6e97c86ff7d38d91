"""Rows of contacts as PostgreSQL's binary COPY takes them: the inner loop of every import, so it calls little.

Format: "COPY: Binary Format" in PostgreSQL's manual; arrays as ``array_recv``, JSON as ``jsonb_recv`` read them.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable

COPY_ROWS = (
    "COPY import_row (phone_hash, line, first, phone_cipher, carrier, ward_id, language, name_cipher, name_words,"
    " attributes) FROM STDIN (FORMAT binary)"
)
COPY_START = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
COPY_END = struct.pack(">h", -1)

_LENGTH = struct.Struct(">i").pack
_NULL = _LENGTH(-1)
_LENGTHS = [_LENGTH(size) for size in range(1024)]
"""The length before a short field."""
_SMALL = struct.Struct(">ih").pack
_START = struct.Struct(">hi").pack
_LINE = struct.Struct(">iiibi").pack
_INT_OID = 23
_INTS = [struct.pack(">iiiiii", 20 + 8 * n, 1, 0, _INT_OID, n, 1) + _LENGTHS[4] for n in range(64)]
"""What stands before the first of so many integers, up to and with that one's own length."""
_NO_INTS = struct.pack(">iiii", 12, 0, 0, _INT_OID)
_NO_NAME = _NULL + _NO_INTS
_NO_PAIRS = _LENGTH(3) + b"\x01{}"


def encode_field(value: str | None) -> bytes:
    """One text column of a binary COPY."""
    if value is None:
        return _NULL
    raw = value.encode()
    return _LENGTH(len(raw)) + raw


def encode_ward(ward_id: int | None) -> bytes:
    """The ward column of a binary COPY."""
    return _NULL if ward_id is None else _SMALL(2, ward_id)


def encode_rows(
    *,
    lines: Iterable[int],
    hashes: Iterable[bytes],
    ciphers: Iterable[bytes],
    rest: Iterable[bytes],
    names: Iterable[bytes | None],
    words: Iterable[Collection[bytes]],
    attributes: Iterable[bytes],
) -> bytes:
    """The rows for ``stage_contacts``, by the hashes of their numbers: neighbours in the index are met together.

    ``rest`` is carrier, ward and language, each by ``encode_field`` or ``encode_ward``; ``words`` are four bytes each;
    ``attributes`` are JSON without its braces.
    """
    seen: set[bytes] = set()
    encoded = []
    columns = zip(lines, hashes, ciphers, rest, names, words, attributes, strict=True)
    for line, digest, cipher, beside, name, terms, pairs in columns:
        parts = [_START(10, len(digest)), digest, _LINE(4, line, 1, digest not in seen, len(cipher)), cipher, beside]
        seen.add(digest)
        if name is None:
            parts.append(_NO_NAME)
        else:
            parts += _LENGTHS[len(name)], name
            parts += (_INTS[len(terms)], _LENGTHS[4].join(terms)) if terms else (_NO_INTS,)
        parts += (_LENGTH(len(pairs) + 3), b"\x01{", pairs, b"}") if pairs else (_NO_PAIRS,)
        encoded.append(b"".join(parts))
    encoded.sort()
    return b"".join(encoded)
