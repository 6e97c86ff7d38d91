"""Plans one campaign for the task ``loa.plan``, in a process of its own where a text is made for every person.

``python -m workers.planning CAMPAIGN``. Making texts takes a processor for minutes, and in the worker's own process the
sessions would have to share theirs with it. A planner whose worker is gone ends with its minute, and whoever plans
meanwhile waits for it page by page.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import structlog
from sqlalchemy import text

from campaigns.delivery.planner import makes_texts, plan_campaign
from config.logging import configure_logging
from workers.context import Context, get_context

log = structlog.get_logger(__name__)

PLAN_SECONDS = 60.0
"""A planner stops after so long; the next tick goes on where it stopped."""

_PLAN_LOCK = 0x10A_91A0
_GIVE_WAY = 5


def plan(context: Context, campaign_id: int) -> None:
    """Freeze the audience of a due campaign, unless another planner is at it."""
    with context.database.transaction() as guard:
        key = {"k": _PLAN_LOCK + campaign_id}
        if not guard.execute(text("SELECT pg_try_advisory_xact_lock(:k)"), key).scalar():
            return
        if makes_texts(guard, campaign_id):
            _plan_apart(campaign_id)
        else:
            _plan_here(context, campaign_id)


def _plan_apart(campaign_id: int) -> None:
    """In a process of its own, under the lock of this one."""
    ended = subprocess.run([sys.executable, "-m", "workers.planning", str(campaign_id)], stdin=subprocess.DEVNULL)
    if ended.returncode:
        log.error("planner_failed", campaign=campaign_id, code=ended.returncode)


def _plan_here(context: Context, campaign_id: int) -> None:
    until = time.monotonic() + PLAN_SECONDS
    count = plan_campaign(
        context.database,
        campaign_id,
        batch_size=context.settings.batch_size,
        go_on=lambda: time.monotonic() < until,
    )
    log.info("planned", campaign=campaign_id, messages=count)


def main(campaign_id: int) -> None:
    """Plan as a process that gives way to those who send, and that Ctrl-C ends without a word."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.nice(_GIVE_WAY)
    context = get_context()
    configure_logging(context.settings)
    _plan_here(context, campaign_id)
    context.database.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
