"""A proof in words: sections of facts and tables, which the page and the PDF show alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from campaigns.approving import ReviewStep
from campaigns.content.topics import topic_title
from campaigns.delivery.states import CAMPAIGN_TITLES, MESSAGE_STATES, STATE_TITLES, CampaignState
from campaigns.lawful import legal_basis_of
from campaigns.models import Campaign
from campaigns.proof.deeds import FIELDS, deed
from campaigns.proof.record import Approval, Deed, Proof, Recount, is_over
from config.i18n import Text, current_language, figure, t
from config.zone import CITY_TIME

Tone = Literal["good", "warn", "bad", ""]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: what it is called, its value; ``code`` is set in the letters of machines."""

    title: str
    value: str
    code: bool = False
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under titles; the columns in ``numbers`` are set to the right, ``total`` ends it."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()
    total: Sequence[str] = ()
    codes: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the proof."""

    key: str
    title: str
    facts: Sequence[Fact] = ()
    table: Table | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """The whole proof."""

    title: str
    subtitle: str
    sections: Sequence[Section]
    labels: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """What the PDF is set from."""
        return asdict(self)


def moment(value: datetime | None) -> str:
    """``23/11/2026 14:05:09`` on the clocks of Da Nang."""
    return value.astimezone(CITY_TIME).strftime("%d/%m/%Y %H:%M:%S") if value else "–"


def write_proof(proof: Proof, issuer: str, counted: Recount | None = None) -> Document:
    """The document; ``counted`` adds what takes longer to find out."""
    sections = [_who(proof), _order(proof), _text(proof), _audience(proof), _gateways(proof), _outcomes(proof)]
    if counted is not None:
        sections.append(write_recount(counted))
    sections.append(_chain(proof))
    campaign = proof.campaign
    return Document(
        title=campaign.name,
        subtitle=t(
            "Hồ sơ chứng minh chiến dịch số {id} · {issuer} · lập lúc {at}",
            "Proof of campaign {id} · {issuer} · made {at}",
            id=campaign.id,
            issuer=issuer,
            at=moment(proof.made_at),
        ),
        sections=[*sections],
        labels={"page": t("Trang", "Page"), "head": t("Hồ sơ chứng minh", "Proof"), "lang": current_language()},
    )


def _person(name: str) -> str:
    return t("hệ thống", "the system") if name == "system" else name


def _last(proof: Proof, action: str) -> Deed | None:
    return next((each for each in reversed(proof.deeds) if each.action == action), None)


def _step(title: str, found: Deed | None, missing: str) -> Fact:
    if found is None:
        return Fact(title, missing)
    return Fact(title, f"{_person(found.actor)}, {moment(found.at)}")


def _who(proof: Proof) -> Section:
    campaign, none = proof.campaign, t("chưa", "not yet")
    facts = [
        _step(t("Người soạn", "Made by"), _last(proof, "campaign.created"), campaign.created_by),
        _step(t("Người yêu cầu gửi (trình duyệt)", "Ordered by (submitted)"), _last(proof, "campaign.submitted"), none),
        *_approvals(proof),
        Fact(t("Loại tin", "Class"), str(proof.message_class.title)),
        Fact(t("Căn cứ", "Legal basis"), _basis(proof)),
        Fact(t("Chủ đề", "Topic"), topic_title(campaign.topic)),
        Fact(t("Trạng thái", "State"), str(CAMPAIGN_TITLES[CampaignState(campaign.state)])),
        Fact(t("Mã nội dung được duyệt", "Content hash approved"), _hex(campaign.approved_hash), code=True),
        Fact(t("Mã nội dung hiện tại", "Content hash now"), proof.content, code=True),
        _changes(proof),
    ]
    return Section("who", t("Ai yêu cầu, ai duyệt", "Who ordered, who approved"), facts)


_GO_AHEADS = {
    ReviewStep.APPROVED: Text("Người duyệt", "Approved by"),
    ReviewStep.EMERGENCY: Text("Gửi khẩn cấp, không chờ duyệt", "Sent as an emergency by"),
    ReviewStep.SIGNED_OFF: Text("Xem xét việc gửi khẩn cấp", "Emergency reviewed by"),
}


def _approvals(proof: Proof) -> list[Fact]:
    """Everybody whose word let it out; approvers are numbered where one alone did not do."""
    approved = [each for each in proof.approvals if each.step == ReviewStep.APPROVED]
    numbered = len(approved) > 1 or (bool(approved) and proof.campaign.approved_by is None)
    facts = []
    for each in proof.approvals:
        title = str(_GO_AHEADS[ReviewStep(each.step)])
        if numbered and each in approved:
            title = t("Người duyệt {n}", "Approver {n}", n=approved.index(each) + 1)
        facts.append(Fact(title, _approval(each)))
    return facts or [Fact(str(_GO_AHEADS[ReviewStep.APPROVED]), _unkept(proof.campaign))]


def _unkept(campaign: Campaign) -> str:
    """Not approved, or by a version of Loa that did not keep what was decided about."""
    by = campaign.approved_by
    return f"{by}, {moment(campaign.approved_at)}" if by else t("chưa", "not yet")


def _approval(given: Approval) -> str:
    said = [f"{given.by}, {moment(given.at)}"]
    if given.people is not None:
        said.append(t("{n} người nhận", "{n} recipients", n=figure(given.people)))
    if given.confirmed_class:
        said.append(t("đã xác nhận loại tin", "class confirmed"))
    return "; ".join(said)


def _basis(proof: Proof) -> str:
    basis = legal_basis_of(proof.campaign)
    return str(basis) if basis else t("chưa ghi", "not recorded")


def _hex(value: bytes | None) -> str:
    return value.hex() if value else "–"


def _changes(proof: Proof) -> Fact:
    title = t("Thay đổi sau khi duyệt", "Changes since the approval")
    if proof.unchanged is None:
        return Fact(title, t("chưa được duyệt", "not approved"), tone="warn")
    if proof.unchanged and _hex(proof.campaign.approved_hash) == proof.content:
        return Fact(title, t("không có: hai mã trùng nhau", "none: both hashes are the same"), tone="good")
    if proof.unchanged:
        same = t("không có: từng mục như bản đã duyệt", "none: every field is as it was approved")
        return Fact(title, same, tone="good")
    named = ", ".join(str(FIELDS.get(name, name)) for name in proof.differing or ())
    some = t("CÓ: hai mã khác nhau", "SOME: the hashes differ")
    return Fact(title, f"{some} ({named})" if named else some, tone="bad")


def _order(proof: Proof) -> Section:
    rows = [
        [
            str(each.entry),
            moment(each.at),
            _person(each.actor),
            deed(each.action) + (f" ({each.reason})" if each.reason else ""),
            each.content[:16],
            each.digest[:16],
        ]
        for each in proof.deeds
    ]
    titles = [
        t("Số", "No."),
        t("Lúc", "When"),
        t("Ai", "Who"),
        t("Việc", "What"),
        t("Mã nội dung", "Content"),
        t("Mã dòng nhật ký", "Entry's hash"),
    ]
    note = t(
        "Mỗi dòng là một dòng của nhật ký chỉ ghi thêm; mã ghi 16 ký tự đầu.",
        "Each row is an entry of the append-only audit; of hashes the first 16 characters are shown.",
    )
    table = Table(titles, rows, numbers=(0,), codes=(4, 5))
    return Section("steps", t("Trình tự", "Step by step"), table=table, note=note)


def _text(proof: Proof) -> Section:
    version = proof.campaign.template_version
    names = {"plain": t("Không dấu", "Without marks"), "marked": t("Có dấu", "With marks")}
    facts = [
        Fact(t("Mẫu tin", "Template"), f"{version.template.title} ({version.template.slug})"),
        Fact(t("Phiên bản", "Version"), str(version.number)),
        Fact(t("Mã phiên bản", "Version's fingerprint"), version.content_hash.hex(), code=True),
        Fact(t("Tên người gửi", "Sender name"), proof.campaign.sender or t("tên của cổng", "the gateway's own")),
    ]
    for each in proof.wordings:
        used = t("bản đã gửi", "the one sent") if each.used else t("không gửi", "not sent")
        facts.append(Fact(f"{names[each.variant]} ({used})", each.body, tone="good" if each.used else ""))
        facts.append(Fact(t("SHA-256", "SHA-256"), each.fingerprint, code=True))
    facts += [Fact(f"{{{{ {name} }}}}", str(value)) for name, value in proof.campaign.values.items() if value]
    return Section("text", t("Nội dung đã gửi", "The text"), facts)


def _audience(proof: Proof) -> Section:
    campaign = proof.campaign
    edition = str(campaign.audience.get("edition", ""))
    areas = ", ".join(proof.areas) if proof.areas else t("toàn bộ danh bạ", "everybody in the register")
    facts = [
        Fact(t("Đối tượng", "Audience"), areas),
        Fact(t("Danh mục địa bàn", "Edition of the areas"), edition),
        Fact(t("Chốt danh sách lúc", "Frozen"), moment(campaign.planned_at)),
        Fact(t("Số người được lập tin", "People planned"), figure(proof.planned)),
        Fact(t("Số phần tin", "Message parts"), figure(proof.parts)),
        Fact(t("Từ chối sau khi chốt, không gửi", "Refused afterwards, not sent"), figure(proof.totals["suppressed"])),
    ]
    rows = [[row.name, figure(row.planned), figure(row.totals["delivered"])] for row in proof.districts]
    table = Table(
        [t("Quận, huyện", "District"), t("Số người", "People"), t("Đã tới máy", "Delivered")],
        rows,
        numbers=(1, 2),
        total=[t("Cộng", "Total"), figure(proof.planned), figure(proof.totals["delivered"])],
    )
    return Section("audience", t("Gửi tới ai", "To whom"), facts, table if rows else None)


def _gateways(proof: Proof) -> Section:
    rows = [
        [
            each.gateway or t("chưa có cổng", "no gateway yet"),
            figure(each.planned),
            figure(each.handed_over),
            figure(each.delivered),
            moment(each.first_at),
            moment(each.last_at),
        ]
        for each in proof.gateways
    ]
    titles = [
        t("Cổng", "Gateway"),
        t("Số tin", "Messages"),
        t("Đã trao", "Handed over"),
        t("Đã tới máy", "Delivered"),
        t("Lô đầu bắt đầu", "First batch begun"),
        t("Lô cuối bắt đầu", "Last batch begun"),
    ]
    facts = [Fact(t("Kết thúc", "Finished"), moment(proof.campaign.finished_at))]
    table = Table(titles, rows, numbers=(1, 2, 3)) if rows else None
    note = "" if rows else t("Chưa có tin nào.", "No messages yet.")
    return Section("gateways", t("Cổng nào gửi, khi nào", "Which gateway sent, and when"), facts, table, note)


def _outcomes(proof: Proof) -> Section:
    rows = [[str(STATE_TITLES[state]), figure(proof.totals[state.label])] for state in MESSAGE_STATES]
    title = t("Cộng các kết quả so với số người", "Sum of the outcomes against people planned")
    added = figure(sum(proof.totals.values()))
    fact = Fact(title, f"{added} / {figure(proof.planned)}", tone="good" if proof.adds_up else "bad")
    note = "" if is_over(proof.campaign) else t("Chiến dịch chưa kết thúc.", "The campaign is not over.")
    titles = [t("Kết quả", "Outcome"), t("Số người", "People")]
    table = Table(titles, rows, numbers=(1,), total=[t("Cộng", "Total"), added])
    return Section("outcomes", t("Kết quả", "Outcomes"), [fact], table, note)


def write_recount(counted: Recount) -> Section:
    """Whether the messages themselves bear the figures out, and whether refusals were honoured."""
    balanced = Fact(
        t("Đếm lại từng tin", "Every message counted again"),
        t("khớp sổ", "the books balance") if counted.balanced else t("KHÔNG khớp sổ", "the books do NOT balance"),
        tone="good" if counted.balanced else "bad",
    )
    return Section("recount", t("Đối chiếu", "Checked again"), [balanced, *_refusals(counted)])


def _refusals(counted: Recount) -> list[Fact]:
    honoured = counted.honoured
    if honoured is None:
        title = t("Từ chối nhận tin", "Refusals")
        return [Fact(title, t("không áp dụng, hoặc chưa chốt danh sách", "do not apply, or nothing is frozen yet"))]
    if not honoured.countable:
        gone = t("tin đã quá hạn lưu, không đếm lại được", "the messages had their time and cannot be counted again")
        return [Fact(t("Người đã từ chối trước khi chốt", "People who had refused before"), gone)]
    return [
        Fact(
            t("Người đã từ chối trước khi chốt, không lập tin", "Refused before, left out"),
            figure(honoured.left_out),
        ),
        Fact(
            t("Người đã từ chối trước khi chốt mà vẫn bị gửi", "Refused before, and sent to all the same"),
            figure(honoured.sent),
            tone="bad" if honoured.sent else "good",
        ),
    ]


def _chain(proof: Proof) -> Section:
    head, check = proof.head, proof.last_check
    facts = [
        Fact(t("Dòng cuối của nhật ký", "The audit's last entry"), str(head[0]) if head else "–"),
        Fact(t("Mã băm của dòng đó", "Its hash"), head[1] if head else "–", code=True),
    ]
    if check is None:
        facts.append(Fact(t("Kiểm tra nhật ký", "The audit verified"), t("chưa lần nào", "never"), tone="warn"))
    else:
        outcome = t("nguyên vẹn", "intact") if check.fault is None else t("KHÔNG nguyên vẹn", "NOT intact")
        verified = f"{outcome}, {moment(check.finished_at)}"
        tone: Tone = "good" if check.fault is None else "bad"
        facts.append(Fact(t("Kiểm tra nhật ký gần nhất", "The audit last verified"), verified, tone=tone))
    note = t(
        "Hồ sơ không chứa số điện thoại hay tên của người nhận nào. Kiểm tra chữ ký của tệp: loa proof verify TỆP.",
        "It names nobody who got a message. To check a file's signature: loa proof verify FILE.",
    )
    return Section("chain", t("Nhật ký", "The audit"), facts, note=note)
