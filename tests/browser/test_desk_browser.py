"""The dashboard in a browser, as a person meets it: on the simulated scene and on real ones."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import expect
from rasterio.transform import xy
from rasterio.warp import transform
from scipy.stats import spearmanr

from tests.browser.driver import FIND, LINES, OVERLAYS, PATIENCE, Driver, until, watch
from workbench.cubes import (
    good_bands,
    index_names,
    picture_limits,
    possible_presets,
    preset_bands,
    render,
    spectral_index,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CLICKED, HOVERED = "#7d8ca3", "#8a8f99"


def pixels(desk: Driver, n: int = 3) -> list[tuple[int, int]]:
    """Some pixels with data, away from each other."""
    first = desk.cube.isel(band=int(np.flatnonzero(good_bands(desk.cube))[0])).values
    rows, columns = np.nonzero(np.isfinite(first))
    return [(int(rows[i]), int(columns[i])) for i in np.linspace(0, len(rows) - 1, n + 2).astype(int)[1:-1]]


def label_two_classes(desk: Driver) -> None:
    """Three pixels each of two classes, unless they are labelled."""
    desk.add_class("bright")
    desk.add_class("dark")
    if desk.count(1) and desk.count(2):
        return
    order = np.argsort(np.nan_to_num(desk.cube.isel(band=int(np.flatnonzero(good_bands(desk.cube))[5])).values.ravel()))
    width = desk.cube.sizes["x"]
    desk.mode("Label pixel")
    for key, places in ((1, (0.99, 0.95, 0.9)), (2, (0.5, 0.4, 0.3))):
        desk.choose(key)
        for n, place in enumerate(places, start=1):
            desk.click(*(int(i) for i in divmod(order[int(place * (len(order) - 1))], width)))
            desk.wait_count(key, n)


def test_a_click_reaches_the_pixel_under_it(desk):
    height, width = desk.cube.shape[1:]
    for row, column in [(0, 0), (height - 1, width - 1), (height // 2, width // 3), (3, width - 4)]:
        desk.click(row, column)


def agreement(desk: Driver) -> float:
    """Correlation of what the map shows with the scene; the picture is compressed, and moved by a pixel it is < 0.9."""
    bands = preset_bands(desk.cube, possible_presets(desk.cube)[0])
    wanted = render(desk.cube, bands, picture_limits(desk.cube, bands)).astype(float)
    picture = desk.overlay("base")
    scale = np.array(picture["pixels"].shape[:2]) / (picture["height"], picture["width"])
    seen, known = [], []
    for row, column in pixels(desk, 150):
        x, y = desk.spot(row, column)
        i, j = ((np.array([y, x]) - (picture["y"], picture["x"])) * scale).astype(int)
        seen.append(picture["pixels"][i, j, :3])
        known.append(wanted[row, column, :3])
    return np.corrcoef(np.ravel(seen), np.ravel(known))[0, 1]


def test_the_picture_on_the_map_is_the_scene(desk):
    assert agreement(desk) > 0.98


def is_drawn(desk: Driver, color: str, wanted: np.ndarray) -> bool:
    """Whether the curve of that colour has these values, gaps left out; it may come after the words that go with it."""
    for line in desk.lines(color):
        found = line["y"][np.isfinite(line["y"])]
        return len(found) == len(wanted) and np.allclose(found, wanted, rtol=1e-5, atol=0)
    return False


def test_a_click_draws_the_spectrum_of_that_pixel(desk):
    good = good_bands(desk.cube)
    for row, column in pixels(desk, 2):
        desk.click(row, column)
        wanted = desk.cube.isel(y=row, x=column).values.astype(float)
        until(
            lambda wanted=wanted: is_drawn(desk, CLICKED, wanted[good & np.isfinite(wanted)]),
            f"the spectrum of row {row}, column {column}",
        )
        (line,) = desk.lines(CLICKED)
        at = np.array(line["x"], float)[np.isfinite(line["y"])]
        wavelength = desk.cube["wavelength"].values.astype(float)
        if np.isfinite(wavelength).any():
            np.testing.assert_allclose(at, wavelength[good & np.isfinite(wanted)])


def test_the_pointer_draws_the_spectrum_below_it_and_takes_it_along(desk):
    good = good_bands(desk.cube)
    (row, column), _ = pixels(desk, 2)
    x, y = desk.spot(row, column)
    desk.page.mouse.move(x - 40, y)
    desk.page.mouse.move(x, y, steps=5)
    wanted = desk.cube.isel(y=row, x=column).values.astype(float)
    wanted = wanted[good & np.isfinite(wanted)]

    until(lambda: is_drawn(desk, HOVERED, wanted), "the spectrum under the pointer")
    box = desk.page.locator(".leaflet-container").bounding_box()
    desk.page.mouse.move(box["x"] + box["width"] + 60, box["y"] + 10, steps=4)
    until(lambda: not any(np.isfinite(line["y"]).any() for line in desk.lines(HOVERED)), "no spectrum any more")


def test_the_line_at_the_foot_says_where_a_pixel_lies(desk):
    desk.click(30, 40)
    told = desk.page.locator(".status-place")
    crs = desk.cube.rio.crs
    if crs is None:
        expect(told).to_have_text("", timeout=PATIENCE)
        return
    x, y = xy(desk.cube.rio.transform(), 30, 40)
    (longitude,), (latitude,) = transform(crs, "EPSG:4326", [x], [y])
    wanted = f"{x:.0f}, {y:.0f} m (EPSG:{crs.to_epsg()}) · {latitude:.5f}° N, {longitude:.5f}° E"
    expect(told).to_have_text(wanted, timeout=PATIENCE)


def test_an_index_is_drawn_by_its_own_values(desk):
    page, picture = desk.page, desk.overlay("base")
    if not index_names(desk.cube):
        page.get_by_role("combobox", name="Picture").click()
        assert page.locator("li", has_text="spectral index").count() == 0
        page.keyboard.press("Escape")
        return
    page.get_by_role("combobox", name="Picture").click()
    page.locator("li", has_text="spectral index").click()
    expect(page.get_by_text("Normalized Difference Vegetation Index = (N-R)/(N+R)")).to_be_visible(timeout=PATIENCE)
    page.wait_for_function(
        f"(old) => ({OVERLAYS})().some((i) => i.pane.includes('base') && i.src !== old)",
        arg=picture["src"],
        timeout=PATIENCE,
    )
    index, drawn = spectral_index(desk.cube, "NDVI").values, desk.overlay("base")
    scale = np.array(drawn["pixels"].shape[:2]) / (drawn["height"], drawn["width"])
    seen, known = [], []
    for row, column in pixels(desk, 150):
        x, y = desk.spot(row, column)
        i, j = ((np.array([y, x]) - (drawn["y"], drawn["x"])) * scale).astype(int)
        if np.isfinite(index[row, column]):
            seen.append(drawn["pixels"][i, j, :3].mean())
            known.append(index[row, column])
    assert spearmanr(seen, known).statistic > 0.97
    page.get_by_role("combobox", name="Picture").click()
    page.locator("li", has_text=possible_presets(desk.cube)[0]).first.click()
    expect(page.get_by_label("Red", exact=True)).to_be_visible(timeout=PATIENCE)


def test_labels_of_two_classes_draw_a_class_map(desk):
    label_two_classes(desk)
    found = desk.wait_map()["pixels"]
    assert found[..., 3].max() == pytest.approx(0.65 * 255, abs=2)  # the opacity the slider says
    shown = {tuple(int(v) for v in color[:3]) for color in np.unique(found.reshape(-1, 4), axis=0) if color[3]}
    assert shown == {desk.color(1), desk.color(2)}


def test_undo_takes_back_the_last_label_and_redo_gives_it_again(desk):
    label_two_classes(desk)
    n = desk.count(2)
    desk.page.keyboard.press("Control+z")
    desk.wait_count(2, n - 1)
    desk.page.keyboard.press("Control+Shift+z")
    desk.wait_count(2, n)


def test_a_polygon_labels_the_pixels_whose_centres_it_holds(desk):
    desk.add_class("bright")
    desk.add_class("dark")
    n = desk.count(1)
    height, width = desk.cube.shape[1:]
    top, left = height // 4, width // 4
    bottom, right = top + 8, left + 9
    desk.choose(1)
    desk.mode("Label polygon")
    # Along the borders between pixels: what lies inside is known.
    corners = [(top, left), (top, right), (bottom, right), (bottom, left), (top, left)]
    for row, column in corners:
        x, y = desk.spot(row - 0.5, column - 0.5)
        desk.page.mouse.move(x - 2, y - 2)
        desk.page.mouse.click(x, y, delay=60)
    desk.page.wait_for_function(
        f"(n) => ({FIND})('.row[data-code=\"1\"] .count').some((e) => +e.textContent.replace(',', '') > n)",
        arg=n,
        timeout=PATIENCE,
    )
    inside = (bottom - top) * (right - left)
    assert abs(desk.count(1) - n - inside) <= 5
    desk.mode("Inspect")
    desk.page.keyboard.press("Control+z")
    desk.wait_count(1, n)


def test_swipe_puts_two_layers_side_by_side(desk):
    label_two_classes(desk)
    desk.wait_map()
    desk.page.get_by_label("Swipe left | right").click()
    desk.page.locator(".leaflet-sbs").wait_for(state="attached", timeout=PATIENCE)
    clips = f"() => ({FIND})('.leaflet-base-pane, .leaflet-top-pane').map((pane) => getComputedStyle(pane).clip)"
    desk.page.wait_for_function(f"() => new Set(({clips})()).size === 2", timeout=PATIENCE)
    assert desk.overlay("top")["pixels"][..., 3].max() == 255  # side by side, neither lets the other through
    desk.page.get_by_label("Swipe left | right").click()
    desk.page.locator(".leaflet-sbs").wait_for(state="detached", timeout=PATIENCE)
    until(
        lambda: sorted(i["pane"].split("-")[-2] for i in desk.page.evaluate(OVERLAYS)) == ["base", "marks", "top"],
        "one picture in each pane: two would cover more than the slider says",
    )
    assert desk.overlay("top")["pixels"][..., 3].max() == pytest.approx(0.65 * 255, abs=2)


def test_pretraining_draws_a_falling_loss_and_the_map_follows(desk):
    label_two_classes(desk)
    before = desk.wait_map()["src"]
    learn(desk, 30)
    expect(desk.page.get_by_text("30 steps: done after")).to_be_visible(timeout=4 * PATIENCE)
    loss = [line["y"] for line in desk.lines() if line["color"] == "#0072b2" and len(line["y"]) > 2]
    assert len(loss) == 1
    assert np.isfinite(loss[0]).all()
    assert loss[0][-1] < 0.8 * loss[0][0]
    desk.wait_map(before)
    expect(desk.page.get_by_text("Class map by Auto")).to_be_visible(timeout=PATIENCE)


@pytest.fixture
def simulated(desk: Driver) -> Driver:
    if desk.server["name"] != "simulated":
        pytest.skip("once is enough")
    return desk


def test_stop_ends_a_run(simulated):
    learn(simulated, 50_000)
    expect(simulated.page.get_by_text(re.compile(r"50000 steps: learning · \d"))).to_be_visible(timeout=2 * PATIENCE)
    simulated.page.get_by_role("button", name="Stop").last.click()
    expect(simulated.page.get_by_text("50000 steps: stopped after")).to_be_visible(timeout=PATIENCE)


def test_a_reload_finds_labels_and_run_again(desk):
    label_two_classes(desk)
    counts = desk.count(1), desk.count(2)
    status = desk.page.get_by_text(re.compile(r"\d+ steps: (stopped|done) after")).first.inner_text()
    desk.open()
    assert (desk.count(1), desk.count(2)) == counts
    desk.wait_map()
    expect(desk.page.get_by_text(status)).to_be_visible(timeout=PATIENCE)
    desk.page.wait_for_function(
        f"() => ({LINES})().some((line) => line.color === '#0072b2' && line.y.length > 0)", timeout=PATIENCE
    )


def test_a_second_tab_sees_what_the_first_labels(simulated, browser):
    label_two_classes(simulated)
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    other = Driver(context.new_page(), simulated.url, simulated.cube)
    troubles = watch(context, other.page)
    other.open()
    n = simulated.count(1)
    other.wait_count(1, n)
    simulated.choose(1)
    simulated.mode("Label pixel")
    simulated.click(*pixels(simulated, 7)[2])
    simulated.wait_count(1, n + 1)
    other.wait_count(1, n + 1)
    context.close()
    assert troubles == []


def test_dark_reaches_the_map_and_the_plots(simulated):
    ground = f"() => getComputedStyle(({FIND})('.leaflet-container')[0]).backgroundColor"
    ink = (
        "() => [...Bokeh.documents[0]._all_models.values()].filter((m) => m.type === 'LinearAxis')"
        ".map((axis) => String(axis.major_label_text_color.value ?? axis.major_label_text_color))"
    )
    before = simulated.page.evaluate(ink)
    assert _light(simulated.page.evaluate(ground)) > 200
    simulated.page.get_by_label("Toggle theme").click()
    simulated.page.wait_for_function(f"() => ({ground})() !== 'rgb(238, 241, 244)'", timeout=PATIENCE)
    assert _light(simulated.page.evaluate(ground)) < 40
    simulated.page.wait_for_function(
        f"(old) => ({ink})().every((color, i) => color !== old[i])", arg=before, timeout=PATIENCE
    )
    simulated.page.get_by_label("Toggle theme").click()


def test_every_key_chooses_its_class_also_on_the_map(simulated):
    names, box = ("third", "fourth", "fifth", "sixth", "seventh"), simulated.page.get_by_placeholder("new class")
    for name in ("bright", "dark"):
        simulated.add_class(name)
    for name in names:  # as fast as a typist who does not look up
        box.fill(name)
        box.press("Enter")
    for name in names:
        simulated.page.locator(f"input[title='{name}']").wait_for(timeout=PATIENCE)
    expect(box).to_have_value("", timeout=PATIENCE)
    box.fill("third")
    box.press("Enter")  # refused: what was typed stays
    expect(simulated.page.locator(".status-line.refusal")).to_be_visible(timeout=PATIENCE)
    expect(box).to_have_value("third")
    box.fill("")
    simulated.choose(4)  # the field has the focus still; empty, it leaves digits to the legend
    expect(box).to_have_value("")
    zoomed = simulated.overlay("base")["width"]
    for key in (6, 7, 1):  # Leaflet takes a 6 for its own
        simulated.click(*pixels(simulated, 7)[key % 5])
        simulated.choose(key)
    assert simulated.overlay("base")["width"] == zoomed


def test_the_map_has_most_of_the_width(simulated):
    box = simulated.page.locator(".leaflet-container").bounding_box()
    assert box["width"] >= 0.6 * 1280


def test_a_refusal_is_one_sentence_at_the_foot(simulated):
    path = simulated.page.get_by_placeholder("path of a scene, then Enter")
    path.fill("/nowhere/scene.hdr")
    path.press("Enter")
    told = simulated.page.get_by_text("/nowhere/scene.hdr")
    expect(told.first).to_be_visible(timeout=PATIENCE)
    assert "Error" not in told.first.inner_text()
    expect(simulated.page.locator(".status-line.refusal")).to_be_visible(timeout=PATIENCE)


def _light(color: str) -> float:
    return float(np.mean([int(v) for v in re.findall(r"\d+", color)[:3]]))


def learn(desk: Driver, steps: int) -> None:
    """Start pretraining of so many steps."""
    desk.page.get_by_role("tab", name="Learn").click()
    box = desk.page.get_by_label("Steps", exact=True)
    box.fill(str(steps))
    box.press("Enter")
    desk.page.get_by_role("button", name="Start learning").click()
    expect(desk.page.get_by_text(f"{steps} steps: ")).to_be_visible(timeout=PATIENCE)
