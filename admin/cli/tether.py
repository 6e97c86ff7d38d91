"""Run a program that ends when the process that started it ends, however that ends.

``python tether.py PARENT_PID PROGRAM ARGUMENT…``. On Linux the kernel sends the signal (it outlives ``exec``);
elsewhere this process stays and watches. Started as a file of its own, without the rest of Loa, to be quick.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
WATCH_SECONDS = 0.5


def main(arguments: list[str]) -> int:
    """Tether this process, then become the program."""
    parent, program = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            return 1  # The parent ended before the kernel was told.
        os.execv(program[0], program)  # noqa: S606  a program we chose, no shell
    return _watch(parent, program)


def _watch(parent: int, program: list[str]) -> int:
    child = subprocess.Popen(program, close_fds=False)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    while (code := child.poll()) is None:
        if os.getppid() != parent:
            child.terminate()
            return child.wait()
        time.sleep(WATCH_SECONDS)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
