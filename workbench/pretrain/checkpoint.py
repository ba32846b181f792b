"""Encoders on disk: weights as safetensors, everything one must know about them as JSON. Nothing is unpickled."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from workbench.cubes import good_bands
from workbench.pretrain.encoders import BackboneEncoder, Encoder, find_encoder
from workbench.pretrain.recipe import Recipe
from workbench.pretrain.two_files import ENCODER, as_stated, from_stated, put_away, reading, scene_of, take_weights

SAME_BAND = 1.0
"""Two bands are the same if their centres differ by less than this [nm]."""


def save_encoder(
    encoder: Encoder, path: str | Path, *, cube: xr.DataArray | None = None, steps: int | None = None
) -> dict:
    """Write an encoder to `path` (``.safetensors``) and its card beside it (``.json``).

    Parameters
    ----------
    encoder : Encoder
        As :func:`workbench.pretrain.begin` makes it, with its ``recipe``, or with none, as
        :func:`workbench.pretrain.load_released` reads it.
    path : str or Path
        File to write; whole or not at all.
    cube : xarray.DataArray, optional
        The scene it learnt from; only its name and fingerprint are stored. None for released weights, and for what
        learnt from an archive and knows it.
    steps : int, optional
        Steps really done, if the training was stopped before its end.

    Returns
    -------
    dict
        The card.
    """
    recipe = encoder.recipe
    learnt_from = scene_of(cube) if cube is not None else getattr(encoder, "scene", None)
    if recipe and not learnt_from:
        raise ValueError("an encoder that was pretrained here is saved with the scene it learnt from; give cube=")
    card = {
        "arguments": encoder.arguments,
        "recipe": asdict(recipe) if recipe else None,
        "steps": recipe.steps if recipe and steps is None else steps,
        "wavelength": as_stated(encoder.wavelength),
        "quantity": encoder.quantity,
        "licence": "that of the scene it learnt from" if recipe else "that of the released weights",
    }
    if recipe:
        card["scene"] = learnt_from
    else:
        card["released"] = encoder.card.get("released", encoder.card)
    if hasattr(encoder, "units"):
        card["units"] = encoder.units
    return put_away(encoder, Path(path), ENCODER, card)


def load_encoder(path: str | Path, device: str | torch.device = "cpu") -> Encoder:
    """Read an encoder that :func:`save_encoder` wrote; on the CPU it gives the same embeddings, bit for bit.

    Parameters
    ----------
    path : str or Path
        The ``.safetensors`` file; its ``.json`` must lie beside it.
    device : str or torch.device
        Where it is wanted.

    Returns
    -------
    Encoder
        In evaluation mode, with its ``card``, ``recipe`` and ``wavelength`` [nm].

    Raises
    ------
    FileNotFoundError
        If either file is missing.
    ValueError
        If the files are not an encoder's, are damaged, or do not belong together.
    """
    path = Path(path)
    with reading(path, ENCODER, "workbench pretrain") as card:
        recipe = Recipe(**card["recipe"]) if card["recipe"] else None
        encoder = (find_encoder(recipe.encoder).module if recipe else BackboneEncoder)(**card["arguments"])
        wavelength = from_stated(card["wavelength"])
        if len(wavelength) != encoder.n_bands:
            raise ValueError(f"{len(wavelength)} wavelengths for {encoder.n_bands} bands")
        if recipe is None and "units" not in card:
            raise ValueError("no units of the scenes that released weights are for")
    take_weights(encoder, path)
    encoder.card, encoder.recipe = card, recipe
    if "units" in card:
        encoder.units = card["units"]
    if recipe:
        encoder.scene = card.get("scene")
    encoder.wavelength, encoder.quantity = wavelength, card["quantity"]
    return encoder.to(device).eval()


def matching_bands(encoder: Encoder, cube: xr.DataArray) -> np.ndarray:
    """Which good bands of a cube an encoder takes: by wavelength; by their number only where neither side has any.

    Returns
    -------
    ndarray of shape (encoder.n_bands,), int
        Indices on ``band``.

    Raises
    ------
    ValueError
        If the cube lacks any of the encoder's bands or has it marked bad, if it holds another quantity, or if only one
        of the two knows its wavelengths.
    """
    quantity = cube.attrs.get("quantity", "")
    if encoder.quantity != quantity:
        raise ValueError(
            f"the encoder learnt from {encoder.quantity}, but the scene holds {quantity}; bring the scene to "
            f"{encoder.quantity} or pretrain on it"
        )
    # Of numbers that are neither reflectance nor radiance only the units say what they are: backscatter in dB, say.
    units, told = getattr(encoder, "units", None), cube.attrs.get("units", "")
    if units is not None and quantity == "dn" and units != told:
        raise ValueError(
            f"the encoder learnt from values in {units}, the scene's are in {told or 'no unit'}; convert the scene to "
            f"{units}"
        )
    wanted, good = encoder.wavelength, np.flatnonzero(good_bands(cube))
    there = np.asarray(cube["wavelength"].values, dtype="float64")[good]
    if np.isnan(wanted).all() and np.isnan(there).all():
        if len(good) != len(wanted):
            raise ValueError(
                f"the encoder was made for {len(wanted)} bands without wavelengths, the scene has {len(good)}; "
                "pretrain on this scene"
            )
        return good
    if np.isnan(wanted).any() or np.isnan(there).any():
        blind = "encoder" if np.isnan(wanted).any() else "scene"
        raise ValueError(f"bands are matched by wavelength, and the {blind} has none; pretrain on this scene")
    apart = np.abs(there[None] - wanted[:, None])
    nearest = apart.argmin(axis=1)
    for k in np.flatnonzero(np.diff(wanted) == 0) + 1:  # Landsat 7's thermal band, once in each gain: in their order
        as_near = np.flatnonzero(apart[k] == apart[k].min())
        nearest[k] = next((i for i in as_near if i > nearest[k - 1]), nearest[k])
    off = np.abs(there[nearest] - wanted)
    twice = np.flatnonzero(np.diff(nearest) == 0)
    if off.max() >= SAME_BAND or twice.size:
        worst = int(off.argmax()) if off.max() >= SAME_BAND else int(twice[0])
        if off.max() < SAME_BAND:
            raise ValueError(
                f"the encoder needs a good band at {wanted[worst]:.1f} nm and another at {wanted[worst + 1]:.1f} nm, "
                "the scene has one there; resample the scene or pretrain on it"
            )
        raise ValueError(
            f"the encoder needs a good band at {wanted[worst]:.1f} nm, the nearest of the scene is at "
            f"{there[nearest[worst]]:.1f} nm; resample the scene or pretrain on it"
        )
    return good[nearest]
