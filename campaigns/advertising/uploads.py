"""Editions of the do-not-call list that people upload: kept in a private folder until a worker has read them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import BinaryIO

from campaigns.access import Actor
from campaigns.advertising.donotcall import check_day
from campaigns.audience.columns import read_titles
from campaigns.audience.tables import find_table
from campaigns.audience.uploads import job_for, kept_file
from campaigns.models import ImportJob
from campaigns.store.database import Database
from campaigns.store.imports import DO_NOT_CALL


def take_in_list(
    database: Database,
    home: Path,
    actor: Actor,
    file: BinaryIO,
    file_name: str,
    *,
    issued_on: date,
    add_only: bool,
    may_shrink: bool,
) -> ImportJob:
    """Keep an uploaded edition; a worker reads it within a second or two.

    Raises:
        InvalidInput: it is no table, or its day is to come or before that of the list in use; nothing is kept.
    """
    actor.require("do-not-call.import")
    with kept_file(home, file, file_name) as path:
        titles = read_titles(find_table(path).header)
        options = {"issued_on": issued_on.isoformat(), "add_only": add_only, "may_shrink": may_shrink}
        with database.transaction() as session:
            check_day(session, issued_on)
            job = job_for(
                path, titles, actor, edition="", fields=[], kind=DO_NOT_CALL, options=options, state="waiting"
            )
            # A list without a header begins with a number, which stands in no table.
            job.titles = []
            session.add(job)
    return job
