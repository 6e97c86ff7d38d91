"""``loa requests``: what citizens ask about their data, with the times the law gives."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa, say, show_table
from campaigns.errors import NotFound
from campaigns.subjects import requests as tickets
from campaigns.subjects.clocks import CLOCKS
from config.i18n import t
from config.zone import CITY_TIME

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from campaigns.models import SubjectRequest


@click.group(help=t("Yêu cầu của công dân về dữ liệu của họ.", "What citizens ask about their data."))
def requests() -> None:
    """The group."""


def _document(ticket: SubjectRequest) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "kind": ticket.kind,
        "contact": ticket.contact_id,
        "received": ticket.received_on,
        "acknowledge_by": ticket.acknowledge_by,
        "acknowledged": ticket.acknowledged_at,
        "due": ticket.due_on,
        "state": ticket.state,
    }


@requests.command("list", help=t("Yêu cầu đang xử lý theo hạn.", "Open requests, the most urgent first."))
@click.option("--all", "everything", is_flag=True, help=t("Cả yêu cầu đã kết thúc.", "Closed ones too."))
@as_option
@json_option
@pass_loa
def list_command(loa: Loa, everything: bool, as_email: str | None, as_json: bool) -> None:
    """Tickets, without names and numbers."""
    from campaigns.store.requests import list_requests

    actor = loa.actor(as_email)
    actor.require("request.view")
    with loa.database.transaction() as session:
        found = list_requests(session, open_only=not everything, limit=1000, scope=actor.scope)
        rows = [_document(row) for row in found]
    if as_json:
        emit_json(rows)
        return
    today = datetime.now(CITY_TIME).date()
    show_table(
        ("#", t("Yêu cầu", "Request"), t("Nhận", "Received"), t("Hạn", "Due"), t("Tình trạng", "Standing")),
        [
            (row["id"], CLOCKS[row["kind"]].title, row["received"], row["due"], _standing(row, today))
            for row in rows
        ],
    )  # fmt: skip


def _standing(row: dict[str, Any], today: date) -> str:
    if row["state"] != "open":
        return t("đã xong", "done") if row["state"] == "done" else t("đã từ chối", "refused")
    if row["due"] < today:
        return t("QUÁ HẠN {n} ngày", "OVERDUE by {n} days", n=(today - row["due"]).days)
    return t("còn {n} ngày", "{n} days left", n=(row["due"] - today).days)


@requests.command(help=t("Ghi một yêu cầu.", "Enter a request."))
@click.option("--kind", type=click.Choice(list(CLOCKS)), required=True, help=t("Loại.", "Kind."))
@click.option(
    "--phone-stdin",
    is_flag=True,
    help=t("Đọc số điện thoại của người yêu cầu từ stdin.", "Read the person's number from stdin."),
)
@click.option("--contact", type=int, help=t("Số thứ tự trong danh bạ.", "Id in the register."))
@click.option(
    "--channel", type=click.Choice(list(tickets.CHANNELS)), default="letter", help=t("Nhận qua.", "It came by.")
)
@click.option("--evidence", required=True, help=t("Văn bản, cuộc gọi nào.", "Which letter or call."))
@click.option(
    "--received", type=click.DateTime(["%Y-%m-%d"]), help=t("Ngày nhận (mặc định hôm nay).", "Day (default today).")
)
@click.option(
    "--processor", is_flag=True, help=t("Bên xử lý cũng phải làm.", "A processor must act too: there is more time.")
)
@as_option
@json_option
@pass_loa
def add(
    loa: Loa,
    kind: str,
    phone_stdin: bool,
    contact: int | None,
    channel: str,
    evidence: str,
    received: datetime | None,
    processor: bool,
    as_email: str | None,
    as_json: bool,
) -> None:
    """Open a ticket. A number comes by stdin only: command lines are seen by everybody on the machine."""
    actor = loa.actor(as_email)
    day = received.date() if received else datetime.now(CITY_TIME).date()
    with loa.database.transaction() as session:
        made = tickets.open_request(
            session,
            actor,
            kind=kind,
            channel=channel,
            evidence=evidence,
            received_on=day,
            contact_id=_person(session, loa) if phone_stdin else contact,
            with_processor=processor,
        )
        found = _document(made)
    _tell(found, as_json)


def _person(session: Session, loa: Loa) -> int:
    from campaigns.optouts.register import mobile_number
    from campaigns.store.people import find_contact_id

    number = mobile_number(sys.stdin.readline(100).strip())
    found = find_contact_id(session, loa.keyring.hash(number.encode()))
    if found is None:
        raise NotFound("Số này không có trong danh bạ.", "This number is not in the register.")
    return found


def _tell(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        emit_json(found)
        return
    title = CLOCKS[found["kind"]].title
    say(
        t(
            "Yêu cầu số {id} ({title}): {state}, hạn {due}.",
            "Request {id} ({title}): {state}, due {due}.",
            **{**found, "title": title},
        )
    )


def _step(loa: Loa, as_email: str | None, as_json: bool, step: Callable[[Session, Any], SubjectRequest]) -> None:
    actor = loa.actor(as_email)
    with loa.database.transaction() as session:
        found = _document(step(session, actor))
    _tell(found, as_json)


@requests.command(help=t("Ghi nhận đã báo tiếp nhận.", "Note that the person was told it came."))
@click.argument("number", type=int)
@as_option
@json_option
@pass_loa
def acknowledge(loa: Loa, number: int, as_email: str | None, as_json: bool) -> None:
    """Acknowledge."""
    _step(loa, as_email, as_json, lambda session, actor: tickets.acknowledge(session, actor, number))


@requests.command(help=t("Gia hạn một lần, có lý do.", "Take more time once, with a reason."))
@click.argument("number", type=int)
@click.option("--reason", required=True, help=t("Lý do.", "Reason."))
@as_option
@json_option
@pass_loa
def extend(loa: Loa, number: int, reason: str, as_email: str | None, as_json: bool) -> None:
    """Extend."""
    _step(loa, as_email, as_json, lambda session, actor: tickets.extend(session, actor, number, reason))


@requests.command(help=t("Từ chối theo một căn cứ pháp lý.", "Refuse on a legal ground."))
@click.argument("number", type=int)
@click.option("--ground", type=click.Choice(list(tickets.GROUNDS)), required=True, help=t("Căn cứ.", "Ground."))
@click.option("--reason", required=True, help=t("Lý do.", "Reason."))
@as_option
@json_option
@pass_loa
def refuse(loa: Loa, number: int, ground: str, reason: str, as_email: str | None, as_json: bool) -> None:
    """Refuse."""
    _step(loa, as_email, as_json, lambda session, actor: tickets.refuse(session, actor, number, ground, reason))


@requests.command(help=t("Đã làm xong điều được yêu cầu.", "What was asked for is done."))
@click.argument("number", type=int)
@click.option("--note", default="", help=t("Đã làm gì.", "What was done."))
@as_option
@json_option
@pass_loa
def done(loa: Loa, number: int, note: str, as_email: str | None, as_json: bool) -> None:
    """Complete."""
    _step(loa, as_email, as_json, lambda session, actor: tickets.complete(session, actor, number, note))
