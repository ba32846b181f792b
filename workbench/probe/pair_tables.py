"""Tables of some pixels as a pair of encoders has them: what goes in, and what a probe may be taught on."""

from __future__ import annotations

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.cubes import valid_pixels
from workbench.patches import pick_device, scene_tensor
from workbench.patches.windows import window_means
from workbench.pretrain import Encoder, matching_bands
from workbench.pretrain.encoders.pair import PairEncoder, embedded
from workbench.probe.embed import embed_pixels, embedding_side
from workbench.probe.tables import blocks_with

SIDES = ("first", "second")

PATCHES_AT_ONCE = 1024
"""Pixels whose patches are held at a time."""


def pair_tables(
    first: xr.DataArray, second: xr.DataArray, encoder: PairEncoder, wanted: NDArray[np.intp], *, device: str = "auto"
) -> dict[str, NDArray]:
    """What a probe may be taught on, of some pixels: each a table (n, features).

    Parameters
    ----------
    first, second, encoder, device
        As for :func:`workbench.probe.explain_pair`.
    wanted : ndarray of int, shape (n,)
        Pixels, counted along the rows of the scene.

    Returns
    -------
    dict of ndarray
        ``first`` and ``second``, the embedding of each; ``both``, one after the other; ``common`` and ``unique``, those
        features of both. NaN where a cube has no data.
    """
    place = pick_device(device)
    encoder = encoder.to(place).eval()
    tables = [
        embed_pixels(cube, half, wanted, device=device) if half.windows else _by_patches(cube, half, wanted, place)
        for cube, half in ((first, encoder.first), (second, encoder.second))
    ]
    with torch.inference_mode():
        features = [
            head(torch.from_numpy(table).to(place)).cpu().numpy()
            for head, table in zip(encoder.heads, tables, strict=True)
        ]
    n_common = encoder.n_common
    found = {
        **dict(zip(SIDES, tables, strict=True)),
        "both": np.concatenate(tables, axis=1),
        "common": np.concatenate([table[:, :n_common] for table in features], axis=1),
        "unique": np.concatenate([table[:, n_common:] for table in features], axis=1),
    }
    return {name: table for name, table in found.items() if table.shape[1]}


def _by_patches(cube: xr.DataArray, half: Encoder, wanted: NDArray, device: torch.device) -> NDArray:
    """Embeddings (n, dim) by an encoder of patches: those of the pixels alone, where a block would have them all."""
    known = valid_pixels(cube).values.flat[wanted]
    out = np.full((len(wanted), half.dim), np.nan, "float32")
    rows = np.flatnonzero(known)
    for some in np.array_split(rows, -(-len(rows) // PATCHES_AT_ONCE)) if len(rows) else ():
        with torch.inference_mode():
            out[some] = embedded(half, input_table(cube, half, wanted[some], device)).cpu().numpy()
    return out


def input_table(cube: xr.DataArray, half: Encoder, wanted: NDArray, device: torch.device) -> Tensor:
    """What an encoder takes of some pixels, scaled: window means (n, n_bands, n_windows), or the patches round them.

    Patches are of shape (n, n_bands, footprint, footprint); 0 where there is no data.
    """
    bands, halo = matching_bands(half, cube), half.footprint // 2
    shape = (len(half.windows),) if half.windows else (half.footprint,) * 2
    out = torch.empty(len(wanted), half.n_bands, *shape, device=device)
    for inside, (rows, columns), piece in blocks_with(wanted, *cube.shape[1:], embedding_side(half), halo):
        block = half.scaler(scene_tensor(piece.read(cube), device, bands)[None])[0]
        if half.windows:
            found = window_means(block, half.windows)[:, :, *piece.inner][:, :, rows, columns].permute(2, 0, 1)
        else:
            wide = nn.functional.pad(block.nan_to_num(), (halo,) * 4)
            patches = wide.unfold(1, half.footprint, 1).unfold(2, half.footprint, 1)
            found = patches[:, *piece.inner][:, rows, columns].transpose(0, 1)
        out[torch.from_numpy(inside)] = found
    return out
