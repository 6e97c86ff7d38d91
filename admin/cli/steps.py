"""Commands of ``loa campaigns`` that approve, and how every step is taken on the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click
from sqlalchemy.orm import Session

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa, say
from campaigns import steps
from campaigns.access import Actor
from campaigns.approving import Seen, figures_of
from campaigns.content.classes import MESSAGE_CLASSES, class_rules
from campaigns.delivery.states import CAMPAIGN_TITLES, CampaignState
from campaigns.draft import content_hash
from campaigns.models import Campaign
from campaigns.scope import require_inside
from campaigns.stats import summary
from campaigns.store.campaigns import get_campaign
from config.i18n import t


def take_step(loa: Loa, as_email: str | None, as_json: bool, act: Callable[[Session, Actor], Campaign]) -> None:
    """Take one step as a person and say where the campaign stands then."""
    actor = loa.actor(as_email)
    with loa.database.transaction() as session:
        campaign = act(session, actor)
        session.flush()
        found = summary(session, campaign.id)
    if as_json:
        emit_json(found.to_json())
    else:
        click.echo(f"{found.id}: {CAMPAIGN_TITLES[CampaignState(found.state)]}")


UNDO = click.option(
    "--undo",
    "undo_seconds",
    type=click.IntRange(0, 3600),
    default=0,
    show_default=True,
    help=t("Số giây chờ để còn hoàn tác được.", "Seconds to wait, in which it can be undone."),
)
_CONFIRMED = (
    click.option(
        "--recipients",
        type=click.IntRange(0),
        help=t("Số người sẽ nhận; sai thì không làm.", "How many people get it; refused where that is wrong."),
    ),
    click.option(
        "--class",
        "message_class",
        type=click.Choice([kind.slug for kind in MESSAGE_CLASSES.values() if kind.chosen_by_people]),
        help=t("Xác nhận đây là tin loại này; sai thì không làm.", "Confirm its class; refused where that is wrong."),
    ),
)


def confirming(function: Any) -> Any:
    """``--recipients`` and ``--class``; on a terminal what is not given is shown and asked for."""
    for option in reversed(_CONFIRMED):
        function = option(function)
    return function


def _seen(loa: Loa, as_email: str | None, campaign_id: int, people: int | None, message_class: str | None) -> Seen:
    if not sys.stdin.isatty() or (people is not None and message_class is not None):
        return Seen(people=people, message_class=message_class)
    actor = loa.actor(as_email)
    with loa.database.transaction() as session:
        require_inside(session, actor, "campaign", campaign_id)
        campaign = get_campaign(session, campaign_id)
        figures, kind = figures_of(session, campaign), class_rules(campaign.message_class)
        version, shown = campaign.version, content_hash(campaign)
        say(f"{campaign.id} · {campaign.name}\n\n{campaign.template_version.body(campaign.variant)}\n")
    words = t(
        "Sẽ gửi {people} người, {parts} phần tin, khoảng {cost} đồng.",
        "Will be sent to {people} people in {parts} parts, for about {cost} đồng.",
        people=figures.people,
        parts=figures.parts,
        cost=figures.cost,
    )
    say(words)
    if people is None:
        asked = t("Gõ lại số người sẽ nhận tin", "Type how many people will get it")
        people = click.prompt(asked, type=click.IntRange(0), err=True)
    if message_class is None:
        sure = t("Tôi xác nhận đây là tin loại “{kind}”", "I confirm that its class is “{kind}”", kind=kind.title)
        message_class = kind.slug if click.confirm(sure, err=True) else ""
    return Seen(version, shown, people, message_class)


@click.command(
    "approve",
    help=t(
        "Duyệt (người khác với người soạn). Trên màn hình lệnh, Loa hỏi lại số người và loại tin.",
        "Approve (not by its maker). On a terminal the number of people and the class are asked for.",
    ),
)
@click.argument("campaign_id", metavar="ID", type=int)
@confirming
@UNDO
@as_option
@json_option
@pass_loa
def approve(
    loa: Loa,
    campaign_id: int,
    recipients: int | None,
    message_class: str | None,
    undo_seconds: int,
    as_email: str | None,
    as_json: bool,
) -> None:
    """Approve, as the first or the last who has to."""
    seen = _seen(loa, as_email, campaign_id, recipients, message_class)
    take_step(
        loa,
        as_email,
        as_json,
        lambda session, actor: steps.approve(session, actor, campaign_id, seen=seen, undo_seconds=undo_seconds),
    )


@click.command(
    "emergency",
    help=t(
        "Gửi ngay tin khẩn cấp không qua duyệt (quyền cấp riêng); người khác phải xem xét sau.",
        "Start an emergency without approval (a personal permission); somebody else must review it afterwards.",
    ),
)
@click.argument("campaign_id", metavar="ID", type=int)
@click.option("--basis", required=True, help=t("Căn cứ.", "What it rests on."))
@confirming
@as_option
@json_option
@pass_loa
def emergency(
    loa: Loa,
    campaign_id: int,
    basis: str,
    recipients: int | None,
    message_class: str | None,
    as_email: str | None,
    as_json: bool,
) -> None:
    """Start an emergency alone."""
    seen = _seen(loa, as_email, campaign_id, recipients, message_class)
    take_step(
        loa, as_email, as_json, lambda session, actor: steps.break_glass(session, actor, campaign_id, basis, seen=seen)
    )
