"""Which model serves a scene best with few labels: draws × budgets × splits × models, one row of scores at a time.

What keeps the figures honest: every model gets the same training pixels and the same test pixels in a draw; nothing is
chosen on test labels, and no model is shown one; the real number of training pixels of each class stands in the row; a
model that learnt from the unlabelled pixels of the scene, the test pixels' spectra among them, is marked
``transductive``; every row can be done again from its seed. A random split flatters models that look at a pixel's
surroundings, so give the block split's figures beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import pandas as pd
import xarray as xr

from workbench.compare.asked import run_of
from workbench.compare.draws import Asked, rows_of_draws
from workbench.compare.prepared import prepare
from workbench.compare.rows import OFFICIAL, SPLITS
from workbench.compare.summary import score_table
from workbench.labels import Split, has_official
from workbench.pretrain import Encoder
from workbench.probe import ClassMap, classify_scene, find_model


def compare(
    cube: xr.DataArray,
    truth: xr.DataArray,
    models: Sequence[str] = ("auto", "svm", "random_forest", "barlow_twins"),
    budgets: Sequence[int] = (5, 10, 20),
    draws: int = 10,
    splits: Sequence[str] = ("random",),
    *,
    encoder: Encoder | Mapping[str, Encoder] | None = None,
    seed: int = 0,
    jobs: int = 1,
) -> pd.DataFrame:
    """Score table of several models on one scene, to the end; see ``compare_rows``.

    Parameters
    ----------
    cube, truth, models, budgets, draws, splits, encoder, seed, jobs
        As in ``compare_rows``.

    Returns
    -------
    pandas.DataFrame
        One row for each (model, budget, draw, split); ``summarise``, ``differences_from``, ``learning_curves`` and
        ``forecasts`` say what it shows. ``attrs["run"]`` are the choices made, for ``write_scores``.
    """
    rows = compare_rows(cube, truth, models, budgets, draws, splits, encoder=encoder, seed=seed, jobs=jobs)
    table = score_table(rows)
    run = run_of(cube, truth, models=models, budgets=budgets, draws=draws, splits=splits, seed=seed)
    table.attrs["run"] = {**run, "encoder": "given" if encoder is not None else "pretrained"}
    return table


def compare_rows(
    cube: xr.DataArray,
    truth: xr.DataArray,
    models: Sequence[str],
    budgets: Sequence[int],
    draws: int,
    splits: Sequence[str] = ("random",),
    *,
    encoder: Encoder | Mapping[str, Encoder] | None = None,
    seed: int = 0,
    jobs: int = 1,
    known: Iterable[dict[str, object]] = (),
    classify: Callable[..., ClassMap] = classify_scene,
    see: Callable[[dict[str, object], ClassMap, Split], None] | None = None,
) -> Iterator[dict[str, object]]:
    """Score models, one row at a time, so that a screen can show them and stop.

    Draws come in the outermost loop: whenever one stops, every model has had as many draws. Encoders are trained
    before the first row, once for each objective, and their embeddings serve every draw; so do features of the scene.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.
    truth : xarray.DataArray of shape (height, width)
        All labels there are; 0 = unlabelled. Those on pixels without data are left out.
    models : sequence of str
        Names in ``probe.MODELS``.
    budgets : sequence of int
        Labels a class.
    draws : int
        Random choices of labels for each budget and split.
    splits : sequence of str
        Of ``"random"``, ``"blocks"``, and ``"official"`` for a truth ``labels.with_official``.
    encoder : Encoder or dict from objective to Encoder, optional
        For models of an embedding, of the objective it learnt by. For any other one is pretrained on the scene.
    seed : int
        Draw i of every model, budget and split has the seed ``row_seed(seed, i)``.
    jobs : int
        Draws at a time, each in a process of its own: the same rows in the same order, in the seconds of busier cores.
        Rows of a draw then come together.
    known : iterable of dict
        Rows of the same comparison that are there already: they come in their place and are not made again.
    classify : callable
        What makes the class map; as ``probe.classify_scene``.
    see : callable, optional
        Called with each row that is made, its class map and its training and test labels, before the row comes. With
        one job only.

    Yields
    ------
    dict
        ``model, family, transductive, budget, draw, split, seed, counts`` (training pixels by class), ``n_train,
        n_test, oa, aa, kappa, f1, oa_area, oa_area_se`` (of the map by its classes' areas, see ``area``; NaN where a
        mapped class has no test pixel), ``ece`` (expected calibration error), ``confidence`` (mean on the test pixels)
        [0…1], ``seconds`` (fit and map), ``pretrain_seconds`` (of the encoder, or of the scene's features: once, shared
        by all draws; 0 for a given encoder), ``chosen`` (how hyper-parameters were), ``footprint`` and ``block``
        [pixels], ``note``, ``classes``, ``confusion`` (rows = truth, columns = predicted), ``mapped`` (pixels of each
        class in the whole map), ``reliability`` (of ten bins of confidence: pixels, sum of confidence, pixels that are
        right). Plain values, ready for JSON.

    Raises
    ------
    ValueError
        If a choice is unknown, jobs are below 1, or above 1 where maps are seen, truth and scene differ in size, or
        truth has fewer than two classes.
    """
    for name in models:
        find_model(name)
    _check_choices(cube, truth, budgets, draws, splits)
    if jobs < 1:
        raise ValueError(f"a comparison has at least 1 job, got {jobs}; use 1 for rows as they come")
    if see is not None and jobs > 1:
        raise ValueError(f"maps of a comparison are seen in its own process, got {jobs} jobs; use 1")
    scene = prepare(cube, truth, models, encoder, seed)
    asked = Asked(tuple(budgets), tuple(splits), seed, classify, see)
    yield from rows_of_draws(scene, asked, draws, jobs=jobs, known=known)


def _check_choices(
    cube: xr.DataArray, truth: xr.DataArray, budgets: Sequence[int], draws: int, splits: Sequence[str]
) -> None:
    """Refuse what could only fail later."""
    if unknown := [split for split in splits if split not in (*SPLITS, OFFICIAL)]:
        raise ValueError(f"no split is named {unknown[0]!r}; choose from {', '.join((*SPLITS, OFFICIAL))}")
    if OFFICIAL in splits and not has_official(truth):
        raise ValueError("the official split needs the official training labels; give labels.with_official a truth")
    if draws < 1 or not budgets or not splits or min(budgets) < 1:
        raise ValueError(f"a comparison needs budgets and draws of at least 1, got {list(budgets)} and {draws}")
    if truth.shape != cube.shape[1:]:
        raise ValueError(f"truth has the scene's size, {cube.shape[1:]}, got {truth.shape}; open it with open_labels")
