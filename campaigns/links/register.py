"""Making and closing short links, and the list of hosts beside ``*.gov.vn`` that they may lead to."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.errors import Forbidden, InvalidInput, NotFound
from campaigns.links.targets import GOVERNMENT, check_target, is_allowed, read_host
from campaigns.models import Link, LinkHost
from campaigns.store.audit import append_audit
from campaigns.store.campaigns import database_now
from campaigns.store.links import find_link_by_name, host_names, lock_link
from config.settings import get_settings

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
TITLE_MOST = 120


def make_link(
    session: Session, actor: Actor, *, name: str, title: str, target: str, ends_at: datetime | None = None
) -> Link:
    """Make a link. It cannot be changed afterwards: what a campaign was approved with goes on leading there.

    Raises:
        InvalidInput: name or title cannot be used, the name is taken, or links may not lead there.
    """
    actor.require("link.edit")
    called, words = name.strip().lower(), " ".join(title.split())
    if not NAME.fullmatch(called):
        raise InvalidInput(
            "Tên ngắn chỉ gồm chữ thường không dấu, số và dấu gạch nối, tối đa 40 ký tự.",
            "A short name holds small letters without marks, digits and hyphens, 40 at most.",
        )
    if not 0 < len(words) <= TITLE_MOST:
        raise InvalidInput(
            "Hãy ghi tên gọi, tối đa {n} ký tự.", "Give it a title of at most {n} characters.", n=TITLE_MOST
        )
    if ends_at is not None and ends_at <= database_now(session):
        raise InvalidInput("Ngày hết hạn phải ở tương lai.", "The end must lie in the future.")
    checked = check_target(target, host_names(session))
    if find_link_by_name(session, called) is not None:
        raise InvalidInput("Đã có liên kết tên “{name}”.", "There is a link “{name}” already.", name=called)
    link = Link(
        name=called,
        title=words,
        target=checked,
        ends_at=ends_at,
        department_id=actor.department,
        created_by=actor.email,
    )
    session.add(link)
    session.flush()
    append_audit(session, actor.email, "link.made", "link", link.id, {"name": called, "target": checked})
    return link


def may_close(actor: Actor, link: Link) -> bool:
    """Whether the person may close a link: with a limit only their department's, or one they made themselves."""
    if not actor.may("link.edit") or actor.scope.whole or link.created_by == actor.email:
        return actor.may("link.edit")
    own = actor.scope.departments or {actor.department}
    return link.department_id is not None and link.department_id in own


def close_link(session: Session, actor: Actor, link_id: int) -> Link:
    """Let a link lead nowhere any more, at once and for good.

    Raises:
        NotFound: there is no such link.
        Forbidden: it is the city's or another department's, and the person works for a part of the city.
    """
    actor.require("link.edit")
    link = lock_link(session, link_id)
    if link is None:
        raise NotFound("Không có liên kết này.", "There is no such link.")
    if not may_close(actor, link):
        raise Forbidden(
            "Liên kết “{name}” của thành phố hoặc của cơ quan khác; bạn chỉ đóng được liên kết của cơ quan mình.",
            "The link “{name}” belongs to the city or to another department; you can close only your own department's.",
            name=link.name,
        )
    if link.closed_at is None:
        link.closed_at = database_now(session)
        append_audit(session, actor.email, "link.closed", "link", link.id, {"name": link.name})
    return link


def allow_host(session: Session, actor: Actor, host: str, reason: str) -> LinkHost:
    """Put a host on the list.

    Raises:
        InvalidInput: it is no host, is on the list already, needs no permission, or there is no reason.
    """
    actor.require("link.allow")
    name, why = read_host(host), " ".join(reason.split())[:500]
    if not why:
        raise InvalidInput("Hãy ghi lý do.", "Give a reason.")
    if name.endswith(GOVERNMENT) or name in host_names(session):
        raise InvalidInput("“{host}” đã được phép.", "“{host}” is allowed already.", host=name)
    allowed = LinkHost(host=name, reason=why, added_by=actor.email)
    session.add(allowed)
    session.flush()
    append_audit(session, actor.email, "link-host.added", "link-host", name, {"reason": why})
    return allowed


def remove_host(session: Session, actor: Actor, host: str) -> None:
    """Take a host off the list; links that lead there stop leading at once.

    Raises:
        NotFound: it is not on the list.
    """
    actor.require("link.allow")
    found = session.get(LinkHost, host)
    if found is None:
        raise NotFound("Tên miền này không có trong danh sách.", "This host is not on the list.")
    session.delete(found)
    append_audit(session, actor.email, "link-host.removed", "link-host", host)


def leads(session: Session, link: Link) -> bool:
    """Whether a link still leads where it was made to: not closed, not over, and its host still allowed."""
    open_still = link.closed_at is None and (link.ends_at is None or link.ends_at > database_now(session))
    return open_still and is_allowed(link.target, host_names(session))


def check_chosen(session: Session, name: str) -> Link:
    """The link a campaign chose for ``{{ lien_ket }}``.

    Raises:
        InvalidInput: none was chosen, there is none of this name, it leads nowhere any more, or there is no address.
    """
    link = find_link_by_name(session, name.strip()) if name.strip() else None
    if link is None or not leads(session, link):
        raise InvalidInput(
            "Mẫu tin có {{{{ lien_ket }}}} nhưng “{name}” không phải liên kết đang dùng. Chọn tên ngắn ở mục Liên kết.",
            "The text has {{{{ lien_ket }}}}, and “{name}” is no link in use. Choose the short name of one.",
            name=name[:60],
        )
    if not get_settings().public_url:
        raise InvalidInput(
            "Mẫu tin có liên kết ngắn nhưng hệ thống chưa có địa chỉ công khai (LOA_PUBLIC_URL).",
            "The text carries a short link, but this installation has no public address (LOA_PUBLIC_URL).",
        )
    return link
