"""Labels of patches from a CSV or JSON file: a class, several classes, or a number each.

JSON is ``{"patch": "class"}``, ``{"patch": ["class", …]}``, or a list of records. Of a table, one column names the
patches, by path or by file name with or without its suffix, another holds the labels; several classes in a cell stand
apart by ``;`` or ``|``, or are columns of 0 and 1 named ``A,B,C``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from workbench.labels.patch_truth import CLASSES, NUMBER, SEVERAL, PatchTruth, check_classes

FILE = ("file", "filename", "file_name", "image", "patch", "patch_id", "path", "name", "s1_name")
"""Columns that may name the patches, in the order they are looked for; else it is the first."""

LABEL = ("label", "labels", "class", "classes", "target", "value")
"""Columns that may hold the labels; else it is the only other one."""

TABLES = (".csv", ".json", ".parquet")

_LISTS = (list, set, np.ndarray)


def truth_of_table(
    files: Sequence[str], path: Path, *, column: str | None = None, task: str | None = None
) -> PatchTruth:
    """Labels of patches from a table; patches that it does not name have none.

    Parameters
    ----------
    files : sequence of str
        Patches, relative to their folder.
    path : Path
        ``.csv``, ``.parquet`` or ``.json``.
    column : str, optional
        Where the labels stand; several names with commas between are columns of 0 and 1, a class each.
    task : str, optional
        ``classes``, ``several`` or ``number``; by default lists are several classes, fractions are numbers, and words
        and whole numbers are classes.

    Raises
    ------
    ValueError
        If columns are not there or not clear, no patch is named, or values do not go with the task.
    """
    table = read_table(path)
    named = _naming(table, files)
    labels = _labels(table, named, column, path)
    rows = {}
    for row, name in enumerate(table[named].astype(str)):
        rows.setdefault(name, row)
        rows.setdefault(str(PurePosixPath(name).with_suffix("")), row)
    found = [(file, rows[key]) for file in files if (key := next((k for k in _keys(file) if k in rows), None))]
    found = [(file, row) for file, row in found if not _lacks(labels.iloc[row])]
    if not found:
        raise ValueError(
            f"{path} names patches in its column {named}, but neither {files[0]} nor any other is among them; name "
            "them by path or by file name"
        )
    kept, at = zip(*found, strict=True)
    return _truth(kept, labels.iloc[list(at)], task, path)


def _truth(files: tuple[str, ...], labels: pd.Series, task: str | None, path: Path) -> PatchTruth:
    kind = task or _kind(labels)
    if kind == NUMBER:
        numbers = pd.to_numeric(labels, errors="coerce").to_numpy(float)
        if not np.isfinite(numbers).all():
            wrong = int(np.flatnonzero(~np.isfinite(numbers))[0])
            raise ValueError(f"{path} gives {files[wrong]} {labels.iloc[wrong]!r}, which is no number; correct it")
        return PatchTruth(NUMBER, files, (str(labels.name),), numbers)
    if kind == SEVERAL:
        sets = [_several(value) for value in labels]
        names = sorted({name for some in sets for name in some})
        check_classes(len(names), path)
        return PatchTruth(SEVERAL, files, tuple(names), np.array([[name in some for name in names] for some in sets]))
    if kind != CLASSES:
        raise ValueError(f"a table holds classes, several or number, got {kind!r}; use one of these")
    names, values = np.unique([_word(value) for value in labels], return_inverse=True)
    check_classes(len(names), path)
    return PatchTruth(CLASSES, files, tuple(map(str, names)), values.astype(int))


def _kind(labels: pd.Series) -> str:
    """What the values look like."""
    if any(isinstance(value, _LISTS) or (isinstance(value, str) and set(";|") & set(value)) for value in labels):
        return SEVERAL
    if pd.api.types.is_float_dtype(labels) and not (labels.dropna() % 1 == 0).all():
        return NUMBER
    return CLASSES


def _several(value: object) -> set[str]:
    if isinstance(value, str):
        return {part.strip() for part in value.replace("|", ";").split(";") if part.strip()}
    return {_word(one) for one in value} if isinstance(value, _LISTS) else {_word(value)}


def _word(value: object) -> str:
    """A class's name; 3.0, which a column with gaps makes of 3, is 3."""
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _naming(table: pd.DataFrame, files: Sequence[str]) -> str:
    """The column that names patches: of those that may, the first that names the first patch, or the first at all."""
    likely = [name for name in FILE if name in table] or [table.columns[0]]
    keys = set(_keys(files[0]))
    return next((name for name in likely if table[name].astype(str).isin(keys).any()), likely[0])


def _lacks(value: object) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def _keys(file: str) -> tuple[str, ...]:
    """What a table may call a patch."""
    path = PurePosixPath(file)
    return file, str(path.with_suffix("")), path.name, path.stem, str(path.parent)


def _labels(table: pd.DataFrame, named: str, column: str | None, path: Path) -> pd.Series:
    """The column of labels, or columns of 0 and 1 as one of sets."""
    others = [name for name in table if name != named]
    wanted = [part.strip() for part in column.split(",")] if column else []
    if unknown := [name for name in wanted if name not in others]:
        raise ValueError(f"{path} has no column {unknown[0]!r} of labels; choose from {', '.join(others)}")
    if len(wanted) > 1:
        values = [{name for name in wanted if row[name]} for _, row in table[wanted].iterrows()]
        return pd.Series(values, name=column, dtype=object)
    likely = wanted or [name for name in LABEL if name in others] or others
    if len(likely) != 1:
        raise ValueError(f"{path} has {len(others)} columns beside {named}; say with --column which holds the labels")
    return table[likely[0]]


def read_table(path: Path) -> pd.DataFrame:
    """A ``.csv``, ``.parquet`` or ``.json`` of labels, or ValueError if it is none."""
    if path.suffix.lower() not in TABLES:
        raise ValueError(f"labels of patches are a folder a class or one of {', '.join(TABLES)}, got {path.name}")
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path} of labels; check the path")
    try:
        if path.suffix.lower() == ".json":
            told = json.loads(path.read_text(encoding="utf-8"))
            records = told if isinstance(told, list) else [{"file": k, "label": v} for k, v in told.items()]
            table = pd.DataFrame(records)
        else:
            table = pd.read_csv(path) if path.suffix.lower() == ".csv" else pd.read_parquet(path)
    except (ValueError, AttributeError, OSError) as error:
        raise ValueError(
            f"{path} is no table of labels ({error}); write a column of files and one of labels"
        ) from error
    if table.empty or len(table.columns) < 2:
        raise ValueError(f"{path} needs a row a patch with a column of files and one of labels, got {table.shape}")
    return table
