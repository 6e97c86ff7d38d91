"""The approver's page with what changed, taking an approval back, and emergencies that one person started alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar, cast

from flask import abort, flash, render_template, request
from sqlalchemy.orm import Session

from admin.console import formats
from admin.console.context import actor, console, reading
from admin.console.differences import Change, NameArea, changes
from admin.console.forms import Form
from admin.console.frame import back_to, expose
from admin.console.making import asks_for_count
from admin.console.review import review_page
from campaigns import steps
from campaigns.access import Actor
from campaigns.approving import (
    ReviewStep,
    Seen,
    approvals_in_force,
    approvals_needed,
    count_refusals_passed,
    makers_of,
    may_undo,
)
from campaigns.content.classes import class_rules
from campaigns.content.diff import Stretch, compare, differs
from campaigns.delivery.states import CampaignState
from campaigns.draft import content_hash, snapshot
from campaigns.emergencies import NO_BASIS
from campaigns.errors import InvalidInput, LoaError
from campaigns.models import Campaign, CampaignReview
from campaigns.store.campaigns import database_now, get_campaign
from campaigns.store.places import load_areas_of
from campaigns.store.reviews import list_emergencies, list_reviews
from config.i18n import Text, t

REVIEW_TITLES = {
    ReviewStep.SUBMITTED: Text("Trình duyệt", "Submitted"),
    ReviewStep.APPROVED: Text("Duyệt", "Approved"),
    ReviewStep.REJECTED: Text("Trả lại", "Sent back"),
    ReviewStep.VOIDED: Text("Sửa, các lượt duyệt trước hết hiệu lực", "Edited, earlier approvals are void"),
    ReviewStep.UNDONE: Text("Hoàn tác duyệt", "Approval taken back"),
    ReviewStep.EMERGENCY: Text("Gửi khẩn cấp không qua duyệt", "Emergency without approval"),
    ReviewStep.SIGNED_OFF: Text("Xem xét việc gửi khẩn cấp", "Emergency reviewed"),
}
_COMPARED = {ReviewStep.APPROVED, ReviewStep.REJECTED, ReviewStep.EMERGENCY}


def approval_values(session: Session, campaign: Campaign, person: Actor) -> dict[str, Any]:
    """What the campaign's page shows of approvals: who decided what, how many are missing, whether it can be undone."""
    reviews = list_reviews(session, campaign.id)
    makers = makers_of(session, campaign)
    approvers = {each.by for each in reviews if each.step == ReviewStep.APPROVED}
    given = approvals_in_force(reviews, content_hash(campaign))
    undoable = campaign.state in {CampaignState.APPROVED, CampaignState.SCHEDULED} and campaign.plan_cursor is None
    return {
        "reviews": reviews,
        "review_titles": {step.value: title for step, title in REVIEW_TITLES.items()},
        "given": given,
        "needed": _needed(campaign, reviews),
        "is_maker": person.email in makers,
        "has_approved": person.email in {each.by for each in given},
        "may_undo": may_undo(campaign, person, makers, approvers | {str(campaign.approved_by)}),
        "seconds_left": _seconds_until(session, campaign.scheduled_for) if undoable else None,
        "emergency": next(iter(list_emergencies(session, campaign_id=campaign.id)), None),
        "may_break_glass": campaign.state in {CampaignState.DRAFT, CampaignState.SUBMITTED}
        and _is_emergency(campaign)
        and person.may("campaign.emergency"),
    }


def _seconds_until(session: Session, at: datetime | None) -> int | None:
    return None if at is None else max(0, round((at - database_now(session)).total_seconds()))


def _is_emergency(campaign: Campaign) -> bool:
    return class_rules(campaign.message_class).permission == "campaign.emergency"


def _needed(campaign: Campaign, reviews: Sequence[CampaignReview]) -> int:
    """Approvals needed as the cost was when it was handed in; each approval counts it anew."""
    cost = next((each.cost for each in reviews if each.cost is not None), None) or 0
    return approvals_needed(campaign.message_class, cost, console().settings.two_approvers_above)


def _base_of(reviews: Sequence[CampaignReview], person: Actor) -> CampaignReview | None:
    """The version to compare with: the one chosen, else the last this person decided about, else anybody."""
    decided = [each for each in reviews if each.step in _COMPARED]
    chosen = [each for each in decided if str(each.id) == request.args.get("since")]
    own = [each for each in decided if each.by == person.email]
    return next(iter([*chosen, *own, *decided]), None)


def _area_names(session: Session, *snapshots: dict[str, Any]) -> NameArea:
    editions = {str((each.get("audience") or {}).get("edition", "")) for each in snapshots}
    names = {
        (edition, area.code): f"{area.prefix} {area.name}"
        for edition in editions
        for area in load_areas_of(session, edition)
    }
    return lambda edition, code: names.get((edition, code), code)


def difference_values(session: Session, campaign: Campaign, person: Actor) -> dict[str, Any]:
    """What changed since the version somebody decided about last."""
    reviews = list_reviews(session, campaign.id)
    base = _base_of(reviews, person)
    fields: list[Change] = []
    stretches: list[Stretch] = []
    if base is not None:
        now = snapshot(campaign)
        fields = changes(base.snapshot, now, _area_names(session, base.snapshot, now))
        stretches = compare(str(base.snapshot.get("body", "")), str(now["body"]))
    return {
        "base": base,
        "decided": [each for each in reviews if each.step in _COMPARED],
        "changes": fields,
        "stretches": stretches,
        "text_changed": differs(stretches),
    }


class ApprovingPages:
    """Pages of the campaign screen."""

    approving_rules: ClassVar[dict[str, str]] = {
        "approve": "campaign.approve",
        "reject": "campaign.approve",
        "undo": "campaign.view",
        "emergency": "campaign.emergency",
        "emergencies": "campaign.view",
        "sign_off": "campaign.approve",
    }
    """``undo`` is for makers and approvers alike; the use case knows whose it is."""
    _step: Callable[[int, Callable[[Session, Actor, Form, int], Any], str], Any]
    render: Callable[..., str]

    @expose("/<int:campaign_id>/approve", methods=("GET", "POST"))
    def approve(self, campaign_id: int) -> Any:
        """Look at what changed, type the number of recipients, confirm the class, approve."""
        form = Form.sent() if request.method == "POST" else Form()
        if request.method == "POST":
            seen = _seen(form)
            answer = (
                None
                if form.errors
                else self._decide(campaign_id, form, lambda work: _approved(work, campaign_id, seen))
            )
            if answer is not None:
                return answer
        campaign = get_campaign(reading(), campaign_id)
        if campaign.state != CampaignState.SUBMITTED:
            flash(t("Chiến dịch hiện không chờ duyệt.", "The campaign is not waiting for approval."), "error")
            return back_to(".show", campaign_id=campaign_id)
        review = review_page(reading(), campaign) if asks_for_count() else None
        if "X-Requested-With" in request.headers:
            return render_template("console/review.html", review=review)
        page = self._review_page("console/approve.html", campaign, form, review=review)
        return page, 422 if form.errors else 200

    def _decide(self, campaign_id: int, form: Form, work: Callable[[Session], str]) -> Any:
        """Do it and go to the campaign's page; None where the form has to be shown again with its errors."""
        try:
            with console().database.transaction() as session:
                done = work(session)
        except InvalidInput as refusal:
            form.errors["recipients"] = str(refusal)
            return None
        except LoaError as refusal:
            flash(str(refusal), "error")
        else:
            flash(done, "success")
        return back_to(".show", campaign_id=campaign_id)

    def _review_page(self, template: str, campaign: Campaign, form: Form, **more: Any) -> str:
        session, person = reading(), actor()
        page: str = self.render(
            template,
            campaign=campaign,
            form=form,
            class_name=class_rules(campaign.message_class).title,
            **cast(Any, self).facts_values(session, campaign),
            **approval_values(session, campaign, person),
            **difference_values(session, campaign, person),
            **more,
        )
        return page

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

    @expose("/<int:campaign_id>/undo", methods=("POST",))
    def undo(self, campaign_id: int) -> Any:
        """Take the approval back before the first message."""
        return self._step(
            campaign_id,
            lambda session, person, form, version: steps.undo(
                session, person, campaign_id, form.get("reason"), version=version
            ),
            t("Đã hoàn tác. Chưa có tin nào được gửi.", "Undone. No message went out."),
        )

    @expose("/<int:campaign_id>/emergency", methods=("GET", "POST"))
    def emergency(self, campaign_id: int) -> Any:
        """Start an emergency alone, after a page that says loudly what that passes."""
        form = Form.sent() if request.method == "POST" else Form()
        if request.method == "POST":
            basis, seen = form.text("basis", most=500, missing=str(NO_BASIS)), _seen(form)
            if form.get("sure") != "yes":
                form.errors["sure"] = t("Hãy đánh dấu xác nhận là bạn đã hiểu.", "Tick that you understand.")
            answer = (
                None
                if form.errors
                else self._decide(campaign_id, form, lambda work: _broken(work, campaign_id, basis, seen))
            )
            if answer is not None:
                return answer
        campaign = get_campaign(reading(), campaign_id)
        if not _is_emergency(campaign) or campaign.state not in {CampaignState.DRAFT, CampaignState.SUBMITTED}:
            flash(
                t(
                    "Chỉ chiến dịch loại “Khẩn cấp” đang là bản nháp hoặc chờ duyệt mới gửi ngay được.",
                    "Only an emergency that is a draft or awaits approval can be started at once.",
                ),
                "error",
            )
            return back_to(".show", campaign_id=campaign_id)
        refused = count_refusals_passed(reading(), campaign)
        page = self._review_page("console/emergency.html", campaign, form, refused=refused)
        return page, 422 if form.errors else 200

    @expose("/emergencies")
    def emergencies(self) -> str:
        """Every emergency somebody started alone, and who has looked at it since."""
        found = list_emergencies(reading(), scope=actor().scope)
        return self.render("console/emergencies.html", emergencies=found, form=Form())

    @expose("/<int:campaign_id>/sign-off", methods=("POST",))
    def sign_off(self, campaign_id: int) -> Any:
        """Say that one was looked at, with a remark."""
        try:
            with console().database.transaction() as session:
                steps.sign_off(session, actor(), campaign_id, Form.sent().get("remark"))
        except LoaError as refusal:
            flash(str(refusal), "error")
        else:
            flash(t("Đã ghi nhận xét.", "The remark is kept."), "success")
        return back_to(".emergencies")


def _seen(form: Form) -> Seen:
    """What the form says was seen; what is missing is among its errors then."""
    version = form.number("version")
    try:
        shown = bytes.fromhex(form.get("seen"))
    except ValueError:
        shown = b""
    if version is None or not shown:
        abort(400)
    ticked = form.get("class")
    if not ticked:
        form.errors["class"] = t("Hãy đánh dấu xác nhận loại tin.", "Tick to confirm the class.")
    people = form.count("recipients", t("Hãy gõ số người sẽ nhận tin.", "Type how many people will get it."))
    return Seen(version, shown, people, ticked)


def _approved(session: Session, campaign_id: int, seen: Seen) -> str:
    seconds = console().settings.undo_seconds
    campaign = steps.approve(session, actor(), campaign_id, seen=seen, undo_seconds=seconds)
    if campaign.state == CampaignState.SUBMITTED:
        return t(
            "Đã ghi nhận lượt duyệt của bạn; còn cần một người duyệt nữa.",
            "Your approval counts; one more person has to approve.",
        )
    if campaign.state == CampaignState.APPROVED:
        return t("Đã duyệt. Người soạn sẽ đặt giờ bắt đầu gửi.", "Approved. Its makers set the start.")
    return t(
        "Đã duyệt. Tin đầu tiên được gửi sớm nhất lúc {at}; trước lúc đó vẫn hoàn tác được.",
        "Approved. The first message does not go before {at}; until then it can be undone.",
        at=formats.moment_to_seconds(campaign.scheduled_for),
    )


def _broken(session: Session, campaign_id: int, basis: str, seen: Seen) -> str:
    steps.break_glass(session, actor(), campaign_id, basis, seen=seen)
    return t(
        "Đang gửi khẩn cấp. Việc này đã vào nhật ký và chờ người thứ hai xem xét.",
        "The emergency is going out. It is in the audit and waits for a second person's review.",
    )
