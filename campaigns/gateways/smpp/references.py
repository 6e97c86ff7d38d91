"""Message ids made comparable: telcos write one id in one way in the answer, in another in the receipt."""

from __future__ import annotations

from enum import StrEnum


class ReferenceStyle(StrEnum):
    """How a telco writes its message ids."""

    AS_IS = "as-is"
    """The same in both places."""
    CASE = "case"
    """Upper and lower case differ."""
    ZEROS = "zeros"
    """Leading zeros and case differ."""
    HEX_ANSWER = "hex-answer"
    """Hexadecimal in the answer, decimal in the receipt's text."""
    HEX_RECEIPT = "hex-receipt"
    """Decimal in the answer, hexadecimal in the receipt's text."""

    @property
    def two_bases(self) -> bool:
        """Whether answer and receipt are written in different bases."""
        return self in (ReferenceStyle.HEX_ANSWER, ReferenceStyle.HEX_RECEIPT)


def from_answer(reference: str, style: ReferenceStyle) -> str:
    """The id of a submit_sm_resp in its one form."""
    return _normalise(reference, style, 16 if style is ReferenceStyle.HEX_ANSWER else 10)


def from_receipt(reference: str, style: ReferenceStyle) -> str:
    """The id in a receipt's text in the form of ``from_answer``."""
    return _normalise(reference, style, 16 if style is ReferenceStyle.HEX_RECEIPT else 10)


def _normalise(reference: str, style: ReferenceStyle, base: int) -> str:
    if style is ReferenceStyle.AS_IS:
        return reference
    folded = reference.strip().lower()
    if style is ReferenceStyle.CASE:
        return folded
    if style is ReferenceStyle.ZEROS:
        return folded.lstrip("0") or folded[:1]
    # isalnum keeps int() from taking signs, blanks and underscores for parts of a number.
    if folded.isascii() and folded.isalnum():
        try:
            return str(int(folded.removeprefix("0x"), base))
        except ValueError:
            pass
    return folded
