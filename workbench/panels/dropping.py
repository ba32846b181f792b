"""A scene's files come in from the person's own machine: dropped on the page or chosen, sent in pieces, then opened.

The browser's half is ``drop.js``. A piece comes when it is asked for, one at a time, so that no more than that is ever
held in memory. Labels that are dropped go to the button that imports them, see ``upload``.
"""

from __future__ import annotations

from pathlib import Path

import param
from panel.custom import JSComponent

from workbench.panels.pages import Page
from workbench.session import Session
from workbench.session.allowed import LOG
from workbench.session.commands import sentence
from workbench.session.dropped import Arrival, discard_if_unreadable

LABELS = (".geojson", ".gpkg", ".json")
"""Endings of files that are labels whenever they are dropped; a raster may be either, and is taken for a scene."""

FOLDER = "a folder cannot be dropped; pack a product as .zip, or put it into a folder of this desk (--allow FOLDER)"


class DropDoor(JSComponent):
    """Ears for what is dragged over the page, and the line that tells how much has come."""

    labels = param.List(default=list(LABELS), doc="Endings of files that are labels")

    _esm = Path(__file__).with_name("drop.js")

    def __init__(self, session: Session, page: Page, **params: object) -> None:
        super().__init__(**params)
        self._session, self._page = session, page
        self._arrival: Arrival | None = None
        self._number: object = None
        page.on_close(self._drop)

    def choose(self) -> None:
        """Ask for a file."""
        self._send_msg({"choose": True})

    def cancel(self) -> bool:
        """Let go of what is on its way; False if nothing is."""
        is_coming = self._is_coming
        if is_coming:
            self._end()
        return is_coming

    @property
    def _is_coming(self) -> bool:
        """Whether there are pieces to come; what is all there is put in its place, whatever is heard."""
        return self._arrival is not None and self._arrival.wanted is not None

    def _handle_msg(self, message: dict) -> None:
        """Hear of files, a piece, or why none comes."""
        kind = message.get("kind")
        if kind == "files":
            self._begin(message.get("number"), message.get("files"))
        elif kind == "folder":
            self._session.refuse(FOLDER)
        elif not self._is_coming or message.get("number") != self._number:
            return  # of one that was let go of
        elif kind == "piece":
            self._take(message)
        elif kind in ("cancel", "unread"):
            self.cancel()
            if kind == "unread":
                self._session.refuse("the browser can no longer read the file; choose it again")

    def _begin(self, number: object, files: object) -> None:
        try:
            if self._arrival is not None:
                raise ValueError(f"one scene is sent at a time; wait for {self._arrival.scene}, or cancel it (Shift X)")
            self._session.tell("")
            self._arrival, self._number = Arrival(self._session.folder, files), number
        except (OSError, ValueError) as error:
            self._refuse(error)
            self._send_msg({"number": number, "done": True})
        else:
            self._ask()

    def _take(self, message: dict) -> None:
        try:
            self._arrival.take(message.get("file"), message.get("at"), message.get("data"))
        except (OSError, ValueError) as error:
            self._end()
            self._refuse(error)
            return
        self._ask()

    def _ask(self) -> None:
        """For the next piece; open the scene if there is none."""
        arrival = self._arrival
        told = {"number": self._number, "name": arrival.scene, "arrived": arrival.arrived, "of": arrival.bytes}
        if arrival.wanted is not None:
            file, at, size = arrival.wanted
            self._send_msg({**told, "file": file, "at": at, "size": size})
            return
        self._send_msg(told)
        self._page.work(lambda: _settled(arrival), self._open)

    def _open(self, found: tuple[Path, bool] | Exception) -> None:
        """Open the scene as if its path had been typed; what is none is not kept."""
        self._end()
        if isinstance(found, Exception):
            self._refuse(found)
            return
        path, is_new = found
        if not self._session.open_scene(path):
            LOG.warning("%r sent %r: %s", self._session.who(), path.name, self._session.message)
            if is_new:
                self._page.work(lambda: discard_if_unreadable(path), lambda _: None)

    def _refuse(self, error: Exception) -> None:
        reason = sentence(error)
        LOG.warning("%r sent a scene: %s", self._session.who(), reason)
        self._session.refuse(reason)

    def _end(self) -> None:
        self._drop()
        self._send_msg({"number": self._number, "done": True})

    def _drop(self) -> None:
        """Remove what came so far; after a lost connection, too."""
        if self._is_coming:
            self._arrival.abandon()
        self._arrival = None


def _settled(arrival: Arrival) -> tuple[Path, bool] | Exception:
    try:
        return arrival.settle()
    except (OSError, ValueError) as error:
        return error
