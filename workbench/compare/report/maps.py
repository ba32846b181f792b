"""The class map of every model, made once more for one of the comparison's own draws: the very map that was scored.

A row says from which seed its labels were drawn, so the map of a row can be made again. It is scored again, too; the
page says so where that is another figure than the row's, as on another machine or with other versions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import xarray as xr

from workbench.compare.draws import Asked, rows_of_draw
from workbench.compare.prepared import prepare
from workbench.compare.report.finished import Finished
from workbench.pretrain import Encoder
from workbench.probe import ClassMap, classify_scene

DRAW = 0
"""The one shown: the first, so that nothing is picked."""


@dataclass(frozen=True, slots=True)
class MadeMap:
    """A model's class map of one draw."""

    model: str

    class_map: xr.DataArray
    """Codes (height, width), 0 = no data, with ``attrs`` as in labels."""

    train: xr.DataArray
    """The labels it was made from (height, width)."""

    seed: int
    """Of the draw."""

    oa: float
    """On the test pixels of the draw, now [0…1]."""

    oa_then: float
    """The same in the comparison's row."""


def maps_again(
    finished: Finished,
    cube: xr.DataArray,
    truth: xr.DataArray,
    encoder: Encoder | Mapping[str, Encoder] | None = None,
    *,
    classify: Callable[..., ClassMap] = classify_scene,
) -> Iterator[MadeMap]:
    """Each model's map of ``finished.shown``, one at a time, so that a screen can show how far it is.

    Parameters
    ----------
    finished : Finished
        The comparison.
    cube : xarray.DataArray of shape (n_bands, height, width)
        Its scene.
    truth : xarray.DataArray of shape (height, width)
        Its truth.
    encoder : Encoder or dict from objective to Encoder, optional
        As in ``compare_rows``.
    classify : callable
        What makes the class map; as ``probe.classify_scene``.

    Yields
    ------
    MadeMap

    Raises
    ------
    ValueError
        If a model is no longer known, or truth and scene differ in size.
    """
    seed, (budget, split) = int(finished.record["arguments"]["seed"]), finished.shown
    scene = prepare(cube, truth, finished.models, encoder, seed)
    last: list[tuple[ClassMap, xr.DataArray]] = []

    def kept(name: str, cube: xr.DataArray, labels: xr.DataArray, **options: object) -> ClassMap:
        made = classify(name, cube, labels, **options)
        last[:] = [(made, labels)]
        return made

    for row in rows_of_draw(scene, Asked((budget,), (split,), seed, kept), DRAW, {}):
        then = finished.rows(row["model"], finished.shown)
        then = float(then.loc[then["draw"] == DRAW, "oa"].iloc[0])
        made, labels = last.pop()
        yield MadeMap(row["model"], made.class_map, labels, int(row["seed"]), float(row["oa"]), then)
