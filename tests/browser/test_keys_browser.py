"""Every button of the desk has a key in the key map, and every such key does what its button does."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from playwright.sync_api import expect

from tests.browser.driver import FIND, PATIENCE, Driver, until
from workbench.cubes import open_library
from workbench.panels.key_map import KEYS
from workbench.session import as_commands, as_python

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("server", ["simulated"], indirect=True, scope="module"),
]
BUTTONS = f"""
() => ({FIND})("button, [role=button], .leaflet-control a, input[type=file], input[type=submit]")
  .filter((one) => one.getClientRects().length && !one.matches("[role=tab], .MuiChip-root, .cursor-marker"))
  .map((one) => one.getAttribute("aria-label") || one.title || (one.labels && one.labels[0] || one).innerText)
  .map((name) => name.replace(/^[a-z_]+\\n/, "").trim())
"""
"""Names of all buttons in sight; an icon's name is no part of them."""

TABS = {
    "Scene": "Open a file of yours", "Learn": "Start learning", "Runs": "Resume", "Suggest & check": "Suggest pixels",
    "Embedding": "Let go of the selection", "Library": "Draw the nearest", "Compare": "Start comparing",
    "Curve": "", "Confusion": "", "Disagreement": "Area before", "Export": "Class map (GeoTIFF)", "Keys": "",
}  # fmt: skip
"""Tabs, and a button that is there once a tab has been drawn."""


def labelled(desk: Driver) -> None:
    """Two classes with labels, and a class map, unless they are there."""
    for key, name in enumerate(("bright", "dark"), 1):
        desk.add_class(name)
        if not desk.count(key):
            desk.choose(key)
            desk.mode("Label pixel")
            for n, place in enumerate([(10 * key, 20), (10 * key, 40), (10 * key, 60)], 1):
                desk.click(*place)
                desk.wait_count(key, n)
    desk.mode("Inspect")
    desk.wait_map()


def left(desk: Driver) -> bool:
    """Leave what is asked about; the page may only just have come to it."""
    desk.page.keyboard.press("Escape")
    desk.page.wait_for_timeout(300)
    return desk.page.locator(".item.current").count() == 0


def named(desk: Driver) -> set[str]:
    """Names of all buttons, once each has one: those being drawn have none yet."""
    found: list[set[str]] = []
    until(lambda: found.append(set(desk.page.evaluate(BUTTONS))) or "" not in found[-1], "names of all buttons")
    return found[-1]


def test_every_button_has_a_key(desk):
    page, found = desk.page, set()
    labelled(desk)
    page.keyboard.press("Shift+I")
    expect(page.get_by_label("Group of the chosen class")).to_be_focused(timeout=PATIENCE)
    page.keyboard.type("ground")
    page.keyboard.press("Enter")
    for name in ("Fold ground", "Unfold ground"):
        expect(page.get_by_role("button", name=name)).to_be_visible(timeout=PATIENCE)
        found |= named(desk)
        page.keyboard.press("Shift+Y")
    for tab, button in TABS.items():
        page.get_by_role("tab", name=tab).click()
        if button:
            expect(page.get_by_role("button", name=button)).to_be_visible(timeout=PATIENCE)
        page.wait_for_timeout(300)
        found |= named(desk)
    for key in ("g", "c"):
        page.keyboard.press(key)
        page.locator(".item.current").wait_for(timeout=PATIENCE)
        found |= named(desk)
        until(lambda: left(desk), "no pixel that is asked about")
    page.get_by_role("combobox", name="Picture").click()
    page.locator("li", has_text="spectral index").click()
    expect(page.get_by_label("Index", exact=True)).to_be_visible(timeout=PATIENCE)
    found |= named(desk)
    page.get_by_role("combobox", name="Picture").click()
    page.locator("li", has_text="true colour").click()
    page.keyboard.press("Control+z")
    expect(page.get_by_role("button", name="Fold ground")).to_have_count(0, timeout=PATIENCE)
    does = [beginning for keys in KEYS.values() for key in keys for beginning in key.presses]
    assert len(found) > 30
    assert not {name for name in found if not name.startswith(tuple(does))}
    never = {beginning for beginning in does if not any(name.startswith(beginning) for name in found)}
    assert never <= {"Swipe the two best maps"}  # which is there after a comparison


def test_a_spectrum_is_kept_and_let_go_of(desk):
    desk.click(20, 20)
    before = len(desk.lines())
    desk.page.keyboard.press("m")
    desk.click(30, 30)
    until(lambda: len(desk.lines()) > before, "the curve that is kept")
    desk.page.keyboard.press("Shift+M")
    expect(desk.page.get_by_role("button", name="Let go of the kept ones")).to_be_disabled(timeout=PATIENCE)


def test_layers_are_swiped_and_the_page_turns_dark(desk):
    page = desk.page
    page.keyboard.press("w")
    page.locator(".leaflet-sbs").wait_for(state="attached", timeout=PATIENCE)
    page.keyboard.press("w")
    page.locator(".leaflet-sbs").wait_for(state="detached", timeout=PATIENCE)
    ground = f"() => getComputedStyle(({FIND})('.leaflet-container')[0]).backgroundColor"
    before = page.evaluate(ground)
    page.keyboard.press("d")
    until(lambda: page.evaluate(ground) != before, "the dark")
    page.keyboard.press("d")
    until(lambda: page.evaluate(ground) == before, "the light")
    page.keyboard.press("Shift+W")
    expect(page.locator(".status-line.refusal")).to_contain_text("two models have to be compared", timeout=PATIENCE)


def test_fields_are_reached_and_files_chosen(desk):
    page = desk.page
    page.keyboard.press("a")
    expect(page.get_by_placeholder("new class")).to_be_focused(timeout=PATIENCE)
    page.keyboard.type("mud")
    page.keyboard.press("Enter")
    page.locator("input[title='mud']").wait_for(timeout=PATIENCE)
    page.get_by_placeholder("new class").blur()
    n = page.locator(".row").count()
    page.keyboard.press("Shift+Delete")
    page.locator("input[title='mud']").wait_for(state="detached", timeout=PATIENCE)
    assert page.locator(".row").count() == n - 1
    page.keyboard.press("o")
    expect(page.get_by_placeholder("path of a scene, then Enter")).to_be_focused(timeout=PATIENCE)
    page.keyboard.press("Tab")
    with page.expect_file_chooser(timeout=PATIENCE) as chosen:
        page.keyboard.press("u")
    assert not chosen.value.is_multiple()


def test_tabs_follow_each_other_round(desk):
    page, tabs = desk.page, list(TABS)
    page.get_by_role("tab", name=tabs[0]).click()
    page.mouse.click(*desk.spot(40, 40))
    for key, order in ((".", [*tabs[1:], tabs[0]]), (",", [*tabs[:0:-1], tabs[0]])):
        for title in order:
            page.keyboard.press(key)
            expect(page.get_by_role("tab", name=title)).to_have_attribute("aria-selected", "true", timeout=PATIENCE)


def test_a_run_is_started_and_stopped(desk):
    page = desk.page
    page.get_by_role("tab", name="Learn").click()
    page.get_by_label("Steps", exact=True).press("Control+a")
    page.keyboard.type("20000")
    page.keyboard.press("Enter")
    page.get_by_role("tab", name="Export").click()
    page.keyboard.press("t")
    expect(page.get_by_role("tab", name="Learn")).to_have_attribute("aria-selected", "true", timeout=PATIENCE)
    expect(page.get_by_text("pixels/s")).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("r")
    expect(page.get_by_role("tab", name="Compare")).to_have_attribute("aria-selected", "true", timeout=PATIENCE)
    expect(page.locator(".status-line")).to_contain_text("waits until", timeout=PATIENCE)
    page.keyboard.press("Shift+X")
    expect(page.get_by_text(re.compile(r"^comparison \d+ %"))).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("Shift+X")
    page.get_by_role("tab", name="Runs").click()
    expect(page.locator(".reads-runs").get_by_text("stopped")).to_have_count(2, timeout=PATIENCE)
    page.keyboard.press("Shift+G")
    expect(page.get_by_text(re.compile(r"^pretraining \d+ %"))).to_be_visible(timeout=PATIENCE)
    page.get_by_role("tab", name="Learn").click()
    expect(page.get_by_text("from step ")).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("Shift+X")
    page.get_by_role("tab", name="Runs").click()
    expect(page.locator(".reads-runs").get_by_text("stopped")).to_have_count(2, timeout=PATIENCE)
    expect(page.get_by_role("button", name="Use: ")).to_have_text(re.compile("Use none$"), timeout=PATIENCE)
    page.keyboard.press("Shift+U")
    expect(page.get_by_role("button", name="Use: ")).to_have_text(re.compile("Use$"), timeout=PATIENCE)
    page.keyboard.press("Shift+D")
    expect(page.get_by_text("Delete for good?")).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("Shift+D")
    expect(page.locator(".reads-runs").get_by_text("stopped")).to_have_count(1, timeout=PATIENCE)
    page.keyboard.press("Shift+T")
    expect(page.locator(".status-line.refusal")).to_contain_text("only a pretraining is repeated", timeout=PATIENCE)


def test_maps_and_labels_are_taken_away(desk, tmp_path):
    labelled(desk)
    desk.page.get_by_role("tab", name="Learn").click()
    with rasterio.open(taken(desk, "e", tmp_path)) as file:
        assert (file.height, file.width) == desk.cube.shape[1:]
        assert set(np.unique(file.read(1))) <= {0, 1, 2}
    spectra = open_library(taken(desk, "Shift+S", tmp_path))
    assert {"bright, mean", "dark, mean"} <= set(spectra["spectrum_name"].values)
    assert len(geopandas.read_file(taken(desk, "Shift+E", tmp_path))) == desk.count(1) + desk.count(2)


def test_the_session_is_taken_away_whole(desk, tmp_path):
    labelled(desk)
    desk.page.get_by_role("tab", name="Learn").click()
    file = taken(desk, "Shift+Z", tmp_path)
    assert file.name == f"{desk.server['folder'].name}.zip"
    with zipfile.ZipFile(file) as zipped:
        assert zipped.testzip() is None
        about = json.loads(zipped.read("pack.json"))["scene"]
        zipped.extract("labels.gpkg", tmp_path)
    assert (about["name"], about["enclosed"]) == ("scene.zarr", False)
    assert len(geopandas.read_file(tmp_path / "labels.gpkg")) == desk.count(1) + desk.count(2)


def test_what_was_done_is_copied_as_code(desk):
    page, folder = desk.page, desk.server["folder"]
    labelled(desk)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=desk.server["host"])
    page.get_by_role("tab", name="Learn").click()
    page.keyboard.press("Shift+C")
    expect(page.get_by_role("tab", name="Export")).to_have_attribute("aria-selected", "true", timeout=PATIENCE)
    expect(page.locator(".status-line")).to_contain_text("copied as code: Python", timeout=PATIENCE)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == as_python(folder)
    assert f"cube = wb.open_cube('{folder / 'scene.zarr'}')" in copied
    assert f"  # {desk.count(1) + desk.count(2)} labels of " in copied
    shown = page.get_by_role("region", name="What was done, Python")
    until(lambda: shown.inner_text() == copied, "the script on the page")
    page.keyboard.press("Shift+K")
    shown = page.get_by_role("region", name="What was done, Command line")
    until(lambda: shown.inner_text() == as_commands(folder), "the command lines on the page")
    assert f"workbench replay {folder} --out replayed" in shown.inner_text()
    page.keyboard.press("Shift+C")
    expect(page.locator(".status-line")).to_contain_text("copied as code: Command line", timeout=PATIENCE)
    assert page.evaluate("navigator.clipboard.readText()") == as_commands(folder)
    page.get_by_role("button", name="Python").click()
    expect(page.get_by_role("region", name="What was done, Python")).to_be_visible(timeout=PATIENCE)


def taken(desk: Driver, key: str, folder: Path) -> Path:
    """What a key downloads."""
    with desk.page.expect_download(timeout=PATIENCE) as started:
        desk.page.keyboard.press(key)
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path
