"""Making a database ready: tables of this version, areas, templates."""

from __future__ import annotations

from campaigns.errors import InvalidInput
from campaigns.store.database import Database
from campaigns.store.schema import expected_revision, find_revision


def ensure_tables(database: Database, *, may_migrate: bool) -> None:
    """See that the tables are those of this version.

    Raises:
        InvalidInput: they are not, and this command may not change them.
    """
    with database.transaction() as session:
        found = find_revision(session)
    if found == expected_revision():
        return
    if not may_migrate:
        raise InvalidInput(
            "Cơ sở dữ liệu đang ở phiên bản {found}, cần phiên bản {expected}. Hãy chạy: loa migrate.",
            "The database is at revision {found}; revision {expected} is needed. Run: loa migrate.",
            found=found or "-",
            expected=expected_revision(),
        )
    prepare(database)


def prepare(database: Database) -> tuple[str | None, str]:
    """Migrate, then load what ships with Loa: areas and templates. Again is harmless.

    Returns:
        The revision before and after.
    """
    from campaigns.access import SYSTEM
    from campaigns.content.files import templates_folder
    from campaigns.content.sync import sync_templates
    from campaigns.delivery.hours import shipped_holidays
    from campaigns.migrations import upgrade
    from campaigns.store.areas import load_areas
    from campaigns.store.holidays import save_holidays
    from campaigns.store.users import load_roles

    revisions = upgrade(database.url)
    with database.transaction() as session:
        load_areas(session)
        load_roles(session)
        save_holidays(session, shipped_holidays())
        sync_templates(session, templates_folder(), SYSTEM)
    return revisions
