"""The desk: all panels on one page, for a server or a notebook cell."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import panel as pn
import panel_material_ui as pmui
import xarray as xr

from workbench.panels.advice import ADVICE_TAB, AdvicePanel
from workbench.panels.assets import load_extensions
from workbench.panels.base_maps import offered
from workbench.panels.choices import LayersPanel
from workbench.panels.classes import ClassesPanel
from workbench.panels.compare import COMPARE_TAB, ComparePanel
from workbench.panels.confusion import CONFUSION_TAB, ConfusionPanel
from workbench.panels.curves import CURVE_TAB, CurvePanel
from workbench.panels.disagreement import DisagreementPanel
from workbench.panels.divider import DOCK, Divider
from workbench.panels.dropping import DropDoor
from workbench.panels.embedding import EMBEDDING_TAB, EmbeddingPanel
from workbench.panels.export import ExportPanel
from workbench.panels.guide import GuidePanel, turn_guide
from workbench.panels.header import HeaderPanel, StatusLine
from workbench.panels.keys import EXPORT_TAB, KEYS_TAB, KeysPanel
from workbench.panels.layers import DISAGREEMENT_TAB
from workbench.panels.learn import LearnPanel
from workbench.panels.library import LIBRARY_TAB, LibraryPanel
from workbench.panels.look import Look
from workbench.panels.map_words import MapWords
from workbench.panels.menu import read_menu
from workbench.panels.opening import SCENE_TAB, OpenPanel
from workbench.panels.pages import Page
from workbench.panels.runs import RUNS_TAB, RunsPanel
from workbench.panels.scene import MapPanel
from workbench.panels.spectra import SpectraPanel
from workbench.panels.style import CELL, CELL_CSS, CSS, EDGE, HEADER, LOW_TABS, THEME, region
from workbench.session import Run, Session

TITLE = "Hyperspectral workbench"
LEARN_TAB = "Learn"


class Desk(pn.viewable.Viewer):
    """All panels of one page on one session."""

    def __init__(self, session: Session, tiles: str = "", **params: object) -> None:
        super().__init__(**params)
        page, look, base_maps = Page(session.refuse), Look(), offered(tiles)
        scene = MapPanel(session, look, page, base_maps)
        MapWords(session, look, page)
        layers = LayersPanel(session, look, scene.layers, page, base_maps)
        learn, compare = LearnPanel(session, page), ComparePanel(session, look, page)
        self.header = HeaderPanel(session, page)
        left = region(layers, width="clamp(216px, 15vw, 280px)", styles={"border-right": EDGE})
        spectra, classes = SpectraPanel(session, look, page), ClassesPanel(session, look, page)
        right = region(
            spectra,
            classes,
            gap=14,
            width="clamp(280px, 22vw, 420px)",
            styles={"border-left": EDGE},
        )
        advice = AdvicePanel(session, look, page)
        embedding = EmbeddingPanel(session, look, page, scene.map.go)
        apart = DisagreementPanel(session, look, page, scene.map.go)
        library = LibraryPanel(session, look, page)
        door = DropDoor(session, page, width=0, height=0, margin=0)
        runs = RunsPanel(session, page, lambda run: _repeat(look, learn, run))
        export = ExportPanel(session, look, page, EXPORT_TAB)
        parts = {
            SCENE_TAB: OpenPanel(session, look, page, door.choose),
            LEARN_TAB: learn,
            RUNS_TAB: runs,
            ADVICE_TAB: advice,
            EMBEDDING_TAB: embedding,
            LIBRARY_TAB: library,
            COMPARE_TAB: compare,
            CURVE_TAB: CurvePanel(session, look, page),
            CONFUSION_TAB: ConfusionPanel(session, look, page, scene.map.show),
            DISAGREEMENT_TAB: apart,
            EXPORT_TAB: export,
        }
        others = {"g": advice.suggest, "c": advice.check}
        divider = Divider(sizing_mode="stretch_width", height=1, margin=0, styles={"z-index": "2"})
        others |= {
            "'": divider.turn,
            "shift+p": spectra.turn,
            "h": lambda: turn_guide(session),
            "shift+a": layers.play,
            "shift+b": lambda: apart.step(-1),
            "shift+n": lambda: apart.step(1),
            "t": lambda: _on_tab(look, LEARN_TAB, learn.begin),
            "r": lambda: _on_tab(look, COMPARE_TAB, compare.begin),
            "/": door.choose,
            "shift+x": lambda: door.cancel() or session.stop(),
            "shift+k": lambda: _on_tab(look, EXPORT_TAB, export.code.turn),
        }
        for_runs = {"shift+u": runs.use, "shift+g": runs.resume, "shift+t": runs.repeat, "shift+d": runs.delete}
        others |= {key: lambda act=act: _on_tab(look, RUNS_TAB, act) for key, act in for_runs.items()}
        others |= embedding.keys | library.keys | compare.keys | classes.keys
        keys = KeysPanel(session, look, page, others, (*parts, KEYS_TAB))
        tabs = _tabs(look, page, {**parts, KEYS_TAB: keys})
        height = f":host {{ height: {DOCK} !important; flex: none !important; }}"
        dock = pn.Column(
            GuidePanel(session, look, page),
            region(tabs, sizing_mode="stretch_both", styles={"border-top": EDGE, "padding": "0 16px 6px"}),
            stylesheets=[height], sizing_mode="stretch_both", margin=0,
        )  # fmt: skip
        middle = pn.Column(scene, divider, dock, sizing_mode="stretch_both", margin=0)
        self._body = pn.Column(
            pn.Row(left, middle, right, sizing_mode="stretch_both", margin=0, styles={"overflow": "hidden"}),
            StatusLine(session, look, page),
            keys.keyboard,
            door,
            page.words.access,
            sizing_mode="stretch_both", margin=0, styles={"background": "var(--desk-ground)"},
            css_classes=["desk-page"],
        )  # fmt: skip
        choosers = (learn, compare, layers, embedding, apart, self.header)
        page.work(read_menu, lambda menu: [panel.offer(menu) for panel in choosers])

    def __panel__(self) -> pn.Column:
        """The page without its header."""
        return self._body


def _tabs(look: Look, page: Page, parts: dict[str, object]) -> pmui.Tabs:
    """The dock's tabs by title, of which the look says the one that is open; each is made when it is opened first."""
    titles = list(parts)
    shells = {title: pn.Column(sizing_mode="stretch_both", margin=0) for title in titles}
    tabs = pmui.Tabs(*shells.items(), margin=0, sizing_mode="stretch_both", sx=LOW_TABS)

    def turn() -> None:
        if not len(shells[look.tab]):
            shells[look.tab].append(parts[look.tab])
        tabs.active = titles.index(look.tab)

    tabs.param.watch(lambda event: look.param.update(tab=titles[event.new]), "active")
    page.follow(look, "tab", turn)
    return tabs


def _on_tab(look: Look, tab: str, act: Callable[[], object]) -> None:
    """Do what a tab is for, where it can be seen."""
    look.tab = tab
    act()


def _repeat(look: Look, learn: LearnPanel, run: Run) -> None:
    """Offer the choices of a run again, where they can be started."""
    learn.repeat(run)
    look.tab = LEARN_TAB


def app(session: Session, tiles: str = "") -> pmui.Page:
    """The page a server shows, once for every tab.

    Parameters
    ----------
    session : Session
        Shared by all pages on it.
    tiles : str
        Address of tiles for a base map of one's own, with {z}, {x} and {y} in it.
    """
    load_extensions()
    desk = Desk(session, tiles)
    return pmui.Page(
        title=TITLE, header=[desk.header], main=[desk], theme_config=THEME, sx=HEADER, raw_css=[CSS], theme_toggle=True
    )


def desk(cube: xr.DataArray, labels: xr.DataArray | None = None, tiles: str = "") -> pn.Column:
    """The dashboard in a notebook cell.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        A copy of it is written to the session's folder, which is a new one in the system's temporary folder.
    labels : xarray.DataArray of shape (height, width), optional
        Taken as the truth.
    tiles : str
        Address of tiles for a base map of one's own, with {z}, {x} and {y} in it.

    Returns
    -------
    panel.Column
        Show it as the last line of a cell.

    Raises
    ------
    ValueError
        If `tiles` is no address of tiles.
    """
    from workbench.cubes import save_cube
    from workbench.labels import write_labels

    load_extensions()
    pn.config.raw_css = [*(sheet for sheet in pn.config.raw_css if sheet != CELL_CSS), CELL_CSS]
    folder = Path(tempfile.mkdtemp(prefix="workbench-session-"))
    session = Session.at(folder)
    save_cube(cube, folder / "scene.zarr")
    session.open_scene(folder / "scene.zarr")
    if labels is not None:
        write_labels(labels, folder / "truth.tif")
        session.open_truth(folder / "truth.tif")
    page = Desk(session, tiles)
    top = pn.Row(page.header, sizing_mode="stretch_width", margin=(6, 12))
    cell = pn.Column(top, page, height=860, sizing_mode="stretch_width", styles=CELL)
    for part in cell.select(lambda part: "theme_config" in part.param):
        part.theme_config = THEME
    return cell
