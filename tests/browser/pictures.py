"""Pictures of the desk for the guide: ``python -m tests.browser.pictures [VIEW...]`` writes ``notebooks/images``.

They are taken of a real session on the built-in scene, in light and dark, 1280 and 1920 pixels wide, so that they show
what somebody sees who starts today. Not a test: run it after a change to the screen, and look at them.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr
from PIL import Image
from playwright.sync_api import expect, sync_playwright

from tests.browser.conftest import FLAGS, address
from tests.browser.driver import PATIENCE, Driver, until
from workbench.cubes import save_cube, simulated_scene
from workbench.labels import write_labels
from workbench.session import Session

IMAGES = Path(__file__).parents[2] / "notebooks" / "images"
SIZES = {1280: 800, 1920: 1080}
LOOKS = ("light", "dark")
QUALITY = 80
"""Of a picture as WebP: letters stay clear, and all pictures together stay below 4 MB."""

PLACE = Path(tempfile.gettempdir()) / "desk"
"""Where the session lies while they are taken: the pictures show it."""

EACH, STEPS, SHAPE = 6, 1500, (200, 300)
"""Labels a class, steps of the encoder, size of the scene."""


def main(*names: str) -> None:
    """Take those of `names`, or all."""
    unknown = set(names) - set(VIEWS)
    if unknown:
        raise SystemExit(f"views are {', '.join(VIEWS)}, got {', '.join(sorted(unknown))}; name some of them")
    PLACE.mkdir()  # if it is there, it is somebody's
    try:
        cube = worked_on(PLACE / "monday")
        log = PLACE / "log"
        command = [sys.executable, "-u", "-m", "workbench.cli", "serve", "--session", "monday", "--no-show"]
        with log.open("w") as out:
            server = subprocess.Popen(command, stdout=out, stderr=out, cwd=PLACE, env=dict(os.environ))
        try:
            take(address(server, log), cube, names or tuple(VIEWS))
        finally:
            server.terminate()
            server.wait(20)
    finally:
        shutil.rmtree(PLACE)


def worked_on(folder: Path) -> xr.DataArray:
    """A session after a quarter of an hour: a few labels a class, an encoder, a comparison."""
    cube, truth = simulated_scene(*SHAPE, seed=0)
    session = Session(folder)
    save_cube(cube, folder / "scene.zarr")
    write_labels(truth, folder / "truth.tif")
    _done(session, session.open_scene(folder / "scene.zarr"))
    _done(session, session.open_truth(folder / "truth.tif"))
    rng = np.random.default_rng(1)
    for code, name in enumerate(truth.attrs["classes"], 1):
        _done(session, session.add_class(name))
        for row, column in rng.permutation(np.argwhere(truth.values == code))[:EACH]:
            _done(session, session.label_pixel(int(row), int(column)))
    _done(session, session.start_pretraining(steps=STEPS, seed=0))
    session.wait_for_job()
    models = ["svm", "self_training", "barlow_twins"]
    _done(session, session.start_comparison(models=models, budgets=[3, 10, 30], draws=5, truth="file"))
    session.wait_for_job()
    session.wait_for_map()
    session.close()
    return cube


def take(url: str, cube: xr.DataArray, names: tuple[str, ...]) -> None:
    """Open each view in each look and size."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for width, height in SIZES.items():
            for look in LOOKS:
                page = browser.new_page(viewport={"width": width, "height": height})
                desk = Driver(page, url, cube)
                desk.open()
                desk.wait_map()
                if look == "dark":
                    page.keyboard.press("d")
                page.mouse.click(*desk.spot(60, 150))
                for name in names:
                    title, prepare = VIEWS[name]
                    page.get_by_role("tab", name=title, exact=True).click()
                    prepare(desk)
                    page.mouse.move(1, 1)
                    page.wait_for_timeout(2500)  # ripples of buttons and fades are over
                    keep(page.screenshot(), IMAGES / f"{name}_{look}_{width}.webp")
                    page.keyboard.press("Escape")
                page.close()
        browser.close()


def keep(png: bytes, path: Path) -> None:
    """A screenshot as a small file."""
    Image.open(io.BytesIO(png)).convert("RGB").save(path, quality=QUALITY, method=6)


def _as_it_is(desk: Driver) -> None:
    """Nothing is pressed."""


def _lasso(desk: Driver) -> None:
    """Select what is like the pixel that was clicked, once the plot is there."""
    expect(desk.page.get_by_text("by what the encoder learnt")).to_be_visible(timeout=PATIENCE)
    desk.page.wait_for_timeout(1500)
    desk.page.keyboard.press("v")
    expect(desk.page.get_by_text("pixels are selected.")).to_be_visible(timeout=PATIENCE)


def _suggested(desk: Driver) -> None:
    desk.page.keyboard.press("g")
    expect(desk.page.get_by_role("button", name="Skip")).to_be_visible(timeout=PATIENCE)


def _apart(desk: Driver) -> None:
    """Two models' maps, and the way to the first area where they differ."""
    page = desk.page
    if "KNN" not in page.get_by_role("combobox", name="Maps by").inner_text():
        page.get_by_role("combobox", name="Maps by").click()
        page.locator("li", has_text="KNN · knn").click()
        until(lambda: page.keyboard.press("Escape") or page.locator("li").count() == 0, "the list to close")
    page.locator(".area").first.click(timeout=PATIENCE)
    page.locator(".area.current").wait_for(timeout=PATIENCE)


VIEWS: dict[str, tuple[str, Callable[[Driver], None]]] = {
    "scene": ("Scene", _as_it_is),
    "learn": ("Learn", _as_it_is),
    "runs": ("Runs", _as_it_is),
    "embedding": ("Embedding", _lasso),
    "compare": ("Compare", _as_it_is),
    "curve": ("Curve", _as_it_is),
    "confusion": ("Confusion", _as_it_is),
    "export": ("Export", _as_it_is),
    "disagreement": ("Disagreement", _apart),
    "suggestions": ("Suggest & check", _suggested),
}
"""Names of pictures: the tab that is open on them, and what somebody presses there; the last ones move the map."""


def _done(session: Session, done: bool) -> None:
    if not done:
        raise ValueError(session.message)


if __name__ == "__main__":
    main(*sys.argv[1:])
