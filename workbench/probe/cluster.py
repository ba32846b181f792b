"""Blocks on the workers of a dask cluster, which read the scene's file themselves.

A block whose worker is lost goes to another one: that is dask's own doing. Ours is that nothing waits for ever, and
that a worker which finds another scene under the same path, or has other versions, says so instead of computing.
"""

from __future__ import annotations

import asyncio
import time
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import dask
import torch
import xarray as xr
from threadpoolctl import threadpool_limits

from workbench.cubes import CubeError, open_cube
from workbench.patches import Block
from workbench.probe.blockwise import Arrays, Work
from workbench.probe.stamps import file_age, spectra_stamp
from workbench.scheduler import ANSWER, Versions, connected, deciding_versions, refuse_other_versions

if TYPE_CHECKING:
    from distributed import Client, Future

NO_WORKER = 60.0
"""A cluster may be without any worker for so long [s]."""


@dataclass(frozen=True)
class Opening:
    """How a worker opens the scene, and how it knows that it is the same."""

    source: str
    format: str
    options: tuple[tuple[str, object], ...]
    age: int
    stamp: str
    versions: Versions

    @classmethod
    def of(cls, cube: xr.DataArray) -> Opening:
        """As the cube itself was opened."""
        source = Path(cube.attrs.get("source", "")).absolute()
        if not cube.attrs.get("source") or not source.exists():
            raise ValueError("workers read the scene from its file, but this cube has none; write it with save_cube")
        options = tuple(sorted(cube.attrs.get("options", {}).items()))
        return cls(
            str(source), cube.attrs["format"], options, file_age(source), spectra_stamp(cube), deciding_versions()
        )


def on_cluster(
    work: Work,
    cube: xr.DataArray,
    blocks: Iterable[Block],
    address: str,
    *,
    answer: float | None = None,
    no_worker: float | None = None,
) -> Iterator[tuple[Block, Arrays]]:
    """Do `work` on every block; each comes as soon as it is done, in no certain order.

    Parameters
    ----------
    work : callable
        Of the scene and a block; it is sent to the workers.
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene; the workers find its file under the same path.
    blocks : iterable of Block
        Two for every core of the cluster are under way at a time.
    address : str
        The scheduler's, such as ``tcp://10.0.0.5:8786``.
    answer, no_worker : float, optional
        Longest waits for the scheduler, and for a first or another worker [s]: ``ANSWER`` and ``NO_WORKER``.

    Raises
    ------
    ConnectionError
        If there is no scheduler, it goes away, or it has no workers.
    CubeError
        If a worker does not find the scene, or finds another one.
    RuntimeError
        If a worker has other versions, or block after block is the end of its worker.
    """
    from distributed import KilledWorker

    answer, no_worker = answer or ANSWER, no_worker or NO_WORKER
    opening, waiting = Opening.of(cube), iter(blocks)
    under_way: dict[Future, Block] = {}
    with connected(address, answer) as client:
        cores = _cores(client, address, answer, no_worker)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sending large graph")
            # As a task, not as data: what a lost worker held is then sent to another. Not pure: dask would take two
            # calls of one name for the same one.
            sent = client.submit(_same, work, pure=False)
        quota = 2 * cores
        while True:
            for block in islice(waiting, quota - len(under_way)):
                under_way[client.submit(_do, opening, sent, block, pure=False)] = block
            if not under_way:
                return
            for future in _done(client, list(under_way), address, answer, no_worker):
                block = under_way.pop(future)
                try:
                    arrays = future.result()
                except KilledWorker as error:
                    raise RuntimeError(
                        f"several workers of {address} died of one block; give them more memory, or ask for a smaller "
                        "block"
                    ) from error
                except (CancelledError, asyncio.CancelledError) as error:
                    raise _lost(address) from error
                yield block, arrays


def _cores(client: Client, address: str, answer: float, no_worker: float) -> int:
    """Threads of all workers, as soon as there is one."""
    began = time.monotonic()
    while time.monotonic() - began < no_worker:
        try:
            found = sum(client.sync(client.scheduler.ncores, callback_timeout=answer).values())
        except OSError as error:  # a time-out is one
            raise _lost(address) from error
        if found:
            return found
        time.sleep(0.2)
    raise ConnectionError(
        f"the dask scheduler at {address} had no worker for {no_worker:.0f} s; start some with dask worker {address}"
    )


def _done(client: Client, futures: list[Future], address: str, answer: float, no_worker: float) -> Iterable[Future]:
    """Those that are done, at least one; now and then it is asked whether anybody is still at work."""
    from distributed import wait

    while True:
        try:
            with client.as_current():
                return wait(futures, timeout=2, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            _cores(client, address, answer, no_worker)
        except (CancelledError, asyncio.CancelledError) as error:
            raise _lost(address) from error


def _lost(address: str) -> ConnectionError:
    return ConnectionError(
        f"the dask scheduler at {address} went away; the finished blocks are kept, so start it and ask for the same"
    )


def _same(work: Work) -> Work:
    return work


def _do(opening: Opening, work: Work, block: Block) -> Arrays:
    """One block on one core of a worker."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1), dask.config.set(scheduler="synchronous"):
            return work(_opened(opening), block)
    finally:
        torch.set_num_threads(before)


@lru_cache(maxsize=2)
def _opened(opening: Opening) -> xr.DataArray:
    refuse_other_versions(opening.versions)
    try:
        cube = open_cube(opening.source, opening.format, **dict(opening.options))
    except FileNotFoundError as error:
        raise CubeError(
            f"workers read the scene themselves, but one of them finds no {opening.source}; put it where all find it"
        ) from error
    if spectra_stamp(cube) != opening.stamp:
        raise CubeError(f"a worker finds another scene at {opening.source}; put the same one where all find it")
    return cube
