"""Comparing in a browser: table, matrix and live scores say what is on disk, and the two best maps are swiped."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.driver import FIND, OVERLAYS, PATIENCE, Driver, until
from tests.browser.test_embedding_browser import lit
from workbench.compare import read_scores, summarise
from workbench.labels import open_labels, random_split
from workbench.probe import classify_scene

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("server", ["simulated"], indirect=True, scope="module"),
]
MODELS = "Auto, SVM, Random Forest, Barlow Twins"
CELLS = f"""
() => ({FIND})("tr").filter((row) => row.querySelector("td") && row.offsetParent)
  .map((row) => [...row.querySelectorAll("td")].map((cell) => cell.innerText.trim()))
"""


GLYPHS = """
() => {
  const plots = Bokeh.documents.flatMap((page) => [...page._all_models.values()]).filter((one) => one.type === "Figure")
  const plot = plots.find((one) => one.renderers.some((drawn) => drawn.name === "means"))
  const plain = (value) => Array.from(value, (one) => one.length && typeof one !== "string" ? Array.from(one) : one)
  return plot && Object.fromEntries(plot.renderers.map(({name, data_source: {data}}) =>
    [name, Object.fromEntries(Object.entries(data).map(([key, value]) => [key, plain(value)]))]))
}
"""
"""What the plot of learning curves draws, by kind of glyph."""


@pytest.fixture(scope="module")
def once(opened: Driver) -> None:
    """The simulated scene, compared on its truth with three labels a class, two draws."""
    page = opened.page
    page.get_by_role("tab", name="Compare").click()
    expect(page.get_by_role("combobox", name="Models")).to_have_text(MODELS, timeout=PATIENCE)
    for label, text in (("Labels a class", "3"), ("Draws", "2")):
        box = page.get_by_label(label, exact=True)
        box.fill(text)
        box.press("Enter")
    page.wait_for_timeout(300)  # Panel waits that long for more digits
    page.get_by_role("button", name="Start comparing").click()
    expect(page.get_by_text(re.compile(r"2 draws: done after"))).to_be_visible(timeout=4 * PATIENCE)


@pytest.fixture
def compared(once: None, desk: Driver) -> Driver:
    """The page with the scores on it."""
    desk.page.get_by_role("tab", name="Compare").click()
    return desk


def colors(picture: dict) -> set[tuple[int, ...]]:
    """The colours of a picture where it covers anything; white for none."""
    if not picture:
        return {(255, 255, 255)}
    seen = picture["pixels"].reshape(-1, 4)
    return {tuple(map(int, color[:3])) for color in np.unique(seen[seen[:, 3] > 0], axis=0)}


def scores_on_disk(desk: Driver):
    """The table the session keeps."""
    (run,) = [path.parent for path in desk.server["folder"].glob("runs/*/scores.parquet")]
    return read_scores(run)


def test_the_table_says_what_is_on_disk(compared):
    rows = [row for row in compared.page.evaluate(CELLS) if len(row) == 7]
    table = scores_on_disk(compared)
    assert (table[table["model"] == "barlow_twins"]["pretrain_seconds"] > 0).all()
    wanted = summarise(table)
    assert {row[0] for row in rows} == {name.replace("_", " ") for name in wanted["model"]}
    for model, task, oa, aa, kappa, f1, _ in rows:
        (score,) = wanted[wanted["model"] == model.replace(" ", "_")].to_dict("records")
        low, high = score["oa_ci95"]
        assert task == "3 random"
        assert [float(v) for v in re.findall(r"[\d.]+", oa)] == pytest.approx(
            [100 * score["oa_mean"], 100 * low, 100 * high], abs=0.051
        )
        assert float(aa) == pytest.approx(100 * score["aa_mean"], abs=0.051)
        assert [float(kappa), float(f1)] == pytest.approx([score["kappa_mean"], score["f1_mean"]], abs=5.1e-4)


def test_the_confusion_matrix_counts_every_tested_pixel(compared):
    compared.page.get_by_role("tab", name="Confusion").click()
    expect(compared.page.get_by_text("truth ↓ · predicted →")).to_be_visible(timeout=PATIENCE)
    table = scores_on_disk(compared)
    table = table[table["model"] == "auto"]  # the first of the list
    names = table["classes"].iloc[0]
    until(lambda: compared.page.locator("tbody th[scope=row]").all_inner_texts() == list(names), "names of all rows")
    rows = [row for row in compared.page.evaluate(CELLS) if len(row) == len(names) + 1]
    drawn = np.array([[int(cell) for cell in row[:-1]] for row in rows])
    assert [int(row[-1]) for row in rows] == [round(100 * row[i] / row.sum()) for i, row in enumerate(drawn)]
    assert (drawn == sum(np.array(matrix) for matrix in table["confusion"])).all()
    assert drawn.sum() == table["n_test"].sum()


def test_a_pressed_cell_lights_its_pixels_up_on_the_map(compared):
    page, table = compared.page, scores_on_disk(compared)
    page.get_by_role("tab", name="Confusion").click()
    cube, table = compared.cube.compute(), table[table["model"] == "svm"]
    page.get_by_role("combobox", name="Confusion of").click()
    page.get_by_role("option", name="SVM, 3 a class, random").click()
    matrix = sum(np.array(one) for one in table["confusion"])
    names = list(table["classes"].iloc[0])
    i, j = np.argwhere((matrix == matrix[~np.eye(len(matrix), dtype=bool)].max()) & ~np.eye(len(matrix), dtype=bool))[0]
    truth, wanted = open_labels(compared.server["folder"] / "truth.tif", compared.cube), set()
    for seed in table["seed"]:
        parts = random_split(truth, 3, int(seed))
        made = classify_scene("svm", cube, parts.train, seed=int(seed)).class_map.values
        wanted |= set(map(tuple, np.argwhere((parts.test.values == i + 1) & (made == j + 1)).tolist()))
    cell = page.get_by_role("button", name=f"{matrix[i, j]} pixels of {names[i]} taken for {names[j]}")
    cell.click()
    said = f"{names[i]} taken for {names[j]}: {len(wanted):,} pixels, {matrix[i, j]:,} times in 2 draws"
    expect(page.get_by_text(said)).to_be_visible(timeout=PATIENCE)
    expect(cell).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
    until(lambda: lit(compared) >= wanted, "the pixels of the cell on the map")
    page.keyboard.press("ArrowLeft" if j else "ArrowRight")
    page.keyboard.press("Enter")
    other = j - 1 if j else j + 1
    expect(page.locator("button[data-cell][aria-pressed=true]")).to_have_attribute(
        "data-cell", f"{i},{other}", timeout=PATIENCE
    )
    page.keyboard.press("Escape")
    expect(page.locator("button[data-cell][aria-pressed=true]")).to_have_count(0, timeout=PATIENCE)
    until(lambda: not lit(compared), "nothing selected")


def test_the_curve_draws_means_and_intervals_and_says_what_they_hold(compared):
    page, table = compared.page, scores_on_disk(compared)
    page.get_by_role("tab", name="Curve", exact=True).click()
    wanted = summarise(table).sort_values("oa_mean", ascending=False)
    expect(page.get_by_text("With 3 labels a class")).to_be_visible(timeout=PATIENCE)
    until(lambda: page.evaluate(GLYPHS) is not None and len(page.evaluate(GLYPHS)["means"]["y"]) == 4, "four means")
    drawn = page.evaluate(GLYPHS)
    assert sorted(drawn["means"]["y"]) == pytest.approx(sorted(100 * wanted["oa_mean"]))
    ends = sorted([100 * low, 100 * high] for low, high in wanted["oa_ci95"])
    np.testing.assert_allclose(sorted(drawn["bars"]["ys"]), ends)
    assert set(drawn["means"]["budget"]) == {3}
    assert len(set(drawn["means"]["x"])) == 4  # beside each other
    best = " ".join(page.locator(".reads-learning-curves-in-words :is(td, p)").all_inner_texts())
    assert f"{100 * wanted['oa_mean'].iloc[0]:.1f} %" in best
    assert "a forecast needs at least 3 budgets, got 1" in best
    assert re.search("which class to label next|Label .+ next", best)


def test_the_two_best_maps_are_swiped(compared):
    page = compared.page
    for key, name in enumerate(("bright", "dark"), 1):
        compared.add_class(name)
        compared.mode("Label pixel")
        compared.choose(key)
        for n, (row, column) in enumerate([(20 * key, 20), (25 * key, 90)], 1):
            compared.click(row, column)
            compared.wait_count(key, n)
    compared.wait_map()
    page.get_by_text("Swipe the two best maps").click()
    page.locator(".leaflet-sbs").wait_for(state="attached", timeout=PATIENCE)
    best = summarise(scores_on_disk(compared)).sort_values("oa_mean", ascending=False)["model"].tolist()[:2]
    for side, name in zip(("Left", "Right"), best, strict=True):
        words = " ".join(word.upper() if len(word) <= 3 else word.capitalize() for word in name.split("_"))
        expect(page.get_by_label(side, exact=True)).to_contain_text(words, timeout=PATIENCE)
    legend = {compared.color(1), compared.color(2)}
    for pane in ("base", "top"):
        page.wait_for_function(f"(pane) => ({OVERLAYS})().some((i) => i.pane.includes(pane))", arg=pane)
        until(lambda pane=pane: {*colors(compared.overlay(pane))} <= legend, f"two classes in the {pane} pane")
    page.get_by_label("Swipe left | right").click()
    page.locator(".leaflet-sbs").wait_for(state="detached", timeout=PATIENCE)


def points_on_disk(desk: Driver) -> list[dict]:
    """What families reached, as the session keeps it."""
    path = desk.server["folder"] / "families.json"
    return json.loads(path.read_text())["points"] if path.exists() else []


def give(desk: Driver, n: int) -> None:
    """Label pixels of two classes here and there, until each has `n`."""
    for key, name in enumerate(("bright", "dark"), 1):
        desk.add_class(name)
        desk.mode("Label pixel")
        desk.choose(key)
        while (k := desk.count(key)) < n:
            desk.click(10 + 12 * (k % 5), 15 + 50 * (key - 1) + 9 * (k // 5) + k)
            desk.wait_count(key, k + 1)


def scored(desk: Driver, labels: int) -> dict:
    """What is kept of so many labels, once it is there and on the page."""
    until(lambda: [one["labels"] for one in points_on_disk(desk)][-1:] == [labels], f"scores of {labels} labels")
    expect(desk.page.get_by_text(re.compile(f"^With {labels} labels"))).to_be_visible(timeout=PATIENCE)
    return points_on_disk(desk)[-1]


def test_families_are_scored_after_each_label_and_drawn_as_a_curve(desk):
    page = desk.page
    desk.add_class("bright")
    switch = page.get_by_label("Live families")
    page.get_by_role("tab", name="Learn").click()
    page.keyboard.press("Shift+F")
    expect(page.get_by_role("tab", name="Compare")).to_have_attribute("aria-selected", "true", timeout=PATIENCE)
    expect(switch).to_be_checked(timeout=PATIENCE)
    expect(page.get_by_text("Scores need 4 labels of each class")).to_be_visible(timeout=PATIENCE)
    give(desk, 5)
    point = scored(desk, 10)
    rows = {row[0].split("\n")[0]: row for row in page.evaluate(CELLS) if len(row) == 5}
    numbers = [one for one in point["families"] if "why" not in one]
    assert [one["family"] for one in numbers][:2] == ["supervised", "semi-supervised"]
    for one in numbers:
        _, oa, aa, apart, many = rows[one["family"]]
        for cell, score in ((oa, "oa"), (aa, "aa")):
            said = [float(part) for part in re.findall(r"[\d.]+", cell)]
            assert said[0] == pytest.approx(100 * one[score], abs=0.051)
            if len(said) > 1:
                assert said[1:] == pytest.approx([100 * end for end in one[f"{score}_ci95"]], abs=0.051)
        if one["difference"] is not None:
            assert float(apart.split()[0].replace("−", "-")) == pytest.approx(100 * one["difference"], abs=0.051)
        assert int(re.match(r"\d+", many)[0]) == one["taught"][0]
    expect(page.get_by_text("The truth was not taken")).to_be_visible(timeout=PATIENCE)
    desk.click(70, 100)
    open_live_curve(desk)
    live_curve(desk, 11)
    page.keyboard.press("Control+z")
    live_curve(desk, 10)
    switch_off_by_reload(desk)
    open_live_curve(desk)
    live_curve(desk, 10)


def open_live_curve(desk: Driver) -> None:
    """Turn to the curve; where a comparison has one, too, choose the live one."""
    desk.page.get_by_role("tab", name="Curve", exact=True).click()
    expect(desk.page.get_by_text("Your labels now")).to_be_visible(timeout=PATIENCE)
    if desk.page.get_by_role("combobox", name="Split shown").is_visible():
        desk.page.get_by_role("combobox", name="Split shown").click()
        desk.page.get_by_role("option", name="live, as you label").click()


def live_curve(desk: Driver, labels: int) -> None:
    """Wait until the plot has a point a family for each number of labels, up to that: those on disk, as they are."""
    until(lambda: max(one["labels"] for one in points_on_disk(desk)) == labels, f"scores of {labels} labels")
    rows = [(one["labels"], row) for one in points_on_disk(desk) for row in one["families"] if "oa" in row]
    wanted = sorted((n, round(100 * row["oa"], 6)) for n, row in rows)

    def drawn() -> list[tuple[int, float]]:
        means = (desk.page.evaluate(GLYPHS) or {"means": {"budget": [], "y": []}})["means"]
        return sorted((n, round(y, 6)) for n, y in zip(means["budget"], means["y"], strict=True))

    until(lambda: drawn() == wanted, f"points of {labels} labels in the plot")


def switch_off_by_reload(desk: Driver) -> None:
    """Load the page anew: nobody looks at the scores then, and nothing is scored."""
    desk.open()
    desk.page.get_by_role("tab", name="Compare").click()
    expect(desk.page.get_by_label("Live families")).not_to_be_checked(timeout=PATIENCE)
