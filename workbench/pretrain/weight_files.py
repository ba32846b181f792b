"""Files of weights as others write them, read without running anything that is in them."""

from __future__ import annotations

import pickle
import warnings
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

FILES = (".pth", ".pt", ".ckpt", ".tar", ".bin", ".safetensors")
"""Endings of files of weights."""


def read_weights(path: str | Path) -> Mapping:
    """A checkpoint as written, by torch or as safetensors; nothing in it is run.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged or holds anything but tensors and plain values.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file at {path}; give the file of weights as downloaded")
    if path.suffix.lower() not in FILES:
        raise ValueError(f"weights are in files ending in {', '.join(FILES)}, got {path.name}")
    try:
        if path.suffix.lower() == ".safetensors":
            return load_file(path)
        # DINO and MAE store their settings, a Namespace, beside the weights. What is refused needs no warning too.
        with torch.serialization.safe_globals([Namespace]), warnings.catch_warnings(action="ignore"):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path} is a pickle that holds more than plain weights, and loading it could run what somebody put there; "
            "ask for a file of weights alone (state dict, safetensors)"
        ) from error
    except (SafetensorError, RuntimeError, EOFError, KeyError, ValueError, OSError) as error:
        raise ValueError(f"{path} is damaged or no file of weights; download it again") from error
    if not isinstance(content, Mapping):
        raise ValueError(f"{path} holds a {type(content).__name__}, not weights by name; give a file of a state dict")
    return content
