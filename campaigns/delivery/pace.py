"""The pace a campaign keeps besides the telcos' limits: how people write it, and what it comes to per second."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from campaigns.errors import InvalidInput
from campaigns.models import Campaign
from campaigns.store.pacing import set_pace, sum_parts

_SPAN = re.compile(r"(?:([0-9]{1,4})h)?(?:([0-9]{1,5})m)?")
_RATE = re.compile(r"([0-9]{1,9})/(h|m)")


@dataclass(frozen=True, slots=True)
class Pace:
    """What a person asks for. ``over_minutes`` and ``parts_per_hour`` exclude each other."""

    over_minutes: int | None = None
    """Open minutes over which what is unsent is spread evenly."""
    parts_per_hour: int | None = None
    ward_people_per_hour: int | None = None
    replaces: bool = False
    """Of a change: what is not given is taken away. Else it stays as it is."""

    def to_json(self) -> dict[str, Any]:
        """For the audit."""
        return asdict(self)


def parse_span(written: str) -> int:
    """Minutes of ``6h``, ``90m`` or ``1h30m``.

    Raises:
        InvalidInput: it is none of these, or nothing at all.
    """
    found = _SPAN.fullmatch(written.strip().lower())
    minutes = int(found[1] or 0) * 60 + int(found[2] or 0) if found else 0
    if not minutes:
        raise InvalidInput(
            "“{given}” không phải khoảng thời gian. Viết 6h, 90m hoặc 1h30m.",
            "“{given}” is no span of time. Write 6h, 90m or 1h30m.",
            given=written,
        )
    return minutes


def format_span(minutes: int) -> str:
    """As ``parse_span`` reads it: ``6h``, ``1h30m``, ``45m``."""
    hours, rest = divmod(minutes, 60)
    return (f"{hours}h" if hours else "") + (f"{rest}m" if rest else "")


def parse_rate(written: str) -> int:
    """How many an hour of ``2000/h`` or ``30/m``.

    Raises:
        InvalidInput: it is neither, or zero.
    """
    found = _RATE.fullmatch(written.strip().lower().replace(" ", ""))
    hourly = int(found[1]) * (60 if found[2] == "m" else 1) if found else 0
    if not hourly:
        raise InvalidInput(
            "“{given}” không phải nhịp gửi. Viết 2000/h (mỗi giờ) hoặc 30/m (mỗi phút).",
            "“{given}” is no pace. Write 2000/h (an hour) or 30/m (a minute).",
            given=written,
        )
    return hourly


def begin_pace(session: Session, campaign: Campaign) -> None:
    """Keep the approved pace from now on; the audience is frozen, so "over six hours" has become a number."""
    session.flush()
    if (campaign.over_minutes, campaign.pace_per_hour, campaign.ward_pace_per_hour) != (None, None, None):
        set_pace(
            session,
            campaign.id,
            per_second=approved_per_second(session, campaign),
            ward_per_second=_per_second(campaign.ward_pace_per_hour),
        )


def approved_per_second(session: Session, campaign: Campaign) -> float | None:
    """Parts a second of the pace that was approved; None where none was."""
    if campaign.over_minutes is None:
        return _per_second(campaign.pace_per_hour)
    return _spread(sum_parts(session, campaign.id).planned, campaign.over_minutes)


def change_pace(session: Session, campaign: Campaign, pace: Pace) -> bool:
    """Keep ``pace`` from now on, for what is unsent; whether that is faster, somewhere, than what was approved."""
    if pace.over_minutes is not None:
        per_second = _spread(sum_parts(session, campaign.id).unsent, pace.over_minutes)
    else:
        per_second = _changed(pace, pace.parts_per_hour, campaign.pace_now)
    ward_per_second = _changed(pace, pace.ward_people_per_hour, campaign.ward_pace_now)
    set_pace(session, campaign.id, per_second=per_second, ward_per_second=ward_per_second)
    session.refresh(campaign)
    return _is_faster(per_second, approved_per_second(session, campaign)) or _is_faster(
        ward_per_second, _per_second(campaign.ward_pace_per_hour)
    )


def _changed(pace: Pace, hourly: int | None, now: float | None) -> float | None:
    return now if hourly is None and not pace.replaces else _per_second(hourly)


def _spread(parts: float, minutes: int) -> float | None:
    return parts / (minutes * 60) if parts else None


def _per_second(hourly: int | None) -> float | None:
    return None if hourly is None else hourly / 3600


def _is_faster(new: float | None, approved: float | None) -> bool:
    """No pace is the fastest; a thousandth more is a matter of rounding."""
    return approved is not None and (new is None or new > approved * 1.001)
