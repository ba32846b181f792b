"""Scores on disk: the rows as Parquet and CSV, and a ``run.json`` from which they can be done again.

Dicts and lists stand as JSON text in both tables, so that any program reads them.
"""

from __future__ import annotations

import json
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pandas as pd

import workbench
from workbench.compare.protocol import compare
from workbench.cubes import open_cube
from workbench.files import replacing, write_json
from workbench.labels import open_labels
from workbench.pretrain import fingerprint, load_encoder

NESTED = ("counts", "classes", "confusion")
PACKAGES = ("numpy", "xarray", "torch", "scikit-learn")


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
        Made if need be; gets ``scores.parquet``, ``scores.csv`` and ``run.json``.
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
    flat = table.assign(**{name: table[name].map(json.dumps) for name in NESTED if name in table})
    flat.attrs = {}
    with replacing(folder / "scores.parquet") as draft:
        flat.to_parquet(draft, index=False)
    with replacing(folder / "scores.csv") as draft:
        flat.to_csv(draft, index=False)
    choices = dict(table.attrs.get("run", {}))
    scene = choices.get("scene", "")
    record = {
        "verb": "compare",
        "arguments": {
            **choices,
            "encoder": encoder and str(Path(encoder).absolute()),
            "column": column,
            "layer": layer,
        },
        "fingerprint": fingerprint(open_cube(scene)) if scene and Path(scene).exists() else None,
        "versions": {
            "workbench": workbench.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_json(folder / "run.json", record)
    return folder


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
        table.attrs["run"] = json.loads((folder / "run.json").read_text(encoding="utf-8")).get("arguments", {})
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
        If the scene is another than it was.
    """
    record = json.loads((Path(folder) / "run.json").read_text(encoding="utf-8"))
    asked = record["arguments"]
    cube = open_cube(asked["scene"])
    if record["fingerprint"] and fingerprint(cube) != record["fingerprint"]:
        raise ValueError(f"the scene at {asked['scene']} has changed since it was compared; put the old file back")
    truth = open_labels(asked["truth"], cube, column=asked["column"], layer=asked["layer"])
    encoder = load_encoder(asked["encoder"]) if asked["encoder"] else None
    choices = {name: asked[name] for name in ("models", "budgets", "draws", "splits", "seed")}
    return compare(cube, truth, **choices, encoder=encoder)


def _nested(value: object) -> object:
    """JSON text as what it says; tables of the command line hold the values themselves."""
    return json.loads(value) if isinstance(value, str) else value
