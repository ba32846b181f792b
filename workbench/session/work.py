"""What a worker process does: ``python -m workbench.session.work RUN_FOLDER KIND`` carries out a run's ``run.json``.

It says what happens as JSON lines on standard output; whatever else is printed goes to standard error. It stops at the
next report when ``stop`` comes on standard input, and ends when standard input closes: then nobody listens any more.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path

from workbench.session.commands import sentence
from workbench.session.runs import PROGRESS, Run, read_run

ALONE = 3.0
"""Seconds a worker goes on for, to put its results away, when its parent has died."""

NICE, BEHIND = 15, 10
"""Of this process to others of its session, and of its session to others: a tenth of the weight of the desk's, so that
it still goes on beside programs that take all they get."""

AUTOGROUP = Path("/proc/self/autogroup")
"""How nice a session is to others, where Linux weighs them (sched(7))."""


class Line:
    """To the parent and back.

    Parameters
    ----------
    run : Run
        Reports are kept in its folder, too.
    """

    def __init__(self, run: Run) -> None:
        # Libraries print what they like; only reports may go to the parent.
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self._kept = (run.folder / PROGRESS).open("a", encoding="utf-8")
        self._stop = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def stopped(self) -> bool:
        """Were we asked to stop?"""
        return self._stop.is_set()

    def tell(self, *, keep: bool = True, **report: object) -> None:
        """Send a report, and append it to ``progress.jsonl``."""
        text = json.dumps(report, default=_plain) + "\n"
        if keep:
            self._kept.write(text)
            self._kept.flush()
        try:
            self._out.write(text)
            self._out.flush()
        except BrokenPipeError:
            self._stop.set()

    def _listen(self) -> None:
        # The file descriptor itself: a lock on sys.stdin would be in the way at exit.
        if not stat.S_ISFIFO(os.fstat(0).st_mode):
            return  # replayed by hand
        heard = os.read(0, 64)
        self._stop.set()
        while heard:
            heard = os.read(0, 64)
        time.sleep(ALONE)
        os._exit(3)


def _plain(value: object) -> object:
    return value.tolist() if hasattr(value, "tolist") else str(value)


def step_back() -> None:
    """Let the page come first; what is left of the machine this process has all the same.

    Where Linux shares its cores out among sessions first (``sched_autogroup_enabled``) and this process has one of its
    own, as a job of the desk has, it would be the equal of the whole desk however nice it is: its session has to be.
    """
    if hasattr(os, "nice"):
        os.nice(NICE)
    if hasattr(os, "getsid") and os.getsid(0) == os.getpid():
        with suppress(OSError):
            AUTOGROUP.write_text(str(BEHIND))


def main(folder: str, kind: str) -> int:
    """Carry out the run in `folder`; the exit status is 0 when it is done or was stopped, 1 when it failed."""
    run = read_run(Path(folder))
    line = Line(run)
    step_back()
    try:
        from workbench.session.tasks import TASKS

        TASKS[kind](run, line)
    except Exception as error:  # noqa: BLE001, the edge of a process: the parent shows the sentence, the log has the rest
        traceback.print_exc()
        line.tell(error=sentence(error))
        return 1
    line.tell(end="stopped" if line.stopped else "done")
    return 0


if __name__ == "__main__":
    status = main(*sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # without waiting for libraries' threads
