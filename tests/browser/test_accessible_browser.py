"""Every view of the desk, in light and dark, keeps nobody out: axe-core finds no serious or critical violation."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.axe import barriers, shot
from tests.browser.conftest import address
from tests.browser.driver import FIND, PATIENCE, Driver, until, watch
from workbench.compare import compare_rows
from workbench.cubes import good_bands, open_cube, save_cube, save_library, simulated_scene, spectra_at
from workbench.labels import write_labels
from workbench.labels.legend import read_legend
from workbench.session import Session
from workbench.session.runs import new_run, write_run

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SIZE = (60, 90)
THEMES = ("light", "dark")
GROUND = f"""
(theme) => {{
  const light = (color) => color.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + +part, 0) / 3
  const all = (selector) => ({FIND})(selector).map((one) => getComputedStyle(one))
  const ground = [...all(".leaflet-container"), getComputedStyle(document.body)].map((one) => one.backgroundColor)
  const ink = all(".MuiInputBase-root, .MuiTab-root").map((one) => one.color), dark = theme === "dark"
  return ground.every((one) => dark === (light(one) < 100)) && ink.every((one) => dark === (light(one) > 128))
}}
"""
"""Whether the page has taken the theme on, in every part."""


def prepared(folder: Path) -> None:
    """A session that has a scene, labels, scores, and the guide in sight."""
    session = Session.at(folder)
    cube, truth = simulated_scene(*SIZE, seed=0)
    session.live = False
    session.open_scene(save_cube(cube, folder / "scene.zarr"))
    write_labels(truth, folder / "truth.tif")
    session.open_truth(folder / "truth.tif")
    for code in np.unique(truth.values)[1:4]:
        session.add_class(truth.attrs["classes"][code - 1])
        for row, column in np.argwhere(truth.values == code)[::97][:4]:
            session.label_pixel(int(row), int(column))
    session.group_class(1, "cover")
    session.group_class(2, "cover")
    session.live = True
    session.remember(guide=True)
    session.close()
    run = new_run(session.runs_path, "comparison", "svm, lda components · 2 draws", {"scene": "scene.zarr"})
    rows = compare_rows(cube, truth, ["svm", "lda_components"], [3], 2, ("random",))
    (run.folder / "progress.jsonl").write_text("".join(json.dumps({"row": row}, default=plain) + "\n" for row in rows))
    write_run(replace(run, state="done"))


def plain(value: object) -> object:
    """Numpy's numbers as JSON has them."""
    return value.tolist()


@pytest.fixture(scope="module")
def desk(browser: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """The page of that session."""
    folder = tmp_path_factory.mktemp("accessible")
    prepared(folder / "session")
    log = folder / "server.log"
    command = [sys.executable, "-u", "-m", "workbench.cli", "serve", "--session", str(folder / "session"), "--no-show"]
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | {"OMP_NUM_THREADS": "1"})
        try:
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            driver = Driver(context.new_page(), address(process, log), open_cube(folder / "session" / "scene.zarr"))
            driver.folder = folder / "session"
            driver.troubles = watch(context, driver.page)
            driver.open()
            yield driver
            assert driver.troubles == []
            context.close()
        finally:
            process.terminate()
            process.wait(20)


def tab(name: str) -> Callable[[Driver], None]:
    """Open a tab of the dock."""
    return lambda desk: desk.page.get_by_role("tab", name=name).click()


def look(desk: Driver) -> None:
    """A spectrum is kept, another is drawn, and the class map lies on the picture."""
    desk.mode("Inspect")
    desk.click(20, 20)
    desk.page.get_by_role("button", name="Keep this spectrum").click()
    desk.click(30, 40)
    desk.wait_map()


def label(desk: Driver) -> None:
    """Ready to label, after a refusal."""
    desk.mode("Label pixel")
    box = desk.page.get_by_placeholder("new class")
    box.fill(desk.page.locator(".row input[type=text]").first.get_attribute("title"))
    box.press("Enter")
    expect(desk.page.locator(".status-line.refusal")).to_be_visible(timeout=PATIENCE)
    box.fill("")


def suggestions(desk: Driver) -> None:
    """Walking through suggestions, the first of which is answered."""
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("g")
    desk.page.locator(".item.current").wait_for(timeout=PATIENCE)
    desk.page.keyboard.press("s")
    desk.page.locator(".item.answered").first.wait_for(timeout=PATIENCE)


def doubts(desk: Driver) -> None:
    """What there is to say of labels that look wrong."""
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("c")
    desk.page.locator(".item, .status-line.news").first.wait_for(timeout=PATIENCE)


def learning(desk: Driver) -> None:
    """A run under way."""
    tab("Learn")(desk)
    box = desk.page.get_by_label("Steps", exact=True)
    box.fill("100000")
    box.press("Enter")
    desk.page.get_by_role("button", name="Start learning").click()
    desk.page.locator(".MuiChip-root:visible").first.wait_for(timeout=PATIENCE)


def embedding(desk: Driver) -> None:
    """Pixels in their plane, some of them selected."""
    tab("Embedding")(desk)
    desk.click(20, 20)
    expect(desk.page.get_by_text("pixels drawn evenly")).to_be_visible(timeout=PATIENCE)
    desk.page.keyboard.press("v")
    expect(desk.page.get_by_text("25 pixels are selected.")).to_be_visible(timeout=PATIENCE)


def library(desk: Driver) -> None:
    """A spectral library, some of it drawn, and what the pixel is like."""
    cube, folder = desk.cube, desk.folder
    path = save_library(spectra_at(cube, [5, 40, 50], [7, 60, 80], ["field", "road", "wood"]), folder / "three.csv")
    desk.page.keyboard.press("Shift+O")
    box = desk.page.get_by_placeholder("path of a library")
    box.fill(str(path))
    box.press("Enter")
    desk.click(41, 60)
    desk.page.keyboard.press("Shift+V")
    expect(desk.page.locator("label:has(input:checked)").first).to_be_visible(timeout=PATIENCE)


def families(desk: Driver) -> None:
    """Scores of the last comparison, and above them those that follow the labels."""
    desk.page.keyboard.press("Shift+F")
    expect(desk.page.get_by_text(re.compile(r"^With \d+ labels"))).to_be_visible(timeout=PATIENCE)


def models(desk: Driver) -> None:
    """A long list, open."""
    tab("Compare")(desk)
    desk.page.get_by_role("combobox", name="Models").click()
    desk.page.locator("li:visible").first.wait_for(timeout=PATIENCE)


def curve(desk: Driver) -> None:
    """Learning curves, and what they say."""
    desk.page.get_by_role("tab", name="Curve", exact=True).click()
    expect(desk.page.get_by_text("With 3 labels a class")).to_be_visible(timeout=PATIENCE)


def areas(desk: Driver) -> None:
    """Where two models disagree, the first area gone to."""
    tab("Disagreement")(desk)
    desk.page.get_by_role("combobox", name="Maps by").click()
    desk.page.locator("li", has_text="KNN · knn").click()
    until(lambda: desk.page.keyboard.press("Escape") or desk.page.locator("li").count() == 0, "the list to close")
    desk.page.locator(".area").first.click(timeout=PATIENCE)
    desk.page.locator(".area.current").wait_for(timeout=PATIENCE)


def index(desk: Driver) -> None:
    """A spectral index with its list and legend."""
    desk.page.keyboard.press("Escape")
    desk.page.get_by_role("combobox", name="Picture").click()
    desk.page.locator("li", has_text="spectral index").click()
    expect(desk.page.get_by_text("dark blue")).to_be_visible(timeout=PATIENCE)


def swipe(desk: Driver) -> None:
    """Two layers side by side."""
    desk.page.get_by_label("Swipe left | right").click()
    desk.page.locator(".leaflet-sbs").wait_for(state="attached", timeout=PATIENCE)


VIEWS: dict[str, Callable[[Driver], None]] = {
    "open scene": lambda desk: None,
    "scene": tab("Scene"),
    "look": look,
    "label": label,
    "suggestions": suggestions,
    "doubts": doubts,
    "learning": learning,
    "embedding": embedding,
    "library": library,
    "runs": tab("Runs"),
    "compare": families,
    "models": models,
    "curve": lambda desk: (desk.page.keyboard.press("Escape"), curve(desk)),
    "areas": areas,
    "confusion": lambda desk: (desk.page.keyboard.press("Escape"), tab("Confusion")(desk)),
    "export": tab("Export"),
    "keys": tab("Keys"),
    "index": index,
    "swipe": swipe,
}


@pytest.mark.parametrize("view", VIEWS)
def test_the_desk_keeps_nobody_out(desk, view):
    VIEWS[view](desk)
    found = {}
    for theme in THEMES:
        desk.page.wait_for_function(GROUND, arg=theme, timeout=PATIENCE)
        desk.page.wait_for_timeout(400)  # what fades in is pale
        shot(desk.page, f"{view}-{theme}")
        found[theme] = barriers(desk.page)
        if view == "models":  # what is open lies over the page
            desk.page.keyboard.press("Escape")
        desk.page.get_by_label("Toggle theme").click()
        if view == "models" and theme == "light":
            VIEWS[view](desk)
    assert not any(found.values()), "\n".join(f"{theme}: {one}" for theme in THEMES for one in found[theme])


def described(desk: Driver, role: str, name: str) -> str:
    """How Chromium describes a picture to a screen reader; the same words stand beside it as text."""
    session = desk.page.context.new_cdp_session(desk.page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    key = {"role": role, "name": name}
    (found,) = [one for one in nodes if all(one.get(part, {}).get("value") == key[part] for part in key)]
    words = found.get("description", {}).get("value", "")
    texts = [one.get("name", {}).get("value") for one in nodes if one.get("role", {}).get("value") == "StaticText"]
    return words if words in texts else ""


def test_what_map_and_spectra_show_is_told_in_words_that_follow_a_label(desk):
    swipe = desk.page.get_by_label("Swipe left | right")
    if swipe.is_checked():
        swipe.click()
    desk.mode("Label pixel")
    desk.choose(1)
    before = desk.count(1)
    desk.click(50, 70)
    desk.wait_count(1, before + 1)
    names = list(read_legend(desk.folder / "labels.gpkg"))
    given = ", ".join(f"{name} {desk.count(code)}" for code, name in enumerate(names, 1))

    def follows() -> bool:
        words = described(desk, "region", "map")
        codes = np.load(desk.folder / "class_map.npy")[0]  # as the session keeps it
        share = {name: 100 * (codes == code).mean() for code, name in enumerate(names, 1) if (codes == code).any()}
        told = {
            name: float(part) for name, part in re.findall(r"([a-z ]+) ([\d.]+) %", words.partition("Class map:")[2])
        }
        told = {name.strip(): part for name, part in told.items()}
        is_same = told.keys() == share.keys() and all(abs(told[name] - share[name]) <= 0.5 for name in share)
        return is_same and f"labelled pixels: {given}." in words

    until(follows, "words of the map that are those of the class map")
    words = described(desk, "figure", "plot of spectra")
    values = np.where(good_bands(desk.cube), desk.cube[:, 50, 70].values, np.nan)
    waves = desk.cube["wavelength"].values
    (least, at, most, where) = re.search(
        r"row 50, column 70: least ([\d.]+) at (\d+), most ([\d.]+) at (\d+)", words
    ).groups()
    assert [float(least), float(most)] == pytest.approx([np.nanmin(values), np.nanmax(values)], rel=1e-3)
    assert [int(at), int(where)] == [round(waves[np.nanargmin(values)]), round(waves[np.nanargmax(values)])]
    assert all(f"mean of {name}" in words for name in names)
