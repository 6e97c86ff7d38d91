"""Whom the embedded services run as, and which folders that account must reach.

PostgreSQL refuses to run as root. Started by root, the services run as an account of their own; started by
anybody else, as that person, and then nothing here does anything.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.errors import ConfigError

ACCOUNTS = ("pgserver", "postgres")
_REACH = stat.S_IXOTH


@dataclass(frozen=True, slots=True)
class Account:
    """The account of the services; ``user`` is None when it is our own."""

    user: int | None = None
    group: int | None = None

    def process_options(self) -> dict[str, Any]:
        """What ``subprocess`` needs to start something as this account."""
        if self.user is None:
            return {}
        return {"user": self.user, "group": self.group, "extra_groups": []}

    def own_folder(self, path: Path) -> None:
        """Make ``path`` a folder that only this account (and root) can enter."""
        path.mkdir(parents=True, exist_ok=True)
        if self.user is not None:
            os.chown(path, self.user, self.group or 0)
            let_reach(path.parent)
        path.chmod(0o700)

    def let_use(self, folder: Path) -> None:
        """See that this account can reach and read a folder of programs; what it lacks is added."""
        if self.user is None:
            return
        let_reach(folder)
        for path in (folder, *folder.rglob("*")):
            mode = path.lstat().st_mode
            wanted = stat.S_IROTH | (_REACH if mode & stat.S_IXUSR else 0)
            if not stat.S_ISLNK(mode) and mode & wanted != wanted:
                path.chmod(stat.S_IMODE(mode) | wanted)


def let_reach(path: Path) -> None:
    """Let other accounts pass through ``path`` and the folders above it: pass, not list or read."""
    for folder in (path, *path.parents):
        mode = folder.stat().st_mode
        if not mode & _REACH:
            folder.chmod(stat.S_IMODE(mode) | _REACH)


def service_account() -> Account:
    """Our own account, or for root the first of ``ACCOUNTS`` there is, made when there is none.

    Raises:
        ConfigError: root cannot make an account.
    """
    if os.geteuid() != 0:
        return Account()
    for name in ACCOUNTS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid)
    _make_account(ACCOUNTS[0])
    found = pwd.getpwnam(ACCOUNTS[0])
    return Account(found.pw_uid, found.pw_gid)


def _make_account(name: str) -> None:
    programs = (
        ("useradd", ["--system", "--no-create-home", "--shell", "/bin/sh", name]),
        ("adduser", ["-S", "-D", "-H", name]),
    )
    for program, arguments in programs:
        path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
        if path and subprocess.run([path, *arguments], capture_output=True, check=False).returncode == 0:
            return
    raise ConfigError(
        "PostgreSQL không chạy được bằng tài khoản root và không tạo được tài khoản “{name}”. "
        "Hãy chạy Loa bằng một tài khoản thường.",
        "PostgreSQL does not run as root, and the account “{name}” could not be made. Run Loa as an ordinary user.",
        name=name,
    )
