"""Campaigns: the list, the form, one campaign with its steps, and its live figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy.orm import Query, Session

from admin.console import formats, preview, words
from admin.console.campaign_form import AreaNode, area_tree, draft_of, filled_form
from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.frame import Choice, ChoiceFilter, ListScreen, back_to, expose, shown
from admin.console.icons import badge
from admin.console.progress import Progress, look_at
from admin.console.views.delivery import DeliveryPages
from admin.console.views.running import RunningPages, running_values
from admin.console.views.templates import class_title, own_sender, topic_title
from campaigns import steps
from campaigns.access import Actor
from campaigns.audience.selection import Audience
from campaigns.content.classes import class_rules
from campaigns.content.placeholders import PLACEHOLDERS, SAMPLES
from campaigns.content.rendering import compile_template
from campaigns.delivery.pace import format_span
from campaigns.delivery.states import STEPS_OF_THE_ENGINE, TRANSITIONS, CampaignState, Step
from campaigns.delivery.trouble import read_reason
from campaigns.draft import content_hash
from campaigns.errors import InvalidInput, LoaError
from campaigns.lawful import review_class
from campaigns.models import Campaign
from campaigns.stats import estimate
from campaigns.store import console as store
from campaigns.store.campaigns import get_campaign
from campaigns.store.scope import campaigns_within
from campaigns.store.templates import get_version, list_templates
from config.i18n import Text, t

MAKERS_FIELDS = {"created_by", "edited_by", "submitted_by"}


def _name(_view: Any, _context: Any, campaign: Campaign, _column: str) -> Markup:
    return Markup("<a href='{}'>{}</a>").format(url_for(".show", campaign_id=campaign.id), campaign.name)


def _start(_view: Any, _context: Any, campaign: Campaign, _column: str) -> str:
    return formats.moment(campaign.scheduled_for or campaign.start_at)


def allowed_steps(campaign: Campaign, person: Actor) -> frozenset[str]:
    """Steps the table of states and the person's role allow now; the use case checks again."""
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
    possible = TRANSITIONS[CampaignState(campaign.state)].keys() - STEPS_OF_THE_ENGINE
    makers = {getattr(campaign, name) for name in MAKERS_FIELDS}
    steps_now = {step for step in possible if person.may(needs[step])}
    if person.email in makers:
        steps_now.discard(Step.APPROVE)
    return frozenset(step.value for step in steps_now)


class CampaignScreen(DeliveryPages, RunningPages, ListScreen):
    """State is never a field of a form: it only changes by steps, each of which carries the version it was seen in."""

    rules: ClassVar[dict[str, str]] = {
        "index_view": "campaign.view",
        "show": "campaign.view",
        "progress": "campaign.view",
        "waterfall": "campaign.view",
        "new": "campaign.edit",
        "edit": "campaign.edit",
        "submit": "campaign.submit",
        "approve": "campaign.approve",
        "reject": "campaign.approve",
        "schedule": "campaign.submit",
        "pause": "campaign.stop",
        "resume": "campaign.stop",
        "cancel": "campaign.stop",
        **DeliveryPages.delivery_rules,
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
        return self.render(
            "console/campaign.html",
            campaign=campaign,
            state_reason=read_reason(campaign.state_reason),
            steps=allowed_steps(campaign, person),
            is_maker=person.email in {getattr(campaign, name) for name in MAKERS_FIELDS},
            seen_hash=content_hash(campaign).hex(),
            places=_places(session, campaign),
            preview=_preview_of(campaign),
            progress=_progress(session, campaign),
            history=store.list_audit_of(session, "campaign", campaign_id) if person.may("audit.view") else [],
            class_title=class_title,
            topic_title=topic_title,
            default_sender=own_sender(),
            class_review=review_class(session, campaign),
            format_span=format_span,
            **running_values(session, campaign, person),
        )

    @expose("/<int:campaign_id>/progress")
    def progress(self, campaign_id: int) -> Any:
        """The figures alone, for the page that asks again and again; 304 while nothing moved."""
        campaign = get_campaign(reading(), campaign_id)
        seen = _progress(reading(), campaign)
        response = self._fragment("console/progress.html", progress=seen, campaign=campaign)
        response.headers["X-Campaign-State"] = campaign.state
        response.headers["X-Finished"] = "1" if seen.over else "0"
        return response.make_conditional(request)

    @expose("/<int:campaign_id>/waterfall")
    def waterfall(self, campaign_id: int) -> Any:
        """From registered to sent, in people and parts; it may take seconds, so the page asks for it by itself."""
        session = reading()
        try:
            figures = estimate(session, campaign_id)
        except LoaError as refusal:
            return self._fragment("console/waterfall.html", figures=None, reason=str(refusal))
        return self._fragment("console/waterfall.html", figures=figures, reason="")

    def _fragment(self, template: str, **values: Any) -> Any:
        response = make_response(render_template(template, **values))
        response.headers["Cache-Control"] = "private, no-cache"
        response.add_etag()
        return response

    @expose("/new", methods=("GET", "POST"))
    def new(self) -> Any:
        """Make a campaign."""
        slug = request.args.get("template", "")
        form = Form.sent() if request.method == "POST" else Form({"template": slug, **filled_form(None)})
        if request.method == "POST":
            campaign = self._save(form, lambda work, draft: steps.create(work, actor(), draft))
            if campaign is not None:
                flash(
                    t(
                        "Đã lưu bản nháp. Hãy xem lại rồi trình duyệt.",
                        "The draft is saved. Look it over, then submit.",
                    ),
                    "success",
                )
                return back_to(".show", campaign_id=campaign.id)
        return self._form_page(form, None), 422 if form.errors else 200

    @expose("/<int:campaign_id>/edit", methods=("GET", "POST"))
    def edit(self, campaign_id: int) -> Any:
        """Change a campaign; voids its approval."""
        campaign = get_campaign(reading(), campaign_id)
        if request.method == "POST":
            form = Form.sent()
            version = form.number("version", 0)
            saved = self._save(form, lambda work, draft: steps.edit(work, actor(), campaign_id, draft, version=version))
            if saved is not None:
                flash(t("Đã lưu. Chiến dịch trở lại bản nháp.", "Saved. The campaign is a draft again."), "success")
                return back_to(".show", campaign_id=campaign_id)
        else:
            if Step.EDIT.value not in allowed_steps(campaign, actor()):
                flash(t("Lúc này không sửa được chiến dịch.", "The campaign cannot be edited now."), "error")
                return back_to(".show", campaign_id=campaign_id)
            form = Form(filled_form(campaign), _chosen_areas(campaign))
        return self._form_page(form, campaign), 422 if form.errors else 200

    def _save(self, form: Form, work: Callable[[Session, Any], Campaign]) -> Campaign | None:
        draft = draft_of(form, reading(), console().settings.default_edition)
        if draft is None:
            return None
        try:
            with console().database.transaction() as session:
                return work(session, draft)
        except LoaError as refusal:
            form.errors["name"] = str(refusal)
            return None

    def _form_page(self, form: Form, campaign: Campaign | None) -> str:
        session = reading()
        rows = [row for row in list_templates(session, scope=actor().scope) if row.message_class != "he-thong"]
        slug = form.get("template")
        chosen = get_version(session, slug) if any(row.slug == slug for row in rows) else None
        pinned = campaign.template_version if campaign is not None and chosen is not None else None
        if pinned is not None and chosen is not None and pinned.template_id == chosen.template_id:
            chosen = chosen if form.get("latest") else pinned
        names = (
            sorted(compile_template(chosen.body_marked).placeholders | compile_template(chosen.body_plain).placeholders)
            if chosen
            else []
        )
        return self.render(
            "console/campaign_form.html",
            form=form,
            campaign=campaign,
            templates=rows,
            chosen=chosen,
            placeholders=[(name, PLACEHOLDERS.get(name)) for name in names],
            previews=preview.both(
                chosen.body_marked,
                chosen.body_plain,
                chosen.template.message_class,
                {name: form.get(f"value-{name}") for name in names},
            )
            if chosen
            else {},
            tree=area_tree(session, console().settings.default_edition, form),
            sender=form.get("sender") or own_sender(),
            class_basis=class_rules(chosen.template.message_class).legal_basis if chosen else None,
        )

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

    @expose("/<int:campaign_id>/approve", methods=("POST",))
    def approve(self, campaign_id: int) -> Any:
        """Approve what was shown: the form carries its hash."""
        try:
            seen = bytes.fromhex(request.form.get("seen", ""))
        except ValueError:
            abort(400)
        return self._step(
            campaign_id,
            lambda session, person, _form, version: steps.approve(
                session, person, campaign_id, seen_hash=seen, version=version
            ),
            t("Đã duyệt.", "Approved."),
        )

    @expose("/<int:campaign_id>/reject", methods=("POST",))
    def reject(self, campaign_id: int) -> Any:
        """Send it back with a reason."""
        return self._step(
            campaign_id,
            lambda session, person, form, version: steps.reject(
                session, person, campaign_id, form.get("reason"), version=version
            ),
            t("Đã trả lại người soạn.", "Sent back to its makers."),
        )

    @expose("/<int:campaign_id>/schedule", methods=("POST",))
    def schedule(self, campaign_id: int) -> Any:
        """Start now, or at the moment given."""

        def take(session: Session, person: Actor, form: Form, version: int) -> None:
            at = form.moment("at") if form.get("when") == "at" else None
            if form.errors:
                raise InvalidInput("Ngày giờ không hợp lệ.", "This is no date and time.")
            steps.schedule(session, person, campaign_id, at, version=version)

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

    @expose("/<int:campaign_id>/cancel", methods=("POST",))
    def cancel(self, campaign_id: int) -> Any:
        """End it for good."""
        return self._step(
            campaign_id,
            lambda session, person, form, version: steps.cancel(
                session, person, campaign_id, form.get("reason"), version=version
            ),
            t("Đã huỷ. Tin chưa gửi sẽ không gửi nữa.", "Cancelled. What was not sent will not be."),
        )


def _progress(session: Session, campaign: Campaign) -> Progress:
    return look_at(session, console().redis, campaign)


def _preview_of(campaign: Campaign) -> preview.Preview:
    values = {**SAMPLES, **{name: str(value) for name, value in campaign.values.items() if value}}
    body = campaign.template_version.body(campaign.variant)
    return preview.show(body, campaign.variant, campaign.message_class, values)


def _chosen_areas(campaign: Campaign) -> dict[str, list[str]]:
    audience = Audience.model_validate(campaign.audience)
    return {"district": list(audience.districts), "ward": list(audience.wards)}


def _places(session: Session, campaign: Campaign) -> list[AreaNode]:
    """The districts chosen whole and in part, for reading."""
    audience = Audience.model_validate(campaign.audience)
    form = Form({}, {"district": list(audience.districts), "ward": list(audience.wards)})
    return [node for node in area_tree(session, audience.edition, form) if node.chosen or node.some]
