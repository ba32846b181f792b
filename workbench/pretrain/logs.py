"""Where a training may be told of beside its own file of steps: one table, a row a kind, each an extra of its own.

What a row's ``open`` gives has ``note(rows)``, for the rows that a file of steps has, and ``close(failed)``. Whatever
goes wrong in it is raised: who calls decides what becomes of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol


class Log(Protocol):
    """A place that is told of a training."""

    def note(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Steps: ``step``, ``terms`` by name, and any other numbers."""

    def close(self, failed: bool) -> None:
        """The training has ended."""


@dataclass(frozen=True, slots=True)
class LogKind:
    """A kind of places."""

    package: str
    """What must be installed."""

    extra: str
    """Of ours, which brings it."""

    module: str
    """Its file here, with a function ``open_log``."""

    place: str
    """What its place is, for people."""


LOGS = {
    "tensorboard": LogKind("tensorboard", "tensorboard", "workbench.pretrain.log_tensorboard", "a folder"),
    "mlflow": LogKind("mlflow", "mlflow", "workbench.pretrain.log_mlflow", "an address, sqlite:///FILE or a folder"),
}
"""By name."""


def check_log(kind: str) -> None:
    """Refuse a kind that is unknown or whose package is not installed."""
    if kind not in LOGS:
        raise ValueError(f"a training is told to {' or '.join(LOGS)}, got {kind!r}; choose one of them")
    if find_spec(LOGS[kind].package) is None:
        raise ImportError(
            f"a log for {kind} needs {kind}; try: pip install hyperspectral-workbench[{LOGS[kind].extra}]"
        )


def open_log(kind: str, place: str, name: str, settings: Mapping[str, object], done: int = 0) -> Log:
    """Begin to tell a training.

    Parameters
    ----------
    kind : str
        In ``LOGS``.
    place : str
        As the kind has it.
    name : str
        Of the training.
    settings : mapping
        What it was asked to do: its hyper-parameters.
    done : int
        Steps it has done before, where it is gone on with.

    Raises
    ------
    ValueError, ImportError
        If the kind is unknown or not installed. Anything else that its package raises.
    """
    check_log(kind)
    opens: Callable[..., Log] = import_module(LOGS[kind].module).open_log
    return opens(place, name, {key: plain(value) for key, value in settings.items()}, done)


def numbers_of(row: Mapping[str, object]) -> dict[str, float]:
    """All numbers of a step by name, its terms as ``terms/NAME``; None, where there is no number, is left out.

    Examples
    --------
    >>> numbers_of({"step": 3, "loss": 1.5, "terms": {"invariance": 1.5}, "unique": None})
    {'loss': 1.5, 'terms/invariance': 1.5}
    """
    plain = {key: value for key, value in row.items() if key not in ("step", "terms")}
    named = plain | {f"terms/{key}": value for key, value in row["terms"].items()}
    return {key: float(value) for key, value in named.items() if value is not None}


def plain(value: object) -> str | float | bool:
    """A setting as both packages take it."""
    return value if isinstance(value, str | int | float | bool) else str(value)
