"""What each status of a submit_sm_resp means for the message: SMPP 3.4, 5.1.3, as one table."""

from __future__ import annotations

from collections.abc import Mapping

from campaigns.gateways.contract import Answer, Trouble, Verdict
from campaigns.gateways.smpp.constants import status_code, status_name

VERDICTS: Mapping[str, Verdict] = {
    "ESME_RTHROTTLED": Verdict.THROTTLED,
    "ESME_RMSGQFUL": Verdict.THROTTLED,
    # The telco's own trouble, or our bind's: nothing is wrong with the message.
    "ESME_RINVBNDSTS": Verdict.RETRY,
    "ESME_RALYBND": Verdict.RETRY,
    "ESME_RSYSERR": Verdict.RETRY,
    "ESME_RBINDFAIL": Verdict.RETRY,
    "ESME_RSUBMITFAIL": Verdict.RETRY,
    "ESME_RX_T_APPN": Verdict.RETRY,
    "ESME_RUNKNOWNERR": Verdict.RETRY,
}
"""By name; every other status, and every one we do not know, is final: refused, never guessed as taken."""

SUBSCRIBERS = frozenset({"ESME_RX_T_APPN"})
"""Refusals for now by what stands behind the telco: the receiving side. All others are the telco's own trouble."""

PERMANENT_BIND = frozenset({"ESME_RINVPASWD", "ESME_RINVSYSID", "ESME_RINVSYSTYP"})
"""Refused binds that stay refused until somebody changes the settings."""


def verdict_of(status: int, own: Mapping[int, Verdict]) -> Verdict:
    """The verdict of a refusal; ``own`` holds what this telco's contract says about its codes."""
    return own.get(status) or VERDICTS.get(status_name(status), Verdict.FINAL)


def refusal_of(verdict: Verdict, error: str) -> Answer:
    """The answer about a message of which no part was taken."""
    return Answer(verdict, (), error, Trouble.SUBSCRIBER if error in SUBSCRIBERS else Trouble.TELCO)


def read_verdicts(text: str) -> dict[int, Verdict]:
    """The telco's own meanings from ``0x401=throttled, ESME_RX_R_APPN=retry``.

    Raises:
        ValueError: an entry is no ``status=throttled|retry|final``, or means to change success.
    """
    verdicts: dict[int, Verdict] = {}
    for entry in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, meaning = (piece.strip() for piece in entry.partition("="))
        code = status_code(name)
        if code == 0 or meaning not in (Verdict.THROTTLED, Verdict.RETRY, Verdict.FINAL):
            raise ValueError(f"{entry}: expected a status, “=”, and throttled, retry or final")
        verdicts[code] = Verdict(meaning)
    return verdicts
