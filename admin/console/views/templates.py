"""Templates: the list, what is known of each, wordings with their history, and the editor with the server's counter."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar

from flask import abort, flash, jsonify, redirect, request, url_for
from markupsafe import Markup
from sqlalchemy.orm import Query, Session

from admin.console import editor, formats, preview, trials
from admin.console.conflicts import FACT_TITLES, Conflict, facts_conflict
from admin.console.context import actor, console, reading
from admin.console.forms import Form
from admin.console.frame import Choice, ChoiceFilter, ListScreen, expose, shown, told
from admin.console.icons import badge
from admin.console.words import ARCHIVED_BADGE, VARIANT_TITLES
from campaigns.areas.names import fold
from campaigns.content.classes import MESSAGE_CLASSES, class_rules, class_title
from campaigns.content.diff import compare, differs
from campaigns.content.encoding import normalise, strip_marks
from campaigns.content.files import AUDIENCE_MOST, PLAN_TASK_MOST, SLUG_MOST, TITLE_MOST, TemplateFacts
from campaigns.content.findings import repair
from campaigns.content.placeholders import PLACEHOLDERS
from campaigns.content.rendering import SOURCE_MOST, compile_template
from campaigns.content.topics import TOPICS, topic_title
from campaigns.delivery.trials import PER_MINUTE, try_text
from campaigns.errors import InvalidInput, LoaError, WrongState
from campaigns.models import AuditEntry, Template, TemplateVersion
from campaigns.scope import sees
from campaigns.store.audit import find_last_deed
from campaigns.store.gateways import list_gateways
from campaigns.store.scope import templates_within
from campaigns.store.templates import (
    add_version,
    change_facts,
    count_uses,
    create_template,
    facts_of,
    filed,
    get_template,
    get_version,
    latest_file_version,
    list_templates,
    list_uses,
    list_versions,
    may_change,
    set_archived,
)
from campaigns.store.trials import list_tests_of_template
from config.i18n import Text, t

ARCHIVED = "archived"
_WORD = re.compile(r"[a-z0-9]+")


def _title(_view: Any, _context: Any, template: Template, _column: str) -> Markup:
    mark = Markup(" ") + badge(ARCHIVED_BADGE) if template.archived_at else ""
    return Markup("<a href='{}'>{}</a>{}<br><small class='mono'>{}</small>").format(
        url_for(".show", slug=template.slug), template.title, mark, template.slug
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
        "facts": "template.edit",
        "archive": "template.edit",
        "restore": "template.edit",
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
        ChoiceFilter(
            "state",
            Text("Tình trạng", "State"),
            lambda: [Choice(ARCHIVED, t("Đã cất", "Put away"))],
            # The list of those in use is told apart in ``get_query``; what the system keeps for itself is in neither.
            lambda q, _: q.filter(Template.archived_at.is_not(None), Template.message_class != "he-thong"),
            none=Text("Đang dùng", "In use"),
        ),
    ]
    page_size = 100

    def get_query(self) -> Query[Any]:
        """Templates inside the scope; those put away only where they are asked for."""
        query: Query[Any] = super().get_query().filter(templates_within(actor().scope))
        return query if request.args.get("state") == ARCHIVED else query.filter(Template.archived_at.is_(None))

    def render(self, template: str, /, **values: Any) -> str:
        """Lists come with the latest version of each template."""
        if template == self.list_template:
            values["latest"] = {row.id: row for row in list_templates(reading(), archived=True)}
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
            own=may_change(actor(), version.template),
            put_away=_put_away(session, version.template),
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
        """Write a template of one's own; ``?from=slug`` begins with a copy of another."""
        form = Form.sent() if request.method == "POST" else _begun(request.args.get("from", "")[:100])
        if request.method == "POST" and not _helped(form):
            facts = _facts_in(form, form.get("slug").strip() or _slug_of(form.get("title")))
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

    @expose("/<slug>/facts", methods=("GET", "POST"))
    def facts(self, slug: str) -> Any:
        """Title, topic, task, class and whom it is for; who was quicker is told, and nothing is overwritten unseen."""
        session = reading()
        template = get_template(session, slug)
        if request.method != "POST":
            return self._facts_page(_facts_form(template), template)
        form, conflict = Form.sent(), None
        try:
            with console().database.transaction() as work:
                change_facts(work, actor(), _facts_in(form, slug), seen=_read_seen(form, slug))
        except WrongState as refusal:
            session.refresh(template)
            if form.get("seen") == _facts_form(template).get("seen"):
                form.errors["title"] = str(refusal)
            else:
                conflict = facts_conflict(session, template, _spoken(form), _spoken(_facts_form(template)))
                form.errors["conflict"] = conflict.told
        except LoaError as refusal:
            _tell(form, refusal, body="message_class")
        else:
            flash(t("Đã lưu thông tin mẫu tin.", "The template's facts are saved."), "success")
            return redirect(url_for(".show", slug=slug), code=303)
        return self._facts_page(form, template, conflict), 422

    def _facts_page(self, form: Form, template: Template, conflict: Conflict | None = None) -> str:
        uses = count_uses(reading(), template.id)
        return self.render(
            "console/template_facts.html",
            form=form,
            text=template,
            conflict=conflict,
            topics=_topic_choices(),
            # The class has to stay once a campaign was made of it; it is offered alone then.
            classes=[each for each in _class_choices() if not uses or each[0] == template.message_class],
            uses=uses,
            own=may_change(actor(), template),
            from_file=latest_file_version(reading(), template.id) is not None,
            title_most=TITLE_MOST,
            task_most=PLAN_TASK_MOST,
            audience_most=AUDIENCE_MOST,
        )

    @expose("/<slug>/archive", methods=("POST",))
    def archive(self, slug: str) -> Any:
        """Put a template away."""
        return self._keep_away(
            slug,
            True,
            t(
                "Đã cất mẫu tin: không chọn được cho chiến dịch mới; chiến dịch đã tạo giữ nguyên.",
                "The template is put away: no new campaign can choose it; those already made keep it.",
            ),
        )

    @expose("/<slug>/restore", methods=("POST",))
    def restore(self, slug: str) -> Any:
        """Bring it back."""
        return self._keep_away(slug, False, t("Mẫu tin dùng lại được.", "The template can be used again."))

    @staticmethod
    def _keep_away(slug: str, archived: bool, done: str) -> Any:
        def work() -> None:
            with console().database.transaction() as session:
                set_archived(session, actor(), slug, archived)

        told(work, done)
        return redirect(url_for(".show", slug=slug), code=303)

    def _editor(self, form: Form, template: Template | None, theirs: TemplateVersion | None = None) -> str:
        marked, plain = _body(form, "marked"), _body(form, "plain")
        kind = template.message_class if template else form.get("message_class")
        return self.render(
            "console/template_edit.html",
            form=form,
            text=template,
            conflict=_TextConflict(theirs, {"marked": marked, "plain": plain}) if theirs else None,
            placeholders=[p for p in PLACEHOLDERS.values() if p.source != "system"],
            topics=_topic_choices(),
            classes=_class_choices(),
            task_most=PLAN_TASK_MOST,
            audience_most=AUDIENCE_MOST,
            title_most=TITLE_MOST,
            slug_most=SLUG_MOST,
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


class _TextConflict:
    """Another person's version beside what was typed."""

    def __init__(self, theirs: TemplateVersion, typed: dict[str, str]) -> None:
        self.theirs = theirs
        self.stretches = {variant: compare(theirs.body(variant), text) for variant, text in typed.items()}


def _topic_choices() -> list[tuple[str, str]]:
    return [(slug, str(title)) for slug, title in TOPICS.items() if slug != "he-thong"]


def _class_choices() -> list[tuple[str, str]]:
    return [(slug, str(kind.title)) for slug, kind in MESSAGE_CLASSES.items() if kind.chosen_by_people]


def _put_away(session: Session, template: Template) -> AuditEntry | None:
    """By whom and when a template was put away; None where it is in use."""
    if template.archived_at is None:
        return None
    return find_last_deed(session, "template.archived", "template", template.id)


def _begun(copied: str) -> Form:
    """The form of a new template: empty, or a copy of one that may be seen."""
    if not copied:
        return Form({"topic": "de-an-06", "message_class": "thong-bao"})
    session = reading()
    if not sees(session, actor(), "template", copied):
        abort(404)
    version = get_version(session, copied, request.args.get("version", type=int))
    values = _facts_form(version.template).values
    kind = class_rules(version.template.message_class)
    return Form(
        {
            **values,
            "title": t("{title} (bản sao)", "{title} (copy)", title=version.template.title[: TITLE_MOST - 10]),
            "message_class": version.template.message_class if kind.chosen_by_people else "thong-bao",
            "slug": "",
            "marked": version.body_marked,
            "plain": version.body_plain,
        }
    )


def _slug_of(title: str) -> str:
    """A slug out of a title, for who gave none."""
    return "-".join(_WORD.findall(fold(title)))[:SLUG_MOST].strip("-")


def _facts_form(template: Template) -> Form:
    facts = facts_of(template)
    values = {name: value or "" for name, value in filed(facts).items()}
    return Form({**values, "seen": json.dumps(filed(facts), ensure_ascii=False)})


def _facts_in(form: Form, slug: str) -> TemplateFacts:
    return TemplateFacts(
        slug=slug,
        title=normalise(form.get("title")).strip(),
        topic=form.get("topic"),
        message_class=form.get("message_class"),
        plan_task=normalise(form.get("plan_task")).strip() or None,
        audience=normalise(form.get("audience")).strip() or None,
    )


def _read_seen(form: Form, slug: str) -> TemplateFacts:
    """The facts the person read before changing them."""
    try:
        return TemplateFacts(slug=slug, **json.loads(form.get("seen")))
    except (ValueError, TypeError):
        abort(400)


def _spoken(form: Form) -> Form:
    """The form with its topic and class in words as well, for telling two apart."""
    for name in FACT_TITLES:
        value = form.get(name)
        words = {"topic": topic_title, "message_class": class_title}.get(name, str)(value)
        form.values["shown-" + name] = words
    return form


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


_FIELDS = frozenset({"marked", "plain", "slug", "title", "topic", "message_class", "plan_task", "audience"})


def _tell(form: Form, refusal: LoaError, *, body: str = "") -> None:
    """Put each line of a refusal beside the field it names; ``body`` is the field for those about the wording."""
    for line in str(refusal).splitlines():
        field, _, rest = line.partition(": ")
        name, text = (field, rest) if field in _FIELDS else (body or "marked", line)
        if body and field in preview.VARIANTS:
            name, text = body, f"{VARIANT_TITLES[field]}: {rest}"
        text = text[:1].upper() + text[1:]
        form.errors[name] = f"{form.errors[name]} {text}" if name in form.errors else text
