"""A training's steps and recipe as a run of MLflow's, an extra: on a server, in a SQLite file or in a folder.

MLflow is told to wait briefly for a server that does not answer, to print nothing and to send nothing to its makers,
unless the user's environment says otherwise.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from workbench.pretrain.logs import numbers_of

EXPERIMENT = "workbench"
"""Which all runs are in, unless ``MLFLOW_EXPERIMENT_NAME`` names another."""

AT_ONCE = 1000
"""Numbers that a server takes in one message."""

MANNERS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}


class MlflowLog:
    """A run of MLflow's.

    Parameters
    ----------
    uri : str
        Of the server or store.
    name : str
        Of the run.
    settings : mapping
        The recipe.
    done : int
        Steps done before; a training that is gone on with is a run of its own.
    """

    def __init__(self, uri: str, name: str, settings: Mapping[str, object], done: int) -> None:
        for key, value in MANNERS.items():
            os.environ.setdefault(key, value)
        if uri.startswith("file:"):  # MLflow 3 wants it said that a folder is meant
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        from mlflow import MlflowClient
        from mlflow.entities import Metric, Param

        self._metric, self._client = Metric, MlflowClient(tracking_uri=uri)
        wanted = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
        found = self._client.get_experiment_by_name(wanted)
        experiment = found.experiment_id if found else self._client.create_experiment(wanted)
        title = f"{name}, from step {done + 1}" if done else name
        self.run = self._client.create_run(experiment, run_name=title).info.run_id
        self._client.log_batch(self.run, params=[Param(key, str(value)) for key, value in settings.items()])

    def note(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Sent when it returns."""
        now = int(time.time() * 1000)
        told = [self._metric(key, value, now, row["step"]) for row in rows for key, value in numbers_of(row).items()]
        for start in range(0, len(told), AT_ONCE):
            self._client.log_batch(self.run, metrics=told[start : start + AT_ONCE])

    def close(self, failed: bool) -> None:
        """The run is finished, or failed."""
        self._client.set_terminated(self.run, "FAILED" if failed else "FINISHED")


def open_log(place: str, name: str, settings: Mapping[str, object], done: int) -> MlflowLog:
    """A run at an address; `place` without ``://`` is a folder."""
    return MlflowLog(place if "://" in place else Path(place).absolute().as_uri(), name, settings, done)
