"""Templates and their immutable versions: look up, list, add."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import exists, func, select, text
from sqlalchemy.orm import Session, aliased

from campaigns.access import WHOLE_CITY, Actor, Scope
from campaigns.content.classes import MESSAGE_CLASSES, class_rules
from campaigns.content.encoding import normalise
from campaigns.content.files import TemplateFacts, check_bodies, check_facts, hash_bodies
from campaigns.errors import Forbidden, InvalidInput, NotFound, WrongState
from campaigns.models import Campaign, Template, TemplateVersion
from campaigns.store.audit import append_audit, changed_fields
from campaigns.store.scope import campaigns_within, templates_within
from config.i18n import Text

Origin = Literal["file", "console"]
_SYNC_LOCK = 0x10A_7E47
"""Advisory lock that puts writers of templates in a row: two starts at once load each file once."""


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """One line of the list of templates."""

    id: int
    slug: str
    title: str
    plan_task: str | None
    topic: str
    message_class: str
    audience: str | None
    archived: bool
    version_id: int
    number: int
    origin: str
    created_by: str
    created_at: datetime


def list_templates(session: Session, *, archived: bool = False, scope: Scope = WHOLE_CITY) -> list[TemplateRow]:
    """Every template with its latest version, by slug; archived ones only when asked for."""
    columns = (
        Template.id,
        Template.slug,
        Template.title,
        Template.plan_task,
        Template.topic,
        Template.message_class,
        Template.audience,
        Template.archived_at.is_not(None),
        TemplateVersion.id,
        TemplateVersion.number,
        TemplateVersion.origin,
        TemplateVersion.created_by,
        TemplateVersion.created_at,
    )
    newer = aliased(TemplateVersion)
    is_latest = ~exists().where(newer.template_id == TemplateVersion.template_id, newer.number > TemplateVersion.number)
    query = (
        select(*columns)
        .join(TemplateVersion, TemplateVersion.template_id == Template.id)
        .where(is_latest, templates_within(scope))
        .order_by(Template.slug)
    )
    if not archived:
        query = query.where(Template.archived_at.is_(None))
    return [TemplateRow(*tuple(row)) for row in session.execute(query)]


def get_template(session: Session, slug: str) -> Template:
    """The template of a slug.

    Raises:
        NotFound: there is none; names the nearest slugs.
    """
    template = session.scalars(select(Template).where(Template.slug == slug)).one_or_none()
    if template is None:
        near = difflib.get_close_matches(slug, session.scalars(select(Template.slug)).all(), n=3)
        raise NotFound(
            "Không có mẫu tin “{slug}”. Gần giống: {near}. Xem tất cả: loa templates list.",
            "There is no template “{slug}”. Nearest: {near}. See them all with: loa templates list.",
            slug=slug[:80],
            near=", ".join(near) or "—",
        )
    return template


def get_version(session: Session, slug: str, number: int | None = None) -> TemplateVersion:
    """A version of a template, by default the latest.

    Raises:
        NotFound: there is no such template or version.
    """
    template = get_template(session, slug)
    query = select(TemplateVersion).where(TemplateVersion.template_id == template.id)
    if number is not None:
        query = query.where(TemplateVersion.number == number)
    version = session.scalars(query.order_by(TemplateVersion.number.desc()).limit(1)).first()
    if version is None:
        raise NotFound(
            "Mẫu tin “{slug}” không có phiên bản {number}.",
            "Template “{slug}” has no version {number}.",
            slug=slug,
            number=number or 1,
        )
    return version


def list_versions(session: Session, slug: str) -> Sequence[TemplateVersion]:
    """Every version of a template, the newest first."""
    template = get_template(session, slug)
    return session.scalars(
        select(TemplateVersion)
        .where(TemplateVersion.template_id == template.id)
        .order_by(TemplateVersion.number.desc())
    ).all()


def list_uses(
    session: Session, template_id: int, *, most: int = 200, scope: Scope = WHOLE_CITY
) -> Sequence[Any]:
    """(number, id, name, state) of people's campaigns that are pinned to a version of a template, the newest first."""
    return session.execute(
        select(TemplateVersion.number, Campaign.id, Campaign.name, Campaign.state)
        .join(TemplateVersion, TemplateVersion.id == Campaign.template_version_id)
        .where(TemplateVersion.template_id == template_id, Campaign.standing.is_(None), campaigns_within(scope))
        .order_by(Campaign.id.desc())
        .limit(most)
    ).all()


def latest_file_version(session: Session, template_id: int) -> TemplateVersion | None:
    """The newest version of a template that came from a file."""
    return session.scalars(
        select(TemplateVersion)
        .where(TemplateVersion.template_id == template_id, TemplateVersion.origin == "file")
        .order_by(TemplateVersion.number.desc())
        .limit(1)
    ).first()


def find_template(session: Session, slug: str) -> Template | None:
    """The template of a slug, locked until the transaction ends."""
    return session.scalars(select(Template).where(Template.slug == slug).with_for_update()).one_or_none()


def lock_templates(session: Session) -> None:
    """Let nobody else load templates until the transaction ends."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SYNC_LOCK})


def insert_template(session: Session, facts: TemplateFacts) -> Template:
    """A template without versions."""
    template = Template(slug=facts.slug)
    write_facts(template, facts)
    session.add(template)
    session.flush()
    return template


_FACTS = ("title", "plan_task", "topic", "message_class", "audience")


def facts_of(template: Template) -> TemplateFacts:
    """What is known of a template besides its wording."""
    return TemplateFacts(slug=template.slug, **{name: getattr(template, name) for name in _FACTS})


def filed(facts: TemplateFacts) -> dict[str, Any]:
    """Facts as ``Template.filed_facts`` keeps them."""
    return {name: getattr(facts, name) for name in _FACTS}


def count_uses(session: Session, template_id: int) -> int:
    """People's campaigns that are pinned to any version of a template."""
    query = select(func.count()).select_from(Campaign).join(TemplateVersion)
    return session.scalar(query.where(TemplateVersion.template_id == template_id, Campaign.standing.is_(None))) or 0


def write_facts(template: Template, facts: TemplateFacts) -> dict[str, Any]:
    """Copy title, task, topic, class and audience; what changed, for the audit, empty where nothing did."""
    before = {name: getattr(template, name) for name in _FACTS}
    after = filed(facts)
    for name, value in after.items():
        setattr(template, name, value)
    return changed_fields(before, after)


def insert_version(
    session: Session, template: Template, body_marked: str, body_plain: str, *, origin: Origin, created_by: str
) -> TemplateVersion:
    """The next version of a template that the caller has locked."""
    last = session.scalar(select(func.max(TemplateVersion.number)).where(TemplateVersion.template_id == template.id))
    version = TemplateVersion(
        template=template,
        number=(last or 0) + 1,
        body_marked=normalise(body_marked),
        body_plain=normalise(body_plain),
        origin=origin,
        content_hash=hash_bodies(body_marked, body_plain),
        created_by=created_by,
    )
    session.add(version)
    session.flush()
    return version


def create_template(
    session: Session, actor: Actor, facts: TemplateFacts, body_marked: str, body_plain: str
) -> TemplateVersion:
    """A new template made in the console, with its first version.

    Raises:
        Forbidden: the person may not edit templates.
        InvalidInput: facts or bodies cannot be used, or the slug is taken.
    """
    actor.require("template.edit")
    _refuse(check_facts(facts) + _not_the_systems(facts) + check_bodies(body_marked, body_plain, facts.message_class))
    lock_templates(session)
    if find_template(session, facts.slug) is not None:
        raise InvalidInput(
            "slug: đã có mẫu tin “{slug}”; hãy chọn mã khác.",
            "slug: “{slug}” is taken; choose another.",
            slug=facts.slug,
        )
    template = insert_template(session, facts)
    template.department_id = actor.department
    version = insert_version(session, template, body_marked, body_plain, origin="console", created_by=actor.email)
    append_audit(session, actor.email, "template.created", "template", template.id, {"slug": facts.slug})
    return version


def add_version(
    session: Session, slug: str, body_marked: str, body_plain: str, actor: Actor, expected_number: int
) -> TemplateVersion:
    """A new wording from the console; ``expected_number`` is the latest version the person saw while editing.

    Saving what is already the latest wording makes no new version.

    Raises:
        NotFound: there is no such template.
        Forbidden: the person may not edit templates.
        InvalidInput: a body is refused (syntax, marks in the body without marks, links, …).
        WrongState: somebody else saved a version meanwhile.
    """
    actor.require("template.edit")
    template = get_template(session, slug)
    _require_own(actor, template)
    session.refresh(template, with_for_update=True)
    latest = get_version(session, slug)
    _refuse(check_bodies(body_marked, body_plain, template.message_class))
    if latest.number != expected_number:
        raise WrongState(
            "{who} đã lưu phiên bản {number} sau khi bạn mở trang. Hãy xem bản đó rồi sửa lại.",
            "{who} saved version {number} after you opened the page. Look at it, then edit again.",
            who=latest.created_by,
            number=latest.number,
        )
    if latest.content_hash == hash_bodies(body_marked, body_plain):
        return latest
    version = insert_version(session, template, body_marked, body_plain, origin="console", created_by=actor.email)
    append_audit(
        session, actor.email, "template.edited", "template", template.id, {"slug": slug, "version": version.number}
    )
    return version


def change_facts(
    session: Session, actor: Actor, facts: TemplateFacts, *, seen: TemplateFacts | None = None
) -> Template:
    """Change title, task, topic, class or audience; ``seen`` is what the person read before changing it.

    Campaigns keep the topic and the class they were made with (``campaigns.draft.write_draft``). The class stays once
    a campaign was made of the text: what was approved as one thing must not be read as another afterwards. What its
    file said stays known, so that loading the file again tells a change here from one there.

    Raises:
        NotFound: there is no such template.
        Forbidden: the person may not edit it.
        InvalidInput: a fact cannot be used, the bodies do not fit the new class, or the class has to stay.
        WrongState: somebody else changed a fact since it was read, or it is a reply of the system.
    """
    actor.require("template.edit")
    template = get_template(session, facts.slug)
    _require_own(actor, template)
    _require_peoples(template)
    session.refresh(template, with_for_update=True)
    latest, before = get_version(session, facts.slug), facts_of(template)
    wrong = check_facts(facts) + _not_the_systems(facts)
    wrong += check_bodies(latest.body_marked, latest.body_plain, facts.message_class)
    if facts.message_class != before.message_class and (uses := count_uses(session, template.id)):
        wrong.append(_class_stays(uses))
    _refuse(wrong)
    if seen is not None and seen != before:
        raise WrongState(
            "Thông tin mẫu tin đã được sửa sau khi bạn mở trang.",
            "The template's facts were changed after you opened the page.",
        )
    if template.filed_facts is None and latest_file_version(session, template.id) is not None:
        template.filed_facts = filed(before)
    if changed := write_facts(template, facts):
        append_audit(session, actor.email, "template.changed", "template", template.id, {"slug": facts.slug, **changed})
    return template


def set_archived(session: Session, actor: Actor, slug: str, archived: bool) -> Template:
    """Take a template off the list, or put it back; campaigns that use it keep it, new ones cannot be made of it.

    Raises:
        NotFound: there is no such template.
        Forbidden: the person may not edit it.
        WrongState: it is a reply of the system, which is always in use.
    """
    actor.require("template.edit")
    template = get_template(session, slug)
    _require_own(actor, template)
    _require_peoples(template)
    session.refresh(template, with_for_update=True)
    if (template.archived_at is not None) != archived:
        template.archived_at = session.scalar(select(func.now())) if archived else None
        action = "template.archived" if archived else "template.restored"
        append_audit(session, actor.email, action, "template", template.id, {"slug": slug})
    return template


def may_change(actor: Actor, template: Template) -> bool:
    """Whether the person may write a new wording of a template, or change what is known of it."""
    departments = actor.scope.departments
    return actor.may("template.edit") and (departments is None or template.department_id in departments)


def _require_peoples(template: Template) -> None:
    if not class_rules(template.message_class).chosen_by_people:
        raise WrongState(
            "“{slug}” là tin trả lời của hệ thống: chỉ sửa được nội dung.",
            "“{slug}” is a reply of the system: only its wording can be changed.",
            slug=template.slug,
        )


def _not_the_systems(facts: TemplateFacts) -> list[Text]:
    if facts.message_class not in MESSAGE_CLASSES or MESSAGE_CLASSES[facts.message_class].chosen_by_people:
        return []
    return [
        Text(
            "message_class: loại này chỉ dùng cho tin trả lời của hệ thống; hãy chọn loại khác.",
            "message_class: only replies of the system are of this class; choose another.",
        )
    ]


def _class_stays(uses: int) -> Text:
    return Text(
        f"message_class: đã có {uses} chiến dịch dùng mẫu tin này nên loại tin giữ nguyên; muốn loại khác, hãy tạo "
        "bản sao.",
        f"message_class: {uses} campaigns were made of this text, so its class stays; make a copy to choose another.",
    )


def _require_own(actor: Actor, template: Template) -> None:
    departments = actor.scope.departments
    if departments is not None and template.department_id not in departments:
        raise Forbidden(
            "“{slug}” là mẫu tin của thành phố hoặc của cơ quan khác; bạn chỉ sửa được mẫu của cơ quan mình.",
            "“{slug}” belongs to the city or to another department; you can change only your own department's.",
            slug=template.slug,
        )


def _refuse(wrong: Sequence[Text]) -> None:
    if wrong:
        raise InvalidInput(
            "{lines_vi}",
            "{lines_en}",
            lines_vi="\n".join(text.vi for text in wrong),
            lines_en="\n".join(text.en for text in wrong),
        )
