"""The scene panel: what is open, in facts; and a way through the folders to the next one."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

import panel as pn
import param
import xarray as xr
from panel.custom import JSComponent

from workbench.cubes import describe, facts_in_words
from workbench.panels.access import reads
from workbench.panels.look import Look
from workbench.panels.pages import Page
from workbench.panels.style import action, dock_row, line, note, stack
from workbench.session import Session
from workbench.session.browsing import Listing, listing, roots

SCENE_TAB = "Scene"

FIRST = "No scene is open yet: choose one in the list, type its path at the top, or drop its file on the page."

OWN = "Open a file of yours: one file, or an ENVI header with its data; or drop it anywhere on the page (/)"

TITLES = {
    "source": "File", "format": "Format", "sensor": "Sensor", "acquired": "Acquired [UTC]", "quantity": "Quantity",
    "units": "Units", "scaling": "Scaling", "bands": "Bands", "wavelengths": "Wavelengths", "wavelength_note": "Note",
    "bad_bands": "Bad bands", "size": "Rows × columns", "crs": "CRS", "pixel_size": "Pixel [CRS units]",
    "nodata_fraction": "No data", "masks": "Masks", "dates": "Dates", "dtype": "Stored as", "bytes": "In memory",
    "file_bytes": "On disk",
}  # fmt: skip
"""What is told of a scene, in this order."""

_STYLE = """
<style>
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 14px; margin: 0; font-size: 12.5px;
  color: var(--desk-ink); font-variant-numeric: tabular-nums; }
dt { color: var(--desk-quiet); } dd { margin: 0; overflow-wrap: anywhere; }
</style>
"""


class FileList(JSComponent):
    """Rows of a folder; see ``files.js``."""

    rows = param.List(default=[], doc="Dicts of name, kind, tip and open")
    more = param.String(default="", doc="What is not listed, in words")

    _esm = Path(__file__).with_name("files.js")

    def __init__(self, on_click: Callable[[int], None], **params: object) -> None:
        super().__init__(**params)
        self._on_click = on_click

    def _handle_msg(self, message: dict) -> None:
        self._on_click(int(message["place"]))


class OpenPanel(pn.viewable.Viewer):
    """The scene card left, folders and files right; above them, a way in for a file of one's own (`choose`)."""

    def __init__(
        self, session: Session, look: Look, page: Page, choose: Callable[[], object], **params: object
    ) -> None:
        super().__init__(**params)
        self.session, self.look, self._page = session, look, page
        self._doors: list[tuple[str, Path | None]] = []
        self._names: list[str] = []
        self._told: xr.DataArray | None = None
        scrolls = {"sizing_mode": "stretch_both", "margin": 0, "styles": {"overflow": "auto"}}
        self._card = pn.pane.HTML("", **scrolls, **reads("scene"))
        self._where = note("")
        self._own = action("Open a file of yours", "upload_file", OWN, choose)
        self._files = FileList(self._clicked, sizing_mode="stretch_width", margin=0)
        self._list = pn.Column(self._files, **scrolls)
        page.follow(session, "cube", self._tell)
        page.follow(look, "tab", self._tell, now=False)

    def __panel__(self) -> pn.Row:
        """Card and files."""
        files = stack(line(self._where, self._own), self._list, gap=6, sizing_mode="stretch_both")
        return dock_row(self._card, files)

    def _tell(self) -> None:
        """Find out what the card and the list tell, once somebody looks at them."""
        cube = self.session.cube
        if self.look.tab != SCENE_TAB:
            return
        if not self._doors:
            self._look_in(None)
        self._mark()
        if cube is None:
            self._card.object = f"<p>{FIRST}</p>"
        elif cube is not self._told:
            self._told = cube
            self._page.work(lambda: (cube, describe(cube)), self._show)

    def _show(self, found: tuple) -> None:
        cube, facts = found
        if cube is self.session.cube:  # else another one is open by now
            self._card.object = card_html(facts_in_words(facts))

    def _look_in(self, folder: Path | None) -> None:
        """Show a folder; None for those to begin with."""
        session = self.session
        if folder is None:
            starts = roots(session.allowed, session.scene)
            if len(starts) != 1:
                self._where.object = "Folders of this desk"
                self._lay([("root", one) for one in starts], [str(one) for one in starts])
                return
            folder = starts[0]
        who = session.who()
        self._page.work(lambda: listing(folder, session.allowed, who), self._take)

    def _take(self, found: Listing) -> None:
        self._where.object = str(found.folder)
        many = found.above is not None or len(roots(self.session.allowed, self.session.scene)) > 1
        doors = [("up", found.above)] if many else []
        names = ["back" if found.above is None else ".."] if many else []
        if found.is_scene:
            doors.append(("scene", found.folder))
            names.append("open this folder as one scene")
        doors += [(entry.kind, entry.path) for entry in found.entries]
        names += [entry.name for entry in found.entries]
        more = f"{found.left_out:,} more are not listed; type the path at the top" if found.left_out else ""
        self._lay(doors, names, more or ("" if found.entries else "nothing here is a scene, or leads to one"))

    def _lay(self, doors: list[tuple[str, Path | None]], names: list[str], more: str = "") -> None:
        self._doors, self._names, self._files.more = doors, names, more
        self._mark()

    def _mark(self) -> None:
        """Draw the rows, that of the open scene in bold."""
        open_now = self.session.scene
        self._files.rows = [
            {"name": name, "kind": kind, "tip": str(path or ""), "open": kind == "scene" and str(path) == open_now}
            for (kind, path), name in zip(self._doors, self._names, strict=True)
        ]

    def _clicked(self, place: int) -> None:
        if not 0 <= place < len(self._doors):
            return
        kind, path = self._doors[place]
        if kind == "scene":
            self.session.open_scene(path)
        else:
            self._look_in(path)


def card_html(facts: dict[str, str]) -> str:
    """Facts about a scene as a list; every text as it is written."""
    facts = {
        **facts,
        "wavelengths": f"{facts.get('wavelength_min', '')} … {facts.get('wavelength_max', '')}",
        "size": f"{facts['height']} × {facts['width']}",
    }
    if facts.get("wavelength_min") == "unknown":
        facts["wavelengths"] = "unknown"
    rows = [(title, facts[name]) for name, title in TITLES.items() if facts.get(name)]
    return f"{_STYLE}<dl>{''.join(f'<dt>{escape(title)}</dt><dd>{escape(text)}</dd>' for title, text in rows)}</dl>"
