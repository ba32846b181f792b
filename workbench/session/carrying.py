"""On a worker of a dask cluster: a run of a session, done in a child process as on the desk's own machine.

The session's folder has to lie on a disk that all machines share. Nothing begins a second time by itself: where a
worker is lost, dask sends its task to another one, and the first child may be writing still.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.scheduler import Versions, refuse_other_versions
from workbench.session.jobs import Worker
from workbench.session.runs import CARD

if TYPE_CHECKING:
    from distributed import Worker as DaskWorker

LOOK = 0.2
"""Seconds between two looks at whether a stop is wanted."""


def lost(where: str) -> RuntimeError:
    """What is said of a worker that is no longer there."""
    return RuntimeError(f"the worker at {where} was lost; resume the run, and it goes on from its last checkpoint")


def carry_out(folder: str, kind: str, name: str, theirs: Versions) -> dict:
    """On a worker of the cluster: do the run of a session in a child process, saying what it says.

    Parameters
    ----------
    folder : str
        The run's.
    kind : str
        A name in ``tasks.TASKS``.
    name : str
        Of the task, of the topic its reports come under, and how those of its events begin.
    theirs : tuple
        Versions of whoever asks.

    Returns
    -------
    dict
        ``status`` of the process, its ``last`` report, and how many reports it ``said``.

    Raises
    ------
    RuntimeError
        If the versions are others, or another worker had begun with it and was lost.
    FileNotFoundError
        If this machine does not see the session's folder.
    """
    from distributed import Event, get_client, get_worker

    here, client = get_worker(), get_client()
    begun, stop = (Event(f"{name}-{what}", client=client) for what in ("begun", "stop"))
    if begun.is_set():
        raise lost("another address")
    begun.set()
    here.log_event(name, {"on": here.address})
    refuse_other_versions(theirs)
    if not (Path(folder) / CARD).is_file():
        raise FileNotFoundError(
            f"the worker at {here.address} finds no {folder}; put the session on a disk that all machines share"
        )
    told: list[dict] = []
    status: list[int] = []

    def hear(report: dict) -> None:
        told.append(report)
        here.log_event(name, report)

    child = Worker(Path(folder), kind, hear, status.append)
    try:
        while not child.wait(LOOK):
            if stop.is_set() or _is_unwanted(here, name):
                child.stop()
    finally:
        child.stop()
    return {"status": status[0], "last": told[-1] if told else {}, "said": len(told)}


def _is_unwanted(here: DaskWorker, name: str) -> bool:
    """Whether whoever asked for a task has gone: dask forgets it then, but lets what runs go on."""
    task = here.state.tasks.get(name)
    return task is None or task.state in ("cancelled", "released")
