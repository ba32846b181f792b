"""The rows of one draw, and those of many, one after the other or in several processes at a time.

Processes, because models fit in Python and in libraries that share their state among threads. Each is lent the prepared
scene once and does whole draws, with as many threads as this process has, so that sums are made in the same order: the
rows are the same, bit for bit. Only the seconds differ. Where threads outnumber cores, set OMP_NUM_THREADS=1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from joblib import Parallel, delayed, parallel_config
from threadpoolctl import threadpool_info

from workbench.compare.prepared import Prepared
from workbench.compare.rows import row_seed, scores, split_truth
from workbench.labels import Split, block_halves
from workbench.probe import ClassMap, find_model

Row = dict[str, object]
Key = tuple[str, int, int, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What every draw does."""

    budgets: tuple[int, ...]
    splits: tuple[str, ...]
    seed: int
    classify: Callable[..., ClassMap]

    see: Callable[[Row, ClassMap, Split], None] | None = None
    """Told of each row that is made, with the map and the labels behind it; in one process only."""


def key_of(row: Mapping[str, object]) -> Key:
    """Which row it is: model, budget, draw and split."""
    return str(row["model"]), int(row["budget"]), int(row["draw"]), str(row["split"])


def rows_of_draws(
    scene: Prepared, asked: Asked, draws: int, *, jobs: int = 1, known: Iterable[Row] = ()
) -> Iterator[Row]:
    """Rows of `draws` draws, draw by draw.

    Parameters
    ----------
    scene : Prepared
        What all draws share.
    asked : Asked
        What each draw does.
    draws : int
        How many.
    jobs : int
        Draws at a time, each in a process; with one, rows come from this process as they are done.
    known : iterable of dict
        Rows that are there already: they come in their place, as they are.

    Yields
    ------
    dict
        As ``compare_rows``.
    """
    done = {key_of(row): row for row in known}
    ours = [{key: row for key, row in done.items() if key[2] == draw} for draw in range(draws)]
    if min(jobs, draws) <= 1:
        for draw in range(draws):
            yield from rows_of_draw(scene, asked, draw, ours[draw])
        return
    threads = max((library["num_threads"] for library in threadpool_info()), default=1)
    with parallel_config(backend="loky", inner_max_num_threads=threads), Parallel(n_jobs=min(jobs, draws)) as work:
        for first in range(0, draws, jobs):  # a few at a time: whoever stops waits for no others
            some = range(first, min(first + jobs, draws))
            for rows in work(delayed(_listed)(scene, asked, draw, ours[draw]) for draw in some):
                yield from rows


def rows_of_draw(scene: Prepared, asked: Asked, draw: int, done: Mapping[Key, Row]) -> Iterator[Row]:
    """Rows of one draw: by split, budget and model; those in `done` are not made again."""
    drawn, halves = row_seed(asked.seed, draw), None
    for split in asked.splits:
        for budget in asked.budgets:
            keys = [(name, int(budget), draw, split) for name in scene.models]
            if all(key in done for key in keys):
                yield from (done[key] for key in keys)
                continue
            if split == "blocks" and halves is None:
                halves = block_halves(scene.truth, drawn, footprint=scene.footprint)
            parts = split_truth(scene.truth, split, budget, drawn, footprint=scene.footprint, halves=halves)
            for key in keys:
                yield done[key] if key in done else _row(scene, asked, parts, key, drawn)


def _listed(*task: object) -> list[Row]:
    return list(rows_of_draw(*task))


def _row(scene: Prepared, asked: Asked, parts: Split, key: Key, seed: int) -> Row:
    name, budget, draw, split = key
    model = find_model(name)
    embedding = scene.embeddings[model.objective] if model.embeds else None
    seen = {"features": scene.features[model.features]} if model.features in scene.features else {}
    made = asked.classify(name, scene.cube, parts.train, embedding=embedding, seed=seed, **seen)
    row = {
        "model": name,
        "family": model.family,
        "transductive": bool(model.transductive),
        "budget": budget,
        "draw": draw,
        "split": split,
        "seed": seed,
        **scores(made, parts),
        "pretrain_seconds": scene.took.get(model.objective, 0.0) + scene.took.get(model.features, 0.0),
        "footprint": scene.footprint,
        "block": parts.block,
        "note": parts.note,
    }
    if asked.see is not None:
        asked.see(row, made, parts)
    return row
