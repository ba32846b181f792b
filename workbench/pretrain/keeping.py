"""Checkpoints of a run under way: one file each, whole or not there, told from a damaged one; nothing is unpickled.

A run keeps its last two, so that one that a disk has spoilt does not take the other with it.
"""

from __future__ import annotations

import hashlib
import json
import os
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from workbench.files import replacing
from workbench.pretrain.state import RunState

KEPT = 2
"""Checkpoints that a run has at a time."""

KIND = "workbench checkpoint"


def keep_checkpoint(folder: str | Path, state: RunState, card: dict) -> Path:
    """Put away where a run stands, and drop all but its last checkpoints.

    Parameters
    ----------
    folder : str or Path
        Of this run's checkpoints alone; made if it is not there.
    state : RunState
        As :meth:`workbench.pretrain.Run.state` gives it.
    card : dict
        What else going on takes: what JSON has words for.

    Returns
    -------
    Path
        The new file, ``step-NUMBER.safetensors``; on the disk, not only on its way there.
    """
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    text = json.dumps({"numbers": state.numbers, "card": card}, ensure_ascii=False)
    told = {
        "kind": KIND,
        "version": version("hyperspectral-workbench"),
        "torch": torch.__version__,
        "state": text,
        "sha256": _digest(text, state.tensors),
    }
    path = folder / f"step-{state.numbers['done']:09d}.safetensors"
    with replacing(path) as draft:
        save_file(state.tensors, draft, metadata=told)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
    for old in _checkpoints(folder)[:-KEPT]:
        old.unlink()
    return path


def last_checkpoint(folder: str | Path) -> Path:
    """The newest checkpoint in a folder, or FileNotFoundError if there is none."""
    if found := _checkpoints(Path(folder)):
        return found[-1]
    raise FileNotFoundError(f"there is no checkpoint in {folder}; begin the run again, with checkpoints")


def read_checkpoint(path: str | Path) -> tuple[RunState, dict]:
    """What :func:`keep_checkpoint` put away, and its card.

    Raises
    ------
    ValueError
        If the file is damaged or no checkpoint; the message names the one before, if there is one.
    """
    path = Path(path)
    try:
        with safe_open(path, "pt") as file:
            told = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, a file is no dict
        if told.get("kind") != KIND:
            raise ValueError("it is no checkpoint of a run")
        if told.get("sha256") != _digest(told["state"], tensors):
            raise ValueError("its contents are not what was written")
        content = json.loads(told["state"])
        return RunState(tensors, content["numbers"]), content["card"]
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        before = [other for other in _checkpoints(path.parent) if other < path]
        remedy = f"delete it to go on from {before[-1].name}" if before else "begin the run again"
        raise ValueError(f"{path} is damaged ({' '.join(str(error).split())[:200]}); {remedy}") from error


def _checkpoints(folder: Path) -> list[Path]:
    """The oldest first."""
    return sorted(folder.glob("step-*.safetensors"))


def _digest(text: str, tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        digest.update(f"{name}{tuple(tensors[name].shape)}{tensors[name].dtype}".encode())
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
