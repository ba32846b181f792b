"""``--log``: TensorBoard or MLflow told of a training, beside its own file of steps, and never in its way."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from workbench.cli.outputs import say

if TYPE_CHECKING:
    from workbench.pretrain.logs import Log


@dataclass(frozen=True)
class LogPlace:
    """A place that is to be told."""

    kind: str
    place: str

    def __str__(self) -> str:
        """As it is typed, in full."""
        return f"{self.kind}:{self.place}"


def log_place(text: str) -> LogPlace:
    """``tensorboard:DIR`` or ``mlflow:URI``; a folder in full.

    Examples
    --------
    >>> str(log_place("mlflow:http://localhost:5000"))
    'mlflow:http://localhost:5000'
    """
    kind, _, place = text.partition(":")
    if kind not in ("tensorboard", "mlflow") or not place:
        raise argparse.ArgumentTypeError(f"a log is tensorboard:DIR or mlflow:URI, got {text!r}")
    if place.startswith("http") and urlsplit(place).password is not None:
        raise argparse.ArgumentTypeError(
            "an address is written into the run's record, so it has no password; set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD"
        )
    return LogPlace(kind, place if "://" in place else str(Path(place).expanduser().absolute()))


def logs_to(verb: argparse.ArgumentParser) -> None:
    """Add --log."""
    verb.add_argument(
        "--log",
        type=log_place,
        action="append",
        default=[],
        metavar="KIND:PLACE",
        help="tell each step to tensorboard:DIR or mlflow:URI (a server's address, sqlite:///FILE or a folder), too; "
        "again for several",
    )


def check_logs(places: Iterable[LogPlace]) -> None:
    """Refuse, before any work, a log whose package is not installed."""
    from workbench.pretrain.logs import check_log

    for place in places:
        check_log(place.kind)


def places_of(places: Iterable[LogPlace], out: Path) -> list[Path]:
    """What is written of the training of `out` in the folders of logs."""
    return [Path(place.place) / name_of(out) for place in places if "://" not in place.place]


def name_of(out: Path) -> str:
    """What a training is called: as its encoder, or as the folder that this has for itself.

    Examples
    --------
    >>> name_of(Path("runs/first/encoder.safetensors")), name_of(Path("runs/second.safetensors"))
    ('first', 'second')
    """
    return out.absolute().parent.name if out.stem == "encoder" else out.stem


class Logs:
    """Places that are told of a training; one that fails is named once and told no more, and the training goes on.

    Parameters
    ----------
    places : sequence of LogPlace
        Where.
    out : Path
        The encoder, whose name the training has.
    settings : dict
        The recipe.
    done : int
        Steps done before.
    """

    def __init__(self, places: Sequence[LogPlace], out: Path, settings: dict[str, object], done: int = 0) -> None:
        self._logs: dict[LogPlace, Log] = {}
        for place in places:
            self._try(place, lambda place=place: self._open(place, name_of(out), settings, done))

    def __enter__(self) -> Logs:
        """The training begins."""
        return self

    def __exit__(self, *failure: object) -> None:
        """It has ended."""
        self.close(failed=bool(failure[0]))

    def note(self, rows: Sequence[dict]) -> None:
        """Steps, as they are in the file of steps."""
        for place, log in list(self._logs.items()):
            self._try(place, lambda log=log: log.note(rows))

    def close(self, *, failed: bool) -> None:
        """The training has ended."""
        for place, log in list(self._logs.items()):
            self._try(place, lambda log=log: log.close(failed))
        self._logs = {}

    def _open(self, place: LogPlace, name: str, settings: dict[str, object], done: int) -> None:
        from workbench.pretrain.logs import open_log

        self._logs[place] = open_log(place.kind, place.place, name, settings, done)

    def _try(self, place: LogPlace, tell: Callable[[], None]) -> None:
        try:
            tell()
        except Exception as error:  # noqa: BLE001, other people's packages, servers and disks: none may end a training
            self._logs.pop(place, None)
            why = " ".join(str(error).split())[:200] or type(error).__name__
            say(f"{place} is told no more ({why}); the training goes on, every step is in its own file")
