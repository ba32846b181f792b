"""The desk in a cell of a real JupyterLab: the map, spectra and class map of its own page, without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.browser.conftest import address
from tests.browser.driver import PATIENCE, Driver, until, watch
from workbench.cubes import good_bands, simulated_scene

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SIZE = (60, 90)
CELLS = (
    "import workbench as wb\nfrom workbench.cubes import simulated_scene",
    f"cube, truth = simulated_scene(*{SIZE}, seed=3)",
    "wb.desk(cube, truth)",
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab with one notebook, in a folder and with settings of its own; its address."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for i, source in enumerate(CELLS)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (folder / "desk.ipynb").write_text(json.dumps(notebook))
    own = {name: str(folder / "jupyter" / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    here, env = Path(__file__).parents[2], os.environ | own | {"OMP_NUM_THREADS": "1"}
    log = folder / "lab.log"
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0", "--ip=127.0.0.1",
        "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}", "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=env, cwd=here)
        try:
            yield address(process, log)
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="module")
def cell(lab: str, browser: object) -> Iterator[Driver]:
    """The desk below the notebook's last cell."""
    context = browser.new_context(viewport={"width": 1600, "height": 1150})
    driver = Driver(context.new_page(), f"{lab}/lab/tree/desk.ipynb?reset", simulated_scene(*SIZE, seed=3)[0])
    driver.troubles = watch(context, driver.page)
    page = driver.page
    page.goto(driver.url)
    page.get_by_text("Python 3", exact=False).first.wait_for(timeout=PATIENCE)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    driver.wait_open()
    page.locator(".leaflet-container").scroll_into_view_if_needed()
    yield driver
    context.close()


def test_a_click_in_the_cell_draws_that_pixels_spectrum(cell):
    row, column = 40, 31
    cell.click(row, column)
    wanted = cell.cube.isel(y=row, x=column).values.astype(float)
    (line,) = cell.lines("#7d8ca3")
    kept = good_bands(cell.cube) & np.isfinite(wanted)
    np.testing.assert_allclose(line["y"][np.isfinite(line["y"])], wanted[kept], rtol=1e-5)
    assert cell.troubles == []


def test_labels_in_the_cell_draw_a_class_map(cell):
    for key, name in enumerate(("bright", "dark"), 1):
        cell.add_class(name)
        cell.mode("Label pixel")
        cell.click(10 * key, 20 * key)
        cell.wait_count(key, 1)
    shown = cell.wait_map()["pixels"].reshape(-1, 4)
    shown = {tuple(map(int, color[:3])) for color in np.unique(shown[shown[:, 3] > 0], axis=0)}
    assert shown == {cell.color(1), cell.color(2)}
    assert cell.troubles == []


def test_a_drag_in_the_cell_paints_with_the_brush(cell):
    for name in ("bright", "dark"):
        cell.add_class(name)
    cell.mode("Brush")
    before, mouse = cell.count(1) + cell.count(2), cell.page.mouse
    mouse.move(*cell.spot(45, 30))
    mouse.down()
    mouse.move(*cell.spot(45, 50), steps=20)
    mouse.up()
    painted = 21 * 7 + 2 * (5 + 5 + 1)  # seven rows of 21 pixels, and half a disc of radius 3 at each end
    until(lambda: cell.count(1) + cell.count(2) == before + painted, "the stroke")
    cell.mode("Inspect")
    assert cell.troubles == []


def test_keys_are_the_desks_only_while_it_has_the_focus(cell):
    for name in ("bright", "dark"):
        cell.add_class(name)
    cell.click(30, 30)
    for key in (1, 2, 1):
        cell.choose(key)
    cell.page.locator(".cm-content").first.click()
    cell.page.keyboard.press("Escape")  # to the notebook's command mode
    cell.page.keyboard.press("2")
    cell.page.locator(".leaflet-container").scroll_into_view_if_needed()
    cell.click(31, 31)  # long enough for a key to have arrived
    assert cell.page.locator(".row.current").get_attribute("data-code") == "1"
    assert cell.troubles == []
