"""Keeps people to their part of the city: what lies outside is, for them, not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from campaigns.access import Actor, Scope
from campaigns.errors import Forbidden, NotFound
from campaigns.store import scope as store
from campaigns.store.places import load_places

_SEES: Mapping[str, Callable[[Session, Scope, Any], bool]] = {
    "campaign": store.sees_campaign,
    "contact": store.sees_contact,
    "template": store.sees_template,
    "link": store.sees_link,
    "request": store.sees_request,
}
"""Kinds of things that belong to a part of the city, and how to ask whether one does."""


def sees(session: Session, actor: Actor, kind: str, key: int | str) -> bool:
    """Whether a ``campaign``, ``contact``, ``link``, ``request`` (by id) or ``template`` (by slug) is inside."""
    return actor.scope.whole or _SEES[kind](session, actor.scope, key)


def require_inside(session: Session, actor: Actor, kind: str, key: int | str) -> None:
    """Let nobody touch what is outside their scope.

    Raises:
        NotFound: it is outside, or is not there; which of the two is not told.
    """
    if not sees(session, actor, kind, key):
        raise NotFound(
            "Không có mục {key} trong phạm vi phụ trách của bạn.",
            "There is no {key} in the part of the city you work for.",
            key=key,
        )


def require_wards(session: Session, actor: Actor, wards: Iterable[int] | None) -> None:
    """Let an audience reach only wards of the person's scope; None is everybody.

    Raises:
        Forbidden: it reaches further; the first few places outside are named.
    """
    own = actor.scope.wards
    if own is None:
        return
    if wards is None:
        raise Forbidden(
            "Bạn chỉ phụ trách một phần thành phố nên không gửi cho mọi người được; hãy chọn địa bàn.",
            "You work for a part of the city and cannot send to everybody; choose places.",
        )
    outside = sorted(set(wards) - own)
    if outside:
        places = load_places(session)
        named = ", ".join(places[ward][0] for ward in outside[:3] if ward in places)
        raise Forbidden(
            "Ngoài phạm vi phụ trách của bạn: {places}{more}. Hãy bỏ chọn các nơi này.",
            "Outside the part of the city you work for: {places}{more}. Take these off the choice.",
            places=named,
            more=f" (+{len(outside) - 3})" if len(outside) > 3 else "",
        )
