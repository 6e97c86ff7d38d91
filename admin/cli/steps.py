"""Commands of ``loa campaigns`` that approve, and how every step is taken on the command line."""

from __future__ import annotations

from collections.abc import Callable

import click
from sqlalchemy.orm import Session

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa
from campaigns import steps
from campaigns.access import Actor
from campaigns.approving import Seen
from campaigns.delivery.states import CAMPAIGN_TITLES, CampaignState
from campaigns.models import Campaign
from campaigns.stats import summary
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
RECIPIENTS = click.option(
    "--recipients",
    type=click.IntRange(0),
    help=t("Số người sẽ nhận; sai thì không làm.", "How many people get it; refused where that is wrong."),
)


@click.command("approve", help=t("Duyệt (người khác với người soạn).", "Approve (not by its maker)."))
@click.argument("campaign_id", metavar="ID", type=int)
@RECIPIENTS
@UNDO
@as_option
@json_option
@pass_loa
def approve(
    loa: Loa, campaign_id: int, recipients: int | None, undo_seconds: int, as_email: str | None, as_json: bool
) -> None:
    """Approve, as the first or the last who has to."""
    seen = Seen(people=recipients)
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
@RECIPIENTS
@as_option
@json_option
@pass_loa
def emergency(
    loa: Loa, campaign_id: int, basis: str, recipients: int | None, as_email: str | None, as_json: bool
) -> None:
    """Start an emergency alone."""
    seen = Seen(people=recipients)
    take_step(
        loa, as_email, as_json, lambda session, actor: steps.break_glass(session, actor, campaign_id, basis, seen=seen)
    )
