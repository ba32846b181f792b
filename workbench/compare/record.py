"""Scores on disk: the rows as Parquet and CSV, and a ``run.json`` from which they can be done again.

Dicts and lists stand as JSON text in both tables, so that any program reads them. Times are no result: they stand in
the Parquet file and in ``timings.csv``, so that ``scores.csv`` of a replay is the same byte for byte.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from workbench.compare.again import opened_again
from workbench.compare.protocol import compare
from workbench.files import replacing, write_json
from workbench.record import file_fingerprint, versions

NESTED = ("counts", "classes", "confusion", "mapped", "reliability")

TIMES = ("seconds", "pretrain_seconds")
"""Columns that no replay gives again."""

ROW = ["model", "budget", "draw", "split"]
"""Columns that say which row it is."""


def write_scores(
    table: pd.DataFrame,
    folder: str | Path,
    *,
    encoder: str | Path | None = None,
    column: str | None = None,
    layer: str | None = None,
) -> Path:
    """Keep a score table with what is needed to do it again.

    Parameters
    ----------
    table : pandas.DataFrame
        From ``compare``.
    folder : str or Path
        Made if need be; gets ``scores.parquet`` (everything), ``scores.csv`` (without times), ``timings.csv`` and
        ``run.json``.
    encoder : str or Path, optional
        File of the encoder that was given to ``compare``.
    column, layer : str, optional
        What was given to ``open_labels`` for the truth.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileNotFoundError
        If the folder above does not exist.
    """
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    timed = [name for name in TIMES if name in table]
    write_table(table, folder / "scores.parquet")
    write_table(table.drop(columns=timed), folder / "scores.csv")
    write_table(table[[*ROW, *timed]], folder / "timings.csv")
    choices = dict(table.attrs.get("run", {}))
    known = choices.pop("fingerprint", None)
    read = {"truth": choices.get("truth"), "official": choices.get("official"), "encoder": encoder}
    record = {
        "verb": "compare",
        "arguments": {
            **choices,
            "encoder": encoder and str(Path(encoder).absolute()),
            "column": column,
            "layer": layer,
        },
        "fingerprint": known,
        "files": {name: file_fingerprint(path) for name, path in read.items() if path and Path(path).exists()},
        "versions": versions(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_json(folder / "run.json", record)
    return folder


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write score rows as .parquet or .csv, whole or not at all; dicts and lists stand in them as JSON text.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``score_table`` makes it.
    path : Path
        The file.

    Raises
    ------
    ValueError
        If the suffix is another.
    """
    if path.suffix not in (".parquet", ".csv"):
        raise ValueError(f"scores are written as .parquet or .csv, got {path.name}; use {path.stem}.csv")
    flat = table.assign(**{name: table[name].map(json.dumps) for name in NESTED if name in table})
    flat.attrs = {}
    with replacing(path) as draft:
        if path.suffix == ".csv":
            flat.to_csv(draft, index=False)
        else:
            flat.to_parquet(draft, index=False)


def read_scores(folder: str | Path) -> pd.DataFrame:
    """The score table that ``write_scores`` kept.

    Parameters
    ----------
    folder : str or Path
        With ``scores.parquet``.

    Returns
    -------
    pandas.DataFrame
        As it was, ``attrs["run"]`` among it.

    Raises
    ------
    FileNotFoundError
        If there are no scores.
    """
    folder = Path(folder)
    path = folder / "scores.parquet"
    if not path.is_file():
        raise FileNotFoundError(f"no scores at {path}; name a folder that compare wrote")
    table = pd.read_parquet(path)
    table = table.assign(**{name: table[name].map(_nested) for name in NESTED if name in table})
    if (folder / "run.json").is_file():
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        table.attrs["run"] = {**record.get("arguments", {}), "fingerprint": record.get("fingerprint")}
    return table


def replay(folder: str | Path) -> pd.DataFrame:
    """Do a comparison again from its ``run.json``.

    Parameters
    ----------
    folder : str or Path
        What ``write_scores`` wrote.

    Returns
    -------
    pandas.DataFrame
        A new score table; on the same machine and versions the same scores.

    Raises
    ------
    ValueError
        If the scene, the truth or the encoder is not there, or another than it was.
    """
    record = json.loads((Path(folder) / "run.json").read_text(encoding="utf-8"))
    asked = record["arguments"]
    if missing := [name for name in ("scene", "truth") if not asked[name]]:
        raise ValueError(f"the {missing[0]} was made in memory, which no file can do again; give compare an opened one")
    cube, truth, encoder = opened_again(record)
    choices = {name: asked[name] for name in ("models", "budgets", "draws", "splits", "seed")}
    return compare(cube, truth, **choices, encoder=encoder)


def _nested(value: object) -> object:
    """JSON text as what it says; tables of the command line hold the values themselves."""
    return json.loads(value) if isinstance(value, str) else value
