"""The map panel: the scene with class map and labels on it, and what a click there asks for."""

from __future__ import annotations

from collections.abc import Mapping

import panel as pn
import xarray as xr
from shapely.geometry.base import BaseGeometry

from workbench.panels.base_maps import NONE, PUBLIC, BaseMap
from workbench.panels.brush import Brush
from workbench.panels.layers import CLASS_MAP, PICTURE, Layers
from workbench.panels.level import shown
from workbench.panels.look import Look
from workbench.panels.maps import SceneMap
from workbench.panels.pages import Page
from workbench.panels.scene_picture import Part, ScenePicture
from workbench.panels.shore import Shore
from workbench.panels.view import ViewGrid, Window
from workbench.panels.welcome import welcome
from workbench.session import Session


class MapPanel(pn.viewable.Viewer):
    """Draws the layers a page looks at; turns clicks into looks and labels."""

    def __init__(
        self, session: Session, look: Look, page: Page, base_maps: Mapping[str, BaseMap] = PUBLIC, **params: object
    ) -> None:
        super().__init__(**params)
        self.session, self.look, self._page = session, look, page
        self._under: tuple[int, int] | None = None
        self._gone_to: tuple[int, int] | None = None
        self._drawn_map: xr.DataArray | None = None
        self._was_swiped: bool | None = None
        self._level: dict[str, tuple[str, str]] | None = None
        self.layers = Layers(session, look, self._sharpen)
        self._brush = Brush(session.label_stroke)
        self.map = SceneMap(self._clicked, self._drawn, self._hovered, self._sighted)
        page.on_close(self.map.dispose)
        self._pane = self.map.panel()
        self._welcome = welcome()
        page.follow(session, "cube", self._open)
        self._shore = Shore(session, look, page, self.map)
        page.follow(look, "picture index formula bands percent left right swipe", self._show_picture, now=False)
        page.follow(session, "class_map confidence truth maps maps_note", self._take_map, now=False)
        page.follow(look, "swipe left right rivals tab", self._want_maps, now=False)
        page.on_close(lambda: session.want_maps(self))
        page.follow(look, "by_confidence", self._show_top, now=False)
        page.follow(look, "by_group", self._show_level, now=False)
        page.follow(session, "classes", self._show_level, now=False)
        page.follow(look, "opacity", self._fade, now=False)
        page.follow(look, "picture index formula bands percent opacity", self._remember, now=False)
        page.follow(session, "labels marks classes kept", self._show_marks, now=False)
        page.follow(look, "pixel selection graticule", self._show_marks, now=False)
        page.follow(session, "advice", self._go, now=False)
        page.follow(look, "walking", self._go, now=False)
        page.follow(look, "mode", lambda: self.map.set_mode(look.mode))
        page.follow(look, "mode radius erase", self._set_brush)
        page.follow(session, "classes current_class", self._set_pen)
        page.follow(look, "base_map", lambda: self.map.world.show(base_maps.get(look.base_map)))

    def __panel__(self) -> pn.Column:
        """The map, or what to do before there is one."""
        return pn.Column(self._welcome, self._pane, self._brush, sizing_mode="stretch_both", margin=0)

    def _open(self) -> None:
        cube = self.session.cube
        self._welcome.visible, self._pane.visible = cube is None, cube is not None
        if cube is None:
            return
        view = self.session.view
        self.look.start_with(cube, view if view.get("scene") == self.session.scene else None)
        if cube.rio.crs is None:
            self.look.base_map = NONE
        self.map.open(ViewGrid.of(cube))
        self._was_swiped = None
        self._brush.lay(self.map.grid)
        self.layers.meet_maps()
        self._show_picture()
        self._show_marks()

    def _show_picture(self) -> None:
        """Render beside the page, then draw."""
        wanted = [self.look.left, self.look.right] if self.look.swipe else [PICTURE]

        def render() -> None:
            if self.session.cube is not None:
                self.session.scene_at_hand()
            for name in wanted:
                self.layers.prepare(name)

        self._page.work(render, lambda _: self._take_picture())

    def _sharpen(self, picture: ScenePicture, part: Part) -> None:
        """Read what the window shows of a large scene beside the page, then draw it again."""
        names = ("base", "top") if self.look.swipe else ("base",)

        def read() -> None:
            self.session.scene_at_hand()
            picture.sharpen(part)

        self._page.work(read, lambda _: self.map.repaint(*names))

    def _take_picture(self) -> None:
        self.look.legend = self.layers.legend()
        self._draw_picture()
        self._take_map()
        self.look.drawn = self.look.bands

    def _draw_picture(self) -> None:
        swipe, was_swiped = self.look.swipe, self._was_swiped
        layer = self.layers.layer(self.look.left if swipe else PICTURE)
        self.map.paint("base", layer.painter, is_flat=layer.is_flat)
        if swipe or was_swiped is not False:  # else the class map is there, and another picture does not change it
            self._show_top()
        self.map.swipe(swipe)
        self._was_swiped = swipe

    def _take_map(self) -> None:
        """Draw the new class map; maps side by side once all of them are there."""
        self.layers.meet_maps()
        session = self.session
        if not self.look.swipe and session.class_map is not self._drawn_map:
            self._show_top()
        elif self.look.swipe and (session.class_map is None or not session.lacks_maps(self.layers.swiped_maps())):
            self._draw_picture()

    def _want_maps(self) -> None:
        self.session.want_maps(self, self.layers.wanted_maps())

    def _show_top(self) -> None:
        swipe, self._drawn_map = self.look.swipe, self.session.class_map
        layer = self.layers.layer(self.look.right if swipe else CLASS_MAP)
        self.map.paint("top", layer.painter, is_flat=layer.is_flat)
        self._fade()

    def _show_level(self) -> None:
        """Draw in the colours of groups, or of classes again; in groups that changed, too."""
        level = shown(self.session, self.look) if self.look.by_group else None
        is_new, self._level = level != self._level, level
        if not is_new or self.map.grid is None:
            return
        (self._draw_picture if self.look.swipe else self._show_top)()
        self._show_marks()
        self._set_pen()

    def _fade(self) -> None:
        self.map.fade("top", 1.0 if self.look.swipe else self.look.opacity)

    def _show_marks(self) -> None:
        if self.map.grid is not None:
            self.map.paint("marks", self.layers.marks(self.map.grid).painter, is_flat=True)

    def _go(self) -> None:
        """Look at what is advised: where it lies, and its spectrum."""
        made = self.session.advice
        current = made.current if made and self.look.walking else None
        place = (made.number, made.at) if current else None
        if place != self._gone_to and current is not None:
            self.map.go(current.row, current.column)
            self.look.pixel = (current.row, current.column)
        self._gone_to = place
        self._show_marks()

    def _remember(self) -> None:
        """So that a reload shows the same; the page that changed last is the one remembered."""
        if self.session.cube is not None:
            self.session.remember(scene=self.session.scene, **self.look.remembered())

    def _set_pen(self) -> None:
        colors = [color for _, color in shown(self.session, self.look).values()]
        self._brush.color = dict(enumerate(colors, 1)).get(self.session.current_class, "#ffffff")
        self.map.set_pen(self._brush.color)

    def _set_brush(self) -> None:
        look = self.look
        self._brush.param.update(active=look.mode == "brush", radius=look.radius, erase=look.erase)

    def _clicked(self, row: int, column: int) -> None:
        self.look.pixel = (row, column)
        if self.look.mode != "pixel":
            return
        current = self.session.advice.current if self.session.advice and self.look.walking else None
        if current is not None and (current.row, current.column) == (row, column):
            self.session.answer_advice(self.session.current_class)
        else:
            self.session.label_pixel(row, column)

    def _hovered(self, pixel: tuple[int, int] | None) -> None:
        self._under = pixel
        self._page.soon(self._look_under, 40)

    def _look_under(self) -> None:
        self.look.hover = self._under

    def _sighted(self, window: Window | None) -> None:
        self.session.look_at(None if window is None else window.part)

    def _drawn(self, geometry: BaseGeometry) -> None:
        self.session.label_polygon(geometry)
