"""Files that a page sends: of known kinds, of a size that is taken, under a plain name; else refused in a sentence."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import panel_material_ui as pmui

from workbench.session.allowed import LOG

MOST = 64 * 2**20
"""Bytes of a file."""

PIECE = 4 * 2**20
"""Bytes that are sent at once."""

KINDS = (".gpkg", ".geojson", ".json", ".mat", ".tif", ".tiff")
"""Endings, in lower case: files that are whole by themselves."""

LONGEST = 150
"""Letters of a name."""


class Upload(pmui.FileInput):
    """A button that takes one file at a time.

    Parameters
    ----------
    take : callable
        Called with the file, in a folder that is gone afterwards.
    refuse : callable
        Called with the reason.
    """

    def __init__(self, take: Callable[[Path], object], refuse: Callable[[str], object], **params: object) -> None:
        super().__init__(accept=",".join(KINDS), max_file_size=MOST, chunk_size=PIECE, **params)
        self._take, self._refuse, self._pieces = take, refuse, []

    def _handle_msg(self, message: dict) -> None:
        """Hear of a piece, of the end, or of what the browser would not send."""
        status = message.get("status")
        if status == "initializing":
            self._pieces = []
        elif status == "upload_event":
            self._hear(message)
        elif status == "error":
            self._stop(
                f"labels come in files of up to {MOST // 2**20} MiB; give larger ones with --labels at the start"
            )
        elif status == "finished" and self._pieces == []:
            self._stop("a file of labels holds some, but this one is empty; choose another")
        elif status == "finished" and self._pieces:
            name, content = self._pieces[0][0], b"".join(piece for _, piece in self._pieces)
            self._pieces = []
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / name
                path.write_bytes(content)
                self._take(path)
            self._send_msg({"status": "finished"})

    def _hear(self, message: dict) -> None:
        name, piece = message.get("name"), message.get("data")
        if self._pieces is None:
            return  # the rest of one that was refused
        reason = self._trouble(name, piece)
        if reason:
            self._stop(reason)
        else:
            self._pieces.append((Path(name).name, bytes(piece)))

    def _trouble(self, name: object, piece: object) -> str:
        """Why a piece is not taken."""
        plain = isinstance(name, str) and name.isprintable() and len(name) <= LONGEST and not {"/", "\\"} & set(name)
        if not plain or Path(name).suffix.lower() not in KINDS:
            return f"labels come as {' '.join(KINDS)}, got {str(name)[:LONGEST]!r}; save them as one of these"
        if not isinstance(piece, bytes | bytearray | memoryview):
            return f"{name} came without its contents; send it again"
        if sum(len(one) for _, one in self._pieces) + len(piece) > MOST:
            return (
                f"{name} has over {MOST // 2**20} MiB, which is more than is taken; give it with --labels at the start"
            )
        if self._pieces and self._pieces[0][0] != name:
            return "one file of labels is taken at a time; send them one by one"
        return ""

    def _stop(self, reason: str) -> None:
        LOG.warning("an upload: %s", reason)
        self._pieces = None
        self._send_msg({"status": "error", "error": reason})
        self._refuse(reason)
