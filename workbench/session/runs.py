"""Runs: one folder each, with everything that replays it in ``run.json`` and what came of it beside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from workbench.files import write_json
from workbench.session.folder import read_json
from workbench.session.marks import now

CARD = "run.json"
PROGRESS = "progress.jsonl"
ENCODER = "encoder.safetensors"
EMBEDDING = "embedding.npy"
SCORES = "scores.parquet"
TRUTH = "labels.tif"
LOG = "worker.log"
ORIGIN = "origin.json"
CHECKPOINTS = "checkpoints"

PRETRAINING, WAITING = "pretraining", "waiting"
ENDED_EARLY = ("stopped", "failed", "interrupted")
"""States of a run that has not come to its end and is no more under way."""


@dataclass(frozen=True, slots=True)
class Run:
    """A training or a comparison, under way or over, as its folder tells."""

    id: str
    """Name of its folder."""

    kind: str
    """``pretraining``, ``comparison``, or ``encoder``: one that was made elsewhere."""

    title: str
    """In a few words, for the screen."""

    state: str
    """``waiting``, ``running``, ``done``, ``stopped``, ``failed`` or ``interrupted``."""

    created: str
    """When it began, ISO 8601 in UTC."""

    seconds: float
    """How long it took [s]."""

    error: str
    """Why it failed, in one sentence."""

    settings: dict
    """What replays it."""

    folder: Path
    """Where it lies."""

    @property
    def encoder(self) -> Path | None:
        """Its encoder, if it has one."""
        path = self.folder / ENCODER
        return path if path.exists() else None

    @property
    def objective(self) -> str:
        """What its encoder learnt by; empty if it has none, or one that came from elsewhere."""
        if self.encoder is None:
            return ""
        recipe = read_json(self.encoder.with_suffix(".json")).get("recipe")
        return str(recipe.get("objective", "")) if isinstance(recipe, dict) else ""

    @property
    def embedding(self) -> Path | None:
        """Its embedding of the scene, if it has one."""
        path = self.folder / EMBEDDING
        return path if path.exists() else None


def new_run(runs: Path, kind: str, title: str, settings: dict) -> Run:
    """Make the folder of a run that is asked for now."""
    stem = f"{datetime.now():%Y%m%d-%H%M%S}-{kind}"
    runs.mkdir(exist_ok=True)
    name = next(n for n in (stem, *(f"{stem}-{i}" for i in range(2, 1000))) if not (runs / n).exists())
    folder = runs / name
    created = now(after=max((run.created for run in read_runs(runs)), default=""))  # the clock may have gone back
    folder.mkdir()
    run = Run(name, kind, title, WAITING, created, 0.0, "", settings, folder)
    write_run(run)
    return run


def write_run(run: Run) -> None:
    """Write ``run.json``, whole or not at all."""
    write_json(run.folder / CARD, card_of(run))


def card_of(run: Run) -> dict[str, object]:
    """What ``run.json`` says of a run."""
    names = ("id", "kind", "title", "state", "created", "seconds", "error", "settings")
    return {name: getattr(run, name) for name in names}


def read_run(folder: Path) -> Run:
    """A run from its folder."""
    card = read_json(folder / CARD)
    try:
        run = Run(folder=folder, **card)
    except TypeError as error:
        raise ValueError(f"{folder / CARD} does not describe a run ({error}); move the folder away") from error
    kinds = {"seconds": (int, float), "settings": dict}
    odd = [name for name in card if not isinstance(card[name], kinds.get(name, str))]
    if odd or run.id != folder.name or not isinstance(run.settings.get("scene"), str):
        raise ValueError(f"{folder / CARD} is not that of a run here ({', '.join(odd) or 'id'}); move the folder away")
    return run


def read_runs(runs: Path) -> list[Run]:
    """All runs, the oldest first. Folders without a readable card are passed over: nobody finished making them."""
    found = []
    for card in sorted(runs.glob(f"*/{CARD}")):
        try:
            found.append(read_run(card.parent))
        except (OSError, ValueError):
            continue
    return sorted(found, key=lambda run: run.created)


def read_embedding(path: Path) -> np.ndarray:
    """An embedding (feature, y, x), mapped from its file; nothing is unpickled.

    Raises
    ------
    ValueError
        If the file holds anything else than such an array of float32.
    """
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, TypeError) as error:
        raise ValueError(f"{path} is no embedding: {' '.join(str(error).split())[:120]}; delete it") from error
    if not isinstance(values, np.memmap) or values.ndim != 3 or values.dtype != np.float32:
        raise ValueError(f"{path} is no embedding, which has three dims of float32; delete it")
    return values
