"""The start page: what needs me today."""

from __future__ import annotations

from typing import ClassVar

from flask_admin import AdminIndexView

from admin.console.context import actor, reading
from admin.console.duties import duties
from admin.console.frame import Screen, expose
from admin.console.views.gateways import standings
from campaigns.delivery.trouble import read_reason
from campaigns.emergencies import unreviewed_emergencies
from campaigns.stats import summary
from campaigns.store import console as store


class StartScreen(Screen, AdminIndexView):  # type: ignore[misc]
    """Campaigns to approve and to mend, those running with the reason when they stand still, gateways in trouble."""

    rules: ClassVar[dict[str, str]] = {"index": "signed-in"}

    def is_accessible(self) -> bool:
        """Everybody who is signed in has a start page."""
        return bool(actor().email)

    @expose("/")
    def index(self) -> str:
        """The page."""
        session, person = reading(), actor()
        scope = person.scope
        may_campaigns = person.may("campaign.view")
        running = (
            store.list_campaigns_in(session, ["running", "paused", "scheduled"], scope=scope) if may_campaigns else []
        )
        drafts = store.list_campaigns_in(session, ["draft"], 20, scope=scope) if person.may("campaign.edit") else []
        return self.render(
            "console/start.html",
            waiting=store.list_campaigns_in(session, ["submitted"], scope=scope) if may_campaigns else [],
            ready=store.list_campaigns_in(session, ["approved"], scope=scope) if person.may("campaign.submit") else [],
            failing=[(c, read_reason(c.state_reason)) for c in running if c.state == "paused" and c.state_reason],
            duties=duties(session, person),
            unreviewed=unreviewed_emergencies(session, scope=scope) if may_campaigns else [],
            running=[(campaign, summary(session, campaign.id)) for campaign in running],
            sent_back=[d for d in drafts if d.state_reason],
            drafts=[d for d in drafts if not d.state_reason and d.edited_by == person.email],
            gateways=[g for g in standings(session) if g.state not in {"bound", "disabled"} or g.health],
            campaigns=store.count_campaigns(session, scope),
            refusals=store.estimate_refusals(session, scope) if person.may("optout.view") else None,
            contacts=store.estimate_contacts(session, scope) if person.may("contact.view") else None,
            month=store.read_day_totals(session, scope) if person.may("stats.view") else None,
        )
