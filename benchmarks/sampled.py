"""``python -m benchmarks.sampled FILE …``: a worker that notes where its processor time goes.

A thread looks at every other thread once in a few milliseconds, and books the processor time the thread has used
since the last look (not the time it waited) on the function it is in, and on every function above it. A thread that
worked and then began to wait between two looks has its work booked on the wait: sums of callers are truer than single
functions. FILE holds the sums as JSON, rewritten once a second, so that it is there however the worker ends.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType

LOOK_SECONDS = 0.002
_SHOWN = ("campaigns/", "workers/", "config/")


def _name(frame: FrameType) -> str:
    code = frame.f_code
    path = code.co_filename
    for folder in _SHOWN:
        if f"/{folder}" in path and "site-packages" not in path:
            return f"{folder}{path.rpartition(f'/{folder}')[2]}:{code.co_qualname}"
    return f"{'/'.join(Path(path).parts[-2:])}:{code.co_qualname}"


class Sampler(threading.Thread):
    """Sums processor seconds by thread, by the function that runs, and by every function it runs for."""

    def __init__(self, file: Path) -> None:
        super().__init__(name="sampler", daemon=True)
        self._file = file
        self._used: dict[int, float] = {}
        kinds = ("threads", "own", "with_what_it_calls")
        self.sums: dict[str, defaultdict[str, float]] = {kind: defaultdict(float) for kind in kinds}

    def run(self) -> None:
        wrote = time.monotonic()
        while True:
            time.sleep(LOOK_SECONDS)
            self._look()
            if time.monotonic() - wrote > 1.0:
                wrote = time.monotonic()
                fresh = self._file.with_suffix(".new")
                fresh.write_text(json.dumps(self.sums))
                fresh.replace(self._file)

    def _look(self) -> None:
        frames = sys._current_frames()
        for thread in threading.enumerate():
            frame = frames.get(thread.ident or 0)
            if thread is self or frame is None or thread.ident is None:
                continue
            used = time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
            spent = used - self._used.get(thread.ident, used)
            self._used[thread.ident] = used
            if spent > 0:
                self._book(thread.name.split("_")[0], frame, spent)

    def _book(self, thread: str, frame: FrameType, spent: float) -> None:
        self.sums["threads"][thread] += spent
        self.sums["own"][f"{thread} · {_name(frame)}"] += spent
        seen: set[str] = set()
        up: FrameType | None = frame
        while up is not None:
            seen.add(_name(up))
            up = up.f_back
        for name in seen:
            self.sums["with_what_it_calls"][f"{thread} · {name}"] += spent


if __name__ == "__main__":
    Sampler(Path(sys.argv[1])).start()
    sys.argv = ["celery", *sys.argv[2:]]
    from celery.__main__ import main

    main()
