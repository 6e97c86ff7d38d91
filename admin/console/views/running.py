"""What can be done with a campaign that has begun: its pace, and the messages nobody knows the fate of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar
from uuid import uuid4

from flask import flash, redirect, request, url_for
from sqlalchemy.orm import Session

from admin.console.attachments import uploaded
from admin.console.campaign_form import pace_of
from admin.console.context import actor, console, reading
from admin.console.forms import Form, form_token
from admin.console.frame import expose
from campaigns import steps
from campaigns.access import Actor
from campaigns.again import POSSIBLE, USUAL, draft_again, may_repeat
from campaigns.delivery.states import STATE_TITLES, TRANSITIONS, CampaignState, MessageState, Step
from campaigns.errors import InvalidInput, LoaError
from campaigns.models import Campaign
from campaigns.receipts.report import import_report
from campaigns.receipts.unknown import BY_HAND, resend, settle_all
from campaigns.stats import summary
from campaigns.store.campaigns import get_campaign
from campaigns.store.gateways import list_gateways
from campaigns.store.unknown import count_unknown
from config.i18n import t


def running_values(session: Session, campaign: Campaign, person: Actor) -> dict[str, Any]:
    """What the campaign's page shows of this."""
    begun = campaign.planned_at is not None and campaign.standing is None
    doubt, ward = count_unknown(session, campaign.id), campaign.ward_pace_now
    return {
        "may_pace": begun
        and campaign.state in {CampaignState.RUNNING, CampaignState.PAUSED}
        and person.may("campaign.stop"),
        "pace_form": Form({"pacing": "over", "ward_pace": f"{ward * 3600:.0f}" if ward else ""}),
        "doubt": doubt if doubt.unknown else None,
        "gateways": [gateway.name for gateway in list_gateways(session)] if doubt.unknown else [],
        "by_hand": BY_HAND,
        "state_titles": STATE_TITLES,
        "may_repeat": may_repeat(campaign) and person.may("campaign.edit"),
    }


class RunningPages:
    """Pages of the campaign screen."""

    running_rules: ClassVar[dict[str, str]] = {
        "cancel": "campaign.stop",
        "again": "campaign.edit",
        "pace": "campaign.stop",
        "settle": "campaign.settle",
        "resend": "campaign.approve",
        "report": "campaign.settle",
    }
    _step: Callable[[int, Callable[[Session, Actor, Form, int], Any], str], Any]
    render: Callable[..., str]

    @expose("/<int:campaign_id>/pace", methods=("POST",))
    def pace(self, campaign_id: int) -> Any:
        """Slow it down, or let it go faster again."""

        def take(session: Session, person: Actor, form: Form, version: int) -> None:
            pace = replace(pace_of(form), replaces=True)
            for problem in form.errors.values():
                raise InvalidInput("{why}", "{why}", why=problem)
            steps.set_pace(session, person, campaign_id, pace, version=version)

        return self._step(
            campaign_id, take, t("Đã đổi nhịp gửi, có hiệu lực ngay.", "The pace is changed, in force at once.")
        )

    @expose("/<int:campaign_id>/cancel", methods=("GET", "POST"))
    def cancel(self, campaign_id: int) -> Any:
        """End it for good, after a page that says what becomes of every message."""
        if request.method == "GET":
            campaign = get_campaign(reading(), campaign_id)
            if Step.CANCEL not in TRANSITIONS[CampaignState(campaign.state)]:
                flash(t("Chiến dịch đã kết thúc.", "The campaign is over."), "error")
                return redirect(url_for(".show", campaign_id=campaign_id), code=303)
            return self.render("console/cancel.html", campaign=campaign, now=summary(reading(), campaign_id))
        return self._step(
            campaign_id,
            lambda session, person, form, version: steps.cancel(
                session, person, campaign_id, form.get("reason"), version=version
            ),
            t("Đã huỷ. Tin chưa gửi sẽ không gửi nữa.", "Cancelled. What was not sent will not be."),
        )

    @expose("/<int:campaign_id>/again", methods=("GET", "POST"))
    def again(self, campaign_id: int) -> Any:
        """Make a draft for those a finished campaign did not reach; it goes through approval like any other."""
        form = Form.sent() if request.method == "POST" else Form({"token": uuid4().hex}, {"state": list(USUAL)})
        if request.method == "POST":
            try:
                states = [state for state in POSSIBLE if state in form.list("state")]
                with console().database.transaction() as session:
                    made = draft_again(session, actor(), campaign_id, states, form_token(form))
                flash(
                    t("Đã tạo bản nháp; xem lại rồi trình duyệt.", "The draft is made; look it over and submit."),
                    "success",
                )
                return redirect(url_for(".show", campaign_id=made.id), code=303)
            except InvalidInput as refusal:
                form.errors["state"] = str(refusal)
            except LoaError as refusal:
                flash(str(refusal), "error")
                return redirect(url_for(".show", campaign_id=campaign_id), code=303)
        campaign = get_campaign(reading(), campaign_id)
        page = self.render(
            "console/again.html",
            campaign=campaign,
            form=form,
            totals=summary(reading(), campaign_id).totals,
            outcomes=[(MessageState[label.upper()], label) for label in POSSIBLE],
            titles=STATE_TITLES,
        )
        return page, 422 if form.errors else 200

    @expose("/<int:campaign_id>/settle", methods=("POST",))
    def settle(self, campaign_id: int) -> Any:
        """Say what became of every unknown message."""
        states = {state.label: state for state in BY_HAND}

        def act(reason: str) -> str:
            state = states.get(request.form.get("state", ""))
            if state is None:
                raise InvalidInput("Hãy chọn kết quả.", "Choose the outcome.")
            settled = settle_all(console().database, actor(), campaign_id, state, reason)
            return t("Đã ghi nhận {n} tin.", "{n} messages are settled.", n=settled)

        return _answer(campaign_id, act)

    @expose("/<int:campaign_id>/report", methods=("POST",))
    def report(self, campaign_id: int) -> Any:
        """Read what the telco says became of messages, of this campaign and of others."""

        def act(_reason: str) -> str:
            with uploaded("file") as path:
                gateway = request.form.get("gateway", "")
                found = import_report(console().database, console().keyring, actor(), path, gateway)
            return t(
                "{rows} dòng: {settled} tin được ghi nhận, {not_unknown} đã rõ từ trước, {no_such_number} số không có"
                " tin, {several} số có nhiều tin, {rejected} dòng không đọc được.",
                "{rows} rows: {settled} messages settled, {not_unknown} known before, {no_such_number} numbers without"
                " a message, {several} with more than one, {rejected} rows that cannot be read.",
                **found.to_json(),
            )

        return _answer(campaign_id, act)

    @expose("/<int:campaign_id>/resend", methods=("POST",))
    def resend(self, campaign_id: int) -> Any:
        """Send again what is unknown past its validity."""

        def act(reason: str) -> str:
            queued = resend(console().database, actor(), campaign_id, reason)
            return t("{n} tin sẽ được gửi lại.", "{n} messages will be sent again.", n=queued)

        return _answer(campaign_id, act)


def _answer(campaign_id: int, act: Callable[[str], str]) -> Any:
    try:
        flash(act(Form.sent().get("reason")), "success")
    except LoaError as refusal:
        flash(str(refusal), "error")
    return redirect(url_for(".show", campaign_id=campaign_id), code=303)
