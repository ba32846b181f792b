"""The brush as an analyst leads it: what is drawn on the map and what lies in the file, against distances by GEOS."""

from __future__ import annotations

import geopandas
import numpy as np
import pytest
import shapely

from tests.browser.axe import barriers, shot
from tests.browser.driver import FIND, PATIENCE, Driver, until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("server", ["simulated"], indirect=True, scope="module"),
]
NAMES = ("bright", "dark")
RADIUS = 3  # what the desk begins with
DRAWN = f"""
([x, y]) => {{
  const canvas = ({FIND})("canvas.desk-brush")[0]
  if (!canvas) {{ return [0, 0, 0, 0] }}
  const box = canvas.getBoundingClientRect(), scale = canvas.width / box.width
  return [...canvas.getContext("2d").getImageData((x - box.x) * scale, (y - box.y) * scale, 1, 1).data]
}}
"""
"""What the browser itself has drawn at a place of the page (RGBA)."""

COUNT = """
() => {
  const send = WebSocket.prototype.send
  window.sent = 0
  WebSocket.prototype.send = function (...words) { window.sent += 1; return send.apply(this, words) }
}
"""


@pytest.fixture
def brush(desk):
    """The desk with two classes, the first one chosen, and the brush in hand."""
    for name in NAMES:
        desk.add_class(name)
    desk.page.get_by_placeholder("new class").blur()
    desk.choose(1)
    desk.mode("Brush")
    return desk


def centres(desk: Driver) -> np.ndarray:
    """Middles of all pixels in scene coordinates (height, width)."""
    rows, columns = np.mgrid[: desk.cube.sizes["y"], : desk.cube.sizes["x"]] + 0.5
    return shapely.points(*(desk.cube.rio.transform() @ (columns, rows)))


def filed(desk: Driver) -> tuple[np.ndarray, list[str]]:
    """Codes of all pixels by the marks in the file, and where the marks come from."""
    table, codes = geopandas.read_file(desk.server["folder"] / "labels.gpkg"), 0
    for geometry, name in zip(table.geometry, table["class_name"], strict=True):
        codes = np.where(shapely.contains(geometry, centres(desk)), NAMES.index(name) + 1, codes)
    return codes + np.zeros(desk.cube.shape[1:], int), list(table["source"])


def under(desk: Driver, *places: tuple[int, int]) -> np.ndarray:
    """Pixels whose middles are within the radius of the line through the pixels, by GEOS."""
    rows, columns = np.mgrid[: desk.cube.sizes["y"], : desk.cube.sizes["x"]]
    return shapely.distance(shapely.LineString(places), shapely.points(rows, columns)) <= RADIUS + 1e-9


def press(desk: Driver, *places: tuple[int, int]) -> None:
    """Press the button on the first pixel and lead the pointer over the others."""
    for n, place in enumerate(places):
        desk.page.mouse.move(*desk.spot(*place))
        if not n:
            desk.page.mouse.down()


def drag(desk: Driver, *places: tuple[int, int]) -> None:
    """Lead the pointer over pixels with the button pressed."""
    press(desk, *places)
    desk.page.mouse.up()


def wait_filed(desk: Driver, codes: np.ndarray) -> list[str]:
    """Wait until legend, file and map agree with `codes`; the marks' sources."""
    for code in (1, 2):
        desk.wait_count(code, int((codes == code).sum()))
    until(lambda: np.array_equal(filed(desk)[0], codes), "the file holds what is labelled")  # told before it is written
    until(lambda: np.array_equal(on_map(desk), codes > 0), "what is drawn is what is labelled")
    return filed(desk)[1]


def on_map(desk: Driver) -> np.ndarray:
    """Which pixels the picture of the labels covers, looked up at the middle of each."""
    marks, base = desk.overlay("marks"), desk.overlay("base")
    height, width = desk.cube.shape[1:]
    if not marks:
        return np.zeros((height, width), bool)
    corners = np.array([desk.spot(*place) for place in ((0, 0), (height, 0), (0, width))])
    down, right = (corners[1] - corners[0]) / height, (corners[2] - corners[0]) / width  # even, to a tenth of a pixel
    rows, columns = np.mgrid[:height, :width]
    x, y = (corners[0][i] + rows * down[i] + columns * right[i] - base["xy"[i]] for i in (0, 1))
    seen = marks["pixels"]
    i = (y / marks["height"] * seen.shape[0]).astype(int).clip(0, seen.shape[0] - 1)
    j = (x / marks["width"] * seen.shape[1]).astype(int).clip(0, seen.shape[1] - 1)
    return seen[i, j, 3] > 0


def test_a_drag_paints_what_it_goes_over_and_undo_takes_all_of_it_back(brush):
    before, place, path = filed(brush)[0], brush.overlay("base"), ((12, 10), (20, 40), (30, 38))
    sources = filed(brush)[1]
    painted = under(brush, *path)
    press(brush, *path)
    until(lambda: brush.page.evaluate(DRAWN, brush.spot(16, 25))[3] > 150, "the stroke under the pointer")
    *color, _ = brush.page.evaluate(DRAWN, brush.spot(16, 25))
    assert np.abs(np.subtract(color, brush.color(1))).max() <= 2
    assert filed(brush)[0].tolist() == before.tolist()  # the button is still pressed
    brush.page.mouse.up()
    after = np.where(painted, 1, before)
    assert wait_filed(brush, after) == [*sources, "brush"]
    until(lambda: brush.page.evaluate(DRAWN, brush.spot(16, 25))[3] == 0, "only the labels' own picture")
    now = brush.overlay("base")
    assert [now[key] for key in ("x", "y", "width")] == [place[key] for key in ("x", "y", "width")]
    brush.page.keyboard.press("Control+z")
    wait_filed(brush, before)
    brush.page.keyboard.press("Control+Shift+z")
    wait_filed(brush, after)


def test_while_the_brush_is_led_the_server_hears_nothing(brush):
    brush.page.evaluate(COUNT)
    brush.page.mouse.move(*brush.spot(60, 60))
    brush.page.wait_for_timeout(500)
    brush.page.mouse.down()
    brush.page.evaluate("() => { window.sent = 0 }")
    brush.page.mouse.move(*brush.spot(70, 100), steps=40)
    brush.page.wait_for_timeout(200)
    assert brush.page.evaluate("() => window.sent") == 0
    brush.page.keyboard.press("Escape")  # drops the stroke
    before = filed(brush)[0]
    brush.page.mouse.up()
    brush.page.wait_for_timeout(300)
    wait_filed(brush, before)


def test_with_shift_or_the_eraser_a_drag_takes_labels_of_any_class_away(brush):
    page = brush.page
    brush.choose(2)
    codes = np.where(under(brush, (50, 20), (50, 60)), 2, filed(brush)[0])
    drag(brush, (50, 20), (50, 60))
    wait_filed(brush, codes)
    brush.choose(1)
    page.keyboard.down("Shift")
    drag(brush, (44, 30), (56, 30))
    page.keyboard.up("Shift")
    codes = np.where(under(brush, (44, 30), (56, 30)), 0, codes)
    wait_filed(brush, codes)
    page.keyboard.press("x")
    page.get_by_text("Drag to take labels away").wait_for(timeout=PATIENCE)
    drag(brush, (44, 50), (56, 50))
    wait_filed(brush, np.where(under(brush, (44, 50), (56, 50)), 0, codes))
    assert not barriers(page)
    shot(page, "brush")
    page.keyboard.press("Control+z")
    wait_filed(brush, codes)


def test_other_modes_still_move_the_map_and_the_brush_paints_where_it_lies_then(brush):
    page, x = brush.page, brush.overlay("base")["x"]
    codes = filed(brush)[0]
    page.mouse.move(*brush.spot(40, 60))
    page.keyboard.down(" ")  # a drag with Space moves the map in this mode, too
    drag(brush, (40, 60), (40, 66))
    page.keyboard.up(" ")
    until(lambda: brush.overlay("base")["x"] > x + 10, "the map moved")
    brush.mode("Inspect")
    x = brush.overlay("base")["x"]
    page.mouse.move(*brush.spot(40, 60))
    page.mouse.down()
    page.mouse.move(*np.add(brush.spot(40, 60), (-40, 0)), steps=5)
    page.mouse.up()
    until(lambda: brush.overlay("base")["x"] < x - 20, "the map moved")
    brush.mode("Brush")
    page.wait_for_timeout(500)  # it glides
    drag(brush, (70, 80), (72, 100))
    wait_filed(brush, np.where(under(brush, (70, 80), (72, 100)), 1, codes))


def test_keys_change_the_radius_and_two_painted_classes_make_a_map(brush):
    page, field = brush.page, brush.page.get_by_role("combobox", name="Radius [pixels]")
    for key, shown in (("]", 4), ("[", 3), ("[", 2), ("]", 3)):
        page.keyboard.press(key)
        until(lambda shown=shown: field.inner_text().strip() == str(shown), "the radius")
    for key, shown in (("]", 4), ("[", 3)):  # where AltGr with a digit writes them, which to a browser is Ctrl with Alt
        held = f"{{key: '{key}', ctrlKey: true, altKey: true, modifierAltGraph: true}}"
        page.evaluate(f"() => document.body.dispatchEvent(new KeyboardEvent('keydown', {{bubbles: true, ...{held}}}))")
        until(lambda shown=shown: field.inner_text().strip() == str(shown), "the radius")
    for code, row in ((1, 5), (2, 75)):
        brush.choose(code)
        drag(brush, (row, 10), (row, 30))
    brush.wait_map()
