"""The scene, the truth and the encoder of a comparison, opened again: the very same, or a sentence that says no."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import xarray as xr

from workbench.cubes import open_cube
from workbench.labels import open_labels, with_official
from workbench.pretrain import Encoder, fingerprint, load_encoder
from workbench.record import file_fingerprint


class Again(NamedTuple):
    """What a comparison was made of."""

    cube: xr.DataArray
    """The scene (n_bands, height, width)."""

    truth: xr.DataArray
    """All labels (height, width)."""

    encoder: Encoder | None
    """The one that was given to it."""


def opened_again(
    record: Mapping[str, object],
    *,
    scene: object | None = None,
    truth: Path | None = None,
    remedy: str = "put the old file back",
) -> Again:
    """Open what a ``run.json`` names, and hold it against what it was.

    Parameters
    ----------
    record : dict
        The ``run.json`` that ``write_scores`` wrote.
    scene : path or address, optional
        Where the scene lies now; it is read as it was then if its name ends alike, else as its contents say.
    truth : Path, optional
        Where the truth lies now.
    remedy : str
        What to do where a file is not there or not the same, as the end of a sentence.

    Returns
    -------
    Again

    Raises
    ------
    ValueError
        If the scene, the truth or the encoder is not there, or another than it was.
    """
    asked = record["arguments"]
    now = {"scene": scene or asked["scene"], "truth": truth or asked["truth"]}
    now |= {name: asked.get(name) for name in ("encoder", "official")}
    for name, path in now.items():
        if not path and name in asked and name != "encoder":
            raise ValueError(f"the {name} was made in memory, which no file can do again; {remedy}")
        if path and not (name == "scene" and scene) and not Path(path).exists():  # what is given may be an address
            raise ValueError(f"the {name} at {path} is no longer there; {remedy}")
    for name, known in record.get("files", {}).items():
        if now[name] and file_fingerprint(now[name])["sha256"] != known["sha256"]:
            raise ValueError(f"the {name} at {now[name]} has changed since it was compared; {remedy}")
    alike = Path(str(now["scene"])).suffix == Path(asked["scene"] or str(now["scene"])).suffix
    cube = open_cube(now["scene"], asked["format"], **asked["options"]) if alike else open_cube(now["scene"])
    if record.get("fingerprint") and fingerprint(cube) != record["fingerprint"]:
        raise ValueError(f"the scene at {now['scene']} has changed since it was compared; {remedy}")
    how = {"column": asked.get("column"), "layer": asked.get("layer")}
    labels = open_labels(now["truth"], cube, **how)
    if now["official"]:
        labels = with_official(labels, open_labels(now["official"], cube, **how))
    return Again(cube, labels, load_encoder(now["encoder"]) if now["encoder"] else None)
