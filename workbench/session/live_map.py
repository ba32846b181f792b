"""The desk's class map for scripts: the very same numbers, from a cube, its labels and an encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from workbench.session.at_hand import AtHand

if TYPE_CHECKING:
    from workbench.pretrain import Encoder
    from workbench.probe import ClassMap


def live_map(
    cube: xr.DataArray, labels: xr.DataArray, model: str = "auto", *, encoder: Encoder | None = None
) -> ClassMap:
    """Class map of a scene from a few labels, as the desk makes it.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.
    labels : xarray.DataArray of shape (height, width)
        0 where unlabelled, 1…K.
    model : str
        Name in ``probe.MODELS``.
    encoder : Encoder, optional
        For models of an embedding.

    Returns
    -------
    ClassMap
        As of ``workbench.classify``, but for the last bits: that makes what the model looks at block by block, for
        scenes of any size, and the desk keeps it in memory, for many maps of one scene.

    Raises
    ------
    ValueError
        If there is no such model, it lacks its encoder, or fewer than two classes have labels where there is data.
    """
    from workbench.probe import classify_scene, embed, find_model

    row = find_model(model)
    embedding = embed(cube, encoder) if row.embeds and encoder is not None else None
    seen, features = AtHand().seen(row, cube, embedding)
    return classify_scene(model, seen, labels, embedding=embedding, features=features)
