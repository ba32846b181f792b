"""Files in and out, and the legend, in a browser; on the simulated scene."""

from __future__ import annotations

import base64
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from playwright.sync_api import expect

from tests.browser.driver import FIND, PATIENCE, Driver, until
from tests.browser.test_desk_browser import agreement
from workbench.cubes import save_cube, simulated_scene

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("server", ["simulated"], indirect=True, scope="module"),
]
CARRIED = """
([name, type, content]) => {
  const carried = new DataTransfer()
  carried.items.add(new File([Uint8Array.from(atob(content), (one) => one.charCodeAt(0))], name, {type}))
  return carried
}
"""
"""What a drag carries that comes from the person's own files."""


def two_fields(desk: Driver, path: Path, *names: str) -> Path:
    """Two squares as a GeoJSON file in degrees."""
    transform = desk.cube.rio.transform()
    lefts = (20, desk.cube.sizes["x"] - 30)
    squares = [shapely.box(*(transform * (left, 40)), *(transform * (left + 5, 35))) for left in lefts]
    table = geopandas.GeoDataFrame({"class_name": names}, geometry=squares, crs=desk.cube.rio.crs)
    table.to_crs(4326).to_file(path, driver="GeoJSON")
    return path


def drop(desk: Driver, file: Path, kind: str, says: str) -> None:
    """Drag a file over the map, read what the page says, and let go."""
    carried = desk.page.evaluate_handle(CARRIED, [file.name, kind, base64.b64encode(file.read_bytes()).decode()])
    ground = desk.page.locator(".leaflet-container")
    for event in ("dragenter", "dragover"):
        ground.dispatch_event(event, {"dataTransfer": carried})
    expect(desk.page.get_by_text(says)).to_be_visible(timeout=PATIENCE)
    ground.dispatch_event("drop", {"dataTransfer": carried})
    expect(desk.page.get_by_text(says)).to_be_hidden(timeout=PATIENCE)


def import_two_fields(desk: Driver, folder: Path) -> None:
    """Two squares as a GeoJSON file in degrees, unless they are there."""
    if desk.page.locator("input[title='left']").count():
        return
    file = two_fields(desk, folder / "fields.geojson", "left", "right")
    desk.page.locator("input[type=file]").first.set_input_files(file)
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


def test_labels_that_are_dropped_are_imported(desk, tmp_path):
    file = two_fields(desk, tmp_path / "dropped.geojson", "north", "south")
    drop(desk, file, "application/geo+json", "Drop labels to import them")
    desk.page.locator("input[title='south']").wait_for(timeout=PATIENCE)
    rows = [desk.page.locator(".row", has=desk.page.locator(f"input[title='{name}']")) for name in ("north", "south")]
    for row in rows:
        expect(row.locator(".count")).to_have_text("25", timeout=PATIENCE)


def test_a_scene_that_is_dropped_or_chosen_is_opened(desk, tmp_path):
    page, place = desk.page, desk.server["folder"] / "dropped"
    cube = simulated_scene(80, 120, seed=5)[0].isel(band=slice(0, 120))  # more than a piece
    file = Path(save_cube(cube, tmp_path / "mine.npz"))
    other = Driver(page, desk.url, cube)
    before = desk.overlay("base")["src"]
    drop(desk, file, "", "Drop a scene to open it")
    until(lambda: desk.overlay("base").get("src", before) != before, "another picture")
    until(lambda: bool(desk.overlay("base")) and agreement(other) > 0.98, "the picture of the scene that was dropped")
    assert (place / "mine" / "mine.npz").read_bytes() == file.read_bytes()
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden(timeout=PATIENCE)
    expect(page.get_by_placeholder("path of a scene, then Enter")).to_have_value(
        str(place / "mine" / "mine.npz"), timeout=PATIENCE
    )

    with (tmp_path / "long.tif").open("wb") as large:
        large.truncate(2**30)
    with page.expect_file_chooser(timeout=PATIENCE) as chosen:
        page.keyboard.press("/")
    chosen.value.set_files(tmp_path / "long.tif")
    expect(page.get_by_role("status").filter(has_text="Sending long.tif")).to_be_visible(timeout=PATIENCE)
    assert len(list(place.iterdir())) == 2
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden(timeout=PATIENCE)
    until(lambda: [one.name for one in place.iterdir()] == ["mine"], "nothing left of what was cancelled")

    before = desk.overlay("base")["src"]
    page.get_by_role("tab", name="Scene").click()
    (tmp_path / "scene.tif").write_text("no scene")
    with page.expect_file_chooser(timeout=PATIENCE) as chosen:
        page.get_by_role("button", name="Open a file of yours").click()
    chosen.value.set_files(tmp_path / "scene.tif")
    expect(page.locator(".status-line.refusal")).to_contain_text("scene.tif", timeout=PATIENCE)
    until(lambda: [one.name for one in place.iterdir()] == ["mine"], "nothing left of what is no scene")
    assert desk.overlay("base")["src"] == before
