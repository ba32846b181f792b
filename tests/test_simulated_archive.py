"""A simulated archive is what the published one is: its layout is known, its numbers mean what its card says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import rasterio

from workbench.cubes import simulated_scene
from workbench.cubes.sensor_bands import SENSORS
from workbench.patches import index_archive
from workbench.pretrain import ARCHIVES, Recipe, begin_archive, simulated_archive
from workbench.pretrain.archive_card import known
from workbench.probe import open_patches

ALL = ("spectral_earth", "ssl4eo_l_oli_sr", "ssl4eo_s12_l2a")


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))


def plain_row(archive) -> tuple[str, np.ndarray]:
    """The first patch, read by rasterio alone: its file, and its bands in the order of their numbers."""
    index = index_archive(archive.patches)
    file, members = index.table["file"][0].as_py(), index.product.members
    paths = [f"{file}/{name}.tif" for name in members] or [file]
    read = [rasterio.open(archive.patches / path).read() for path in paths]
    return file, read if members else list(read[0])


@pytest.mark.parametrize("name", ALL)
def test_it_is_known_as_the_archive_and_is_whole(tmp_path, name):
    index = index_archive(simulated_archive(tmp_path / "a", name, locations=5, dates=2).patches)
    assert (known(index)[0].name, index.n_locations, index.n_patches, index.faults) == (name, 5, 10, [])


@pytest.mark.parametrize(
    ("name", "gain", "sensor"),
    [
        ("spectral_earth", 1e-4, None),
        ("ssl4eo_l_oli_sr", 0.3 / 255, "landsat-8"),
        ("ssl4eo_s12_l2a", 1e-4, "sentinel-2"),
    ],
)
def test_its_numbers_are_the_simulated_reflectance_as_the_archive_stores_it(tmp_path, name, gain, sensor):
    archive = simulated_archive(tmp_path / "a", name, locations=4, dates=1, size=24, seed=3)
    cube, _ = simulated_scene(48, 48, seed=3)
    good = cube.isel(band=np.flatnonzero(cube.good.values))
    _, bands = plain_row(archive)
    assert len(bands) == len(ARCHIVES[name].wavelength)
    most = 255 * gain if name == "ssl4eo_l_oli_sr" else np.inf  # bytes end there
    compared = 0
    for stored, centre in zip(bands, ARCHIVES[name].wavelength, strict=True):
        widths = dict(zip(SENSORS[sensor].wavelength, SENSORS[sensor].fwhm, strict=True)) if sensor else {centre: 12.0}
        near = np.abs(good.wavelength.values - centre) <= widths[centre] / 2
        if near.any():  # bands in the gaps of water vapour are laid between their neighbours
            expected = good.values[near][:, :24, :24].mean(axis=0).clip(max=most).mean()
            assert np.squeeze(stored).mean() * gain == pytest.approx(expected, rel=0.05, abs=0.002), centre
            compared += 1
    assert compared > 0.9 * len(bands)


def test_coarser_bands_of_sentinel_2_have_fewer_pixels_on_the_same_ground(tmp_path):
    archive = simulated_archive(tmp_path / "a", "ssl4eo_s12_l2a", locations=2, dates=1, size=24)
    folder = next(archive.patches.glob("*/*"))
    shapes = {}
    for path in folder.glob("*.tif"):
        with rasterio.open(path) as file:
            shapes[path.stem] = file.shape
            corners = file.bounds
            assert tuple(corners) == pytest.approx(tuple(rasterio.open(folder / "B2.tif").bounds))
    assert (shapes["B4"], shapes["B8A"], shapes["B9"]) == ((24, 24), (12, 12), (4, 4))


@pytest.mark.parametrize("name", ALL)
def test_masks_and_labels_are_the_scenes_truth_at_every_date(tmp_path, name):
    archive = simulated_archive(tmp_path / "a", name, locations=4, dates=2, size=24, seed=5)
    _, truth = simulated_scene(48, 48, seed=5)
    segmented, labelled = (
        open_patches(archive.patches, masks=archive.masks),
        open_patches(archive.patches, labels=archive.labels),
    )
    assert (len(segmented), len(labelled), segmented.truth.task, labelled.truth.task) == (
        8,
        8,
        "segmentation",
        "several",
    )
    assert len(set(segmented.place.tolist())) == 4
    names = truth.attrs["classes"]
    for i, file in enumerate(segmented.truth.files):
        location = int(next(part for part in file.split("/") if len(part) == 7 and part.isdigit()))
        top, left = (24 * part for part in divmod(location, 2))
        expected = truth.values[top : top + 24, left : left + 24]
        np.testing.assert_array_equal(segmented.truth.codes[segmented.truth.mask(i)], expected)
        there = {names[code - 1] for code in np.unique(expected) if (expected == code).mean() >= 0.1}
        row = labelled.truth.files.index(file)
        assert {labelled.truth.names[k] for k in np.flatnonzero(labelled.truth.values[row])} == there


def test_dates_differ_in_their_fields_and_an_encoder_takes_them_as_a_pair(tmp_path):
    archive = simulated_archive(tmp_path / "a", "ssl4eo_l_oli_sr", locations=3, dates=2)
    one, two = (rasterio.open(path).read(5) for path in sorted(archive.patches.glob("0000000/*/all_bands.tif")))
    assert 2 < np.abs(one.astype(int) - two).mean() < 60
    encoder, steps, _ = begin_archive(archive.patches, Recipe(encoder="pixel", steps=2, pairs=8), device="cpu")
    assert [np.isfinite(step.loss) for step in steps] == [True]
    assert encoder.n_bands == 7


def test_the_same_seed_is_the_same_archive(tmp_path):
    tables = []
    for k, seed in enumerate((0, 0, 1)):
        archive = simulated_archive(tmp_path / str(k), "spectral_earth", locations=2, dates=1, seed=seed)
        tables.append((plain_row(archive)[1], pd.read_csv(archive.labels).to_csv()))
    np.testing.assert_array_equal(tables[0][0], tables[1][0])
    assert tables[0][1] == tables[1][1]
    assert not np.array_equal(tables[0][0], tables[2][0])


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"archive": "bigearthnet"}, "archives that are simulated are spectral_earth, .*got 'bigearthnet'; choose one"),
        ({"dates": 5}, "1 to 4 dates and patches of 16 pixels across or more, got 24, 5 and 24"),
        ({"archive": "ssl4eo_s12_l2a", "size": 20}, "a sixth of a patch's pixels, got 20 across; try 24"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, choices, message):
    with pytest.raises(ValueError, match=message):
        simulated_archive(tmp_path / "a", **{"archive": "spectral_earth"} | choices)


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="holds something already; name an empty folder"):
        simulated_archive(tmp_path, "spectral_earth")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
