"""Work in another process: begun, heard, stopped within a second or two; never left behind.

The worker is ``python -m workbench.session.work RUN_FOLDER KIND``, a plain child process: ``multiprocessing`` would run
the caller's main script again in it, which scripts without a guard and ``python -`` do not survive. It reads what to do
from ``run.json``, so that line replays any run; it says what happens as JSON lines on its standard output, and its
standard input stays open as long as this process lives. When that closes, the worker ends.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from weakref import WeakSet

import psutil

import workbench
from workbench.session.runs import LOG

GRACE = 1.0
"""Seconds a worker has to end by itself once it is asked to stop."""

WEIGH = 0.3
"""Seconds between two looks at how much memory it holds."""

FAR = 8.0
"""The same of a worker on another machine."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work under way or just over, as the screen shows it. Every change is a new value of ``session.job``."""

    id: str
    """Its run."""

    kind: str
    """``pretraining``, ``comparison``, ``encoder`` or ``embedding``."""

    title: str
    """In a few words."""

    state: str = "running"
    """``running``, ``done``, ``stopped``, ``failed``; ``interrupted`` if the server died meanwhile."""

    fraction: float = 0.0
    """Done so far, 0 to 1."""

    seconds: float = 0.0
    """Since the work itself began [s]."""

    history: tuple[dict, ...] = ()
    """Of a pretraining, one dict a report: ``step``, ``seconds``, ``loss``, the loss terms by name, and so far
    ``samples_per_second`` and ``memory_bytes``."""

    note: str = ""
    """What it is doing, in a few words."""

    error: str = ""
    """Why it failed, in one sentence."""

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far [s]; None before there is one."""
        return self.seconds * (1 - self.fraction) / self.fraction if self.fraction > 0 else None


class Worker:
    """One child process.

    Parameters
    ----------
    folder : Path
        The run's.
    kind : str
        What to do in it; a name in ``tasks.TASKS``.
    heard : callable
        Called with each report (a dict), in a thread of ours.
    ended : callable
        Called once, in the same thread, with the exit status (negative: the signal that killed it).
    cluster : str
        Address of a dask scheduler, whose worker does it then; the child process only passes on what that one says.
    too_much : callable, optional
        Given the bytes it holds, why it must end; empty while it need not. Such a sentence is heard as its error.
    """

    living: ClassVar[WeakSet[Worker]] = WeakSet()

    def __init__(
        self,
        folder: Path,
        kind: str,
        heard: Callable[[dict], None],
        ended: Callable[[int], None],
        cluster: str = "",
        too_much: Callable[[int], str] | None = None,
    ) -> None:
        self._heard, self._ended = heard, ended
        self.grace = FAR if cluster else GRACE
        self._stopping = threading.Lock()
        path = os.pathsep.join([str(Path(workbench.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
        there = ["workbench.session.elsewhere", str(folder), kind, cluster]
        program = there if cluster else ["workbench.session.work", str(folder), kind]
        with (folder / LOG).open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | {"PYTHONPATH": path.rstrip(os.pathsep)},
                start_new_session=True,  # an interrupt meant for a notebook's kernel is not meant for it
            )
        Worker.living.add(self)
        self._thread = threading.Thread(target=self._listen, name=f"worker {self.process.pid}", daemon=True)
        self._thread.start()
        if too_much is not None:
            threading.Thread(target=self._weigh, args=(too_much,), name="memory", daemon=True).start()

    def stop(self) -> None:
        """Ask it to end; make it end if it does not within ``grace`` seconds. Returns at once."""
        if self._stopping.acquire(blocking=False):
            threading.Thread(target=self._stop, args=(self.grace,), name="stop", daemon=True).start()

    def wait(self, timeout: float | None = None) -> bool:
        """Until it has ended and was heard to the end; False if that took longer than `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _stop(self, grace: float) -> None:
        with suppress(OSError, ValueError):
            self.process.stdin.write(b"stop\n")
            self.process.stdin.flush()
        for end in (self.process.terminate, self.process.kill):
            deadline = time.monotonic() + grace
            while time.monotonic() < deadline:
                if self.process.poll() is not None:
                    return
                time.sleep(0.02)
            end()

    def _weigh(self, too_much: Callable[[int], str]) -> None:
        """End it when it holds too much."""
        with suppress(psutil.Error):
            process = psutil.Process(self.process.pid)
            while not self.wait(WEIGH):
                if reason := too_much(process.memory_info().rss):
                    self._heard({"error": reason})
                    self.process.kill()
                    return

    def _listen(self) -> None:
        for line in self.process.stdout:
            with suppress(ValueError):  # a worker killed in the middle of a line
                self._heard(json.loads(line))
        status = self.process.wait()
        self.process.stdout.close()
        with suppress(OSError):
            self.process.stdin.close()
        Worker.living.discard(self)
        self._ended(status)


def outcome(last: dict, status: int, stopping: bool, folder: Path) -> dict:
    """State and error of a job that ended with `status` after saying `last`."""
    if "error" in last:
        return {"state": "failed", "error": last["error"]}
    if "end" in last:
        return {"state": last["end"]}
    if stopping:
        return {"state": "stopped"}
    how = f"was killed by signal {-status}, perhaps for want of memory" if status < 0 else f"ended with status {status}"
    return {"state": "failed", "error": f"the worker process {how}; start again, or see {folder / LOG}"}


@atexit.register
def _end_all() -> None:
    for worker in list(Worker.living):
        worker.process.kill()
        worker.process.wait()
