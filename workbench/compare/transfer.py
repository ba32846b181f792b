"""What an encoder is worth on labelled patches: taught with shares of their labels, against itself at random weights.

The protocol of SpectralEarth's and SSL4EO's downstream tasks, in small and with intervals. Everything of a repeat is
shared: the split, the patches of a share, the head's first weights and the order of the batches; so an encoder and its
random twin are compared pair by pair. Nothing is chosen on test patches: validation patches say when to stop.

What an interval is about: other splits, shares and first weights of this set of patches. Repeats share most patches,
so it is too narrow for other sets.

References
----------
Ait Ali Braham et al. (2024). *SpectralEarth.* arXiv:2408.08447. Wang et al. (2023). *SSL4EO-S12.* arXiv:2211.07044
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.compare import metrics, patch_metrics
from workbench.compare.differences import sign_flip
from workbench.compare.intervals import interval
from workbench.compare.patch_metrics import MAIN, SCORES
from workbench.compare.rows import row_seed
from workbench.labels import PatchSplit, share_of_patches, split_by_lists, split_by_place
from workbench.pretrain import Encoder
from workbench.probe import Images, PatchModel, PatchSet, Teaching, TorchgeoPatches, at_random
from workbench.probe.patch_modes import check_mode, learning_parts

GIVEN, RANDOM = "given", "random"
"""Weights: as they were read, and drawn anew."""

UNLABELLED_PATCHES = 64
"""Of the training side, at most, that random weights take the statistics of their norms from."""

AT_ONCE = 64
"""Test patches whose answers are held at a time."""


def transfer_rows(
    patches: PatchSet | TorchgeoPatches,
    encoders: Mapping[str, Encoder],
    modes: Sequence[str] = ("frozen",),
    fractions: Sequence[float] = (0.01, 0.1, 1.0),
    repeats: int = 3,
    *,
    random_weights: bool = True,
    teaching: Teaching | None = None,
    lists: str | Path | None = None,
    seed: int = 0,
    device: str = "auto",
) -> Iterator[dict[str, object]]:
    """Do it all, a row at a time: repeats in the outermost loop, so that it may be stopped after any.

    Parameters
    ----------
    patches : PatchSet or TorchgeoPatches
        As ``open_patches`` or ``open_torchgeo`` gives it.
    encoders : mapping of str to Encoder
        By name.
    modes : sequence of str
        What learns beside the head: ``frozen``, ``adapter``, ``first:N``, ``full``.
    fractions : sequence of float
        Shares of the training patches, above 0 and up to 1, rounded up; of each class where a patch has one.
    repeats : int
        Times that all is done again, with other splits (unless `lists` are given), shares, heads and random weights.
    random_weights : bool
        Whether each encoder is also taught from random weights.
    teaching : Teaching, optional
        Head, steps and rates; its mode and seed are set by the rows.
    lists : str or Path, optional
        Folder of ``train.txt``, ``test.txt`` and maybe ``val.txt``, or a table with a column ``split``; else the
        patches' published split, where they have one; else places are drawn, 60, 20 and 20 %.
    seed : int
        Repeat i has the seed ``row_seed(seed, i)``.
    device : str
        ``"auto"`` or torch's name of one.

    Yields
    ------
    dict
        ``task, encoder, weights, mode, head, fraction, repeat, seed, n_train, n_val, n_test`` (patches), the columns of
        ``SCORES``, ``steps, loss, val_loss, seconds``. Plain values.

    Raises
    ------
    ValueError
        If a choice is unknown or out of range, or an encoder does not fit the patches or a mode.
    """
    teaching = teaching or Teaching()
    _check(encoders, modes, fractions, repeats)
    images = {name: Images(patches, encoder) for name, encoder in encoders.items()}  # all refusals first
    for mode in modes:
        for encoder in encoders.values():
            learning_parts(encoder, mode)
    truth, fixed = patches.truth, patches.published
    if lists:
        fixed = split_by_lists(truth, patches.place, Path(lists))
    for repeat in range(repeats):
        own = row_seed(seed, repeat) % 2**31
        split = fixed or split_by_place(patches.place, own)
        for name, encoder in encoders.items():
            found = {GIVEN: encoder}
            if random_weights:
                some = images[name].read(split.train[:UNLABELLED_PATCHES])[0]
                found[RANDOM] = at_random(encoder, own, some)
            for mode in modes:
                for fraction in fractions:
                    taught = share_of_patches(truth, split.train, fraction, own)
                    how = replace(teaching, mode=mode, seed=own)
                    for weights, learner in found.items():
                        row = _row(images[name], learner, how, replace(split, train=taught), device)
                        asked = {"task": truth.task, "encoder": name, "weights": weights, "mode": mode}
                        drawn = {"head": how.head, "fraction": float(fraction), "repeat": repeat, "seed": own}
                        yield asked | drawn | row


def _row(images: Images, encoder: Encoder, how: Teaching, split: PatchSplit, device: str) -> dict[str, object]:
    """Counts, scores, and how the teaching went."""
    began = time.monotonic()
    model = PatchModel(images, encoder, how, device=device)
    *_, last = model.teach(split.train, split.val)
    scores = dict.fromkeys(SCORES, float("nan")) | scored(model, split.test)
    counts = {"n_train": len(split.train), "n_val": len(split.val), "n_test": len(split.test)}
    told = {"steps": last.step, "loss": last.loss, "val_loss": last.val_loss}
    return counts | scores | told | {"seconds": time.monotonic() - began}


def scored(model: PatchModel, test: Sequence[int]) -> dict[str, float]:
    """Scores of a taught model on some patches, by task."""
    n_classes, confusion, pairs = len(model.truth.names), 0, []
    for some in np.split(np.asarray(test), range(AT_ONCE, len(test), AT_ONCE)):
        said, truth = (values.numpy() for values in model.predict(some))
        if model.truth.task in ("several", "number"):
            pairs.append((truth, said))
            continue
        known = truth >= 0
        confusion = confusion + metrics.confusion_matrix(truth[known] + 1, said[known] + 1, n_classes)
    if pairs:
        whole = [np.concatenate(side) for side in zip(*pairs, strict=True)]
        return (patch_metrics.of_several if model.truth.task == "several" else patch_metrics.of_numbers)(*whole)
    if not confusion.sum():
        raise ValueError("test patches need a pixel with a class, and have none; give more patches or other lists")
    return patch_metrics.of_confusion(confusion)


def transfer_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Means over repeats of the task's main score, and how far each encoder is from its random twin.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of ``transfer_rows``.

    Returns
    -------
    pandas.DataFrame
        ``encoder, mode, fraction, weights, score`` (its name), ``repeats, n_train, mean, ci95, difference`` (from
        random weights, paired by repeat), ``difference_ci95, p`` (of sign flips); NaN where there is no twin.
    """
    score, found = MAIN[table["task"].iloc[0]], []
    for (encoder, mode, fraction), some in table.groupby(["encoder", "mode", "fraction"], sort=False):
        sides = {name: rows.set_index("repeat")[score] for name, rows in some.groupby("weights", sort=False)}
        for weights, values in sides.items():
            is_paired = weights == GIVEN and RANDOM in sides
            apart = (values - sides[RANDOM]).dropna() if is_paired else pd.Series(dtype=float)
            found.append(
                {
                    "encoder": encoder,
                    "mode": mode,
                    "fraction": fraction,
                    "weights": weights,
                    "score": score,
                    "repeats": len(values),
                    "n_train": int(some["n_train"].iloc[0]),
                    "mean": float(values.mean()),
                    "ci95": list(interval(values, bounds=(-np.inf if score == "r2" else 0, 1))),
                    "difference": float(apart.mean()) if len(apart) else float("nan"),
                    "difference_ci95": list(interval(apart)),
                    "p": sign_flip(apart) if len(apart) else float("nan"),
                }
            )
    return pd.DataFrame(found)


def _check(encoders: Mapping[str, Encoder], modes: Sequence[str], fractions: Sequence[float], repeats: int) -> None:
    """Refuse what could only fail later."""
    if not encoders or not modes or not fractions or repeats < 1:
        raise ValueError("a transfer has at least one encoder, mode, fraction and repeat; name them")
    for mode in modes:
        check_mode(mode)
    if wrong := [share for share in fractions if not 0 < share <= 1]:
        raise ValueError(f"a fraction of the labels is above 0 and at most 1, got {wrong[0]:g}; use for example 0.01")
