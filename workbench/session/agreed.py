"""What people agree on, as labels that the desk opens."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workbench.compare.people import Opinions
from workbench.files import replacing
from workbench.labels.grid import grid_of
from workbench.labels.rasterise import as_labels
from workbench.labels.writing import polygonise
from workbench.session.geopackage import LabelStore
from workbench.session.marks import LabelState
from workbench.session.people import People

SOURCE = "agreed"
"""Of such labels."""


def write_agreed(people: People, opinions: Opinions, path: Path, *, least: int = 1) -> int:
    """Write the labels of all pixels to which everybody who labelled them gave one class.

    Parameters
    ----------
    people : People
        Whose labels they are; gives the grid, and the classes with their numbers, colours and groups.
    opinions : Opinions
        The same side by side.
    path : Path
        A ``.gpkg`` as a session keeps it; replaced if it exists.
    least : int
        People who must have labelled a pixel.

    Returns
    -------
    int
        Pixels written.
    """
    kept = opinions.agreed & (opinions.said >= least)
    values = np.zeros(people.cube.sizes["y"] * people.cube.sizes["x"], np.int16)
    values[opinions.pixels[kept]] = opinions.codes.max(axis=0)[kept]
    labels = as_labels(values.reshape(people.cube.shape[1:]), people.cube, [one.name for one in people.classes])
    pieces = polygonise(labels)
    marks = ((name, ground, SOURCE) for name, ground in zip(pieces["class_name"], pieces.geometry, strict=True))
    with replacing(path) as draft:
        LabelStore(draft).write(LabelState(classes=people.classes).with_marks(*marks), grid_of(people.cube).crs)
    return int(kept.sum())
