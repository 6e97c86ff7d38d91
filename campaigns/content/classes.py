"""The classes of messages: one table decides what each needs, may and must not; ``docs/law.md`` gives every source.

A class is chosen with the template and confirmed by a second person. What a city may set otherwise (hours, caps,
approvals) is in ``config.settings``; what is here is the default, or law.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time

from config.i18n import Text

Hours = tuple[time, time]
"""Local time Asia/Ho_Chi_Minh, end excluded; equal start and end are the whole day."""

WHOLE_DAY: Hours = (time(0), time(0))


@dataclass(frozen=True, slots=True)
class MessageClass:
    """What kind of message a text is, and what follows from it."""

    slug: str
    title: Text
    honours_refusal: bool
    """Whether somebody who refused messages is left out."""
    hours: Hours
    """When it may be sent at all; a campaign may be narrower, never wider."""
    rest_days: bool
    """Whether it may be sent on Saturdays, Sundays and public holidays."""
    cap: int | None
    """At most so many messages of this class to one person within a day over all campaigns; None is no cap."""
    legal_basis: Text | None
    """What its campaigns rest on unless their makers name another; None where every campaign must name its own."""
    approvals: int = 1
    """How many people besides its makers must approve."""
    permission: str | None = None
    """What its maker must hold beside ``campaign.edit``, such as the one to pass refusals and hours."""
    checks_do_not_call: bool = False
    """Whether the national do-not-call list is kept to (Decree 91/2020/NĐ-CP, Articles 7, 11.1, 13.1)."""
    needs_consent: bool = False
    """Whether only people with a recorded consent get it (Decree 91/2020/NĐ-CP, Article 11.2)."""
    authority_sender: bool = True
    """Whether it may go out under a sender name of an authority (the case of December 2025)."""
    label: str = ""
    """What the text must begin with: ``[QC]`` for advertising (Decree 91/2020/NĐ-CP, Article 15)."""
    optional_label: str = ""
    """What the text may begin with: ``[TB]`` is local practice. Any other label in brackets is refused."""
    needs_refusal_line: bool = False
    """Whether the text must end by saying how to refuse, by message and by call (Decree 91/2020/NĐ-CP, Article 16)."""
    chosen_by_people: bool = True
    """Whether a campaign can be made of it; replies of the system cannot."""
    priority: int = 5
    """Where its campaigns stand on a shared gateway unless a person says otherwise: 0 goes before everything else."""


_STATE_DUTY = Text(
    "Luật 91/2025/QH15, Điều 19.1(c): phục vụ hoạt động của cơ quan nhà nước",
    "Law 91/2025/QH15, Article 19.1(c): to serve the activity of a state agency",
)

_ALL = (
    MessageClass(
        "thong-bao",
        Text("Thông báo, tuyên truyền", "Public information"),
        honours_refusal=True,
        hours=(time(7), time(21)),
        rest_days=True,
        cap=1,
        legal_basis=_STATE_DUTY,
        optional_label="[TB]",
    ),
    MessageClass(
        "ca-nhan",
        Text("Thông báo hồ sơ cá nhân", "Notice about a person's own case"),
        honours_refusal=True,
        hours=(time(7), time(21)),
        rest_days=True,
        cap=None,
        legal_basis=_STATE_DUTY,
    ),
    MessageClass(
        "noi-bo",
        Text("Nội bộ cơ quan", "Internal, to staff"),
        honours_refusal=False,
        hours=(time(7), time(17, 30)),
        rest_days=False,
        cap=None,
        legal_basis=_STATE_DUTY,
    ),
    MessageClass(
        "khan-cap",
        Text("Khẩn cấp", "Emergency"),
        honours_refusal=False,
        hours=WHOLE_DAY,
        rest_days=True,
        cap=None,
        legal_basis=None,
        permission="campaign.emergency",
        priority=0,
    ),
    MessageClass(
        "quang-cao",
        Text("Quảng cáo", "Advertising"),
        honours_refusal=True,
        hours=(time(7), time(22)),
        rest_days=True,
        cap=3,
        legal_basis=None,
        approvals=2,
        checks_do_not_call=True,
        needs_consent=True,
        authority_sender=False,
        label="[QC]",
        needs_refusal_line=True,
    ),
    MessageClass(
        "he-thong",
        Text("Trả lời của hệ thống", "Reply of the system"),
        honours_refusal=False,
        hours=WHOLE_DAY,
        rest_days=True,
        cap=None,
        legal_basis=_STATE_DUTY,
        chosen_by_people=False,
    ),
)

MESSAGE_CLASSES: Mapping[str, MessageClass] = {kind.slug: kind for kind in _ALL}
