"""Spectra on the desk in a browser: kept with their class, beside a library's, in other shapes; and own formulas."""

from __future__ import annotations

import json

import numpy as np
import pytest
import spectral
import xarray as xr
from playwright.sync_api import expect
from scipy.stats import spearmanr

from tests.browser.driver import FIND, PATIENCE, Driver, until, watch
from tests.browser.test_layers_browser import other_picture, seen_at
from workbench.cubes import derivative, good_bands, remove_continuum, save_library, spectra_at

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("server", ["simulated"], indirect=True, scope="module"),
]
CLICKED = "#7d8ca3"
PLACES = {"first field": (5, 7), "second field": (60, 100), "third, by the road": (30, 50)}
STYLES = """
() => Bokeh.documents.flatMap((page) => [...page._all_models.values()])
  .filter((model) => model.type === "GlyphRenderer" && model.name === "lines")
  .flatMap(({data_source: {data}}) => Array.from(data.name).map((name, i) => [name, data.color[i], data.dash[i]]))
"""
LEGEND = f'() => ({FIND})(".legend")[0].shadowRoot.textContent'
BAD = """
() => Bokeh.documents.flatMap((page) => [...page._all_models.values()])
  .filter((model) => model.type === "GlyphRenderer" && model.name === "bad")
  .flatMap(({data_source: {data}}) => Array.from(data.x0).map((start, i) => [start, data.x1[i]]))
"""


def drawn(desk: Driver, name: str) -> tuple[str, str, np.ndarray]:
    """Colour, dashes and values (gaps left out) of the curve of that name, once it is there."""
    until(lambda: name in [one for one, *_ in desk.page.evaluate(STYLES)], f"the curve {name}")
    _, color, dash = next(one for one in desk.page.evaluate(STYLES) if one[0] == name)
    values = [line["y"] for line in desk.lines(color)]
    return color, dash, values


def is_drawn(desk: Driver, name: str, wanted: np.ndarray, rtol: float = 1e-5) -> bool:
    """Whether the curve of that name has these values at the bands that are not gaps."""
    *_, values = drawn(desk, name)
    wanted = wanted[np.isfinite(wanted)]
    known = [one[np.isfinite(one)] for one in values]
    return any(len(one) == len(wanted) and np.allclose(one, wanted, rtol=rtol, atol=1e-8) for one in known)


def stored(desk: Driver) -> dict:
    return json.loads((desk.server["folder"] / "session.json").read_text())


def keep(desk: Driver, row: int, column: int) -> None:
    desk.click(row, column)
    desk.page.keyboard.press("m")


def names(desk: Driver) -> list[str]:
    return sorted(name for name, *_ in desk.page.evaluate(STYLES))


def opened(desk: Driver, places: dict[str, tuple[int, int]]) -> xr.DataArray:
    """A library of some pixels' spectra, opened unless it is."""
    rows, columns = zip(*places.values(), strict=True)
    library = spectra_at(desk.cube, rows, columns, list(places))
    path = desk.server["folder"] / "fields.csv"
    desk.page.keyboard.press("Shift+O")
    box = desk.page.get_by_placeholder("path of a library, then Enter")
    expect(box).to_be_focused(timeout=PATIENCE)
    if not path.exists():
        save_library(library, path)
        box.fill(str(path))
        box.press("Enter")
    box.blur()
    expect(desk.page.get_by_text(f"{len(places)} spectra", exact=True)).to_be_visible(timeout=PATIENCE)
    return library


def test_kept_spectra_are_of_a_class_and_in_a_second_tab(desk, browser):
    page, good = desk.page, good_bands(desk.cube)
    keep(desk, 20, 20)
    assert drawn(desk, "row 20, column 20")[1] == "dotdash"
    desk.add_class("stubble")
    desk.add_class("pond")
    desk.choose(2)
    keep(desk, 40, 90)
    color, _, _ = drawn(desk, "pond: row 40, column 90")
    assert color == "#{:02x}{:02x}{:02x}".format(*desk.color(2))
    assert is_drawn(desk, "pond: row 40, column 90", desk.cube.values[good, 40, 90])
    until(lambda: "pond: row 40, column 90" in page.evaluate(LEGEND), "its name in the legend")
    left, top = desk.cube.rio.transform() * (90.5, 40.5)
    kept = [(one["name"], one["class_name"], one["x"], one["y"]) for one in stored(desk)["kept"]]
    assert kept[0][:2] == ("row 20, column 20", "")
    assert kept[1] == ("row 40, column 90", "pond", pytest.approx(left), pytest.approx(top))
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    other = Driver(context.new_page(), desk.url, desk.cube)
    troubles = watch(context, other.page)
    other.open()
    until(lambda: names(other) == ["pond: row 40, column 90", "row 20, column 20"], "both in a second tab")
    name = page.locator(".row[data-code='2'] input[type=text]")
    page.keyboard.press("2")
    page.locator(".row.current[data-code='2']").wait_for(timeout=PATIENCE)
    name.fill("lake")
    name.press("Enter")
    until(lambda: "lake: row 40, column 90" in names(other), "the class's new name there")
    other.page.keyboard.press("Shift+M")
    until(lambda: names(desk) == names(other) == [], "none any more")
    assert stored(desk)["kept"] == []
    context.close()
    assert troubles == []


def test_a_librarys_spectra_stand_beside_the_scenes_and_are_searched_for_the_nearest(desk):
    page, good = desk.page, good_bands(desk.cube)
    page.keyboard.press("Shift+O")
    box = page.get_by_placeholder("path of a library, then Enter")
    expect(box).to_be_focused(timeout=PATIENCE)
    box.fill(str(desk.server["folder"].parent.parent / "fields.csv"))
    box.press("Enter")
    expect(page.locator(".status-line.refusal")).to_contain_text("lies outside the folders", timeout=PATIENCE)
    library = opened(desk, PLACES)
    page.get_by_placeholder("search names").fill("road third")
    expect(page.locator(".names label")).to_have_text(["third, by the road"], timeout=PATIENCE)
    page.locator(".names label").click()
    _, dash, _ = drawn(desk, "third, by the road")
    assert dash == "dashed"
    assert is_drawn(desk, "third, by the road", desk.cube.values[good, 30, 50])
    until(lambda: "third, by the road" in page.evaluate(LEGEND), "its name in the legend")
    page.get_by_placeholder("search names").fill("")
    desk.click(62, 103)
    expect(page.get_by_text("row 62, column 103 by spectral angle")).to_be_visible(timeout=PATIENCE)
    pixel = desk.cube.values[good, 62, 103].astype(float)
    angles = spectral.spectral_angles(pixel[None, None], library.values[:, good].astype(float))[0, 0]
    order = np.argsort(angles)
    nearest = page.locator("label:has(.told)").filter(has_text=f"{angles[order[0]]:.4f}")
    expect(nearest).to_contain_text(list(PLACES)[order[0]], timeout=PATIENCE)
    page.keyboard.press("Shift+L")
    until(lambda: names(desk) == [], "none of the library")
    page.keyboard.press("Shift+V")
    assert is_drawn(desk, list(PLACES)[order[0]], library.values[order[0], good])
    assert (stored(desk)["library"], stored(desk)["library_drawn"]) == ("fields.csv", [int(order[0])])
    page.keyboard.press("Shift+L")
    until(lambda: names(desk) == [], "none of the library")


def test_spectra_are_drawn_without_their_continuum_and_as_slopes_and_bad_bands_are_marked(desk):
    page, cube, good = desk.page, desk.cube, good_bands(desk.cube)
    desk.click(30, 50)
    small = cube.isel(y=[30], x=[50])

    def clicked(wanted: np.ndarray) -> bool:
        (line,) = desk.lines(CLICKED)
        known, wanted = line["y"][np.isfinite(line["y"])], wanted[np.isfinite(wanted)]
        return len(known) == len(wanted) and np.allclose(known, wanted, rtol=1e-4, atol=2e-8)

    page.keyboard.press("m")
    until(lambda: len(names(desk)) == 1, "what is kept")
    (mine,) = names(desk)
    page.get_by_role("button", name="Continuum removed").click()
    wanted = remove_continuum(small).values[:, 0, 0]
    until(lambda: clicked(wanted), "the pixel without its continuum")
    until(lambda: is_drawn(desk, mine, wanted, 1e-4), "the kept one without it")
    page.keyboard.press("Shift+P")
    until(lambda: clicked(derivative(small).values[:, 0, 0]), "the pixel's slope")
    page.keyboard.press("Shift+P")
    until(lambda: clicked(np.where(good, small.values[:, 0, 0], np.nan)), "the pixel as it is")
    page.keyboard.press("Shift+M")
    until(lambda: names(desk) == [], "nothing kept")
    stretches = page.evaluate(BAD)
    wavelength = cube["wavelength"].values
    marked = np.any([(wavelength > start) & (wavelength < stop) for start, stop in stretches], axis=0)
    np.testing.assert_array_equal(marked, ~good)
    assert "bad bands" in page.evaluate(LEGEND)


def test_a_formula_of_ones_own_is_a_picture_and_all_is_there_after_a_reload(desk):
    page, cube, before = desk.page, desk.cube, desk.overlay("base")
    page.get_by_role("combobox", name="Picture").click()
    page.locator("li", has_text="own formula").click()
    box = page.get_by_label("Formula, then Enter")
    expect(box).to_have_value("(R860 - R650) / (R860 + R650)", timeout=PATIENCE)
    before = other_picture(desk, before["src"])
    box.fill("R1650 / R560 + os.remove")
    box.press("Enter")
    expect(page.locator(".status-line.refusal")).to_contain_text("got 'os.remove'", timeout=PATIENCE)
    expect(box).to_have_value("R1650 / R560 + os.remove")
    page.wait_for_timeout(500)  # Panel takes what comes at once as one: what was entered would overwrite what is typed
    box.fill("R1650 ** 2 / (R560 + 0.1)")
    expect(box).to_have_value("R1650 ** 2 / (R560 + 0.1)")
    box.press("Enter")
    drawn = other_picture(desk, before["src"])
    swir, green = (cube.sel(wavelength=w, method="nearest") for w in (1650, 560))
    ratio = swir.values.astype(float) ** 2 / (green.values + 0.1)
    low, high = np.percentile(ratio, (2, 98))
    told = f"R1650 ** 2 / (R560 + 0.1); dark blue {low:.3g}, yellow {high:.3g}; R1650 = {float(swir.wavelength):.0f} nm"
    expect(page.get_by_text(told)).to_be_visible(timeout=PATIENCE)
    rng = np.random.default_rng(0)
    pixels = np.stack([rng.integers(0, size, 150) for size in cube.shape[1:]], axis=1)
    seen = seen_at(desk, drawn, pixels)[:, :3].mean(axis=1)
    assert spearmanr(seen, ratio[tuple(pixels.T)]).statistic > 0.97
    box.blur()
    opened(desk, PLACES)
    keep(desk, 31, 51)
    page.keyboard.press("Shift+V")
    until(lambda: len(names(desk)) == 2, "a kept one and one of the library")
    shown = names(desk)
    until(lambda: stored(desk)["view"]["formula"] == "R1650 ** 2 / (R560 + 0.1)", "the formula in the folder")
    desk.open()
    expect(page.get_by_label("Formula, then Enter")).to_have_value("R1650 ** 2 / (R560 + 0.1)", timeout=PATIENCE)
    until(lambda: names(desk) == shown, "the same spectra")
