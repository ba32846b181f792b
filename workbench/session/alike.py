"""Whether what was made again is what was there: the very same, or by how much it differs, in a few words.

Each function returns an empty text where both are the same, bit for bit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SCORES = ("oa", "aa", "kappa", "f1")
"""Those that a difference is told of."""


def arrays_apart(now: NDArray, then: NDArray) -> str:
    """Two arrays of numbers, NaN being like NaN."""
    if now.shape != then.shape:
        return f"is of shape {now.shape}, was {then.shape}"
    if np.array_equal(now, then, equal_nan=True):
        return ""
    holes = int((np.isnan(now) != np.isnan(then)).sum())
    apart = np.abs(now.astype("float64") - then)
    there = np.isfinite(apart)
    most = float(apart[there].max()) if there.any() else 0.0
    return f"differs in {int((apart > 0).sum()) + holes:,} of {now.size:,} numbers, by up to {most:.2g}"


def maps_apart(now: NDArray, then: NDArray) -> str:
    """Two class maps, each with its confidence, as layers (2, height, width)."""
    if now.shape != then.shape:
        return f"has {now.shape[1]} × {now.shape[2]} pixels, had {then.shape[1]} × {then.shape[2]}"
    others = int((now[0] != then[0]).sum())
    if not others and np.array_equal(now[1], then[1], equal_nan=True):
        return ""
    share = 100 * others / now[0].size
    with np.errstate(invalid="ignore"):
        most = float(np.nanmax(np.abs(now[1] - then[1]), initial=0.0))
    return (
        f"another class in {others:,} of {now[0].size:,} pixels ({share:.2g} %), confidence apart by up to {most:.2g}"
    )


def encoders_apart(now: Path, then: Path) -> str:
    """Two encoders' files; the weights are looked at where the bytes differ."""
    if now.read_bytes() == then.read_bytes():
        return ""
    from workbench.pretrain import load_encoder

    new, old = load_encoder(now).state_dict(), load_encoder(then).state_dict()
    if new.keys() != old.keys() or any(new[name].shape != old[name].shape for name in new):
        return "the encoder is of another kind"
    most = max(float((new[name].double() - old[name].double()).abs().max()) for name in new if new[name].numel())
    return f"weights apart by up to {most:.2g}" if most else ""


def rows_apart(now: Sequence[dict], then: Sequence[dict]) -> str:
    """Two comparisons' rows, times aside."""
    from workbench.compare.record import TIMES

    new, old = ([{name: row[name] for name in row if name not in TIMES} for row in rows] for rows in (now, then))
    if len(new) != len(old):
        return f"has {len(new)} rows, had {len(old)}"
    others = [(a, b) for a, b in zip(new, old, strict=True) if _text(a) != _text(b)]
    if not others:
        return ""
    most = max((abs(a[name] - b[name]) for a, b in others for name in SCORES if _both(a, b, name)), default=0.0)
    return f"differs in {len(others)} of {len(new)} rows, scores by up to {most:.2g}"


def _text(row: dict) -> str:
    return json.dumps(row, sort_keys=True)


def _both(a: dict, b: dict, name: str) -> bool:
    return all(isinstance(row.get(name), int | float) for row in (a, b))
