"""A person at the desk: looks, clicks and reads what the page itself holds. Nothing here asks the server's Python."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable

import numpy as np
import xarray as xr
from PIL import Image
from playwright.sync_api import Page, expect
from pyproj import Transformer

PATIENCE = 60_000
"""How long anything may take on a busy machine [ms]; every wait ends as soon as what it waits for is there."""

LOCAL = ("http://127.0.0.1:", "ws://127.0.0.1:", "http://localhost:", "data:", "blob:")

HINTS = {
    "Inspect": "Click the map to see a spectrum.",
    "Label pixel": "a second click takes one back",
    "Label polygon": "click the first one again to close",
    "Brush": "Drag to paint; hold Shift to erase",
}
"""What the page says in each mode."""

FIND = """
(selector) => {
  const found = []
  const look = (root) => root.querySelectorAll("*").forEach((element) => {
    if (element.matches(selector)) { found.push(element) }
    if (element.shadowRoot) { look(element.shadowRoot) }
  })
  look(document)
  return found
}
"""
OVERLAYS = f"""
() => ({FIND})(".leaflet-image-layer").map((image) => {{
  const box = image.getBoundingClientRect(), style = getComputedStyle(image)
  const pane = image.parentElement.className
  return {{src: image.src, x: box.x, y: box.y, width: box.width, height: box.height, opacity: +style.opacity, pane}}
}}).filter((image) => image.src.startsWith("data:image/webp") && image.opacity > 0)
"""
LINES = """
() => Bokeh.documents.flatMap((page) => [...page._all_models.values()])
  .filter((model) => model.type === "GlyphRenderer" && ["Line", "MultiLine"].includes(model.glyph.type))
  .flatMap(({glyph, data_source}) => {
    const {xs, ys, color} = data_source.data
    if (glyph.type === "MultiLine") {
      return Array.from(color).map((color, i) => ({color, x: Array.from(xs[i]), y: Array.from(ys[i])}))
    }
    return [{
      color: glyph.line_color.value ?? glyph.line_color,
      x: Array.from(data_source.data.x ?? data_source.data.step ?? data_source.get(glyph.x.field) ?? []),
      y: Array.from(data_source.data.y ?? data_source.data.loss ?? data_source.get(glyph.y.field) ?? []),
    }]
  })
"""


class Driver:
    """The desk of `cube` on `page`."""

    def __init__(self, page: Page, url: str, cube: xr.DataArray) -> None:
        self.page, self.url, self.cube = page, url, cube

    def open(self) -> None:
        """Load the page; wait until the scene is on the map and the choices are there."""
        self.page.goto(self.url)
        self.wait_open()

    def wait_open(self) -> None:
        """Wait until the scene is on the map and the choices are there."""
        self.page.wait_for_function(
            f"() => ({OVERLAYS})().some((image) => image.pane.includes('base'))", timeout=PATIENCE
        )
        device = self.page.get_by_text("CPU", exact=True).or_(self.page.get_by_text("GPU", exact=True))
        expect(device).to_be_visible(timeout=PATIENCE)

    def overlay(self, pane: str) -> dict:
        """The picture in a pane: its place on the screen and its pixels (RGBA); empty if there is none."""
        for image in self.page.evaluate(OVERLAYS):
            if pane in image["pane"]:
                image["pixels"] = np.array(
                    Image.open(io.BytesIO(base64.b64decode(image["src"].split(",")[1]))).convert("RGBA")
                )
                return image
        return {}

    def spot(self, row: float, column: float) -> tuple[float, float]:
        """Where the middle of a pixel is on the screen, by exact map projection of the scene and the picture's box."""
        box = self.overlay("base")
        height, width = self.cube.shape[1:]
        edges = [(c, r) for r in np.linspace(0, height, 50) for c in np.linspace(0, width, 50)]
        x, y = self._project(*np.transpose(edges))
        left, right, bottom, top = x.min(), x.max(), y.min(), y.max()
        x, y = self._project(np.array([column + 0.5]), np.array([row + 0.5]))
        across, down = (x[0] - left) / (right - left), (top - y[0]) / (top - bottom)
        return box["x"] + across * box["width"], box["y"] + down * box["height"]

    def map_box(self) -> dict[str, float]:
        """Where the map is on the screen."""
        return self.page.locator(".leaflet-container").first.bounding_box()

    def click(self, row: int, column: int) -> None:
        """Click a pixel and wait until the page has heard of it."""
        x, y = self.spot(row, column)
        self.page.mouse.click(x, y)
        expect(self.page.locator(".where")).to_contain_text(f"row {row}, column {column}", timeout=PATIENCE)

    def lines(self, color: str = "") -> list[dict]:
        """The curves in all plots, as their data stand in the browser; NaN comes as None."""
        found = [line for line in self.page.evaluate(LINES) if color in (line["color"] or "")]
        return [{**line, "y": np.array([np.nan if v is None else v for v in line["y"]], float)} for line in found]

    def mode(self, name: str) -> None:
        """Choose what a click does, and wait until the server knows."""
        self.page.get_by_role("button", name=name, exact=True).click()
        expect(self.page.get_by_text(HINTS[name])).to_be_visible(timeout=PATIENCE)

    def add_class(self, name: str) -> None:
        """Type a new class, unless it is there."""
        if self.page.locator(f"input[title='{name}']").count() == 0:
            box = self.page.get_by_placeholder("new class")
            box.fill(name)
            box.press("Enter")
        self.page.locator(f"input[title='{name}']").wait_for(timeout=PATIENCE)

    def choose(self, key: int) -> None:
        """Choose a class by its key."""
        self.page.keyboard.press(str(key))
        self.page.locator(f".row.current[data-code='{key}']").wait_for(timeout=PATIENCE)

    def count(self, key: int) -> int:
        """Labelled pixels of a class, as the legend says."""
        return int(self.page.locator(f".row[data-code='{key}'] .count").inner_text().replace(",", ""))

    def wait_count(self, key: int, wanted: int) -> None:
        """Wait until the legend says so."""
        expect(self.page.locator(f".row[data-code='{key}'] .count")).to_have_text(f"{wanted:,}", timeout=PATIENCE)

    def color(self, key: int) -> tuple[int, ...]:
        """A class's colour in the legend."""
        value = self.page.locator(f".row[data-code='{key}'] input[type=color]").input_value()
        return tuple(int(value[i : i + 2], 16) for i in (1, 3, 5))

    def wait_map(self, *not_these: str) -> dict:
        """Wait until a class map is drawn that is none of `not_these` pictures."""
        self.page.wait_for_function(
            f"(old) => ({OVERLAYS})().some((image) => image.pane.includes('top') && !old.includes(image.src))",
            arg=list(not_these),
            timeout=PATIENCE,
        )
        return self.overlay("top")

    def _project(self, columns: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Columns and rows to web mercator; without a CRS, to a plane whose y grows upwards."""
        if self.cube.rio.crs is None:
            return columns, -rows
        x, y = self.cube.rio.transform() * (columns, rows)
        return Transformer.from_crs(self.cube.rio.crs, 3857, always_xy=True).transform(x, y)


def watch(context: object, page: object) -> list[str]:
    """A list that fills with refused requests and page errors."""
    troubles: list[str] = []

    def gate(route: object) -> None:
        if route.request.url.startswith(LOCAL):
            route.continue_()
        else:
            troubles.append(f"asked {route.request.url}")
            route.abort()

    context.route("**/*", gate)
    context.on("request", lambda r: r.url.startswith(LOCAL) or troubles.append(f"asked {r.url}"))
    page.on("pageerror", lambda error: troubles.append(f"page error {error}"))
    return troubles


def until(claim: Callable[[], bool], what: str) -> None:
    """Wait until `claim` holds."""
    ends = time.monotonic() + PATIENCE / 1000
    while not claim():
        assert time.monotonic() < ends, what
        time.sleep(0.2)
