"""Templates: the list, the wordings with their history, and the editor whose counter is the server's own."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import abort, flash, jsonify, redirect, request, url_for
from markupsafe import Markup
from sqlalchemy.orm import Query

from admin.console import editor, formats, preview, trials
from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.frame import Choice, ChoiceFilter, ListScreen, expose, shown, told
from campaigns.content.classes import MESSAGE_CLASSES
from campaigns.content.diff import compare, differs
from campaigns.content.encoding import strip_marks
from campaigns.content.files import TemplateFacts
from campaigns.content.findings import repair
from campaigns.content.placeholders import PLACEHOLDERS
from campaigns.content.rendering import SOURCE_MOST, compile_template
from campaigns.content.topics import TOPICS
from campaigns.delivery.trials import PER_MINUTE, try_text
from campaigns.errors import InvalidInput, LoaError, WrongState
from campaigns.models import Template, TemplateVersion
from campaigns.store.gateways import list_gateways
from campaigns.store.scope import templates_within
from campaigns.store.templates import (
    add_version,
    create_template,
    get_template,
    get_version,
    list_templates,
    list_uses,
    list_versions,
)
from campaigns.store.trials import list_tests_of_template
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
        "diff": "template.view",
        "test": "template.test",
        "tests": "template.test",
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
        """One template: a version side by side in both spellings, tests of it, its history and who uses it."""
        session = reading()
        version = get_version(session, slug, request.args.get("version", type=int))
        template_id, tests = version.template_id, actor().may("template.test")
        uses: dict[int, list[Any]] = {}
        for use in list_uses(session, template_id, scope=actor().scope):
            uses.setdefault(use.number, []).append(use)
        return self.render(
            "console/template.html",
            text=version.template,
            version=version,
            versions=list_versions(session, slug),
            uses=uses,
            desk=editor.look_at(session, version),
            class_title=class_title,
            topic_title=topic_title,
            sender=own_sender(),
            numbers=trials.listed_numbers(session) if tests else [],
            trials=trials.trials_of(list_tests_of_template(session, template_id)) if tests else [],
            per_minute=PER_MINUTE,
            form=Form({"variant": "plain"}),
        )

    @expose("/<slug>/diff")
    def diff(self, slug: str) -> str:
        """Any two versions, word by word; what the second has and the first has not is what was added."""
        session = reading()
        old, new = (get_version(session, slug, request.args.get(name, type=int)) for name in ("from", "to"))
        stretches = {variant: compare(old.body(variant), new.body(variant)) for variant in preview.VARIANTS}
        return self.render(
            "console/template_diff.html",
            text=old.template,
            old=old,
            new=new,
            stretches=stretches,
            changed={variant: differs(each) for variant, each in stretches.items()},
        )

    @expose("/<slug>/test", methods=("POST",))
    def test(self, slug: str) -> Any:
        """Send one version, with sample values, to a number of staff."""
        form = Form.sent()
        variant = "marked" if form.get("variant") == "marked" else "plain"

        def work() -> None:
            with console().database.transaction() as session:
                version = get_version(session, slug, form.number("number"))
                try_text(
                    session,
                    actor(),
                    number_id=form.number("to", 0) or 0,
                    version=version,
                    variant=variant,
                    text=_sample_text(version, variant),
                )

        told(work, t("Đã chuyển tin thử tới cổng gửi; kết quả hiện ở dưới.", "The test is on its way; see below."))
        return redirect(url_for(".show", slug=slug, version=form.number("number"), _anchor="trial"), code=303)

    @expose("/<slug>/tests")
    def tests(self, slug: str) -> Any:
        """What became of the latest tests, for the page that asks again."""
        session = reading()
        return trials.fragment(trials.trials_of(list_tests_of_template(session, get_template(session, slug).id)))

    @expose("/new", methods=("GET", "POST"))
    def new(self) -> Any:
        """Write a template of one's own."""
        form = Form.sent() if request.method == "POST" else Form({"topic": "de-an-06", "message_class": "thong-bao"})
        if request.method == "POST" and not _helped(form):
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
                return _saved(form, facts.slug)
        return self._editor(form, None), 422 if form.errors else 200

    @expose("/<slug>/edit", methods=("GET", "POST"))
    def edit(self, slug: str) -> Any:
        """Write the next version; the one that was read is named, so nobody overwrites another's work unseen."""
        session = reading()
        template, latest = get_template(session, slug), get_version(session, slug)
        if request.method != "POST":
            form = Form({"marked": latest.body_marked, "plain": latest.body_plain, "number": str(latest.number)})
            return self._editor(form, template)
        form, theirs = Form.sent(), None
        if not _helped(form):
            try:
                with console().database.transaction() as work:
                    saved = add_version(
                        work, slug, _body(form, "marked"), _body(form, "plain"), actor(), form.number("number", 0) or 0
                    )
            except LoaError as refusal:
                if not isinstance(refusal, WrongState):
                    _tell(form, refusal)
                else:
                    theirs = latest
                    form.errors["conflict"] = str(refusal)
                    # What was seen now is the latest: saved once more, it is saved knowingly.
                    form.values["number"] = str(latest.number)
            else:
                flash(t("Đã lưu phiên bản {n}.", "Version {n} is saved.", n=saved.number), "success")
                return _saved(form, slug)
        return self._editor(form, template, theirs), 422 if form.errors else 200

    def _editor(self, form: Form, template: Template | None, theirs: TemplateVersion | None = None) -> str:
        marked, plain = _body(form, "marked"), _body(form, "plain")
        kind = template.message_class if template else form.get("message_class")
        return self.render(
            "console/template_edit.html",
            form=form,
            text=template,
            conflict=_Conflict(theirs, {"marked": marked, "plain": plain}) if theirs else None,
            placeholders=[p for p in PLACEHOLDERS.values() if p.source != "system"],
            topics=[(slug, str(title)) for slug, title in TOPICS.items()],
            classes=[(slug, str(kind.title)) for slug, kind in MESSAGE_CLASSES.items() if kind.chosen_by_people],
            desk=editor.look(reading(), marked, plain, kind, person_id=form.number("person", 0) or 0),
            most=SOURCE_MOST,
            sender=own_sender(),
        )

    @expose("/count", methods=("POST",))
    def count(self) -> Any:
        """The editor's question while somebody types: ``{marked, plain, person, message_class}`` to HTML by place."""
        asked = request.get_json(silent=True)
        if not isinstance(asked, dict):
            abort(400)
        return jsonify(editor.answer(reading(), asked, own_sender()))


class _Conflict:
    """Another person's version beside what was typed."""

    def __init__(self, theirs: TemplateVersion, typed: dict[str, str]) -> None:
        self.theirs = theirs
        self.stretches = {variant: compare(theirs.body(variant), text) for variant, text in typed.items()}


def own_sender() -> str:
    """What a phone shows as the sender while none is chosen: what the gateways' contracts say."""
    named = {gateway.settings.get("sender") for gateway in list_gateways(reading(), enabled_only=True)}
    return " / ".join(sorted(filter(None, named))[:3]) or t("Tên người gửi của cổng", "The gateway's sender")


def _sample_text(version: TemplateVersion, variant: str) -> str:
    body = version.body(variant)
    try:
        return compile_template(body).render(preview.sample_values(), plain=variant == "plain")
    except LoaError as refusal:
        raise InvalidInput("{why}", "{why}", why=str(refusal)) from refusal


def _helped(form: Form) -> bool:
    """Whether a button asked for help with the text instead of saving it; for browsers without scripts."""
    wish = form.get("do")
    if wish == "strip":
        form.values["plain"] = strip_marks(repair(_body(form, "marked")))
    elif wish in {"repair-marked", "repair-plain"}:
        variant = wish.removeprefix("repair-")
        form.values[variant] = preview.mend(_body(form, variant), variant)
    return wish in {"strip", "count", "repair-marked", "repair-plain"}


def _saved(form: Form, slug: str) -> Any:
    anchor = "trial" if form.get("do") == "save-and-test" else None
    return redirect(url_for(".show", slug=slug, _anchor=anchor), code=303)


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
