"""The classes of messages and the rules each brings; chosen with the template, checked by a second person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config.i18n import Text


@dataclass(frozen=True, slots=True)
class MessageClass:
    """What kind of message a text is, and what follows from it."""

    slug: str
    title: Text
    honours_refusal: bool
    """Whether somebody who refused messages is left out."""
    label: str = ""
    """What the text must begin with: ``[QC]`` for advertising (Decree 91/2020/NĐ-CP, Article 15)."""
    needs_refusal_line: bool = False
    """Whether the text must end by saying how to refuse (Decree 91/2020/NĐ-CP, Article 16)."""
    chosen_by_people: bool = True
    """Whether a campaign can be made of it; replies of the system cannot."""
    priority: int = 5
    """Where its campaigns stand on a shared gateway unless a person says otherwise: 0 goes before everything else."""


_ALL = (
    MessageClass("thong-bao", Text("Thông báo, tuyên truyền", "Public information"), honours_refusal=True),
    MessageClass("ca-nhan", Text("Thông báo hồ sơ cá nhân", "Notice about a person's own case"), honours_refusal=True),
    MessageClass("noi-bo", Text("Nội bộ cơ quan", "Internal, to staff"), honours_refusal=False),
    MessageClass("khan-cap", Text("Khẩn cấp", "Emergency"), honours_refusal=False, priority=0),
    MessageClass(
        "quang-cao", Text("Quảng cáo", "Advertising"), honours_refusal=True, label="[QC]", needs_refusal_line=True
    ),
    MessageClass(
        "he-thong", Text("Trả lời của hệ thống", "Reply of the system"), honours_refusal=False, chosen_by_people=False
    ),
)

MESSAGE_CLASSES: Mapping[str, MessageClass] = {kind.slug: kind for kind in _ALL}
