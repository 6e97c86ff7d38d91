"""Campaigns: the list, one campaign with its steps, and its live figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy.orm import Query, Session

from admin.console import formats, preview, words
from admin.console.area_tree import places_of
from admin.console.context import actor, console, reading
from admin.console.differences import outcomes_words
from admin.console.forms import Form
from admin.console.frame import Choice, ChoiceFilter, ListScreen, expose, shown
from admin.console.icons import badge
from admin.console.making import lists_of, priced
from admin.console.progress import SORTS, Progress, in_order, look_at
from admin.console.review import schedule_words
from admin.console.views.approving import ApprovingPages, approval_values
from admin.console.views.delivery import DeliveryPages
from admin.console.views.proof import ProofPages
from admin.console.views.running import RunningPages, running_values
from admin.console.views.templates import own_sender
from admin.console.views.wizard import WizardPages
from campaigns import steps
from campaigns.access import Actor
from campaigns.audience.selection import Audience
from campaigns.content.classes import class_title
from campaigns.content.placeholders import SAMPLES, title_of
from campaigns.content.topics import topic_title
from campaigns.delivery.states import TRANSITIONS, CampaignState, Step
from campaigns.delivery.trouble import read_reason
from campaigns.draft import content_hash
from campaigns.errors import InvalidInput, LoaError
from campaigns.lawful import review_class
from campaigns.models import Campaign
from campaigns.stats.waterfall import waterfall_of
from campaigns.store.campaigns import get_campaign
from campaigns.store.scope import campaigns_within
from config.i18n import Text, current_language, t


def _name(_view: Any, _context: Any, campaign: Campaign, _column: str) -> Markup:
    return Markup("<a href='{}'>{}</a>").format(url_for(".show", campaign_id=campaign.id), campaign.name)


def _start(_view: Any, _context: Any, campaign: Campaign, _column: str) -> str:
    return formats.moment(campaign.scheduled_for or campaign.start_at)


def allowed_steps(campaign: Campaign, person: Actor, *, may_approve: bool = True) -> frozenset[str]:
    """Steps the table of states and the person's role allow now; the use case checks again.

    ``may_approve`` is whether the person is no maker of it, and has not approved it yet.
    """
    if campaign.standing is not None:
        return frozenset()
    needs = {
        Step.EDIT: "campaign.edit",
        Step.SUBMIT: "campaign.submit",
        Step.REJECT: "campaign.approve",
        Step.APPROVE: "campaign.approve",
        Step.SCHEDULE: "campaign.submit",
        Step.PAUSE: "campaign.stop",
        Step.RESUME: "campaign.stop",
        Step.CANCEL: "campaign.stop",
    }
    possible = TRANSITIONS[CampaignState(campaign.state)].keys() & needs.keys()
    steps_now = {step for step in possible if person.may(needs[step])}
    if not may_approve:
        steps_now.discard(Step.APPROVE)
    return frozenset(step.value for step in steps_now)


class CampaignScreen(WizardPages, ApprovingPages, DeliveryPages, ProofPages, RunningPages, ListScreen):
    """State is never a field of a form: it only changes by steps, each of which carries the version it was seen in."""

    rules: ClassVar[dict[str, str]] = {
        "index_view": "campaign.view",
        "show": "campaign.view",
        "progress": "campaign.view",
        "waterfall": "campaign.view",
        "submit": "campaign.submit",
        "schedule": "campaign.submit",
        "pause": "campaign.stop",
        "resume": "campaign.stop",
        **WizardPages.wizard_rules,
        **ApprovingPages.approving_rules,
        **DeliveryPages.delivery_rules,
        **ProofPages.proof_rules,
        **RunningPages.running_rules,
    }
    list_template = "console/campaigns.html"
    column_list = ("id", "name", "state", "scheduled_for", "created_by", "created_at")
    column_labels: ClassVar[dict[str, Any]] = {
        "id": Text("Số", "No."),
        "name": Text("Chiến dịch", "Campaign"),
        "state": Text("Trạng thái", "State"),
        "scheduled_for": Text("Bắt đầu", "Start"),
        "created_by": Text("Người soạn", "Made by"),
        "created_at": Text("Tạo lúc", "Made"),
    }
    column_sortable_list = ("id", "name", "state", "created_at")
    column_default_sort: ClassVar[list[tuple[str, bool]]] = [("id", True)]
    numeric_columns = frozenset({"id"})
    column_formatters: ClassVar[dict[str, Any]] = {
        "name": _name,
        "state": shown(lambda campaign: badge(words.CAMPAIGN_BADGES[campaign.state])),
        "scheduled_for": _start,
        "created_at": shown(lambda campaign: formats.moment(campaign.created_at)),
    }
    column_searchable_list = ("name",)
    search_title = Text("Tìm theo tên", "Search by name")
    column_filters: ClassVar[list[Any]] = [
        ChoiceFilter(
            "state",
            Text("Trạng thái", "State"),
            lambda: [Choice(state, str(look.title)) for state, look in words.CAMPAIGN_BADGES.items()],
            lambda q, v: q.filter(Campaign.state == v),
        ),
    ]
    empty = Text("Chưa có chiến dịch nào.", "There is no campaign yet.")

    def get_query(self) -> Query[Any]:
        """People's campaigns inside the scope; the system's own are not steered from here."""
        query: Query[Any] = super().get_query()
        return query.filter(Campaign.standing.is_(None), campaigns_within(actor().scope))

    @expose("/<int:campaign_id>/")
    def show(self, campaign_id: int) -> str:
        """One campaign: text, audience, schedule, the steps that are allowed now, and its figures."""
        session, person = reading(), actor()
        campaign = get_campaign(session, campaign_id)
        approvals = approval_values(session, campaign, person)
        return self.render(
            "console/campaign.html",
            campaign=campaign,
            state_reason=read_reason(campaign.state_reason),
            steps=allowed_steps(campaign, person, may_approve=not (approvals["is_maker"] or approvals["has_approved"])),
            now=datetime.now(UTC),
            **_progress_values(
                look_at(session, console().redis, campaign_id, version=campaign.version), campaign_id, _order()
            ),
            **self.facts_values(session, campaign),
            **approvals,
            **running_values(session, campaign, person),
        )

    def facts_values(self, session: Session, campaign: Campaign) -> dict[str, Any]:
        """What ``console/campaign_facts.html`` shows: text, audience, schedule, people."""
        return {
            "seen_hash": content_hash(campaign).hex(),
            "places": places_of(session, Audience.model_validate(campaign.audience)),
            "preview": _preview_of(campaign),
            "class_title": class_title,
            "topic_title": topic_title,
            "default_sender": own_sender(),
            "only_again": outcomes_words(again) if (again := campaign.audience.get("outcomes")) else "",
            "class_review": review_class(session, campaign),
            "schedule": schedule_words(campaign),
            "placeholder_title": title_of,
        }

    @expose("/<int:campaign_id>/progress")
    def progress(self, campaign_id: int) -> Any:
        """The figures alone, for the page that asks again and again; 304 while nothing moved."""
        seen, order = look_at(reading(), console().redis, campaign_id), _order()
        response = make_response()
        response.set_etag(f"{seen.mark}-{current_language()}-{order['sort']}-{order['descending']:d}")
        if not request.if_none_match.contains(response.get_etag()[0] or ""):
            response.set_data(render_template("console/progress.html", **_progress_values(seen, campaign_id, order)))
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["X-Campaign-State"] = seen.state
        response.headers["X-Finished"] = "1" if seen.over else "0"
        response.headers["X-At"] = formats.moment_to_seconds(datetime.now(UTC))
        return response.make_conditional(request)

    @expose("/<int:campaign_id>/waterfall")
    def waterfall(self, campaign_id: int) -> Any:
        """From registered to sent, in people and parts; it may take seconds, so the page asks for it by itself."""
        session, campaign = reading(), get_campaign(reading(), campaign_id)
        try:
            figures = waterfall_of(session, campaign)
        except LoaError as refusal:
            return self._fragment("console/waterfall.html", figures=None, reason=str(refusal))
        told = {**priced(session, campaign, figures), "list_url": lists_of(campaign, None)}
        return self._fragment("console/waterfall.html", figures=figures, reason="", **told)

    def _fragment(self, template: str, **values: Any) -> Any:
        response = make_response(render_template(template, **values))
        response.headers["Cache-Control"] = "private, no-cache"
        response.add_etag()
        return response

    def _step(self, campaign_id: int, take: Callable[[Session, Actor, Form, int], Any], done: str) -> Any:
        """Take one step as seen in the version the form carries; a second click finds another version."""
        form = Form.sent()
        version = form.number("version")
        if version is None:
            abort(400)
        try:
            with console().database.transaction() as session:
                take(session, actor(), form, version)
        except LoaError as refusal:
            flash(str(refusal), "error")
        else:
            flash(done, "success")
        return redirect(url_for(".show", campaign_id=campaign_id), code=303)

    @expose("/<int:campaign_id>/submit", methods=("POST",))
    def submit(self, campaign_id: int) -> Any:
        """Ask for approval."""
        return self._step(
            campaign_id,
            lambda session, person, _form, version: steps.submit(session, person, campaign_id, version=version),
            t("Đã trình duyệt. Một người khác sẽ xem và duyệt.", "Submitted. Somebody else looks at it and approves."),
        )

    @expose("/<int:campaign_id>/schedule", methods=("POST",))
    def schedule(self, campaign_id: int) -> Any:
        """Start now, or at the moment given."""

        def take(session: Session, person: Actor, form: Form, version: int) -> None:
            at = form.moment("at") if form.get("when") == "at" else None
            if form.errors:
                raise InvalidInput("Ngày giờ không hợp lệ.", "This is no date and time.")
            seconds = console().settings.undo_seconds
            steps.schedule(session, person, campaign_id, at, version=version, undo_seconds=seconds)

        return self._step(campaign_id, take, t("Đã lên lịch gửi.", "Scheduled."))

    @expose("/<int:campaign_id>/pause", methods=("POST",))
    def pause(self, campaign_id: int) -> Any:
        """Stop sending at once."""
        return self._step(
            campaign_id,
            lambda session, person, form, version: steps.pause(
                session, person, campaign_id, form.get("reason"), version=version
            ),
            t(
                "Đã tạm dừng. Tin đang trên đường vẫn có biên nhận.",
                "Paused. What is on its way still gets its receipt.",
            ),
        )

    @expose("/<int:campaign_id>/resume", methods=("POST",))
    def resume(self, campaign_id: int) -> Any:
        """Go on."""
        return self._step(
            campaign_id,
            lambda session, person, _form, version: steps.resume(session, person, campaign_id, version=version),
            t("Gửi tiếp.", "Going on."),
        )


def _order() -> dict[str, Any]:
    """How the wards are put in order, as the address has it."""
    sort = request.args.get("sort", "ward")
    return {"sort": sort if sort in SORTS else "ward", "descending": request.args.get("desc") == "1"}


def _progress_values(seen: Progress, campaign_id: int, order: dict[str, Any]) -> dict[str, Any]:
    wards = in_order(seen.wards, order["sort"], order["descending"])
    return {"progress": seen, "wards": wards, "campaign_id": campaign_id, **order}


def _preview_of(campaign: Campaign) -> preview.Preview:
    values = {**SAMPLES, **{name: str(value) for name, value in campaign.values.items() if value}}
    body = campaign.template_version.body(campaign.variant)
    return preview.show(body, campaign.variant, campaign.message_class, values)
