"""Loading template files as versions, without ever overwriting what people wrote in the console."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sqlalchemy.orm import Session

from campaigns.access import Actor
from campaigns.content.files import TemplateFile, read_folder
from campaigns.models import Template
from campaigns.store.audit import append_audit
from campaigns.store.templates import (
    facts_of,
    filed,
    find_template,
    get_version,
    insert_template,
    insert_version,
    latest_file_version,
    lock_templates,
    write_facts,
)
from config.i18n import Text

Outcome = Literal["created", "updated", "unchanged", "conflicts"]


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What became of every file, by slug."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    """A new version, or new facts (title, task, topic, class, audience)."""
    unchanged: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    """Edited in the console and in the file: nothing was changed."""

    def as_json(self) -> Mapping[str, list[str]]:
        """For ``--json``."""
        return {name: getattr(self, name) for name in ("created", "updated", "unchanged", "conflicts")}


CONFLICT = Text(
    "“{slug}” đã được sửa cả trên trang quản trị lẫn trong tệp; giữ nguyên bản trên trang quản trị. "
    "Chép nội dung muốn dùng vào tệp, hoặc chạy lại với --force để bản trong tệp thành phiên bản mới.",
    "“{slug}” was edited both in the console and in the file; the console's wording was kept. "
    "Copy the wording you want into the file, or run again with --force to make the file's a new version.",
)


def sync_templates(session: Session, folder: Path, actor: Actor, *, force: bool = False) -> SyncReport:
    """Load every file of ``folder`` whose content is not yet a version. Running it twice changes nothing.

    A file that has not changed since it was last loaded leaves the console's later wordings and facts alone. One that
    has changed, while the console changed the same as well, is a conflict: reported, and loaded only with ``force``.

    Raises:
        Forbidden: the person may not load templates.
        TemplateFileError: some files cannot be used; nothing is loaded then.
    """
    actor.require("template.sync")
    files = read_folder(folder)
    lock_templates(session)
    report = SyncReport()
    for file in files:
        outcome = _sync_one(session, file, actor, force)
        getattr(report, outcome).append(file.facts.slug)
    return report


def _sync_one(session: Session, file: TemplateFile, actor: Actor, force: bool) -> Outcome:
    template = find_template(session, file.facts.slug)
    if template is None:
        template = insert_template(session, file.facts)
        _load(session, template, file, actor)
        return "created"
    loaded = latest_file_version(session, template.id)
    now, said = facts_of(template), filed(file.facts)
    known = filed(now) if template.filed_facts is None else template.filed_facts
    same_text = loaded is not None and loaded.content_hash == file.content_hash
    if same_text and known == said:
        return "unchanged"
    latest = get_version(session, template.slug)
    # What the console wrote and was copied into the file is no conflict: from here on the file goes along with it.
    rewritten = not same_text and latest.origin == "console" and latest.content_hash != file.content_hash
    retold = known not in (said, filed(now)) and filed(now) != said
    if (rewritten or retold) and not force:
        return "conflicts"
    if known != said:
        _tell(session, template, file, actor)
    if not same_text:
        _load(session, template, file, actor)
    return "updated"


def _tell(session: Session, template: Template, file: TemplateFile, actor: Actor) -> None:
    """Take over the facts of a file."""
    template.filed_facts = None
    if changed := write_facts(template, file.facts):
        detail = {"slug": template.slug, **changed}
        append_audit(session, actor.email, "template.changed", "template", template.id, detail)


def _load(session: Session, template: Template, file: TemplateFile, actor: Actor) -> None:
    version = insert_version(
        session, template, file.body_marked, file.body_plain, origin="file", created_by=actor.email
    )
    append_audit(
        session,
        actor.email,
        "template.synced",
        "template",
        template.id,
        {"slug": template.slug, "version": version.number},
    )
