"""Attacks on a served desk: paths, origins, scripts and uploads. Each is refused, told in a sentence, and logged."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from playwright.sync_api import expect

from tests.browser.driver import PATIENCE, Driver, until
from tests.browser.knocking import knock, read
from workbench.cubes import save_cube

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("server", ["simulated"], indirect=True, scope="module"),
]
OWN_SERVER = True
CANARY = "the canary sings"
SCRIPT = "<img src=x onerror='window.owned=1'><script>window.owned=1</script>"


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file outside of everything that the desk may open."""
    path = tmp_path / "canary.txt"
    path.write_text(CANARY)
    return path


@pytest.mark.parametrize("up", ["../", "%2e%2e/", "..%2f", "....//", "%2e%2e%5c"])
@pytest.mark.parametrize(
    "door", ["/static/", "/static/extensions/workbench_widgets/", "/static/extensions/panel/", "/panel_dist/", "/"]
)
def test_no_path_climbs_out_of_what_is_served(server, canary, door, up):
    status, text = read(server["url"], door + up * 12 + str(canary).lstrip("/"))
    assert status >= 400
    assert CANARY not in text


@pytest.mark.parametrize(
    "what", ["os/path/__file__/", "workbench.panels.assets/LeafletPane/__css__/", "shutil/os/_js/"]
)
def test_no_resource_of_a_module_is_a_file_of_ones_choice(server, canary, what):
    status, text = read(server["url"], f"/components/{what}{'../' * 12}{str(canary).lstrip('/')}")
    assert status >= 400
    assert CANARY not in text


def test_parameters_open_nothing_and_are_not_written_into_the_page(server, canary):
    before = json.loads((server["folder"] / "session.json").read_text())
    wish = "%3Cscript%3Eowned%3C/script%3E"
    status, text = read(server["url"], f"/?scene={canary}&session=../..&path={canary}&theme={wish}&{wish}={wish}")
    assert status < 500
    assert CANARY not in text
    assert "<script>owned" not in text
    assert json.loads((server["folder"] / "session.json").read_text())["scene"] == before["scene"]


def test_a_page_of_another_host_may_not_talk_to_the_desk(server):
    port = server["url"].rpartition(":")[2]
    for origin in (
        "http://evil.example",
        f"http://evil.example:{port}",
        "null",
        f"http://127.0.0.1.evil.example:{port}",
    ):
        assert knock(server["url"], origin) == "403"
        until(lambda one=origin: f"a page from {one!r} was kept out" in server["log"].read_text(), "a line in the log")
    assert knock(server["url"], server["url"]) == "let in"
    assert knock(server["url"], server["url"], token="x") == "closed"
    until(lambda: "'127.0.0.1' came with a token that is none" in server["log"].read_text(), "a line in the log")


def said(desk: Driver, words: str) -> None:
    """Wait until the line at the foot says so."""
    expect(desk.page.locator(".status-line.refusal")).to_contain_text(words, timeout=PATIENCE)


def asked_for(desk: Driver, path: str) -> bool:
    """Type a path, which the answer to the last one may write over, and look into the log."""
    box = desk.page.get_by_placeholder("path of a scene, then Enter")
    box.fill(path)
    box.press("Enter")
    desk.page.wait_for_timeout(300)
    return f" asked for {path!r}: " in desk.server["log"].read_text()


def test_the_field_for_a_path_opens_files_of_some_folders_only(desk, canary):
    folder, elsewhere = desk.server["folder"], canary.parent / "scene.npz"
    save_cube(desk.cube.isel(x=slice(0, 9)), elsewhere)
    (folder / "link.npz").symlink_to(elsewhere)
    (folder / "tiles").mkdir()
    (folder / "tiles" / "a.tif").symlink_to(elsewhere)
    (folder / "names.vrt").write_text(f"<VRTDataset><!-- {canary} --></VRTDataset>")
    for path, words in [
        (elsewhere, "lies outside the folders that this desk may open"),
        (Path("/etc/no-such-file"), "lies outside the folders that this desk may open"),
        (folder / ".." / ".." / canary.parent.name / "scene.npz", "lies outside the folders"),
        (folder / "link.npz", "lies outside the folders"),
        (folder / "tiles", f"leads to {folder / 'tiles' / 'a.tif'}, which lies outside"),
        (folder / "tiles" / "*.tif", "which lies outside the folders"),
        (folder / "names.vrt", "names.vrt names other files, so a page does not open it"),
    ]:
        until(lambda one=str(path): asked_for(desk, one), "a line in the log")
        said(desk, words)
    assert json.loads((folder / "session.json").read_text())["scene"] == "scene.zarr"


def test_script_in_names_is_shown_as_it_is_written(desk, tmp_path):
    page = desk.page
    desk.add_class("plain")
    box = page.get_by_placeholder("new class")
    for _ in range(2):  # the second time it is refused, by name
        box.fill(SCRIPT)
        box.press("Enter")
        page.locator(".row[data-code='2']").wait_for(timeout=PATIENCE)
    said(desk, f'class names must differ, but "{SCRIPT}" is there already')
    left, top = desk.cube.rio.transform() * (20, 20)
    field = geopandas.GeoDataFrame(
        {"class_name": [f"field {SCRIPT}"], "group": [f"fields {SCRIPT}"]},
        geometry=[shapely.box(left, top - 90, left + 90, top)],
    )
    field.set_crs(desk.cube.rio.crs).to_file(tmp_path / "<b>fields<b>.geojson", driver="GeoJSON")
    page.locator("input[type=file]").first.set_input_files(tmp_path / "<b>fields<b>.geojson")
    desk.wait_count(3, 9)
    expect(page.locator(".status-line.news")).to_contain_text("from <b>fields<b>.geojson", timeout=PATIENCE)
    box.fill("")
    box.blur()
    desk.choose(2)
    page.keyboard.press("Shift+I")
    expect(page.get_by_label("Group of the chosen class")).to_be_focused(timeout=PATIENCE)
    page.keyboard.type(SCRIPT)
    page.keyboard.press("Enter")
    for group in (SCRIPT, f"fields {SCRIPT}"):
        fold = page.get_by_role("button", name=f"Fold {group}", exact=True)
        expect(fold).to_have_attribute("title", f"Fold {group}", timeout=PATIENCE)
    desk.mode("Label pixel")
    desk.click(50, 50)
    desk.wait_map()
    page.keyboard.press("Shift+H")
    expect(page.get_by_role("button", name=f"Unfold {SCRIPT}", exact=True)).to_be_visible(timeout=PATIENCE)
    desk.mode("Inspect")
    desk.click(50, 50)
    for tab in ("Suggest & check", "Compare", "Confusion", "Export", "Keys", "Learn"):
        page.get_by_role("tab", name=tab).click()
    assert page.evaluate("() => window.owned") is None


def test_script_in_a_scenes_own_words_is_shown_as_it_is_written(desk):
    page, folder = desk.page, desk.server["folder"]
    names = np.array([f"{SCRIPT} {i}" for i in range(desk.cube.sizes["band"])], dtype=object)
    cube = desk.cube.drop_vars(["wavelength", "fwhm", "good"], errors="ignore").assign_coords(
        wavelength=("band", np.full(desk.cube.sizes["band"], np.nan)), band_name=("band", names)
    )
    save_cube(
        cube.assign_attrs(units=SCRIPT, sensor=SCRIPT, long_name=SCRIPT),
        folder / f"{'<img src=x onerror=owned=1>'}.zarr",
    )
    box = page.get_by_placeholder("path of a scene, then Enter")
    box.fill(str(folder / "<img src=x onerror=owned=1>.zarr"))
    box.press("Enter")
    until(lambda: json.loads((folder / "session.json").read_text())["scene"].endswith("owned=1>.zarr"), "the scene")
    expect(page.get_by_text(f"{SCRIPT} ", exact=False).first).to_be_visible(timeout=PATIENCE)
    until(lambda: desk.overlay("base"), "its picture on the map")
    x, y = desk.spot(30, 30)
    page.mouse.click(x, y)
    expect(page.get_by_text("row ", exact=False).first).to_be_visible(timeout=PATIENCE)
    assert page.evaluate("() => window.owned") is None


def test_a_file_that_is_too_large_is_not_taken(desk, tmp_path):
    with (tmp_path / "large.tif").open("wb") as file:
        file.truncate(65 * 2**20)
    desk.page.locator("input[type=file]").first.set_input_files(tmp_path / "large.tif")
    said(desk, "labels come in files of up to 64 MiB; give larger ones with --labels at the start")
    until(lambda: "an upload: labels come in files of up to 64 MiB" in desk.server["log"].read_text(), "a line")
