"""What two encoders that learnt together have in common and each of its own: over features, bands and pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from workbench.cubes import valid_pixels
from workbench.patches import pick_device
from workbench.patches.two_scenes import check_one_grid
from workbench.pretrain import Encoder, matching_bands
from workbench.pretrain.encoders.pair import PairEncoder, embedded
from workbench.pretrain.objectives.barlow_twins import standardise
from workbench.pretrain.objectives.decur import alone
from workbench.pretrain.saliency import GROUPS, StandOut, integrated_gradients
from workbench.probe.embed import embed, like_scene
from workbench.probe.pair_tables import SIDES, input_table

LEAST = 32
"""Pixels without which nothing can be said."""

AT_ONCE = 1 << 14
"""Pixels whose features are held at a time."""

GRADIENTS_AT_ONCE = 1 << 20
"""Numbers whose gradients are held at a time; at most 256 pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class PairExplanation:
    """How a pair of encoders sees two cubes."""

    diagonal: NDArray[np.float32]
    """Correlation of each feature between the two, shape (width,)."""

    n_common: int
    """So many of them, the first, were to agree."""

    alone: dict[str, float]
    """``first`` and ``second``: share of the variance of the other's embedding that each alone predicts."""

    bands: pd.DataFrame
    """``side, band, name, wavelength`` [nm], ``group, contribution, size``: a band's part of the variance of the
    features of a group, which add up to 1 (some may be below 0), and the mean over pixels of its size."""

    maps: xr.DataArray
    """Dims (``map``, ``y``, ``x``), float32, NaN where either has no data: ``first common`` to ``second unique``, how
    far each pixel stands out (1 on average); ``agreement common`` and ``agreement unique``, whose means over the scene
    are the means of the two parts of the diagonal."""

    n_pixels: int
    """Pixels, drawn at random, on which all but the maps is based."""


def explain_pair(
    first: xr.DataArray,
    second: xr.DataArray,
    encoder: PairEncoder,
    *,
    pixels: int = 2048,
    seed: int = 0,
    device: str = "auto",
) -> PairExplanation:
    """Say what two encoders find in both of two cubes, and what in one alone.

    Parameters
    ----------
    first, second : xarray.DataArray of shape (n_bands, height, width)
        On one grid; the bands of each encoder are found in its cube by wavelength.
    encoder : PairEncoder
        With its heads, as :func:`workbench.pretrain.pretrain_pair` makes it or ``load_pair`` reads it.
    pixels : int
        Pixels drawn for all but the maps.
    seed : int
        Seeds the draw.
    device : str
        ``"auto"`` or torch's name of one.

    Returns
    -------
    PairExplanation

    Raises
    ------
    ValueError
        If the cubes are not on one grid or lack bands, the encoder has no heads, or fewer than 32 pixels have data.
    """
    check_one_grid(first, second)
    if not encoder.heads:
        raise ValueError("the pair has no heads, which tell common from unique features; pretrain it again")
    place = pick_device(device)
    encoder, cubes = encoder.to(place).eval(), (first, second)
    halves = (encoder.first, encoder.second)
    known = np.flatnonzero((valid_pixels(first) & valid_pixels(second)).values)
    if len(known) < LEAST:
        raise ValueError(f"at least {LEAST} pixels with data in both are needed, got {len(known)}; use a larger part")
    drawn = np.random.default_rng(seed).choice(known, min(pixels, len(known)), replace=False)
    tables = [input_table(cube, half, drawn, place) for cube, half in zip(cubes, halves, strict=True)]
    looks = [
        StandOut(half, head, table, encoder.n_common)
        for half, head, table in zip(halves, encoder.heads, tables, strict=True)
    ]
    with torch.no_grad():
        one, other = (
            head(embedded(half, table)) for half, head, table in zip(halves, encoder.heads, tables, strict=True)
        )
    told = [
        _of_bands(cube, half, side, look, table)
        for cube, half, side, look, table in zip(cubes, halves, SIDES, looks, tables, strict=True)
    ]
    return PairExplanation(
        (standardise(one) * standardise(other)).mean(dim=0).cpu().numpy(),
        encoder.n_common,
        alone(encoder, (tables[0], tables[0], tables[1], tables[1])),
        pd.concat(told, ignore_index=True),
        _maps(cubes, halves, looks, device),
        len(drawn),
    )


def _of_bands(cube: xr.DataArray, half: Encoder, side: str, look: StandOut, table: Tensor) -> pd.DataFrame:
    """Rows of ``PairExplanation.bands`` of one side."""
    some_at_once = max(1, min(256, GRADIENTS_AT_ONCE // table[0].numel()))
    parts = torch.cat([integrated_gradients(look, some) for some in table.split(some_at_once)]).cpu().numpy()
    bands = matching_bands(half, cube)
    names = cube["band_name"].values if "band_name" in cube.coords else [""] * cube.sizes["band"]
    rows = {
        "side": side,
        "band": bands,
        "name": [str(names[band]) for band in bands],
        "wavelength": np.asarray(cube["wavelength"].values, dtype="float64")[bands],
    }
    return pd.concat(
        [
            pd.DataFrame({**rows, "group": group, "contribution": part.mean(axis=0), "size": np.abs(part).mean(axis=0)})
            for group, part, there in zip(GROUPS, parts.transpose(1, 0, 2), _there(look), strict=True)
            if there
        ],
        ignore_index=True,
    )


def _there(look: StandOut) -> tuple[bool, bool]:
    """Whether there are common features, and unique ones."""
    return look.n_common > 0, look.n_common < len(look.mean)


def _maps(
    cubes: tuple[xr.DataArray, ...], halves: tuple[Encoder, ...], looks: list[StandOut], device: str
) -> xr.DataArray:
    """How far every pixel stands out, and how far the two agree on it."""
    flat = [
        embed(cube, half, device=device).values.reshape(half.dim, -1) for cube, half in zip(cubes, halves, strict=True)
    ]
    out = np.empty((6, flat[0].shape[1]), "float32")
    for part, values in _by_parts(flat, looks):
        out[:, part] = values
    there = _there(looks[0])
    names = [f"{what} {group}" for what in (*SIDES, "agreement") for group in GROUPS]
    kept = [i for i in range(6) if there[i % 2]]
    out = out[kept]
    out[:, np.isnan(out).any(axis=0)] = np.nan
    found = like_scene(out.reshape(len(kept), *cubes[0].shape[1:]), cubes[0]).rename(feature="map")
    return found.assign_coords({"map": [names[i] for i in kept]})


def _by_parts(flat: list[NDArray], looks: list[StandOut]) -> Iterator[tuple[slice, NDArray]]:
    """Six maps of the pixels, some at a time."""
    for start in range(0, flat[0].shape[1], AT_ONCE):
        part = slice(start, start + AT_ONCE)
        with torch.inference_mode():
            features = [
                look.features(torch.from_numpy(np.ascontiguousarray(table[:, part].T)).to(look.mean.device))
                for look, table in zip(looks, flat, strict=True)
            ]
            rows = [look.means(some.square()) for look, some in zip(looks, features, strict=True)]
            rows.append(looks[0].means(features[0] * features[1]))
            yield part, torch.cat(rows, dim=1).T.cpu().numpy()
