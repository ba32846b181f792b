"""A way through the folders: what is shown of them, and what is not."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from affine import Affine

from workbench.cubes import save_cube, simulated_scene
from workbench.session import Allowed
from workbench.session.browsing import MOST, listing, roots

WAYS_OUT = ("outside", "inside/..", "inside/link", "inside/../outside/secret", "inside/link/secret")


@pytest.fixture
def place(tmp_path):
    """A folder that may be seen, with scenes and others in it, beside one that may not."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    (inside / "sub").mkdir(parents=True)
    (outside / "secret").mkdir(parents=True)
    cube, _ = simulated_scene(16, 16, seed=0)
    save_cube(cube, inside / "b.zarr")
    save_cube(cube, inside / "A.npz")
    for name in ("notes.md", ".hidden.npz"):
        (inside / name).write_text("")
    (inside / "link").symlink_to(outside)
    (inside / "linked.npz").symlink_to(outside / "c.npz")
    return inside, outside


def test_folders_come_first_and_what_is_no_scene_not_at_all(place):
    inside, _ = place
    found = listing(inside, Allowed((inside,)))
    assert [(one.kind, one.name) for one in found.entries] == [
        ("folder", "sub"),
        ("scene", "A.npz"),
        ("scene", "b.zarr"),
    ]
    assert (found.above, found.left_out, found.is_scene) == (None, 0, False)
    below = listing(inside / "sub", Allowed((inside,)))
    assert (below.above, below.entries) == (inside, ())


def test_without_limits_links_are_followed(place):
    inside, _ = place
    found = listing(inside, None)
    assert {one.name for one in found.entries} == {"sub", "link", "A.npz", "b.zarr", "linked.npz"}
    assert found.above == inside.parent


@pytest.mark.parametrize(
    "way", ["outside", "inside/..", "inside/link", "inside/../outside/secret", "inside/link/secret"]
)
def test_no_way_leads_out(place, caplog, way):
    inside, _ = place
    with pytest.raises(PermissionError, match="lies outside the folders that this desk may open"):
        listing(inside.parent / way, Allowed((inside,)), "eve")
    assert "'eve' asked what is in" in caplog.text


def test_a_folder_of_tiles_is_a_scene_itself(tmp_path):
    for n in range(2):
        place = Affine(10, 0, 80 * n, 0, -10, 0)
        profile = {"driver": "GTiff", "height": 8, "width": 8, "count": 5, "dtype": "uint16", "crs": 32633}
        with rasterio.open(tmp_path / f"tile_{n}.tif", "w", transform=place, **profile) as file:
            file.write(np.ones((5, 8, 8), "uint16"))
    assert listing(tmp_path, None).is_scene


def test_of_many_files_some_are_listed_and_the_rest_are_counted(tmp_path):
    for n in range(MOST + 7):
        (tmp_path / f"{n:04d}.npz").write_bytes(b"")
    found = listing(tmp_path, None)
    assert (len(found.entries), found.left_out) == (MOST, 7)
    assert found.entries[0].name == "0000.npz"


def test_one_begins_in_the_folders_that_are_there(place, monkeypatch):
    inside, outside = place
    assert roots(Allowed((inside, inside / "gone", outside)), "") == [inside, outside]
    assert roots(None, str(inside / "A.npz")) == [inside]
    monkeypatch.chdir(outside)
    assert roots(None, "") == [outside]
    assert roots(None, "s3://bucket/scene.zarr") == [outside]
