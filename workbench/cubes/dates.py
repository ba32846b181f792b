"""Scenes of a series and when each was taken: by its file's name, and which one a person means."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import xarray as xr

from workbench.cubes.contract import CubeError

_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d\d)([-_]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])"
    r"(?:[tT_ ]([01]\d|2[0-3])[-:]?([0-5]\d)[-:]?([0-5]\d))?(?!\d)"
)


@dataclass(frozen=True, slots=True)
class Series:
    """Scenes of a place, none of which is read yet."""

    dates: Sequence[str]
    """ISO 8601, in order; none where they are not known."""

    note: str
    """Why not."""

    count: int
    """How many scenes there are."""

    scene: Callable[[int], xr.DataArray]
    """One of them, lazily."""

    def cube(self, i: int) -> xr.DataArray:
        """Scene number `i`, with what is known of its time."""
        told = {"dates": list(self.dates)} | ({"dates_note": self.note} if self.note else {})
        acquired = self.dates[i] if self.dates else ""
        return self.scene(i).assign_attrs(acquired=f"{acquired}Z" if "T" in acquired else acquired, **told)


def date_in_name(name: str) -> str:
    """The first date in a file's name, with its time of day where it has one; nothing if there is none.

    Examples
    --------
    >>> date_in_name("T33UUU_20150711T100008_B04"), date_in_name("ndvi_2015-07-11"), date_in_name("tile_128_96")
    ('2015-07-11T10:00:08', '2015-07-11', '')
    """
    found = _DATE.search(name)
    if not found:
        return ""
    year, _, month, day, hour, minute, second = found.groups()
    text = f"{year}-{month}-{day}" + (f"T{hour}:{minute}:{second}" if hour else "")
    return text if is_date(text) else ""


def is_date(text: str) -> bool:
    """Whether the calendar has it.

    Examples
    --------
    >>> is_date("2016-02-29"), is_date("2015-02-29")
    (True, False)
    """
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def dates_in_names(paths: Sequence[Path]) -> list[str]:
    """A date for each file; none at all if one has none, or two have the same."""
    dates = [date_in_name(path.stem) for path in paths]
    return dates if all(dates) and len(set(dates)) == len(dates) else []


def chosen(time: int | str, dates: Sequence[str], count: int, name: str, note: str = "") -> int:
    """Which of `count` scenes `time` means: a place from 0, or a date or the beginning of one.

    Parameters
    ----------
    time : int or str
        As a reader's option.
    dates : sequence of str
        ISO 8601, of each scene; none where they are not known.
    count : int
        How many scenes there are.
    name : str
        Of the series, for a refusal.
    note : str
        Why there are no dates.

    Examples
    --------
    >>> chosen("2015-07", ["2015-07-11", "2015-08-20"], 2, "a"), chosen("-1", [], 3, "a")
    (0, 2)
    """
    text = str(time).strip()
    if re.fullmatch(r"[+-]?\d{1,4}", text):
        if not -count <= int(text) < count:
            raise CubeError(f"time= is a place from 0 to {count - 1} in {name}, got {text}; or a date")
        return int(text) % count
    if not dates:
        raise CubeError(f"time= is a place from 0 to {count - 1} in {name}, got {text!r}; {note or 'it has no dates'}")
    wanted = re.sub(r"\D", "", text)
    fitting = [i for i, date in enumerate(dates) if wanted and re.sub(r"\D", "", date).startswith(wanted)]
    if len(fitting) != 1:
        shown = ", ".join(dates[:12]) + (", …" if len(dates) > 12 else "")
        raise CubeError(f"time= names one date of {name}, but {text!r} fits {len(fitting)} of {shown}; give one")
    return fitting[0]
