"""Making a campaign in five steps, each with an address of its own; each saves the draft, going back loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from uuid import uuid4

from flask import flash, make_response, redirect, render_template, request, url_for

from admin.console.area_tree import area_tree
from admin.console.campaign_form import (
    audience_form,
    new_text_form,
    read_schedule,
    schedule_form,
    starts_at_once,
    text_form,
)
from admin.console.conflicts import find_conflict
from admin.console.context import actor, console, reading
from admin.console.forms import Form, form_token
from admin.console.frame import back_to, expose
from admin.console.making import (
    asks_for_count,
    audience_draft,
    audience_in,
    chosen_version,
    count_reached,
    fields_of,
    found_templates,
    imagine,
    link_choices,
    lists_of,
    placeholders_of,
    previews_of,
    text_draft,
    usual_price,
)
from admin.console.review import LANGUAGE_TITLES, review_page
from admin.console.views.contacts import carrier_choices, show_masked
from admin.console.views.templates import own_sender
from campaigns import steps
from campaigns.areas.alphabet import alphabetical
from campaigns.audience.reach import reach_of
from campaigns.content.classes import class_rules, class_title
from campaigns.content.placeholders import PLACEHOLDERS
from campaigns.content.topics import topic_title
from campaigns.delivery.hours import WEEKDAY_NAMES
from campaigns.delivery.states import TRANSITIONS, CampaignState, Step
from campaigns.draft import CampaignDraft
from campaigns.errors import LoaError
from campaigns.making import change, list_approvers, make_once
from campaigns.models import Campaign
from campaigns.stats.forecast import forecast
from campaigns.stats.review import review_of
from campaigns.stats.waterfall import LISTED, REGISTERED_TITLE, SENT, list_stage, waterfall_of
from campaigns.store.campaigns import get_campaign
from campaigns.store.console import list_editions
from campaigns.store.making import find_made_with, list_over_cap, list_sent_campaigns, list_tags
from campaigns.store.places import load_places
from campaigns.store.reach import REGISTERED, WILL_SEND
from campaigns.store.templates import list_templates
from config.i18n import Text, t

STEPS: Mapping[str, Text] = {
    "text": Text("Nội dung", "Text"),
    "audience": Text("Đối tượng", "Audience"),
    "schedule": Text("Lịch gửi", "Schedule"),
    "review": Text("Kiểm tra", "Review"),
    "submission": Text("Trình duyệt", "Submission"),
}
_ORDER = list(STEPS)
OVER_CAP = "over_cap"
_OVER_CAP = Text("Đã nhận đủ số tin của loại này", "Have had all their class allows")
_ENDS = {REGISTERED: REGISTERED_TITLE, WILL_SEND: SENT, OVER_CAP: _OVER_CAP}
_BLAMED = {"text": "template", "audience": "audience", "schedule": "when"}
"""Beside which field a step says what a use case has refused."""
Read = Callable[[Form, Campaign], CampaignDraft | None]


class WizardPages:
    """Pages of the campaign screen. A button's ``go`` says what to do besides saving; ``show`` saves nothing."""

    wizard_rules: ClassVar[dict[str, str]] = {
        "new": "campaign.edit",
        "edit": "campaign.edit",
        "edit_text": "campaign.edit",
        "edit_audience": "campaign.edit",
        "edit_schedule": "campaign.edit",
        "edit_review": "campaign.edit",
        "edit_submission": "campaign.submit",
        "reached": "contact.view",
    }
    render: Callable[..., str]

    @expose("/new", methods=("GET", "POST"))
    def new(self) -> Any:
        """Step 1 of a campaign that is not there yet."""
        if request.method == "GET":
            return self._text_page(new_text_form(request.args.get("template", ""), uuid4().hex), None)
        form = Form.sent()
        token = form_token(form)
        made = find_made_with(reading(), token)
        if made is not None and made.created_by == actor().email:
            # The same form once more, by a double click or by going back in the browser: it goes on with its campaign.
            form.values["version"] = str(made.version)
            return self._keep("text", made, form, text_draft, self._text_page)
        draft = text_draft(form, None) if form.get("go") != "show" else None
        if draft is not None:
            try:
                with console().database.transaction() as session:
                    made = make_once(session, actor(), draft, token)
                return _go_on("text", made, form)
            except LoaError as refusal:
                form.errors["template"] = str(refusal)
        return self._text_page(form, None)

    @expose("/<int:campaign_id>/edit")
    def edit(self, campaign_id: int) -> Any:
        """The first step."""
        return back_to(".edit_text", campaign_id=campaign_id)

    @expose("/<int:campaign_id>/edit/text", methods=("GET", "POST"))
    def edit_text(self, campaign_id: int) -> Any:
        """Step 1: name, text, sender."""
        return self._step_of("text", campaign_id, text_form, text_draft, self._text_page)

    @expose("/<int:campaign_id>/edit/audience", methods=("GET", "POST"))
    def edit_audience(self, campaign_id: int) -> Any:
        """Step 2: whom it is for."""
        return self._step_of("audience", campaign_id, audience_form, audience_draft, self._audience_page)

    @expose("/<int:campaign_id>/edit/schedule", methods=("GET", "POST"))
    def edit_schedule(self, campaign_id: int) -> Any:
        """Step 3: when it goes, and how fast."""
        return self._step_of("schedule", campaign_id, schedule_form, read_schedule, self._schedule_page)

    @expose("/<int:campaign_id>/edit/review", methods=("GET",))
    def edit_review(self, campaign_id: int) -> Any:
        """Step 4: everything on one page."""
        campaign = get_campaign(reading(), campaign_id)
        return _closed(campaign) or self._page(
            "review",
            Form(),
            campaign,
            review=review_page(reading(), campaign) if asks_for_count() else None,
            list_url=lists_of(campaign, None),
        )

    @expose("/<int:campaign_id>/edit/submission", methods=("GET", "POST"))
    def edit_submission(self, campaign_id: int) -> Any:
        """Step 5: what will happen, and asking for approval."""
        campaign, form = get_campaign(reading(), campaign_id), Form()
        if request.method == "POST":
            form = Form.sent()
            try:
                with console().database.transaction() as session:
                    steps.submit(session, actor(), campaign_id, version=form.number("version", 0))
            except LoaError as refusal:
                form.errors["submission"] = str(refusal)
            else:
                flash(
                    t("Đã trình duyệt. Một người khác sẽ xem xét và duyệt.", "Submitted. Somebody else looks at it."),
                    "success",
                )
                return back_to(".show", campaign_id=campaign_id)
        return _closed(campaign) or self._page(
            "submission",
            form,
            campaign,
            seen=review_of(reading(), campaign, scope=actor().scope) if asks_for_count() else None,
            approvers=list_approvers(reading(), campaign),
            at_once=starts_at_once(campaign),
            undo_seconds=console().settings.undo_seconds,
        )

    @expose("/<int:campaign_id>/people")
    def reached(self, campaign_id: int) -> Any:
        """The masked list behind a number of the waterfall, of the audience saved or of the one in the address."""
        session, campaign = reading(), get_campaign(reading(), campaign_id)
        given, key = request.args.get("audience", ""), request.args.get("stage", "")[:40]
        if given:
            campaign = imagine(campaign, {"audience": audience_in(given)})
        after, reach = request.args.get("after", 0, type=int), reach_of(session, campaign)
        rows = (
            list_over_cap(session, reach, after=after, limit=LISTED)
            if key == OVER_CAP
            else list_stage(session, actor(), campaign, key, after=after)
        )
        titles = {stage.key: stage.title for stage in reach.stages()} | _ENDS
        return self.render(
            "console/making/people.html",
            campaign=campaign,
            rows=rows,
            title=titles.get(key, key),
            places=load_places(session),
            show_masked=show_masked,
            more=len(rows) == LISTED,
            address=lambda **more: url_for(".reached", campaign_id=campaign_id, **{**request.args, **more}),
        )

    def _step_of(
        self, step: str, campaign_id: int, fill: Callable[[Campaign], Form], read: Read, page: Callable[..., Any]
    ) -> Any:
        campaign = get_campaign(reading(), campaign_id)
        if request.method == "GET":
            return _closed(campaign) or page(fill(campaign), campaign)
        return self._keep(step, campaign, Form.sent(), read, page, fill)

    def _keep(
        self,
        step: str,
        campaign: Campaign,
        form: Form,
        read: Read,
        page: Callable[..., Any],
        fill: Callable[[Campaign], Form] = text_form,
    ) -> Any:
        """Save the step and go on; what cannot be saved is shown as it was typed, with the reason."""
        draft = read(form, campaign)
        if form.get("go") == "show":
            form.errors = {}
            return page(form, campaign, draft=draft)
        if draft is None:
            return page(form, campaign)
        try:
            with console().database.transaction() as session:
                saved = change(session, actor(), campaign.id, draft, version=form.number("version", 0) or 0)
        except LoaError as refusal:
            reading().refresh(campaign)
            conflict = find_conflict(reading(), campaign, form, fill(campaign))
            form.errors["version" if conflict else _BLAMED[step]] = str(conflict.told if conflict else refusal)
            return page(form, campaign, conflict=conflict)
        return _go_on(step, saved, form)

    def _text_page(self, form: Form, campaign: Campaign | None, **more: Any) -> Any:
        more.pop("draft", None)
        session = reading()
        own = campaign.template_version.template.slug if campaign else None
        rows = [
            row
            for row in list_templates(session, archived=True, scope=actor().scope)
            if row.message_class != "he-thong" and (not row.archived or row.slug == own)
        ]
        chosen, versions = chosen_version(session, form)
        names = placeholders_of(chosen) if chosen else []
        values = {
            "templates": found_templates(rows, form.get("find"), form.get("template")),
            "chosen": chosen,
            "versions": versions,
            "placeholders": [(name, PLACEHOLDERS.get(name)) for name in names],
            "links": link_choices(session),
            "previews": previews_of(form, chosen, names) if chosen else {},
            "kind": class_rules(chosen.template.message_class) if chosen else None,
            "price": usual_price(session, chosen) if chosen else None,
            "class_title": class_title,
            "topic_title": topic_title,
            "sender": form.get("sender") or own_sender(),
        }
        return self._page("text", form, campaign, **values, **more)

    def _audience_page(
        self, form: Form, campaign: Campaign, draft: CampaignDraft | None = None, **more: Any
    ) -> Any:
        session = reading()
        edition = form.get("edition") or campaign.audience["edition"]
        stays = form.get("was_edition") in {"", edition}
        districts, wards = (form.list("district"), form.list("ward")) if stays else ([], [])
        excluded = [int(number) for number in form.list("not_campaign") if number.isdecimal()]
        sent = list_sent_campaigns(session, excluded, scope=actor().scope)
        values = {
            "tree": area_tree(session, edition, set(districts), set(wards), form.get("find"), scope=actor().scope),
            "edition": edition,
            "editions": list_editions(session),
            "carriers": carrier_choices(),
            "languages": LANGUAGE_TITLES,
            "tags": sorted({*list_tags(session), *form.list("tag")}, key=alphabetical),
            "sent": [each for each in sent if each.id != campaign.id],
        }
        counted = count_reached(session, campaign, draft) if draft is not None else {}
        return self._page("audience", form, campaign, **values, **counted, **more)

    def _schedule_page(
        self, form: Form, campaign: Campaign, draft: CampaignDraft | None = None, **more: Any
    ) -> Any:
        ahead: list[str] = []
        late = False
        if draft is not None:
            session, imagined = reading(), imagine(campaign, fields_of(draft))
            try:
                seen = forecast(session, imagined, waterfall_of(session, imagined))
                ahead, late = seen.words(), seen.is_late
            except LoaError as refusal:
                ahead = [str(refusal)]
        kind = class_rules(campaign.message_class)
        return self._page("schedule", form, campaign, kind=kind, weekdays=WEEKDAY_NAMES, ahead=ahead, late=late, **more)

    def _page(self, step: str, form: Form, campaign: Campaign | None, **values: Any) -> Any:
        """The whole page; only its living parts where a script asks while somebody types."""
        values = {
            "form": form,
            "campaign": campaign,
            "step": step,
            "steps": STEPS,
            "position": _ORDER.index(step),
            "saves": step in _ORDER[:3],
            "version": campaign.version if campaign else "",
            **values,
        }
        if "X-Requested-With" in request.headers:
            return make_response(render_template(f"console/making/{step}_live.html", **values))
        return self.render(f"console/making/{step}.html", **values), 422 if form.errors else 200


def _closed(campaign: Campaign) -> Any:
    """Lead away from a campaign that cannot be edited (any more)."""
    open_ = campaign.standing is None and campaign.plan_cursor is None
    if open_ and Step.EDIT in TRANSITIONS[CampaignState(campaign.state)]:
        return None
    flash(t("Hiện không sửa được chiến dịch này.", "The campaign cannot be edited now."), "error")
    return back_to(".show", campaign_id=campaign.id)


def _go_on(step: str, campaign: Campaign, form: Form) -> Any:
    """To the page a button names: the next step, the one before, another one, or the campaign's page."""
    place, go = _ORDER.index(step), form.get("go")
    if go == "leave":
        flash(t("Đã lưu bản nháp.", "The draft is saved."), "success")
        return back_to(".show", campaign_id=campaign.id)
    to = go if go in STEPS else _ORDER[max(0, place - 1)] if go == "back" else _ORDER[place + 1]
    return redirect(url_for(f".edit_{to}", campaign_id=campaign.id), code=303)
