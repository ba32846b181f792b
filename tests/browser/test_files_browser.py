"""Files in and out, and the legend, in a browser; on the simulated scene."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from playwright.sync_api import expect

from tests.browser.driver import FIND, PATIENCE, Driver, until
from workbench.cubes import save_cube, simulated_scene

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("server", ["simulated"], indirect=True, scope="module"),
]


def import_two_fields(desk: Driver, folder: Path) -> None:
    """Two squares as a GeoJSON file in degrees, unless they are there."""
    if desk.page.locator("input[title='left']").count():
        return
    transform = desk.cube.rio.transform()
    squares = [
        shapely.box(*(transform * (left, 40)), *(transform * (left + 5, 35)))
        for left in (20, desk.cube.sizes["x"] - 30)
    ]
    table = geopandas.GeoDataFrame({"class_name": ["left", "right"]}, geometry=squares, crs=desk.cube.rio.crs)
    table.to_crs(4326).to_file(folder / "fields.geojson", driver="GeoJSON")
    desk.page.locator("input[type=file]").first.set_input_files(folder / "fields.geojson")
    desk.page.locator("input[title='right']").wait_for(timeout=PATIENCE)
    desk.wait_count(1, 25)
    desk.wait_count(2, 25)


def take(desk: Driver, button: str, folder: Path) -> Path:
    """What a button of the export tab gives."""
    desk.page.get_by_role("tab", name="Export").click()
    with desk.page.expect_download(timeout=PATIENCE) as started:
        desk.page.get_by_text(button).click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path


def test_a_scene_is_found_in_a_folder_and_told_of(desk, tmp_path):
    page, folder = desk.page, desk.server["folder"]
    other, _ = simulated_scene(40, 60, seed=3)
    save_cube(other, folder / "<b>other.npz")
    page.get_by_role("tab", name="Scene").click()
    card = page.locator("dl", has_text="Rows × columns")
    expect(card).to_contain_text("80 × 120", timeout=PATIENCE)
    expect(card).to_contain_text("EPSG:32633")
    expect(card).to_contain_text(f"{desk.cube.sizes['band']}")
    page.get_by_role("option", name=str(folder), exact=True).click()
    expect(page.get_by_role("option", selected=True)).to_have_accessible_name("scene.zarr", timeout=PATIENCE)
    assert page.get_by_role("option", name="labels.gpkg").count() == 0
    before = desk.overlay("base")["src"]
    page.get_by_role("option", name="<b>other.npz").focus()
    page.keyboard.press("Enter")
    expect(card).to_contain_text("40 × 60", timeout=PATIENCE)
    until(lambda: desk.overlay("base").get("src", before) != before, "another picture")
    page.get_by_role("option", name="scene.zarr").click()
    expect(card).to_contain_text("80 × 120", timeout=PATIENCE)
    desk.wait_open()
    page.get_by_role("tab", name="Learn").click()


def test_imported_labels_draw_a_map_and_are_told_of(desk, tmp_path):
    import_two_fields(desk, tmp_path)
    expect(desk.page.locator(".status-line.news")).to_contain_text("2 labels of 2 classes", timeout=PATIENCE)
    desk.wait_map()


def test_a_class_is_chosen_by_mouse_renamed_and_recoloured(desk, tmp_path):
    import_two_fields(desk, tmp_path)
    page = desk.page
    page.locator(".row[data-code='1'] .count").click()
    page.locator(".row.current[data-code='1']").wait_for(timeout=PATIENCE)
    before = desk.wait_map()["src"]
    page.locator(".row[data-code='1'] input[type=color]").fill("#123456")
    page.wait_for_function(
        f"() => ({FIND})('.row[data-code=\"1\"] input[type=color]').some((e) => e.value === '#123456')",
        timeout=PATIENCE,
    )
    found = desk.wait_map(before)["pixels"]
    assert (0x12, 0x34, 0x56) in {tuple(map(int, color)) for color in np.unique(found[..., :3].reshape(-1, 3), axis=0)}
    name = page.locator(".row[data-code='2'] input[type=text]")
    page.keyboard.press("2")
    page.locator(".row.current[data-code='2']").wait_for(timeout=PATIENCE)
    name.fill("east")
    name.press("Enter")
    page.locator("input[title='east']").wait_for(timeout=PATIENCE)
    desk.wait_count(2, 25)


def test_map_and_labels_are_taken_away_as_files(desk, tmp_path):
    import_two_fields(desk, tmp_path)
    desk.wait_map()
    with rasterio.open(take(desk, "Class map (GeoTIFF)", tmp_path)) as file:
        assert (file.height, file.width) == desk.cube.shape[1:]
        assert file.crs == desk.cube.rio.crs
        assert set(np.unique(file.read(1))) <= {0, 1, 2}
    labels = geopandas.read_file(take(desk, "Labels (GeoPackage)", tmp_path))
    assert len(labels) == 2
    assert labels.crs == desk.cube.rio.crs
