"""A job on another machine: ``python -m workbench.session.elsewhere RUN_FOLDER KIND SCHEDULER`` has it done by a worker
of a dask cluster.

To the desk this process is the job: what the machine there says it passes on, and a stop it hands over. There the same
child process is begun as here (``workbench.session.work``), so that the session's folder has to lie on a disk that all
machines share. A job whose worker is lost has failed: nothing begins a second time by itself, in a folder where the
first one may be writing still.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
import traceback
from concurrent.futures import CancelledError
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from workbench.scheduler import ANSWER, connected, deciding_versions
from workbench.session.carrying import LOOK, carry_out, lost
from workbench.session.commands import sentence
from workbench.session.jobs import outcome
from workbench.session.runs import read_run
from workbench.session.work import Line

if TYPE_CHECKING:
    from distributed import Client, Future

ROLL_CALL = 2.0
"""Seconds between two looks at who is still there."""


def main(folder: str, kind: str, address: str) -> int:
    """Have the run in `folder` carried out; the exit status is 0 when it is done or was stopped, 1 when it failed."""
    line = Line(read_run(Path(folder)))
    try:
        with connected(address) as client:
            end = Errand(client, line, folder, address).carried_out(kind)
    except Exception as error:  # noqa: BLE001, the edge of a process: the parent shows the sentence, the log has the rest
        traceback.print_exc()
        end = {"error": sentence(error)}
    line.tell(keep=False, **end)
    return 1 if "error" in end else 0


class Errand:
    """A run that somebody else does.

    Parameters
    ----------
    client : distributed.Client
        Of the scheduler.
    line : Line
        To the desk and back.
    folder : str
        The run's.
    address : str
        The scheduler's.
    """

    def __init__(self, client: Client, line: Line, folder: str, address: str) -> None:
        self._client, self._line, self._folder, self._address = client, line, folder, address
        self._name = f"workbench-{Path(folder).name}-{os.getpid()}-{time.time_ns()}"
        self._heard: SimpleQueue[dict] = SimpleQueue()
        self._where, self._passed, self._called = "", 0, 0.0

    def carried_out(self, kind: str) -> dict[str, object]:
        """How it ended; what its worker says meanwhile is passed on.

        Raises
        ------
        ConnectionError
            If the scheduler goes away.
        RuntimeError
            If the worker does.
        """
        from distributed import Event

        name, client = self._name, self._client
        client.subscribe_topic(name, lambda event: self._heard.put(event[1]))
        self._line.tell(keep=False, note=f"waiting for a worker of {self._address}")
        asked = (self._folder, kind, name, deciding_versions())
        future = client.submit(carry_out, *asked, key=name, pure=False, retries=0)
        stop, asked_to_stop = Event(f"{name}-stop", client=client), False
        while not future.done():
            self._pass_on()
            if self._line.stopped and not self._where:
                future.cancel()
                return {"end": "stopped"}
            if self._line.stopped and not asked_to_stop:
                stop.set()
                asked_to_stop = True
            self._call_the_roll()
        end = self._result(future)
        deadline = time.monotonic() + ANSWER  # the last words may come after the end
        while self._passed < end["said"] and time.monotonic() < deadline:
            self._pass_on()
        state = outcome(end["last"], end["status"], self._line.stopped, Path(self._folder))
        return {"error": state["error"]} if "error" in state else {"end": state["state"]}

    def _pass_on(self) -> None:
        """Tell what is said within the next moment; the worker itself keeps it in the run's folder."""
        until = time.monotonic() + LOOK
        while (left := until - time.monotonic()) > 0:
            try:
                report = self._heard.get(timeout=left)
            except Empty:
                return
            if "on" in report:
                self._where = report["on"]
                self._line.tell(keep=False, note=f"on {self._where}")
                continue
            self._passed += 1
            if "note" in report:
                report["note"] += f" · on {self._where}"
            if not {"end", "error"} & set(report):
                self._line.tell(keep=False, **report)

    def _call_the_roll(self) -> None:
        """Now and then: are the scheduler and the worker still there?"""
        if time.monotonic() - self._called < ROLL_CALL:
            return
        self._called = time.monotonic()
        try:
            there = self._client.sync(self._client.scheduler.ncores, callback_timeout=ANSWER)
        except OSError as error:  # a time-out is one
            raise self._deserted() from error
        if self._where and self._where not in there:
            raise lost(self._where)

    def _result(self, future: Future) -> dict:
        from distributed import KilledWorker

        try:
            return future.result()
        except KilledWorker as error:
            raise lost(self._where) from error
        except (CancelledError, asyncio.CancelledError) as error:
            raise self._deserted() from error

    def _deserted(self) -> ConnectionError:
        return ConnectionError(f"the dask scheduler at {self._address} went away; start it, then resume the run")


if __name__ == "__main__":
    status = main(*sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
