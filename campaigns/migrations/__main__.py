"""``python -m campaigns.migrations``: write a migration from the models, or check that none is missing.

``check`` exits 1 and names what differs · ``new "Say what it does"`` adds a revision · ``initial`` writes the
first revision anew (only before the first release).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import Engine

from campaigns.migrations import alembic_config, differences, head_revision, upgrade
from campaigns.store.database import engine_for
from config.embedded import EmbeddedServices

VERSIONS = Path(__file__).parent / "versions"


def _write(engine: Engine, message: str, revision: str) -> None:
    with engine.begin() as connection:
        command.revision(alembic_config(connection), message=message, autogenerate=True, rev_id=revision)
    for arguments in (["format", "--quiet"], ["check", "--fix", "--quiet"], ["format", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *arguments, str(VERSIONS)], check=True)


def main(arguments: list[str]) -> int:
    """Run one of ``check``, ``new``, ``initial`` against a database made for the purpose."""
    action, *rest = arguments or ["check"]
    home = Path(tempfile.mkdtemp(prefix="loa-migrations-"))
    services = EmbeddedServices(home, tuning={"fsync": "off", "shared_buffers": "32MB"}, durable=False)
    try:
        url = services.start().database_url
        if action == "initial":
            for old in VERSIONS.glob("*.py"):
                old.unlink()
            _write(engine_for(url), "Make every table", "0001")
        elif action == "new" and rest:
            following = f"{int(head_revision()) + 1:04}"
            upgrade(url)
            _write(engine_for(url), rest[0], following)
        elif action == "check":
            upgrade(url)
            found = differences(url)
            print("\n".join(found) if found else "models and migrations agree", file=sys.stderr)
            return 1 if found else 0
        else:
            print(__doc__, file=sys.stderr)
            return 2
        return 0
    finally:
        services.stop()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
