"""Who may do what, and in what part of the city; asked by the console and the command line."""

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


NEEDS_WHOLE_CITY: frozenset[str] = frozenset(
    {
        "area.load",
        "audit.view",
        "breach.manage",
        "do-not-call.import",
        "gateway.edit",
        "key.rotate",
        "link.allow",
        "optout.words",
        "processor.manage",
        "retention.view",
        "sender.edit",
        "template.sync",
        "user.edit",
        "user.view",
    }
)
"""Not for people with any limit: what these touch belongs to everybody."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the city a person works for. None is no limit.

    ``departments`` are ids of departments with those they took over; ``wards`` are ids of wards of every edition.
    """

    departments: frozenset[int] | None = None
    wards: frozenset[int] | None = None

    @property
    def whole(self) -> bool:
        """Whether there is no limit at all."""
        return self.departments is None and self.wards is None


WHOLE_CITY = Scope()


@dataclass(frozen=True, slots=True)
class Actor:
    """The person on whose behalf something is done."""

    email: str
    roles: frozenset[str]
    granted: frozenset[str] = frozenset()
    """Of ``PERSONAL``, what was given to this person."""
    scope: Scope = WHOLE_CITY
    department: int | None = None
    """Whose the campaigns and texts are that the person makes."""

    def may(self, permission: str) -> bool:
        """Whether a role of the person carries ``permission`` or it was given; an unknown one is nobody's."""
        return self._holds(permission) and not self._too_wide(permission)

    def _holds(self, permission: str) -> bool:
        if permission in PERSONAL:
            return permission in self.granted
        return any(permission in ROLES.get(role, frozenset()) for role in self.roles)

    def _too_wide(self, permission: str) -> bool:
        return permission in NEEDS_WHOLE_CITY and not self.scope.whole

    def require_whole_city(self) -> None:
        """Raise ``Forbidden`` for somebody who works for a part of the city."""
        if not self.scope.whole:
            raise Forbidden(
                "Việc này chạm tới toàn thành phố, mà {who} chỉ phụ trách một phần.",
                "This reaches the whole city, and {who} works for a part of it.",
                who=self.email,
            )

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
        if self._holds(permission):
            raise Forbidden(
                "“{permission}” chạm tới toàn thành phố, mà {who} chỉ phụ trách một phần. Hãy nhờ người không bị giới"
                " hạn phạm vi.",
                "“{permission}” reaches the whole city and {who} works for a part of it. Ask somebody without a limit.",
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
