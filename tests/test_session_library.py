"""A spectral library beside a scene: opened by the rules for scenes, on its bands, searched for what is near."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import spectral
import xarray as xr
from scipy.stats import entropy

from tests.test_libraries import ecostress, usgs
from workbench.cubes import make_library, resample_library, save_cube, save_library, simulated_scene, spectra_at
from workbench.session import Allowed, Session, nearest

PLACES = {"field": (2, 3), "wood": (8, 17), "roof, old": (14, 1)}


@pytest.fixture(scope="module")
def cube() -> xr.DataArray:
    return simulated_scene(16, 20, seed=1)[0]


@pytest.fixture
def session(tmp_path: Path, cube: xr.DataArray) -> Iterator[Session]:
    session = Session.at(tmp_path / "session", Allowed((tmp_path / "session",)))
    session.live = False
    save_cube(cube, tmp_path / "session" / "scene.npz")
    assert session.open_scene(tmp_path / "session" / "scene.npz"), session.message
    yield session
    session.close()


def library(cube: xr.DataArray, path: Path) -> Path:
    """Three pixels' spectra as a library."""
    rows, columns = zip(*PLACES.values(), strict=True)
    return save_library(spectra_at(cube, rows, columns, list(PLACES)), path)


def test_it_is_opened_drawn_and_there_after_a_restart(session, cube, tmp_path):
    path = library(cube, tmp_path / "session" / "mine.sli")
    assert session.open_library(path), session.message
    assert session.message == "3 spectra from mine.sli"
    assert session.draw_library([2, 0, 2])
    assert session.library_drawn == [2, 0]
    stored = json.loads((tmp_path / "session" / "session.json").read_text())
    assert (stored["library"], stored["library_drawn"]) == ("mine.sli", [2, 0])
    session.close()
    again = Session.at(tmp_path / "session", Allowed((tmp_path / "session",)))
    assert again.message == ""
    assert again.library_drawn == [2, 0]
    assert again.library["spectrum_name"].values.tolist() == ["field", "wood", "roof; old"]
    np.testing.assert_allclose(again.library_here.values[1], cube.values[:, 8, 17], rtol=1e-5)
    assert again.close_library()
    assert (again.library, again.library_here, again.library_drawn) == (None, None, [])
    again.close()


def test_it_stands_on_the_scenes_bands_as_its_sensor_would_have_seen_it(session, tmp_path):
    fine = np.arange(350, 2501, 1.0)
    save_library(make_library([0.1 + 2e-4 * fine], fine, ["ramp"]), tmp_path / "session" / "ramp.csv")
    assert session.open_library(tmp_path / "session" / "ramp.csv"), session.message
    good = session.cube["good"].values
    wanted = 0.1 + 2e-4 * session.cube["wavelength"].values
    np.testing.assert_allclose(session.library_here.values[0, good], wanted[good], rtol=1e-4)
    assert session.library_note == ""


def test_on_the_scenes_own_bands_it_is_taken_as_it_is(session, cube, tmp_path):
    session.open_library(library(cube, tmp_path / "session" / "mine.csv"))
    assert np.isnan(session.library.values).any()  # dead bands, which resampling would spread to their neighbours
    np.testing.assert_array_equal(session.library_here, session.library)
    assert session.library_note == ""


def test_what_to_mind_is_said_in_a_sentence(session, tmp_path):
    short = np.arange(400, 901, 5.0)
    radiance = make_library(np.ones((1, len(short))), short, ["lamp"], quantity="radiance")
    save_library(radiance, tmp_path / "session" / "radiance.sli")
    assert session.open_library(tmp_path / "session" / "radiance.sli"), session.message
    good = session.cube["wavelength"].values[session.cube["good"].values]
    seen = np.isfinite(resample_library(radiance, session.cube).values[0, session.cube["good"].values]).sum()
    assert session.library_note == (
        "the library holds radiance [µW cm⁻² nm⁻¹ sr⁻¹], the scene reflectance [1]: compare shapes, not heights; "
        f"it covers {seen} of the scene's {len(good)} good bands"
    )
    assert abs(seen - (good <= 900).sum()) <= 1
    assert session.message.endswith(session.library_note)


def test_without_a_wavelength_in_common_it_is_refused(session, cube, tmp_path):
    library(cube, tmp_path / "session" / "mine.csv")
    session.open_library(tmp_path / "session" / "mine.csv")
    far = make_library(np.ones((1, 3)), [8000, 9000, 10_000], ["thermal"])
    assert not session.open_library(save_library(far, tmp_path / "session" / "far.csv"))
    assert "the library's wavelengths (8000–10000 nm) and the scene's (" in session.message
    assert "do not overlap; open another library" in session.message
    assert session.library.sizes["spectrum"] == 3  # the one before is still there


def test_another_scene_has_it_on_its_own_bands_or_is_told_why_not(session, cube, tmp_path):
    session.open_library(library(cube, tmp_path / "session" / "mine.csv"))
    few = cube.sel(wavelength=slice(500, 800))
    session.open_scene(save_cube(few, tmp_path / "session" / "few.npz"))
    assert session.library_here.sizes["band"] == few.sizes["band"]
    far = cube.sel(wavelength=slice(500, 800)).assign_coords(wavelength=("band", few["wavelength"].values + 9000))
    session.open_scene(save_cube(far.set_xindex("wavelength"), tmp_path / "session" / "far.npz"))
    assert session.library_here is None
    assert "do not overlap" in session.library_note


def test_only_files_of_allowed_folders_are_opened_and_no_link_leads_out(session, cube, tmp_path):
    outside = library(cube, tmp_path / "outside.sli")
    for path in (outside, tmp_path / "nothing.sli"):  # whether it is there is nobody's business
        assert not session.open_library(path)
        assert "lies outside the folders that this desk may open" in session.message
    (tmp_path / "session" / "led.sli").symlink_to(outside)
    (tmp_path / "session" / "led.hdr").symlink_to(outside.with_suffix(".hdr"))
    assert not session.open_library(tmp_path / "session" / "led.sli")
    assert "leads to" in session.message or "lies outside" in session.message
    assert session.library is None
    spectrum = usgs(tmp_path / "session" / "usgs")
    inner = tmp_path / "splib"
    spectrum.parents[1].rename(inner)  # its wavelengths would be found beside the allowed folder
    deep = inner / "ChapterM_Minerals"
    session.allowed = Allowed((deep,))
    assert not session.open_library(deep / spectrum.name)
    assert "lies outside the folders" in session.message
    assert session.library is None


def test_what_this_user_opened_elsewhere_is_opened_again_and_what_a_stranger_wrote_is_not(session, cube, tmp_path):
    path = library(cube, tmp_path / "outside.csv")
    inside = session.allowed
    session.allowed = None
    assert session.open_library(path), session.message
    session.close()
    again = Session.at(tmp_path / "session", inside)
    assert again.library.sizes["spectrum"] == 3
    again.close()
    file = tmp_path / "session" / "session.json"
    state = json.loads(file.read_text())
    library(cube, tmp_path / "other.csv")
    file.write_text(json.dumps({**state, "library": str(tmp_path / "other.csv")}))
    stranger = Session.at(tmp_path / "session", inside)
    assert stranger.library is None
    assert "lies outside the folders" in stranger.message
    stranger.close()


def test_a_seal_of_before_there_were_libraries_still_holds(session, cube, tmp_path):
    session.allowed = None
    session.open_scene(save_cube(cube, tmp_path / "outside.npz"))
    file = tmp_path / "session" / "session.json"
    session.close()
    state = {name: value for name, value in json.loads(file.read_text()).items() if "library" not in name}
    file.write_text(json.dumps(state))
    again = Session.at(tmp_path / "session", Allowed((tmp_path / "session",)))
    assert again.cube is not None
    again.close()


@pytest.mark.parametrize(
    ("which", "message"),
    [([3], "the library has 3 spectra, got number 4"), ([-1], "got number 0"), (range(13), "got number")],
)
def test_what_cannot_be_drawn_is_refused(session, cube, tmp_path, which, message):
    assert not session.draw_library([0])
    assert "there is no spectral library yet" in session.message
    session.open_library(library(cube, tmp_path / "session" / "mine.csv"))
    assert not session.draw_library(which)
    assert message in session.message
    assert session.library_drawn == []


def test_no_more_than_can_be_told_apart_are_drawn_and_no_huge_file_is_read(session, cube, tmp_path, monkeypatch):
    session.open_library(library(cube, tmp_path / "session" / "mine.csv"))
    monkeypatch.setattr("workbench.session.library.MOST_DRAWN", 2)
    assert not session.draw_library([0, 1, 2])
    assert "at most 2 spectra of a library are drawn at once" in session.message
    with (tmp_path / "session" / "huge.csv").open("wb") as file:
        file.truncate(2**29)  # a hole: it takes no room
    assert not session.open_library(tmp_path / "session" / "huge.csv")
    assert "a library has up to 256 MiB, got 512" in session.message


def test_the_nearest_are_those_of_spy_and_scipy(session, cube, tmp_path):
    rng = np.random.default_rng(3)
    rows, columns = rng.integers(0, 16, 30), rng.integers(0, 20, 30)
    members = spectra_at(cube, rows, columns, [f"spectrum {i}" for i in range(30)])
    session.open_library(save_library(members, tmp_path / "session" / "thirty.sli"))
    good, pixel = cube["good"].values, cube.values[:, 5, 6]
    found = nearest(session.library_here, cube, pixel)
    angles = spectral.spectral_angles(pixel[good][None, None].astype(float), members.values[:, good])[0, 0]
    assert [one.index for one in found] == np.argsort(angles, kind="stable").tolist()
    np.testing.assert_allclose([one.angle for one in found], np.sort(angles), atol=1e-5)
    ours = {one.name: one.divergence for one in found}
    for i, member in enumerate(members.values.astype(float)):
        bands = good & (member > 0) & (pixel > 0)
        both = entropy(pixel[bands], member[bands]) + entropy(member[bands], pixel[bands])
        assert ours[f"spectrum {i}"] == pytest.approx(both, rel=1e-3, abs=1e-7)


def test_a_spectrum_of_few_bands_is_like_nothing_and_gaps_of_the_pixel_take_no_part(cube):
    members = spectra_at(cube, [2, 8], [3, 17], ["whole", "scrap"])
    members.values[1, 5:] = np.nan
    pixel = cube.values[:, 2, 3].copy()
    pixel[40:50] = np.nan
    found = nearest(members, cube, pixel)
    assert [(one.name, round(one.angle, 4), round(one.divergence, 6)) for one in found] == [("whole", 0, 0)]
    members.values[1] = members.values[0] * np.where(np.arange(len(pixel)) % 2, 1, -1)  # below 0 in every second band
    members.values[1, 0] *= -1
    pixel[60] = -0.01
    by_name = {one.name: one.divergence for one in nearest(members, cube, pixel)}
    assert by_name["whole"] == pytest.approx(0, abs=1e-6)
    assert by_name["scrap"] == pytest.approx(0, abs=1e-6) or np.isnan(by_name["scrap"])
    members.values[1] = -members.values[0]
    assert np.isnan({one.name: one.divergence for one in nearest(members, cube, pixel)}["scrap"])
    assert nearest(members, cube, np.full(len(pixel), np.nan)) == []


def test_files_of_spectrometers_are_taken_as_they_come(session, tmp_path):
    for make in (ecostress, usgs):
        folder = tmp_path / "session" / make.__name__
        folder.mkdir()
        assert session.open_library(make(folder)), session.message
        assert session.library.sizes["spectrum"] == 1
        assert np.isfinite(session.library_here.values).any()
