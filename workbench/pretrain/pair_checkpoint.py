"""Two encoders that learnt together, on disk as one: weights as safetensors, all one must know of them as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
import xarray as xr
from torch import nn

from workbench.pretrain.checkpoint import matching_bands
from workbench.pretrain.encoders import Encoder, find_encoder
from workbench.pretrain.encoders.pair import PairEncoder
from workbench.pretrain.objectives.decur import head
from workbench.pretrain.pair_recipe import PairRecipe
from workbench.pretrain.two_files import PAIR, as_stated, from_stated, put_away, reading, scene_of, take_weights


def save_pair(
    encoder: PairEncoder,
    path: str | Path,
    *,
    cubes: tuple[xr.DataArray, xr.DataArray] | None = None,
    steps: int | None = None,
) -> dict:
    """Write both encoders to `path` (``.safetensors``) and their card beside it (``.json``).

    Parameters
    ----------
    encoder : PairEncoder
        As :func:`workbench.pretrain.begin_pair` makes it, with its ``recipe`` and its heads.
    path : str or Path
        File to write; whole or not at all.
    cubes : tuple of two xarray.DataArray, optional
        What they learnt from; only names and fingerprints are stored. None for encoders that know it.
    steps : int, optional
        Steps really done, if the training was stopped before its end.

    Returns
    -------
    dict
        The card.
    """
    halves = (encoder.first, encoder.second)
    scenes = [scene_of(cube) for cube in cubes] if cubes else getattr(encoder, "scenes", None)
    if not scenes:
        raise ValueError("a pair of encoders is saved with the scenes it learnt from; give cubes=")
    card = {
        "objective": "decur",
        "heads": {"width": encoder.heads[0][-1].out_features, "common": encoder.n_common} if encoder.heads else None,
        "arguments": [half.arguments for half in halves],
        "recipe": asdict(encoder.recipe),
        "steps": encoder.recipe.steps if steps is None else steps,
        "wavelength": [as_stated(half.wavelength) for half in halves],
        "quantity": [half.quantity for half in halves],
        "units": [getattr(half, "units", None) for half in halves],
        "scenes": scenes,
        "licence": "that of the scenes they learnt from",
    }
    return put_away(_whole(encoder), Path(path), PAIR, card)


def load_pair(path: str | Path, device: str | torch.device = "cpu") -> PairEncoder:
    """Read what :func:`save_pair` wrote; on the CPU it gives the same embeddings, bit for bit.

    Parameters
    ----------
    path : str or Path
        The ``.safetensors`` file; its ``.json`` must lie beside it.
    device : str or torch.device
        Where it is wanted.

    Returns
    -------
    PairEncoder
        In evaluation mode, with its ``card``, ``recipe`` and heads; each half with its ``wavelength`` [nm] and
        ``quantity``.

    Raises
    ------
    FileNotFoundError
        If either file is missing.
    ValueError
        If the files are not a pair's, are damaged, or do not belong together.
    """
    path = Path(path)
    with reading(path, PAIR, "workbench pair") as card:
        recipe = PairRecipe(**card["recipe"])
        make = find_encoder(recipe.encoder).module
        halves = [make(**arguments) for arguments in card["arguments"]]
        encoder = PairEncoder(*halves)
        if heads := card.get("heads"):
            encoder.heads = tuple(head(half.dim, heads["width"]) for half in halves)
            encoder.n_common = heads["common"]
        units = card.get("units", (None, None))
        for half, told, quantity, unit in zip(halves, card["wavelength"], card["quantity"], units, strict=True):
            half.wavelength = from_stated(told)
            half.quantity = quantity
            if unit is not None:
                half.units = unit
            if len(told) != half.n_bands:
                raise ValueError(f"{len(told)} wavelengths for {half.n_bands} bands")
    take_weights(_whole(encoder), path)
    encoder.card, encoder.recipe, encoder.scenes = card, recipe, card["scenes"]
    return encoder.to(device).eval()


def is_pair(path: str | Path) -> bool:
    """Whether a file of weights is a pair's, by the card beside it."""
    try:
        return json.loads(Path(path).with_suffix(".json").read_text(encoding="utf-8"))["kind"] == PAIR[0]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def fitting_half(encoder: PairEncoder, cube: xr.DataArray, which: str = "") -> Encoder:
    """The half of a pair that is for a scene: the one asked for, or else the only one whose bands it has.

    Parameters
    ----------
    encoder : PairEncoder
        As :func:`load_pair` reads it.
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.
    which : str
        ``"first"``, ``"second"`` or nothing.

    Raises
    ------
    ValueError
        If the scene lacks bands of the one asked for, or fits neither or both of them.
    """
    if which:
        matching_bands(getattr(encoder, which), cube)
        return getattr(encoder, which)
    fits, reason = [], None
    for half in (encoder.first, encoder.second):
        try:
            matching_bands(half, cube)
            fits.append(half)
        except ValueError as error:
            reason = reason or error
    if not fits:
        raise ValueError(f"the scene fits neither half of the pair; of the first: {reason}") from reason
    if len(fits) > 1:
        raise ValueError("the scene fits both halves of the pair; say which, pass half=first or second")
    return fits[0]


def _whole(encoder: PairEncoder) -> nn.Module:
    """Both halves and the heads as one module, named as in a file."""
    parts = {"first": encoder.first, "second": encoder.second}
    return nn.ModuleDict(parts | ({"heads": nn.ModuleList(encoder.heads)} if encoder.heads else {}))
