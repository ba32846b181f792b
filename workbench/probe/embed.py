"""Embeddings of a whole scene: blocks with a halo through the dense encoder, as much memory as a block takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dask.array as da
import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray

from workbench.patches import Block, Place, blocks_of, pick_device, scene_tensor
from workbench.pretrain import Encoder, matching_bands
from workbench.probe.tables import block_side, blocks_with


def embed(cube: xr.DataArray, encoder: Encoder, *, block: int = 256, device: str = "auto") -> xr.DataArray:
    """Embedding of every pixel, in memory; :func:`embed_to` is for scenes whose embedding is larger than that.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene; a lazy one is read block by block.
    encoder : Encoder
        Its bands are found in the cube by wavelength.
    block : int
        Side of a block [pixels]. It bounds the memory and does not change the numbers.
    device : str
        ``"auto"`` or torch's name of one.

    Returns
    -------
    xarray.DataArray of shape (dim, height, width), float32
        Dims (``feature``, ``y``, ``x``); NaN where the scene has no data.

    Raises
    ------
    ValueError
        If the scene lacks a band of the encoder, or is in other units.
    """
    out = np.empty((encoder.dim, *cube.shape[1:]), dtype="float32")
    for (rows, columns), values in embed_blocks(cube, encoder, block=block, device=device):
        out[:, rows, columns] = values
    return like_scene(out, cube)


def embed_blocks(
    cube: xr.DataArray, encoder: Encoder, *, block: int = 256, device: str = "auto"
) -> Iterator[tuple[Place, NDArray]]:
    """Embeddings block by block: where each lies, and its values (dim, height, width)."""
    for piece in blocks_of(*cube.shape[1:], (block, block), encoder.footprint // 2):
        yield piece.place, embed_block(cube, encoder, piece, device)


def embed_block(cube: xr.DataArray, encoder: Encoder, piece: Block, device: str = "auto") -> NDArray:
    """Embedding of one block, shape (dim, height, width); it must have half the encoder's footprint as its halo."""
    bands, place = matching_bands(encoder, cube), pick_device(device)
    encoder = encoder.to(place).eval()
    with torch.inference_mode():
        values = encoder.dense(encoder.scaler(scene_tensor(piece.read(cube), place, bands)[None]))[0]
    return values[:, *piece.inner].cpu().numpy()


def embed_pixels(cube: xr.DataArray, encoder: Encoder, wanted: NDArray, *, device: str = "auto") -> NDArray:
    """Embeddings (n, dim) of some pixels, counted along the rows of the scene; only their surroundings are read."""
    out = np.empty((len(wanted), encoder.dim), "float32")
    halo, side = encoder.footprint // 2, embedding_side(encoder)
    for inside, (rows, columns), piece in blocks_with(wanted, *cube.shape[1:], side, halo):
        out[inside] = embed_block(cube, encoder, piece, device)[:, rows, columns].T
    return out


def embedding_side(encoder: Encoder) -> int:
    """Side of a block [pixels] whose embedding takes little memory."""
    return block_side(encoder.n_bands, encoder.copies, encoder.footprint // 2)


def copies_of(windows: Sequence[int]) -> float:
    """Copies of a block's bands that are held at once while its window means are taken, as measured.

    Examples
    --------
    >>> copies_of((1, 7, 11))
    13.0
    """
    return 4.0 + 3 * len(windows)


def windows_side(n_bands: int, windows: Sequence[int]) -> int:
    """Side of a block [pixels] whose window means take little memory."""
    return block_side(n_bands, copies_of(windows), max(windows) // 2)


def like_scene(values: NDArray | da.Array, cube: xr.DataArray) -> xr.DataArray:
    """Values (feature, height, width) or (height, width) on the scene's grid, with its CRS."""
    dims = ("feature", "y", "x")[-values.ndim :]
    coords = {name: cube.coords[name] for name in ("y", "x", "spatial_ref") if name in cube.coords}
    return xr.DataArray(values, dims=dims, coords=coords)
