"""The blocks of a scene done one after another, those of an earlier run kept, and the file put in its place."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from workbench.files import replacing
from workbench.memory import give_back
from workbench.patches import Block, pick_device
from workbench.probe.blockwise import Classification, Embedding
from workbench.probe.cluster import on_cluster
from workbench.probe.drafts import Draft
from workbench.probe.threads import in_threads
from workbench.record import versions


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scene is done."""

    done: int
    """Pixels done."""

    of: int
    """Pixels of the scene."""

    note: str = ""
    """On the first report: what was found of an earlier run."""


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it."""

    files: list[Path]
    """Files written; the first is the one that was asked for."""

    seconds: float
    """Of this run [s]; pretraining is not in it."""

    blocks: int
    """Blocks of the scene."""

    kept: int
    """Those of them that an earlier run had done."""

    pixels: tuple[int, ...] = ()
    """Of a class map: pixels of each code, the first of code 0 (no data)."""


def conditions(block: int | None, device: str, cluster: str) -> dict[str, object]:
    """What the numbers depend on besides the inputs."""
    return {"block": block, "device": device if cluster else str(pick_device(device)), "versions": versions()}


def finish(
    work: Embedding | Classification,
    cube: xr.DataArray,
    blocks: list[Block],
    draft: Draft,
    note: str,
    workers: int | None,
    cluster: str,
) -> Generator[Progress, None, int]:
    """Do the blocks that are not there; how many were."""
    missing, total = draft.missing(blocks), cube.shape[1] * cube.shape[2]
    done = total - sum(block.n_pixels for block in missing)
    yield Progress(done, total, note if not done else f"{note} ({len(blocks) - len(missing)} of {len(blocks)})")
    if missing:
        results = (
            on_cluster(work, cube, missing, cluster) if cluster else in_threads(work, cube, missing, workers=workers)
        )
        for block, arrays in results:
            draft.put(block, arrays)
            give_back()
            done += block.n_pixels
            yield Progress(done, total)
    return len(blocks) - len(missing)


def put_in_place(made: Path, path: Path) -> None:
    """Move a finished file to where it was asked for, in one step."""
    with replacing(path) as draft:
        os.replace(made, draft)
