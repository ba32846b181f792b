"""What compiling an encoder takes: a C++ compiler on a CPU, Triton on a GPU."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec

import torch


def check_compiler(device: torch.device) -> None:
    """Refuse to compile where PyTorch would fail at the first step.

    Raises
    ------
    ValueError
        Says what is missing.
    """
    if device.type == "cuda":
        if find_spec("triton") is None:
            raise ValueError("compiling for a GPU takes Triton, which is not installed; install it, or do not compile")
    elif not any(shutil.which(name) for name in (os.environ.get("CXX", ""), "g++", "clang++", "c++") if name):
        raise ValueError("compiling takes a C++ compiler, and there is none here; install g++, or do not compile")
