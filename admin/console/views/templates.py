"""Templates: the list, the wordings with their history, and the editor whose counter is the server's own."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import abort, flash, jsonify, redirect, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy.orm import Query

from admin.console import formats, preview
from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.frame import Choice, ChoiceFilter, ListScreen, expose, shown
from campaigns.content.classes import MESSAGE_CLASSES
from campaigns.content.files import TemplateFacts
from campaigns.content.placeholders import PLACEHOLDERS
from campaigns.content.rendering import SOURCE_MOST
from campaigns.content.topics import TOPICS
from campaigns.errors import LoaError
from campaigns.models import Template
from campaigns.store.scope import templates_within
from campaigns.store.templates import (
    add_version,
    create_template,
    get_template,
    get_version,
    list_templates,
    list_versions,
)
from config.i18n import Text, t


def class_title(slug: str) -> str:
    """The class of a message in words."""
    return str(MESSAGE_CLASSES[slug].title) if slug in MESSAGE_CLASSES else slug


def topic_title(slug: str) -> str:
    """What a text is about, in words."""
    return str(TOPICS.get(slug, slug))


def _title(_view: Any, _context: Any, template: Template, _column: str) -> Markup:
    return Markup("<a href='{}'>{}</a><br><small class='mono'>{}</small>").format(
        url_for(".show", slug=template.slug), template.title, template.slug
    )


def _version(_view: Any, context: Any, template: Template, _column: str) -> str:
    row = context["latest"].get(template.id)
    return f"{row.number} · {formats.moment(row.created_at)}" if row else "–"


class TemplateScreen(ListScreen):
    """Versions never change; saving makes a new one, and a campaign stays with the one it was made of."""

    rules: ClassVar[dict[str, str]] = {
        "index_view": "template.view",
        "show": "template.view",
        "new": "template.edit",
        "edit": "template.edit",
        "count": "template.edit",
    }
    list_template = "console/templates.html"
    column_list = ("title", "topic", "message_class", "plan_task", "audience", "id")
    column_labels: ClassVar[dict[str, Any]] = {
        "title": Text("Mẫu tin", "Template"),
        "topic": Text("Chủ đề", "Topic"),
        "message_class": Text("Loại tin", "Class"),
        "plan_task": Text("Nhiệm vụ", "Task"),
        "audience": Text("Dành cho", "For"),
        "id": Text("Phiên bản", "Version"),
    }
    column_sortable_list = ("title", "topic", "plan_task")
    column_default_sort: ClassVar[list[tuple[str, bool]]] = [("slug", False)]
    column_formatters: ClassVar[dict[str, Any]] = {
        "title": _title,
        "topic": shown(lambda template: topic_title(template.topic)),
        "message_class": shown(lambda template: class_title(template.message_class)),
        "id": _version,
    }
    column_searchable_list = ("title", "slug")
    search_title = Text("Tìm theo tên hoặc mã", "Search by title or slug")
    column_filters: ClassVar[list[Any]] = [
        ChoiceFilter(
            "topic",
            Text("Chủ đề", "Topic"),
            lambda: [Choice(slug, str(title)) for slug, title in TOPICS.items()],
            lambda q, v: q.filter(Template.topic == v),
        ),
        ChoiceFilter(
            "class",
            Text("Loại tin", "Class"),
            lambda: [Choice(slug, str(kind.title)) for slug, kind in MESSAGE_CLASSES.items()],
            lambda q, v: q.filter(Template.message_class == v),
        ),
    ]
    page_size = 100

    def get_query(self) -> Query[Any]:
        """Templates in use inside the scope."""
        query: Query[Any] = super().get_query()
        return query.filter(Template.archived_at.is_(None), templates_within(actor().scope))

    def render(self, template: str, /, **values: Any) -> str:
        """Lists come with the latest version of each template."""
        if template == self.list_template:
            values["latest"] = {row.id: row for row in list_templates(reading())}
        return super().render(template, **values)

    @expose("/<slug>/")
    def show(self, slug: str) -> str:
        """One template: a version side by side in both spellings, and its history."""
        session = reading()
        number = request.args.get("version", type=int)
        version = get_version(session, slug, number)
        return self.render(
            "console/template.html",
            text=version.template,
            version=version,
            versions=list_versions(session, slug),
            previews=preview.both(version.body_marked, version.body_plain, version.template.message_class),
            class_title=class_title,
            topic_title=topic_title,
            sender=own_sender(),
        )

    @expose("/new", methods=("GET", "POST"))
    def new(self) -> Any:
        """Write a template of one's own."""
        form = Form.sent() if request.method == "POST" else Form({"topic": "de-an-06", "message_class": "thong-bao"})
        if request.method == "POST":
            facts = TemplateFacts(
                slug=form.get("slug").strip(),
                title=form.get("title").strip(),
                topic=form.get("topic"),
                message_class=form.get("message_class"),
            )
            try:
                with console().database.transaction() as work:
                    create_template(work, actor(), facts, _body(form, "marked"), _body(form, "plain"))
            except LoaError as refusal:
                _tell(form, refusal)
            else:
                flash(t("Đã tạo mẫu tin.", "The template was made."), "success")
                return redirect(url_for(".show", slug=facts.slug), code=303)
        return self._editor(form, None), 422 if form.errors else 200

    @expose("/<slug>/edit", methods=("GET", "POST"))
    def edit(self, slug: str) -> Any:
        """Write the next version; the one that was read is named, so nobody overwrites another's work unseen."""
        session = reading()
        template, latest = get_template(session, slug), get_version(session, slug)
        if request.method == "POST":
            form = Form.sent()
            try:
                with console().database.transaction() as work:
                    saved = add_version(
                        work, slug, _body(form, "marked"), _body(form, "plain"), actor(), form.number("number", 0) or 0
                    )
            except LoaError as refusal:
                _tell(form, refusal)
            else:
                flash(t("Đã lưu phiên bản {n}.", "Version {n} is saved.", n=saved.number), "success")
                return redirect(url_for(".show", slug=slug), code=303)
        else:
            form = Form({"marked": latest.body_marked, "plain": latest.body_plain, "number": str(latest.number)})
        return self._editor(form, template), 422 if form.errors else 200

    def _editor(self, form: Form, template: Template | None) -> str:
        return self.render(
            "console/template_edit.html",
            form=form,
            text=template,
            placeholders=[p for p in PLACEHOLDERS.values() if p.source != "system"],
            topics=[(slug, str(title)) for slug, title in TOPICS.items()],
            classes=[(slug, str(kind.title)) for slug, kind in MESSAGE_CLASSES.items() if kind.chosen_by_people],
            previews=preview.both(
                _body(form, "marked"),
                _body(form, "plain"),
                template.message_class if template else form.get("message_class"),
            ),
            most=SOURCE_MOST,
            sender=own_sender(),
        )

    @expose("/count", methods=("POST",))
    def count(self) -> Any:
        """The editor's question while somebody types: ``{marked, plain, sample, message_class}`` to HTML of each."""
        asked = request.get_json(silent=True)
        if not isinstance(asked, dict):
            abort(400)
        marked, plain = (str(asked.get(variant, ""))[:SOURCE_MOST] for variant in ("marked", "plain"))
        given = asked.get("sample")
        sample: dict[str, Any] = given if isinstance(given, dict) else {}
        previews = preview.both(
            marked,
            plain,
            str(asked.get("message_class", ""))[:40],
            {str(name)[:64]: str(value)[:500] for name, value in list(sample.items())[:50]},
        )
        return jsonify(
            {
                variant: render_template("console/preview.html", preview=each, sender=own_sender())
                for variant, each in previews.items()
            }
        )


def own_sender() -> str:
    """What a phone shows as the sender while none is chosen."""
    return t("Tên người gửi của cổng", "The gateway's sender")


def _body(form: Form, variant: str) -> str:
    # Browsers send line ends as CR LF; a CR would make the text Unicode.
    return form.get(variant).replace("\r\n", "\n")


def _tell(form: Form, refusal: LoaError) -> None:
    """Put each line of a refusal beside the field it names."""
    for line in str(refusal).splitlines():
        field, _, rest = line.partition(": ")
        name = field if field in {"marked", "plain", "slug", "title", "topic", "message_class"} else "marked"
        text = rest if name == field else line
        form.errors[name] = f"{form.errors[name]} {text}" if name in form.errors else text
