"""Suggestions and doubtful labels in a browser, answered by keys alone; and the keyboard that does it."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.driver import PATIENCE, Driver, until
from tests.scenes import few
from workbench.cubes import good_bands, simulated_scene
from workbench.labels import open_labels
from workbench.panels.key_map import KEYS
from workbench.probe import FEATURES, class_chances, doubtful, feature_map, suggest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("server", ["simulated"], indirect=True, scope="module"),
]
CLICKED = "#7d8ca3"


def given(desk: Driver, folder: Path) -> None:
    """Seven labels each of asphalt, meadow and water, but one of the meadow called water; unless they are there."""
    if desk.page.locator("input[title='meadow']").count():
        return
    truth = simulated_scene(*desk.cube.shape[1:])[1]
    names = truth.attrs["classes"]
    labels = few(truth, 7)
    rows, columns = np.nonzero(
        np.isin(labels.values, [names.index(name) + 1 for name in ("asphalt", "meadow", "water")])
    )
    said = [names[code - 1] for code in labels.values[rows, columns]]
    said[said.index("meadow")] = "water"
    transform = desk.cube.rio.transform()
    places = geopandas.points_from_xy(*(transform * (columns + 0.5, rows + 0.5)))
    table = geopandas.GeoDataFrame({"class_name": said}, geometry=places, crs=desk.cube.rio.crs)
    table.to_file(folder / "points.gpkg")
    desk.page.locator("input[type=file]").first.set_input_files(folder / "points.gpkg")
    desk.page.locator("input[title='meadow']").wait_for(timeout=PATIENCE)
    desk.wait_count(3, 8)


def _names(desk: Driver) -> list[str]:
    return [field.get_attribute("title") for field in desk.page.locator(".row input[type=text]").all()]


def current(desk: Driver, place: int) -> None:
    """Wait until one of the list is looked at."""
    desk.page.locator(f".item.current[data-place='{place}']").wait_for(timeout=PATIENCE)


def answer(desk: Driver, place: int, text: str) -> None:
    """Wait until the list says what was answered."""
    expect(desk.page.locator(f".item[data-place='{place}'] .answer")).to_have_text(text, timeout=PATIENCE)


def stored(desk: Driver) -> np.ndarray:
    """The labels in the session's GeoPackage, as pixels with the codes of the legend."""
    labels = open_labels(desk.server["folder"] / "labels.gpkg", desk.cube)
    legend = _names(desk)
    codes = [0, *(legend.index(name) + 1 for name in labels.attrs["classes"])]
    return np.array(codes)[labels.values]


def log(desk: Driver) -> list[dict]:
    return [json.loads(line) for line in (desk.server["folder"] / "advice.jsonl").read_text().splitlines()]


def is_aimed_at(desk: Driver, row: int, column: int) -> bool:
    """Whether the four white strokes of the marker are drawn round a pixel, or round the middle of a map that moved."""
    picture, box = desk.overlay("marks"), desk.page.locator(".leaflet-container").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return any(_strokes(picture, *spot) for spot in (desk.spot(row, column), middle))


def _strokes(picture: dict, x: float, y: float) -> bool:
    height, width = picture["pixels"].shape[:2]
    scale = width / picture["width"]
    ends = [(20, 0), (-20, 0), (0, 20), (0, -20)]
    spots = [
        (int((y - picture["y"]) * scale) + down, int((x - picture["x"]) * scale) + across) for across, down in ends
    ]
    inside = [(i, j) for i, j in spots if 0 <= i < height and 0 <= j < width]
    return len(inside) > 1 and all(tuple(picture["pixels"][i, j]) == (255, 255, 255, 255) for i, j in inside)


def test_without_labels_one_sentence_says_what_to_do(desk):
    desk.page.keyboard.press("g")
    expect(desk.page.locator(".status-line.refusal")).to_have_text(
        "nothing can be suggested yet: add at least two classes, then click pixels of each", timeout=PATIENCE
    )


def test_suggestions_are_shown_and_answered_by_keys(desk, tmp_path):
    given(desk, tmp_path)
    page, names, before = desk.page, _names(desk), stored(desk)
    cube, labels = desk.cube.compute(), open_labels(desk.server["folder"] / "labels.gpkg", desk.cube)
    space = feature_map(cube, FEATURES["noise_fractions"].learn(cube))
    wanted = suggest(class_chances("svm", cube, labels), labels, 10, features=space)
    page.keyboard.press("g")
    current(desk, 0)
    titles = [item.get_attribute("title") for item in page.locator(".item").all()]
    assert titles == [f"row {one.row}, column {one.column}" for one in wanted]
    first, second, third = wanted[:3]
    until(lambda: is_aimed_at(desk, first.row, first.column), "the marker on the map")
    spectrum = desk.cube.isel(y=first.row, x=first.column).values.astype(float)[good_bands(desk.cube)]

    def is_drawn() -> bool:
        drawn = [line["y"][np.isfinite(line["y"])] for line in desk.lines(CLICKED)]
        return any(len(line) == len(spectrum) and np.allclose(line, spectrum, rtol=1e-5) for line in drawn)

    until(is_drawn, "the spectrum of the suggested pixel")

    page.keyboard.press("2")
    answer(desk, 0, f"✓ {names[1]}")
    current(desk, 1)
    until(lambda: is_aimed_at(desk, second.row, second.column), "the marker on the next one")
    page.keyboard.press("Enter")
    guess = labels.attrs["classes"][second.guess - 1]
    answer(desk, 1, f"✓ {guess}")
    page.keyboard.press("s")
    answer(desk, 2, "skipped")
    current(desk, 3)
    changed = {(int(i), int(j)): int(stored(desk)[i, j]) for i, j in np.argwhere(stored(desk) != before)}
    assert changed == {(first.row, first.column): 2, (second.row, second.column): names.index(guess) + 1}

    page.keyboard.press("b")
    current(desk, 2)
    page.keyboard.press("n")
    current(desk, 3)
    for _ in range(3):
        page.keyboard.press("Control+z")
    current(desk, 0)
    answer(desk, 1, "")
    np.testing.assert_array_equal(stored(desk), before)
    page.keyboard.press("Escape")
    expect(page.locator(".item.current")).to_have_count(0, timeout=PATIENCE)
    until(lambda: not is_aimed_at(desk, first.row, first.column), "the marker gone")
    said = [(line["event"], line.get("row"), line.get("answer"), line.get("class")) for line in log(desk)]
    assert said[1:4] == [
        ("answered", first.row, "labelled", names[1]),
        ("answered", second.row, "labelled", guess),
        ("answered", third.row, "skipped", None),
    ]
    assert [one[0] for one in said] == ["suggested", *3 * ["answered"], *3 * ["taken back"]]


def test_a_wrong_label_is_found_removed_and_brought_back(desk, tmp_path):
    given(desk, tmp_path)
    page, before = desk.page, stored(desk)
    labels = open_labels(desk.server["folder"] / "labels.gpkg", desk.cube)
    worst = doubtful("svm", desk.cube.compute(), labels).iloc[0]
    assert (worst["class_name"], worst["guess_name"]) == ("water", "meadow")
    page.keyboard.press("c")
    current(desk, 0)
    expect(page.locator(".item.current")).to_have_attribute("title", f"row {worst['row']}, column {worst['column']}")
    expect(page.locator(".item.current .class")).to_have_text("water→meadow")
    page.keyboard.press("Delete")
    answer(desk, 0, "removed")
    assert [tuple(place) for place in np.argwhere(stored(desk) != before)] == [(worst["row"], worst["column"])]
    page.keyboard.press("Control+z")
    current(desk, 0)
    page.keyboard.press("k")
    answer(desk, 0, "kept")
    np.testing.assert_array_equal(stored(desk), before)
    page.locator(".item[data-place='0']").click()
    current(desk, 0)
    page.keyboard.press("Enter")  # the click on the list leaves Enter to the answer
    answer(desk, 0, "✓ meadow")
    assert stored(desk)[worst["row"], worst["column"]] == _names(desk).index("meadow") + 1
    page.keyboard.press("Escape")


def test_keys_are_left_to_what_is_typed(desk, tmp_path):
    given(desk, tmp_path)
    box, names = desk.page.get_by_placeholder("new class"), _names(desk)
    before, asked = stored(desk), len(log(desk))
    box.click()
    desk.page.keyboard.type("sick plug 12?")
    desk.page.keyboard.press("Backspace")
    expect(box).to_have_value("sick plug 12")
    desk.page.keyboard.press("Escape")
    expect(desk.page.get_by_role("button", name="Inspect", exact=True)).to_have_attribute("aria-pressed", "true")
    assert (_names(desk), len(log(desk))) == (names, asked)
    np.testing.assert_array_equal(stored(desk), before)
    box.fill("")


def test_the_key_map_names_every_key_and_the_map_has_its_own(desk):
    page = desk.page
    box = page.locator(".leaflet-container").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)  # the map has the focus now
    page.keyboard.press("?")
    shown = page.locator(".keys")
    expect(shown).to_be_visible(timeout=PATIENCE)
    for keys in KEYS.values():
        for key in keys:
            expect(shown.locator("dd", has_text=key.does).first).to_have_count(1)
    page.keyboard.press("?")
    expect(shown).to_be_hidden(timeout=PATIENCE)
    wide, left = desk.overlay("base")["width"], desk.overlay("base")["x"]
    page.keyboard.press("+")
    until(lambda: desk.overlay("base")["width"] > wide, "a nearer map")
    left = desk.overlay("base")["x"]
    page.keyboard.press("ArrowRight")
    until(lambda: abs(desk.overlay("base")["x"] - left) > 5, "a moved map")


def test_long_lists_stand_under_the_headings_of_their_families(desk, tmp_path):
    given(desk, tmp_path)
    page, families = desk.page, ["Recommended", "Baseline", "Supervised", "Semi-supervised", "Self-supervised"]
    model = page.get_by_role("combobox", name="Class map by")
    expect(model).to_have_text("SVM", timeout=PATIENCE)
    model.click()
    expect(page.locator(".MuiListSubheader-root")).to_have_text(families, timeout=PATIENCE)
    page.locator("li", has_text="KNN · knn").click()
    expect(model).to_have_text("KNN", timeout=PATIENCE)
    kept = desk.server["folder"] / "session.json"
    until(lambda: json.loads(kept.read_text()).get("model") == "knn", "the model in the session's folder")
    page.get_by_role("tab", name="Compare").click()
    models = page.get_by_role("combobox", name="Models")
    expect(models).to_have_text("Auto, SVM, Random Forest, Barlow Twins", timeout=PATIENCE)
    models.click()
    expect(page.locator(".MuiListSubheader-root")).to_have_text(families[1:], timeout=PATIENCE)
    page.locator("li", has_text="PAWS · paws").click()
    expect(models).to_have_text("Auto, SVM, Random Forest, Barlow Twins, PAWS", timeout=PATIENCE)
    page.keyboard.press("Escape")
