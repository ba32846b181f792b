"""What a comparison was asked, and of which scene and truth: what does it again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from workbench.labels import has_official
from workbench.pretrain import fingerprint


def run_of(
    cube: xr.DataArray,
    truth: xr.DataArray,
    *,
    models: Sequence[str],
    budgets: Sequence[int],
    draws: int,
    splits: Sequence[str],
    seed: int,
) -> dict[str, object]:
    """Choices as plain values, with where cube and truth lie, how the cube was read, and its fingerprint.

    Parameters
    ----------
    cube, truth, models, budgets, draws, splits, seed
        As in ``compare_rows``.

    Returns
    -------
    dict
        For a score table's ``attrs["run"]``; ``scene`` and ``truth`` are "" where they were made in memory.
    """
    files = {"scene": cube.attrs.get("source"), "truth": truth.attrs.get("source")}
    return {
        "models": list(models),
        "budgets": list(budgets),
        "draws": draws,
        "splits": list(splits),
        **({"official": _place(truth.attrs.get("official"))} if has_official(truth) else {}),
        "seed": seed,
        **{name: _place(file) for name, file in files.items()},
        "format": cube.attrs.get("format"),
        "options": cube.attrs.get("options", {}),
        "fingerprint": fingerprint(cube),
    }


def _place(file: object) -> str:
    """Where a file lies; "" without one."""
    return str(Path(str(file)).absolute()) if file and Path(str(file)).exists() else ""
