"""Batches that threads fill ahead of time: each job writes straight into its place in the memory of its batch.

The memory of a batch that nobody looks at any more serves for the next: to be given so much of it by the system, and to
give it back, each time costs as much as a tenth of reading, and more where other programs run.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

Job = Callable[[int, NDArray[np.float32]], object]
"""Fills the memory it is given with what comes as number so and so, from 0."""

SPARE = 2
"""Batches whose memory is kept for later ones."""


class Ahead:
    """Jobs under way, no more than a batch and one for each worker.

    Parameters
    ----------
    job : callable
        What is done for each number.
    shape : tuple of int
        Of a batch: two sides, then the samples.
    size : int
        Samples a job gives for each side.
    workers : int
        Threads.
    """

    def __init__(self, job: Job, shape: tuple[int, ...], size: int, workers: int) -> None:
        self.job, self.shape, self.size = job, shape, size
        self.per_batch = shape[1] // size
        self.most = self.per_batch + workers
        self.pool = ThreadPoolExecutor(workers, thread_name_prefix="patches")
        self.jobs: deque[tuple[Future, NDArray[np.float32], int]] = deque()
        self.asked, self.memory, self.slot = 0, np.empty(0, "float32"), self.per_batch
        self.spare: list[NDArray[np.float32]] = []

    def next(self) -> tuple[Future, NDArray[np.float32], int]:
        """The job whose turn it is, the memory of the batch it was meant for, and its slot there; others go on."""
        while len(self.jobs) < self.most:
            if self.slot == self.per_batch:
                self.memory, self.slot = self._fresh(), 0
            future = self.pool.submit(self.job, self.asked, self._room(self.memory, self.slot))
            self.jobs.append((future, self.memory, self.slot))
            self.asked, self.slot = self.asked + 1, self.slot + 1
        return self.jobs.popleft()

    def together(self, good: list[tuple[NDArray[np.float32], int]]) -> NDArray[np.float32]:
        """A batch of the places of jobs that went well: where it lies already, or a copy if some between went wrong."""
        memory = good[0][0]
        if all(where is memory and slot == k for k, (where, slot) in enumerate(good)):
            return memory
        batch = self._fresh()
        for k, (where, slot) in enumerate(good):
            self._room(batch, k)[...] = self._room(where, slot)
        return batch

    def lent(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same batch, whose memory is used again once this array, and what is made of it, is gone."""
        array = batch[:]
        weakref.finalize(array, self._back, batch).atexit = False
        return array

    def stop(self) -> None:
        """Wait for what is under way and drop the rest."""
        self.pool.shutdown(cancel_futures=True)

    def _fresh(self) -> NDArray[np.float32]:
        # NumPy asks the system for huge pages, torch does not: clearing small ones costs more than the rest.
        return self.spare.pop() if self.spare else np.empty(self.shape, "float32")

    def _back(self, batch: NDArray[np.float32]) -> None:
        if len(self.spare) < SPARE:
            self.spare.append(batch)

    def _room(self, memory: NDArray[np.float32], slot: int) -> NDArray[np.float32]:
        return memory[:, slot * self.size : (slot + 1) * self.size]
