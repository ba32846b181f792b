"""What an adviser thinks about in the background: which pixels to label next, which labels to look at again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from workbench.session.advice import Advice
from workbench.session.at_hand import IN_MEMORY, AtHand

COMMITTEE = ("svm", "lda_noise_fractions")
"""Models whose disagreement with the one in use, and with each other, is measured."""

MOST = 200
"""Doubtful labels that are listed."""

LIKELIER = 0.5
"""Doubt from which on another class is likelier. With few labels no chance is high, and nothing else is suspected."""


@dataclass(frozen=True, slots=True)
class Thought:
    """What came out of it."""

    items: tuple[Advice, ...]
    """The most pressing first."""

    by: str
    """What was measured, and by whom."""

    labels: int
    """Labelled pixels there were."""

    nothing: str
    """What to say where there is nothing to look at."""


def suggestions(
    at_hand: AtHand,
    model: str,
    cube: xr.DataArray,
    labels: xr.DataArray,
    embedding: xr.DataArray | None,
    *,
    by: str,
    n: int,
    seed: int,
) -> Thought:
    """Pixels worth a label, as ``workbench suggest`` finds them.

    Parameters
    ----------
    at_hand : AtHand
        Keeps what models look at.
    model : str
        Name in ``MODELS`` of the model that is unsure.
    cube, labels, embedding : xarray.DataArray
        As for :func:`workbench.probe.classify_scene`.
    by : str
        ``margin``, ``entropy`` or ``disagreement``.
    n, seed : int
        As for :func:`workbench.probe.suggest`.

    Raises
    ------
    ValueError
        As the functions above, and if the chances of all classes are too many to be kept.
    """
    from workbench.probe import class_chances, classify_scene, find_model, suggest

    names = list(dict.fromkeys([model, *COMMITTEE])) if by == "disagreement" else [model]
    seen = {name: at_hand.seen(find_model(name), cube, embedding) for name in names}
    size = 4 * labels.size * len(np.unique(labels.values[labels.values > 0]))
    given = {"embedding": embedding, "seed": seed}
    if by == "disagreement":
        source = {name: classify_scene(name, seen[name][0], labels, features=seen[name][1], **given) for name in names}
    elif size <= IN_MEMORY:
        source = class_chances(model, seen[model][0], labels, features=seen[model][1], **given)
    elif by == "margin":
        source = classify_scene(model, seen[model][0], labels, features=seen[model][1], **given)
    else:
        raise ValueError(f"{by} needs the chances of every class, {size / 2**30:.1f} GiB on this scene; choose margin")
    space = embedding if find_model(model).embeds else at_hand.features(cube, "noise_fractions")
    found = suggest(source, labels, n, by=by, features=space, seed=seed)
    classes = labels.attrs["classes"]
    items = (Advice(s.row, s.column, classes[s.guess - 1], "", round(s.uncertainty, 4), s.reason) for s in found)
    nothing = "no pixel is left to suggest: all with data have a label or lie next to one"
    return Thought(tuple(items), f"{by} of {', '.join(names)}", int((labels.values > 0).sum()), nothing)


def doubts(
    at_hand: AtHand, model: str, cube: xr.DataArray, labels: xr.DataArray, embedding: xr.DataArray | None, *, seed: int
) -> Thought:
    """Labels that look wrong, as ``workbench doubt`` finds them; parameters and errors as for :func:`suggestions`."""
    from workbench.probe import doubtful, find_model

    cube, features = at_hand.seen(find_model(model), cube, embedding)
    table = doubtful(model, cube, labels, embedding=embedding, features=features, seed=seed)
    wrong = table[table["suspected"] | table["outlier"] | (table["doubt"] > LIKELIER)].head(MOST)
    items = (
        Advice(int(t.row), int(t.column), t.guess_name, t.class_name, round(float(t.doubt), 4), t.reason)
        for t in wrong.itertuples()
    )
    nothing = f"none of the {len(table)} labels looks wrong"
    return Thought(tuple(items), f"doubt of {model}", len(table), nothing)
