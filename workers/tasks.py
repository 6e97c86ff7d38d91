"""Thin tasks: the tick, planning a campaign, poking a gateway. Each is a call of a use case."""

from __future__ import annotations

import time

import structlog

from campaigns.audience.uploads import forget_old_files
from campaigns.delivery.housekeeping import tidy
from campaigns.delivery.retention import Keep
from campaigns.exports.jobs import forget_old_exports
from campaigns.proof.chain import ask_at_night
from campaigns.store.audit import list_open_checks
from campaigns.store.campaigns import list_due_ids
from campaigns.store.delivery import list_gateways_with_work
from campaigns.store.exports import list_waiting_exports
from campaigns.store.imports import list_waiting_imports
from workers import planning, watchmen
from workers.app import EXPIRES, app, gateway_queue
from workers.context import get_context
from workers.readers import start_reader
from workers.writers import start_writer

log = structlog.get_logger(__name__)

_MINUTE = 60


_last_thorough = [float("-inf")]


def _once_a_minute() -> bool:
    """Whether this process has not been thorough for a minute."""
    if time.monotonic() - _last_thorough[0] < _MINUTE:
        return False
    _last_thorough[0] = time.monotonic()
    return True


@app.task(name="loa.tick")  # type: ignore[untyped-decorator]
def tick() -> None:
    """Find what is due and poke whoever does it."""
    context = get_context()
    settings = context.settings
    thorough = _once_a_minute()
    tidy(
        context.database,
        lease_seconds=settings.lease_seconds,
        retry_attempts=settings.retry_attempts,
        thorough=thorough,
        pause_window=settings.pause_window,
        keep=Keep(settings.keep_messages_months, settings.keep_references_days),
    )
    if thorough:
        forget_old_files(context.database, settings.home)
        forget_old_exports(context.database, settings.home)
    with context.database.transaction() as session:
        due = list_due_ids(session)
        busy = list_gateways_with_work(session)
        lists = list_waiting_imports(session)
        if thorough:
            ask_at_night(session)
        unverified = bool(list_open_checks(session))
        files = list_waiting_exports(session)
    for campaign_id in due:
        plan.apply_async((campaign_id,), expires=EXPIRES)
    for name, binds in busy:
        for _ in range(binds):
            drain.apply_async((name,), queue=gateway_queue(name), expires=EXPIRES)
    for job_id in lists:
        read_list.apply_async((job_id,), expires=EXPIRES)
    if unverified and watchmen.are_away():
        verify_audit.apply_async(expires=EXPIRES)
    for job_id in files:
        write_list.apply_async((job_id,), expires=EXPIRES)


@app.task(name="loa.plan")  # type: ignore[untyped-decorator]
def plan(campaign_id: int) -> None:
    """Freeze the audience of a due campaign."""
    planning.plan(get_context(), campaign_id)


@app.task(name="loa.read_list")  # type: ignore[untyped-decorator]
def read_list(job_id: int) -> None:
    """Start reading an uploaded list, unless somebody is at it."""
    start_reader(get_context(), job_id)


@app.task(name="loa.verify_audit")  # type: ignore[untyped-decorator]
def verify_audit() -> None:
    """Have the audit's chain verified, unless somebody is at it."""
    watchmen.send_out()


@app.task(name="loa.write_list")  # type: ignore[untyped-decorator]
def write_list(job_id: int) -> None:
    """Start writing a list into a file, unless somebody is at it."""
    start_writer(job_id)


@app.task(name="loa.drain")  # type: ignore[untyped-decorator]
def drain(gateway: str) -> None:
    """Wake this worker's sessions of a gateway: they claim, send and record until nothing is ready."""
    hands = getattr(app, "loa_hands", None)
    if hands is None or not hands.kick(gateway):
        log.info("no_session_here", gateway=gateway)
