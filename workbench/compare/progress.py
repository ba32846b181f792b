"""Rows on disk while a comparison runs, so that one that was stopped goes on where it was.

A file of JSON lines: first what was asked, then a row a line. Rows go on only under the same question to the same data
with the same versions; then the whole is, times aside, byte for byte what it would have been without the stop.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TextIO

from workbench.files import replacing
from workbench.record import file_fingerprint, versions

PROGRESS = "progress.jsonl"
"""Its name in the folder of the scores."""


def question_of(run: Mapping[str, object], files: Mapping[str, Path | None], **more: object) -> dict[str, object]:
    """What rows must have in common to stand in one table.

    Parameters
    ----------
    run : dict
        As ``run_of`` gives it; of the scene its fingerprint counts, not where it lies.
    files : dict of str to Path
        Files read beside the scene, or None.
    **more
        What else decides the rows.

    Returns
    -------
    dict
        Plain values, ready for JSON.
    """
    of_files = {name: file_fingerprint(path)["sha256"] for name, path in files.items() if path is not None}
    asked = {name: value for name, value in run.items() if name not in ("scene", "truth")}
    return json.loads(json.dumps({**asked, "files": of_files, **more, "versions": versions()}, default=str))


def rows_so_far(folder: Path, question: Mapping[str, object]) -> list[dict[str, object]]:
    """Rows that an earlier, unfinished run left; none where there was none.

    Parameters
    ----------
    folder : Path
        Of the scores.
    question : dict
        As ``question_of`` gives it.

    Returns
    -------
    list of dict
        In the order they were made. A last line that was cut off is left out.

    Raises
    ------
    ValueError
        If they answer another question. The message says what differs.
    """
    path = folder / PROGRESS
    if not path.exists():
        return []
    head, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True) or [""]
    before = (_read(head) or {}).get("asked", {})
    if apart := [name for name in question if before.get(name) != question[name]]:
        known = _differ(before.get(apart[0]), question[apart[0]])
        raise ValueError(
            f"{path} is of another comparison, which differs in {apart[0]}{known}; name another folder or remove it"
        )
    return [row for line in lines if (row := _read(line)) is not None]


def write_rows(folder: Path, question: Mapping[str, object], rows: Iterable[Mapping[str, object]]) -> TextIO:
    """Begin the file anew with `rows`, and leave it open for those to come.

    Parameters
    ----------
    folder : Path
        Of the scores; made if need be.
    question : dict
        As ``question_of`` gives it.
    rows : iterable of dict
        Those there are already.

    Returns
    -------
    TextIO
        Give it to ``write_row``, and close it.
    """
    folder.mkdir(exist_ok=True)
    path = folder / PROGRESS
    path.open("a", encoding="utf-8").close()  # a folder that takes nothing says so here
    with replacing(path) as draft, draft.open("w", encoding="utf-8") as file:
        file.write(json.dumps({"asked": question}) + "\n")
        for row in rows:
            write_row(file, row)
    return path.open("a", encoding="utf-8")


def write_row(file: TextIO, row: Mapping[str, object]) -> None:
    """Add one row, at once."""
    file.write(json.dumps(row) + "\n")
    file.flush()


def _read(line: str) -> dict[str, object] | None:
    """The object of a line; None for one that was cut off."""
    try:
        found = json.loads(line) if line.endswith("\n") else None
    except json.JSONDecodeError:
        found = None
    return found if isinstance(found, dict) else None


def _differ(before: object, now: object) -> str:
    """Both values where they are short enough to be read."""
    text = f" ({json.dumps(before)} there, {json.dumps(now)} here)"
    return text if len(text) < 120 and before is not None else ""
