"""A training's steps and recipe in an event file of TensorBoard's, an extra.

The file is written here and now, in whole records: TensorBoard's own writer does it in a thread, which a full disk ends
with a traceback.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from workbench.pretrain.logs import numbers_of


class TensorBoardLog:
    """Scalars by step; the recipe as hyper-parameters.

    Parameters
    ----------
    folder : Path
        Of the event files of this training alone.
    settings : mapping
        The recipe.
    done : int
        Steps done before: what was told of later ones there is void.
    """

    def __init__(self, folder: Path, settings: Mapping[str, object], done: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.compat.proto.summary_pb2 import Summary
        from torch.utils.tensorboard.summary import hparams

        self._event, self._summary = Event, Summary
        folder.mkdir(parents=True, exist_ok=True)
        # TensorBoard reads files in the order of their names.
        self._file = (folder / f"events.out.tfevents.{time.time():.6f}").open("xb", buffering=0)
        begins = Event(step=done + 1, session_log=SessionLog(status=SessionLog.START))
        recipe = (Event(summary=summary) for summary in hparams(dict(settings), {"loss": 0.0}))
        self._put([Event(file_version="brain.Event:2"), begins, *recipe])

    def note(self, rows: Sequence[Mapping[str, object]]) -> None:
        """On the disk when it returns."""
        value = self._summary.Value
        self._put(
            self._event(
                step=row["step"],
                summary=self._summary(
                    value=[value(tag=name, simple_value=number) for name, number in numbers_of(row).items()]
                ),
            )
            for row in rows
        )

    def close(self, failed: bool) -> None:
        """Nothing is said of how it ended: an event file has no word for it."""
        self._file.close()

    def _put(self, events: Iterable[object]) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        records = io.BytesIO()
        for event in events:
            event.wall_time = time.time()
            RecordWriter(records).write(event.SerializeToString())
        try:
            if self._file.write(records.getvalue()) < records.tell():
                raise OSError(f"no space is left for {self._file.name}")
        except OSError:
            self._file.close()
            raise


def open_log(place: str, name: str, settings: Mapping[str, object], done: int) -> TensorBoardLog:
    """Event files in the folder `place`, in one of their own named `name`."""
    return TensorBoardLog(Path(place) / name, settings, done)
