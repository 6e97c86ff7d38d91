"""``loa campaigns``: create, submit, approve, schedule, pace, pause, resume, cancel, show, wait, estimate, list."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import click
from pydantic import ValidationError

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa, progress
from admin.cli.moments import read_moment, read_start, read_weekdays, read_window
from admin.cli.steps import UNDO, approve, emergency, take_step
from admin.cli.tables import print_table
from campaigns import steps
from campaigns.audience.selection import WITHIN_DAYS_MOST, Audience
from campaigns.content.classes import class_rules
from campaigns.delivery.pace import Pace, parse_rate, parse_span
from campaigns.delivery.states import CAMPAIGN_TITLES, STATE_TITLES, CampaignState, MessageState
from campaigns.draft import CampaignDraft
from campaigns.errors import InvalidInput
from campaigns.lawful import legal_basis_of
from campaigns.models import Campaign
from campaigns.scope import require_inside
from campaigns.stats import Summary, estimate, summary
from campaigns.stats.outlook import outlook
from campaigns.store.campaigns import get_campaign, list_campaigns
from campaigns.store.templates import get_version
from config.i18n import t

WAIT_SECONDS = 1.0
QUIET_SECONDS = 10.0
"""``wait`` leaves when all is sent and no receipt has come for so long."""


@click.group(help=t("Chiến dịch: tạo, trình, duyệt, gửi, dừng.", "Campaigns: make, submit, approve, send, stop."))
def campaigns() -> None:
    """Group of commands."""


@campaigns.command(
    help=t("Tạo chiến dịch ở trạng thái nháp; in ra số của nó.", "Make a draft campaign; prints its id.")
)
@click.option("--name", required=True, help=t("Tên chiến dịch.", "Name of the campaign."))
@click.option("--template", "slug", required=True, help=t("Mẫu tin (slug).", "Template (slug)."))
@click.option(
    "--variant",
    type=click.Choice(["plain", "marked"]),
    default="plain",
    show_default=True,
    help=t("không dấu / có dấu.", "without / with Vietnamese marks."),
)
@click.option("--districts", help=t("Mã quận, huyện, cách nhau dấu phẩy.", "District codes, separated by commas."))
@click.option("--wards", help=t("Mã phường, xã, cách nhau dấu phẩy.", "Ward codes, separated by commas."))
@click.option("--all", "everybody", is_flag=True, help=t("Mọi người trong danh bạ.", "Everybody in the register."))
@click.option("--carriers", help=t("Chỉ thuê bao của các nhà mạng này.", "Only numbers of these carriers."))
@click.option("--language", "languages", help=t("Chỉ người nhận tin bằng: vi, en.", "Only people who read: vi, en."))
@click.option("--tags", help=t("Chỉ người có một trong các nhãn này.", "Only people with one of these tags."))
@click.option(
    "--not-within-days",
    type=click.IntRange(1, WITHIN_DAYS_MOST),
    help=t("Trừ người đã nhận tin trong số ngày này.", "Not who got a message within so many days."),
)
@click.option(
    "--not-campaign",
    "not_campaigns",
    type=int,
    multiple=True,
    metavar="ID",
    help=t("Trừ người của chiến dịch này (lặp lại được).", "Not who was in this campaign (may be repeated)."),
)
@click.option("--edition", help=t("Danh mục địa bàn (2023, 2025).", "Edition of the areas (2023, 2025)."))
@click.option(
    "--start",
    default="now",
    show_default=True,
    help=t("now, manual hoặc thời điểm ISO.", "now, manual or an ISO time."),
)
@click.option(
    "--window",
    default="07:00-21:00",
    show_default=True,
    help=t("Khung giờ gửi, giờ Việt Nam.", "Hours of sending, Vietnamese time."),
)
@click.option(
    "--days",
    default="1-7",
    show_default=True,
    help=t("Các ngày gửi, 1 là thứ Hai: 1-5 hoặc 2,4.", "Days of sending, 1 is Monday: 1-5 or 2,4."),
)
@click.option(
    "--skip-holidays", is_flag=True, help=t("Không gửi vào ngày nghỉ lễ.", "Not on public holidays.")
)
@click.option("--deadline", help=t("Thời điểm ISO, từ đó không gửi nữa.", "ISO time from which nothing is sent."))
@click.option(
    "--repeat-reason",
    help=t(
        "Lý do gửi lại cùng nội dung cho người vừa nhận.", "Why people who got the same text lately get it again."
    ),
)
@click.option("--sender", default="", help=t("Tên người gửi (brandname).", "Sender name."))
@click.option(
    "--legal-basis",
    default="",
    help=t(
        "Căn cứ pháp lý; mặc định theo loại tin, bắt buộc với khẩn cấp và quảng cáo.",
        "Legal basis; by default that of the message class, required for emergencies and advertising.",
    ),
)
@click.option(
    "--set",
    "values",
    multiple=True,
    metavar="KEY=VALUE",
    help=t("Giá trị cho chỗ trống của mẫu tin.", "Value of a placeholder of the text."),
)
@click.option(
    "--validity",
    type=click.IntRange(5, 4320),
    default=1440,
    show_default=True,
    help=t("Số phút nhà mạng còn cố gửi.", "Minutes the telco goes on trying."),
)
@click.option(
    "--unknown",
    type=click.Choice(["never", "resend"]),
    default="never",
    show_default=True,
    help=t("Tin chưa rõ kết quả: không gửi lại / gửi lại.", "Unknown messages: never sent again / resent."),
)
@click.option(
    "--priority",
    type=click.IntRange(0, 9),
    default=None,
    help=t(
        "0 khẩn, 5 thường; mặc định theo loại tin (khẩn cấp: 0).",
        "0 urgent, 5 bulk; by default that of the message class (emergency: 0).",
    ),
)
@click.option(
    "--budget", type=click.IntRange(0), help=t("Kinh phí được duyệt, bằng đồng.", "What it may cost, in đồng.")
)
@click.option("--over", help=t("Gửi trải đều trong khoảng này: 6h, 90m.", "Spread evenly over this long: 6h, 90m."))
@click.option(
    "--pace", "parts", help=t("Tối đa từng này phần tin: 2000/h, 30/m.", "At most so many parts: 2000/h, 30/m.")
)
@click.option(
    "--ward-pace",
    "ward",
    help=t("Tối đa từng này người ở một phường, xã: 300/h.", "At most so many people in one ward: 300/h."),
)
@as_option
@json_option
@pass_loa
def create(loa: Loa, /, as_email: str | None, as_json: bool, **options: Any) -> None:
    """Make a draft."""
    actor = loa.actor(as_email)
    with loa.database.transaction() as session:
        version = get_version(session, options["slug"])
        campaign = steps.create(session, actor, _draft(loa, version.id, options))
        campaign_id = campaign.id
    if as_json:
        emit_json({"id": campaign_id})
    else:
        click.echo(campaign_id)


def _draft(loa: Loa, version_id: int, options: dict[str, Any]) -> CampaignDraft:
    start, end = read_window(options["window"])
    pace = read_pace(options["over"], options["parts"], options["ward"])
    try:
        return CampaignDraft(
            name=options["name"],
            template_version_id=version_id,
            variant=options["variant"],
            sender=options["sender"],
            legal_basis=options["legal_basis"],
            values=_values(options["values"]),
            audience=_audience(loa, options),
            start_at=read_start(options["start"]),
            window_start=start,
            window_end=end,
            weekdays=read_weekdays(options["days"]),
            skip_holidays=options["skip_holidays"],
            deadline=read_moment(options["deadline"]) if options["deadline"] else None,
            repeat_reason=options["repeat_reason"],
            validity_minutes=options["validity"],
            unknown_policy=options["unknown"],
            priority=options["priority"],
            budget=options["budget"],
            over_minutes=pace.over_minutes,
            pace_per_hour=pace.parts_per_hour,
            ward_pace_per_hour=pace.ward_people_per_hour,
        )
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InvalidInput(
            "Chiến dịch chưa hợp lệ: {problems}.", "The campaign is not valid: {problems}.", problems=problems
        ) from error


def read_pace(over: str | None, parts: str | None, ward: str | None) -> Pace:
    """The pace that options describe; --over and --pace exclude each other."""
    if over and parts:
        raise click.UsageError(t("Chọn --over hoặc --pace, không cả hai.", "Give --over or --pace, not both."))
    return Pace(
        over_minutes=parse_span(over) if over else None,
        parts_per_hour=parse_rate(parts) if parts else None,
        ward_people_per_hour=parse_rate(ward) if ward else None,
    )


def _audience(loa: Loa, options: dict[str, Any]) -> Audience:
    districts, wards = _codes(options["districts"]), _codes(options["wards"])
    if options["everybody"] == bool(districts or wards):
        raise click.UsageError(
            t("Chọn --all, hoặc --districts và/hoặc --wards.", "Give --all, or --districts and/or --wards.")
        )
    edition = options["edition"] or loa.settings.default_edition
    return Audience(
        edition=edition,
        everybody=options["everybody"],
        districts=districts,
        wards=wards,
        carriers=_codes(options["carriers"]),
        languages=_codes(options["languages"]),
        tags=_codes(options["tags"]),
        not_within_days=options["not_within_days"],
        not_campaigns=options["not_campaigns"],
    )


def _codes(listed: str | None) -> tuple[str, ...]:
    return tuple(code.strip() for code in (listed or "").split(",") if code.strip())


def _values(pairs: tuple[str, ...]) -> dict[str, str]:
    values = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise click.UsageError(
                t("--set cần dạng tên=giá trị, không phải “{pair}”.", "--set wants key=value, not “{pair}”.", pair=pair)
            )
        values[key.strip()] = value
    return values




def _simple_step(name: str, help_text: str) -> None:
    @campaigns.command(name, help=help_text)
    @click.argument("campaign_id", metavar="ID", type=int)
    @as_option
    @json_option
    @pass_loa
    def step(loa: Loa, campaign_id: int, as_email: str | None, as_json: bool) -> None:
        take_step(loa, as_email, as_json, lambda session, actor: getattr(steps, name)(session, actor, campaign_id))


def _reasoned_step(name: str, help_text: str, *, required: bool) -> None:
    @campaigns.command(name, help=help_text)
    @click.argument("campaign_id", metavar="ID", type=int)
    @click.option("--reason", default="", required=required, help=t("Lý do.", "Reason."))
    @as_option
    @json_option
    @pass_loa
    def step(loa: Loa, campaign_id: int, reason: str, as_email: str | None, as_json: bool) -> None:
        take_step(
            loa, as_email, as_json, lambda session, actor: getattr(steps, name)(session, actor, campaign_id, reason)
        )


_simple_step("submit", t("Trình duyệt.", "Ask for approval."))
_simple_step("resume", t("Gửi tiếp.", "Go on after a pause."))
_reasoned_step(
    "undo",
    t("Hoàn tác duyệt khi chưa gửi tin nào.", "Take an approval back before the first message."),
    required=False,
)
_reasoned_step("pause", t("Tạm dừng.", "Pause."), required=False)
_reasoned_step(
    "cancel", t("Huỷ; phần chưa gửi sẽ không gửi nữa.", "Cancel; what is unsent stays unsent."), required=False
)
_reasoned_step("reject", t("Trả lại cho người soạn.", "Send back to its makers."), required=True)


campaigns.add_command(approve)
campaigns.add_command(emergency)


@campaigns.command("schedule", help=t("Đặt giờ bắt đầu cho chiến dịch đã duyệt.", "Start an approved campaign."))
@click.argument("campaign_id", metavar="ID", type=int)
@click.option("--start", default="now", show_default=True, help=t("now hoặc thời điểm ISO.", "now or an ISO time."))
@UNDO
@as_option
@json_option
@pass_loa
def schedule(loa: Loa, campaign_id: int, start: str, undo_seconds: int, as_email: str | None, as_json: bool) -> None:
    """Set when an approved campaign begins."""
    at = None if start == "now" else read_start(start)
    take_step(
        loa,
        as_email,
        as_json,
        lambda session, actor: steps.schedule(session, actor, campaign_id, at, undo_seconds=undo_seconds),
    )


@campaigns.command(
    "pace",
    help=t(
        "Đổi nhịp gửi của chiến dịch đang gửi; phần không ghi thì giữ nguyên, --none là bỏ mọi nhịp riêng.",
        "Change the pace of a campaign that is running; what is not given stays, --none takes all of it away.",
    ),
)
@click.argument("campaign_id", metavar="ID", type=int)
@click.option("--over", help=t("Gửi trải đều phần còn lại: 3h.", "Spread what is left over this long: 3h."))
@click.option("--pace", "parts", help=t("Tối đa từng này phần tin: 2000/h.", "At most so many parts: 2000/h."))
@click.option("--ward-pace", "ward", help=t("Tối đa từng này người một phường, xã.", "At most so many people a ward."))
@click.option("--none", "nothing", is_flag=True, help=t("Bỏ nhịp riêng.", "No pace of its own any more."))
@as_option
@json_option
@pass_loa
def pace_command(
    loa: Loa,
    campaign_id: int,
    over: str | None,
    parts: str | None,
    ward: str | None,
    nothing: bool,
    as_email: str | None,
    as_json: bool,
) -> None:
    """Slow a campaign down, or let it go faster again."""
    if nothing == bool(over or parts or ward):
        raise click.UsageError(
            t("Ghi --over hoặc --pace, --ward-pace, hoặc --none.", "Give --over or --pace, --ward-pace, or --none.")
        )
    pace = replace(read_pace(over, parts, ward), replaces=nothing)
    take_step(loa, as_email, as_json, lambda session, actor: steps.set_pace(session, actor, campaign_id, pace))


@campaigns.command("list", help=t("Các chiến dịch, mới nhất trước.", "Campaigns, newest first."))
@as_option
@json_option
@pass_loa
def list_command(loa: Loa, as_email: str | None, as_json: bool) -> None:
    """Newest campaigns."""
    scope = loa.reader(as_email).scope
    with loa.database.transaction() as session:
        rows = [summary(session, campaign.id) for campaign in list_campaigns(session, limit=50, scope=scope)]
    if as_json:
        emit_json([row.to_json() for row in rows])
        return
    print_table(
        [
            t("Số", "Id"),
            t("Tên", "Name"),
            t("Trạng thái", "State"),
            t("Người nhận", "Planned"),
            str(STATE_TITLES[MessageState.DELIVERED]),
        ],
        [[r.id, r.name, str(CAMPAIGN_TITLES[CampaignState(r.state)]), r.planned, r.totals["delivered"]] for r in rows],
    )


@campaigns.command(help=t("Trạng thái và số liệu.", "State and totals."))
@click.argument("campaign_id", metavar="ID", type=int)
@as_option
@json_option
@pass_loa
def show(loa: Loa, campaign_id: int, as_email: str | None, as_json: bool) -> None:
    """How a campaign stands."""
    person = loa.reader(as_email)
    with loa.database.transaction() as session:
        require_inside(session, person, "campaign", campaign_id)
        campaign = get_campaign(session, campaign_id)
        found, ahead = summary(session, campaign_id), outlook(session, campaign)
        rests = class_words(campaign)
    if as_json:
        emit_json({**found.to_json(), **ahead.to_json()})
        return
    print_summary(found)
    for sentence in (*rests, *ahead.words()):
        click.echo(sentence)


def class_words(campaign: Campaign) -> list[str]:
    """The class of a campaign and what it rests on, as an approver must know them."""
    basis = legal_basis_of(campaign)
    return [
        t("Loại tin: {kind}", "Class: {kind}", kind=class_rules(campaign.message_class).title),
        t("Căn cứ: {basis}", "Legal basis: {basis}", basis=basis or t("chưa ghi", "none named")),
    ]


def _summary(loa: Loa, campaign_id: int) -> Summary:
    with loa.database.transaction() as session:
        return summary(session, campaign_id)


def print_summary(found: Summary) -> None:
    """A campaign's numbers for people; states nobody is in are left out."""
    click.echo(f"{found.id} · {found.name} · {CAMPAIGN_TITLES[CampaignState(found.state)]}")
    if found.idle_reason:
        click.echo(t("Đang chờ: {reason}", "Idle: {reason}", reason=found.idle_reason))
    titles = {state.label: str(title) for state, title in STATE_TITLES.items()}
    rows: list[list[object]] = [[titles[label], count] for label, count in found.totals.items() if count]
    rows.append([t("Tổng số người nhận", "Planned"), found.planned])
    print_table([t("Trạng thái", "State"), t("Số tin", "Messages")], rows)


@campaigns.command(help=t("Chờ tới khi gửi xong và biên nhận về đủ.", "Wait until all is sent and receipts are in."))
@click.argument("campaign_id", metavar="ID", type=int)
@click.option("--timeout", type=float, default=None, help=t("Số giây chờ tối đa.", "Seconds to wait at most."))
@json_option
@pass_loa
def wait(loa: Loa, campaign_id: int, timeout: float | None, as_json: bool) -> None:
    """Wait for the end."""
    found = wait_for_campaign(loa, campaign_id, timeout)
    if as_json:
        emit_json(found.to_json())
    else:
        print_summary(found)
    if found.state not in {"finished", "cancelled"}:
        raise InvalidInput(
            "Hết {timeout} giây mà chiến dịch {id} chưa xong ({state}): {reason}.",
            "Campaign {id} is not finished after {timeout} s ({state}): {reason}.",
            timeout=timeout,
            id=campaign_id,
            state=found.state,
            reason=found.idle_reason or t("vẫn đang gửi", "still sending"),
        )


def wait_for_campaign(loa: Loa, campaign_id: int, timeout: float | None = None) -> Summary:
    """Show progress until a campaign is over and its receipts are in, or have been quiet, or time runs out."""
    until = time.monotonic() + timeout if timeout is not None else float("inf")
    found = _summary(loa, campaign_id)
    title = t("Chiến dịch {id}", "Campaign {id}", id=campaign_id)
    with progress(title, total=None, unit=t("tin", "messages")) as bar:
        settled, quiet_since = -1, time.monotonic()
        while True:
            found = _summary(loa, campaign_id)
            done = found.planned - found.unsent - found.awaiting_receipt
            if done != settled:
                settled, quiet_since = done, time.monotonic()
            bar.update(completed=done, total=found.planned or None, description=_headline(title, found))
            if _is_over(found, quiet_since) or time.monotonic() >= until:
                return found
            time.sleep(WAIT_SECONDS)


def _headline(title: str, found: Summary) -> str:
    return f"{title} ({found.idle_reason})" if found.idle_reason else title


def _is_over(found: Summary, quiet_since: float) -> bool:
    if found.state not in {"finished", "cancelled"} or found.unsent:
        return False
    return not found.awaiting_receipt or time.monotonic() - quiet_since > QUIET_SECONDS


@campaigns.command("estimate", help=t("Ai sẽ nhận, bao nhiêu phần tin.", "Who would get it, in how many parts."))
@click.argument("campaign_id", metavar="ID", type=int)
@as_option
@json_option
@pass_loa
def estimate_command(loa: Loa, campaign_id: int, as_email: str | None, as_json: bool) -> None:
    """The waterfall."""
    person = loa.reader(as_email)
    with loa.database.transaction() as session:
        require_inside(session, person, "campaign", campaign_id)
        found = estimate(session, campaign_id)
    if as_json:
        emit_json(found.to_json())
        return
    print_table(
        [t("Bước", "Step"), t("Số người", "People")],
        [
            [t("Có trong danh bạ", "Registered"), found.registered],
            *([str(step.title), step.people] for step in found.steps),
            [t("Số phần tin", "Parts"), found.parts],
        ],
    )
