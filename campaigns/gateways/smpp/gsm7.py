"""The GSM default alphabet, read: octets of one septet each, as SMPP carries them, to text."""

from __future__ import annotations

from campaigns.content.encoding import ESCAPE, GSM_BASIC, GSM_EXTENSION

_EXTENSION = {code: char for char, code in GSM_EXTENSION.items()}
_BASIC = GSM_BASIC + "\ufffd" * 128


def decode(data: bytes) -> str:
    """The text. An octet above 0x7F becomes U+FFFD, an unknown extension its basic character, as handsets do."""
    if ESCAPE not in data:
        return "".join([_BASIC[octet] for octet in data])
    text: list[str] = []
    octets = iter(data)
    for octet in octets:
        if octet == ESCAPE:
            octet = next(octets, 0x20)
            text.append(_EXTENSION.get(octet) or (" " if octet == ESCAPE else _BASIC[octet]))
        else:
            text.append(_BASIC[octet])
    return "".join(text)
