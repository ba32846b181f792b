"""The export panel: map, labels, spectra, scores and the session as files to take away, and what was done as code."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import panel as pn
import panel_material_ui as pmui

from workbench.panels.code import CodePanel
from workbench.panels.kept import kept_here
from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.panels.style import dock_row, line, note, stack
from workbench.session import Session

MOST = 2**28
"""Bytes of a session that a page hands on."""

FIRST = "Label two classes to get a map; compare models to get scores."


class ExportPanel(pn.viewable.Viewer):
    """Five downloads, each enabled when there is something to take, and all that was done as code.

    Parameters
    ----------
    session, look, page
        What is taken away, and where.
    tab : str
        The tab that this is on.
    """

    def __init__(self, session: Session, look: Look, page: Page, tab: str, **params: object) -> None:
        super().__init__(**params)
        self.session, self.look = session, look
        self.code = CodePanel(session, look, page, tab)
        self._map = self._download("Class map (GeoTIFF)", "class_map.tif", session.export_map)
        self._labels = self._download("Labels (GeoPackage)", "labels.gpkg", session.export_labels)
        self._scores = self._download("Scores (CSV)", "scores.csv", session.export_scores)
        self._spectra = self._download("Spectra (CSV)", "spectra.csv", self._write_spectra)
        self._whole = self._download("Session (ZIP)", f"{session.folder.name}.zip", self._write_session)
        page.follow(session, "class_map marks scores kept scene", self._enable)
        page.follow(look, "pixel", self._enable)

    def __panel__(self) -> pn.Row:
        """Buttons, and where the session itself is kept; then the code."""
        where = note(f"Everything is kept as you go in {self.session.folder}.")
        buttons = line(self._map, self._labels), line(self._spectra, self._scores), line(self._whole)
        how = {"width": 310, "sizing_mode": "stretch_height", "styles": {"overflow": "auto"}}
        return dock_row(stack(*buttons, note(FIRST), where, gap=8, **how), self.code)

    def _enable(self) -> None:
        self._map.disabled = self.session.class_map is None
        self._labels.disabled = not self.session.marks
        there = self.session.marks or self.look.pixel is not None or kept_here(self.session)
        self._spectra.disabled = not there
        self._scores.disabled = self.session.scores is None
        self._whole.disabled = not self.session.scene

    def _write_spectra(self, path: Path) -> bool:
        """The kept ones and, unless it is one of them, that of the pixel clicked last."""
        kept = {one.pixel for one, _ in kept_here(self.session)}
        clicked = [] if self.look.pixel is None or tuple(self.look.pixel) in kept else [tuple(self.look.pixel)]
        return self.session.export_spectra(path, clicked)

    def _write_session(self, path: Path) -> bool:
        return self.session.export_session(path, most=MOST)

    def _download(self, label: str, name: str, write: Callable[[Path], bool]) -> pmui.FileDownload:
        def content() -> io.BytesIO:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / name
                if not write(path):
                    return io.BytesIO()
                self.session.remember(taken=True)
                self.session.tell(f"{label}: taken away as {name}")
                return io.BytesIO(path.read_bytes())

        return pmui.FileDownload(
            callback=content, filename=name, label=label, icon="download", variant="outlined", size="small", margin=0
        )
