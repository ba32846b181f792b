"""What encoders on disk have in common: weights as safetensors, and beside them a card in JSON of all one must know."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from workbench.files import replacing, write_json

SCALING = "per band: subtract scaler.mean, divide by scaler.scale; in the units of the scene"
"""What a card says of the numbers that go in."""


ENCODER = "workbench encoder", "an encoder"
PAIR = "workbench pair of encoders", "a pair"
"""Kinds of files: as a card says it, and in a sentence."""


def put_away(module: nn.Module, path: Path, kind: tuple[str, str], facts: dict) -> dict:
    """Write weights to `path`, whole or not at all, and their card beside it; returns the card."""
    if path.suffix.lower() != ".safetensors":
        raise ValueError(f"{kind[1]}'s file ends in .safetensors, got {path.name}; use {path.stem}.safetensors")
    card = {
        "kind": kind[0],
        "version": version("hyperspectral-workbench"),
        "torch": torch.__version__,
        "scaling": SCALING,
        **facts,
    }
    with replacing(path) as draft:
        save_file({name: tensor.contiguous().cpu() for name, tensor in module.state_dict().items()}, draft)
    write_json(path.with_suffix(".json"), card)
    return card


@contextmanager
def reading(path: Path, kind: tuple[str, str], verb: str) -> Iterator[dict]:
    """Lends the card beside the weights at `path`; what is wrong with it, or with what is made of it, is told as that.

    Raises
    ------
    FileNotFoundError
        If either file is missing.
    ValueError
        If it is no card of this kind, which `verb` writes.
    """
    beside = path.with_suffix(".json")
    for file in (path, beside):
        if not file.is_file():
            raise FileNotFoundError(f"{kind[1]} is two files, but there is no {file}; give the .safetensors file")
    try:
        card = json.loads(beside.read_text(encoding="utf-8"))
        if card["kind"] != kind[0]:
            raise ValueError(f"it is of a {card['kind']}")
        yield card
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{beside} is not {kind[1]}'s card ({error}); write it with {verb}") from error


def take_weights(module: nn.Module, path: Path) -> None:
    """Load the weights at `path`, or ValueError if they are damaged or another module's."""
    try:
        module.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{path} is damaged or not of this card ({reason}); pretrain again") from error


def as_stated(wavelength: NDArray) -> list[float | None]:
    """Wavelengths [nm] for a card; JSON has no NaN."""
    return [None if np.isnan(w) else float(w) for w in wavelength]


def from_stated(wavelength: Sequence[float | None]) -> NDArray:
    """The same from a card."""
    return np.array([np.nan if w is None else float(w) for w in wavelength])


def scene_of(cube: xr.DataArray) -> dict[str, str]:
    """A scene by its file's name and its fingerprint."""
    return {"source": Path(str(cube.attrs.get("source", ""))).name, "fingerprint": fingerprint(cube)}


def fingerprint(cube: xr.DataArray) -> str:
    """Short hash of a scene's size, bands and a few of its pixels, to tell whether two files are the same scene."""
    rows, columns = (np.linspace(0, size - 1, 5).astype(int) for size in cube.shape[1:])
    few = cube.isel(y=np.unique(rows), x=np.unique(columns)).values
    parts = (repr(cube.shape).encode(), np.asarray(cube["wavelength"].values, "float64").tobytes(), few.tobytes())
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]
