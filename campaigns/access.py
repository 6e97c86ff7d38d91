"""Who may do what: one table of roles and permissions, asked by the console, the API and the command line."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.errors import Forbidden

ROLES: dict[str, frozenset[str]] = {
    "officer": frozenset(
        {
            "area.view",
            "contact.view",
            "contact.import",
            "contact.edit",
            "contact.reveal",
            "contact.erase",
            "contact.export",
            "contact.restrict",
            "request.view",
            "request.handle",
            "template.view",
            "template.edit",
            "template.test",
            "campaign.view",
            "campaign.edit",
            "campaign.submit",
            "campaign.stop",
            "campaign.settle",
            "optout.view",
            "optout.add",
            "consent.view",
            "consent.edit",
            "do-not-call.view",
            "do-not-call.import",
            "sender.view",
            "stats.view",
            "link.view",
            "link.edit",
        }
    ),
    "approver": frozenset(
        {
            "area.view",
            "template.view",
            "campaign.view",
            "campaign.approve",
            "campaign.stop",
            "campaign.settle",
            "stats.view",
            "optout.view",
            "link.view",
            "consent.view",
            "do-not-call.view",
            "sender.view",
        }
    ),
    "analyst": frozenset({"area.view", "template.view", "campaign.view", "stats.view", "link.view"}),
    "operator": frozenset(
        {
            "area.view",
            "area.load",
            "template.sync",
            "gateway.view",
            "gateway.edit",
            "holiday.edit",
            "sender.view",
            "sender.edit",
            "do-not-call.view",
            "do-not-call.import",
            "test.numbers",
            "key.rotate",
            "key.retire",
            "retention.view",
            "retention.run",
            "optout.words",
            "campaign.view",
            "campaign.stop",
            "campaign.settle",
            "stats.view",
        }
    ),
    "administrator": frozenset(
        {
            "user.view",
            "user.edit",
            "audit.view",
            "area.view",
            "campaign.view",
            "stats.view",
            "optout.words",
            "request.view",
            "breach.manage",
            "processor.manage",
            "retention.view",
            "test.numbers",
            "link.view",
            "link.allow",
        }
    ),
}

PERSONAL: frozenset[str] = frozenset({"campaign.emergency"})
"""No role carries these: an administrator gives them to persons by name (``campaigns.grants``)."""

PERMISSIONS: frozenset[str] = frozenset().union(*ROLES.values()) | PERSONAL


@dataclass(frozen=True, slots=True)
class Actor:
    """The person on whose behalf something is done."""

    email: str
    roles: frozenset[str]
    granted: frozenset[str] = frozenset()
    """Of ``PERSONAL``, what was given to this person."""

    def may(self, permission: str) -> bool:
        """Whether a role of the person carries ``permission`` or it was given; an unknown one is nobody's."""
        if permission in PERSONAL:
            return permission in self.granted
        return any(permission in ROLES.get(role, frozenset()) for role in self.roles)

    def require(self, permission: str) -> None:
        """Raise ``Forbidden`` unless the person holds ``permission``."""
        if self.may(permission):
            return
        if permission in PERSONAL:
            raise Forbidden(
                "{who} không có quyền “{permission}”; quản trị viên cấp quyền này cho từng người.",
                "{who} may not do “{permission}”; an administrator gives it to persons by name.",
                who=self.email,
                permission=permission,
            )
        carriers = sorted(role for role, held in ROLES.items() if permission in held)
        raise Forbidden(
            "{who} không có quyền “{permission}”; cần vai trò: {roles}.",
            "{who} may not do “{permission}”; it takes one of the roles: {roles}.",
            who=self.email,
            permission=permission,
            roles=", ".join(carriers),
        )


SYSTEM = Actor("system", frozenset(ROLES))
