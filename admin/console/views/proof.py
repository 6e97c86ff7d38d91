"""A campaign's proof: everything about it on one page, and the same as a signed PDF."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from flask import Response, render_template

from admin.console.context import actor, console, reading
from admin.console.frame import expose
from campaigns.proof.document import write_proof, write_recount
from campaigns.proof.pdf import make_proof
from campaigns.proof.record import collect_proof, recount
from campaigns.proof.signing import load_signer


class ProofPages:
    """Three addresses of a campaign."""

    proof_rules: ClassVar[dict[str, str]] = {
        "proof": "campaign.view",
        "proof_recount": "campaign.view",
        "proof_file": "campaign.view",
    }

    @expose("/<int:campaign_id>/proof")
    def proof(self, campaign_id: int) -> str:
        """Who ordered, who approved, which text, to whom, by which gateway, when, with what outcome."""
        found = collect_proof(reading(), actor(), campaign_id)
        page: str = cast(Any, self).render(
            "console/proof.html",
            campaign=found.campaign,
            document=write_proof(found, console().settings.issuer),
        )
        return page

    @expose("/<int:campaign_id>/proof/recount")
    def proof_recount(self, campaign_id: int) -> str:
        """What is counted anew; it may take seconds, so the page asks for it by itself."""
        section = write_recount(recount(reading(), campaign_id))
        return render_template("console/proof_section.html", section=section)

    @expose("/<int:campaign_id>/proof.pdf", methods=("POST",))
    def proof_file(self, campaign_id: int) -> Response:
        """The signed file; that it was made is in the audit."""
        settings = console().settings
        signer = load_signer(settings)
        with console().database.transaction() as work:
            made = make_proof(work, actor(), campaign_id, signer, settings.issuer)
        response = Response(made.content, mimetype="application/pdf")
        response.headers["Content-Disposition"] = f'attachment; filename="{made.file_name}"'
        return response
