"""Scenes that a page sends: whole in a folder of their own or not at all, and a piece at most in memory."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from workbench.cubes import open_cube, save_cube, simulated_scene
from workbench.session import Session, announced, dropped
from workbench.session.dropped import PIECE, Arrival


@pytest.fixture(scope="module")
def cube() -> xr.DataArray:
    """A small scene."""
    return simulated_scene(16, 24, seed=1)[0]


def told(*files: Path) -> list[dict]:
    """What a page says of files before it sends them."""
    return [{"name": file.name, "size": file.stat().st_size} for file in files]


def send(folder: Path, *files: Path) -> tuple[Path, bool]:
    """Send files as a page does."""
    arrival = Arrival(folder, told(*files))
    while arrival.wanted is not None:
        file, at, size = arrival.wanted
        arrival.take(file, at, files[file].read_bytes()[at : at + size])
    return arrival.settle()


def held(folder: Path) -> dict[str, bytes]:
    """All that lies in ``dropped``, by path."""
    place = folder / "dropped"
    return {str(one.relative_to(place)): one.read_bytes() for one in place.rglob("*") if one.is_file()}


def written_envi(cube: xr.DataArray, folder: Path) -> tuple[Path, Path]:
    """A scene as ENVI files."""
    header, data = folder / "field 1.hdr", folder / "field 1.bsq"
    bands, lines, samples = cube.shape
    waves = ", ".join(f"{one:.2f}" for one in cube["wavelength"].values)
    header.write_text(
        f"ENVI\nsamples = {samples}\nlines = {lines}\nbands = {bands}\ndata type = 4\n"
        f"interleave = bsq\nbyte order = 0\nwavelength units = nm\nwavelength = {{{waves}}}\n"
    )
    data.write_bytes(cube.values.astype("<f4").tobytes())
    return header, data


def test_a_scene_comes_whole_and_opens_again(cube, tmp_path):
    file = Path(save_cube(cube, tmp_path / "räume (2).npz"))
    folder = tmp_path / "session"
    session = Session(folder)
    path, is_new = send(folder, file)
    assert (path, is_new) == (folder / "dropped" / "räume (2)" / "räume (2).npz", True)
    assert held(folder) == {"räume (2)/räume (2).npz": file.read_bytes()}
    assert session.open_scene(path)
    session.close()
    again = Session(folder)
    xr.testing.assert_allclose(again.cube.load(), open_cube(file))
    again.close()


def test_an_envi_header_comes_with_its_data(cube, tmp_path):
    header, data = written_envi(cube, tmp_path)
    for files in ((header, data), (data, header)):
        path, is_new = send(tmp_path, *files)
        assert (path.name, is_new) == ("field 1.hdr", files[0] is header)  # the second time it is there already
        np.testing.assert_allclose(open_cube(path).values, cube.values, rtol=1e-6)
    assert set(held(tmp_path)) == {"field 1/field 1.hdr", "field 1/field 1.bsq"}


def test_what_is_there_is_never_written_over(cube, tmp_path):
    paths = []
    for seed in (1, 2, 1, 2):
        (tmp_path / str(seed)).mkdir(exist_ok=True)
        file = tmp_path / str(seed) / "scene.npz"
        if not file.exists():
            save_cube(simulated_scene(16, 24, seed=seed)[0], file)
        paths.append(send(tmp_path, file))
    first, second = (tmp_path / "dropped" / name / "scene.npz" for name in ("scene", "scene-2"))
    assert paths == [(first, True), (second, True), (first, False), (second, False)]
    assert [one.read_bytes() for one in (first, second)] == [
        (tmp_path / name / "scene.npz").read_bytes() for name in ("1", "2")
    ]


def test_no_more_than_a_piece_is_in_memory(tmp_path):
    size = 16 * PIECE + 5
    arrival = Arrival(tmp_path, [{"name": "large.tif", "size": size}])
    tracemalloc.start()
    while arrival.wanted is not None:
        file, at, length = arrival.wanted
        arrival.take(file, at, bytes([at // PIECE]) * length)
    path, _ = arrival.settle()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 3 * PIECE
    content = np.memmap(path, "uint8", "r")
    assert len(content) == size
    np.testing.assert_array_equal(content[:: PIECE // 2], np.repeat(np.arange(17), 2)[:33])


def test_what_does_not_come_to_its_end_leaves_nothing(tmp_path):
    announced_now = [{"name": "a.tif", "size": PIECE + 1}]
    arrival = Arrival(tmp_path, announced_now)
    arrival.take(0, 0, bytes(PIECE))
    with pytest.raises(ValueError, match=r"a\.tif did not come to its end; send it again"):
        arrival.settle()
    assert held(tmp_path) == {}
    arrival = Arrival(tmp_path, announced_now)
    arrival.take(0, 0, bytes(PIECE))
    arrival.abandon()
    assert os.listdir(tmp_path / "dropped") == []


def test_a_draft_of_a_process_that_was_killed_goes_when_the_session_is_opened(cube, tmp_path):
    folder = tmp_path / "session"
    Session(folder).close()
    Arrival(folder, [{"name": "half.tif", "size": 1000}])
    send(folder, Path(save_cube(cube, tmp_path / "whole.npz")))
    assert len(held(folder)) == 2
    Session(folder).close()
    assert list(held(folder)) == ["whole/whole.npz"]


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small ones."""
    monkeypatch.setattr(announced, "MOST", 3 * 2**20)
    monkeypatch.setattr(dropped, "MOST_KEPT", 5 * 2**20)
    return


def test_a_scene_may_be_too_large(limits, tmp_path):
    says = (
        r"at most 3 MiB, but a\.tif has 4 MiB; put it into a folder of this desk \(--allow FOLDER\) and open it on the"
    )
    with pytest.raises(ValueError, match=says):
        Arrival(tmp_path, [{"name": "a.tif", "size": 3 * 2**20 + 1}])
    with pytest.raises(ValueError, match=r"at most 3 MiB, but a\.hdr has 6 MiB"):
        Arrival(tmp_path, [{"name": "a.hdr", "size": 3 * 2**20}, {"name": "a.bsq", "size": 3 * 2**20}])
    assert not (tmp_path / "dropped").exists()


def test_a_session_may_have_enough_of_them(limits, tmp_path):
    Arrival(tmp_path, [{"name": "a.tif", "size": 3 * 2**20}])  # one that is on its way counts whole
    says = r"keeps 5 MiB of what is sent to it, and .*dropped has 3 MiB, so that b\.tif with 3 MiB does not fit"
    with pytest.raises(ValueError, match=says):
        Arrival(tmp_path, [{"name": "b.tif", "size": 2**21 + 1}])
    Arrival(tmp_path, [{"name": "b.tif", "size": 2**21}]).abandon()


def test_a_disk_may_be_too_full(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: dropped.shutil._ntuple_diskusage(10**9, 10**9, 1000))
    with pytest.raises(ValueError, match=r"a\.tif has 1 MiB, but the disk of .*dropped has 1 MiB free; make room"):
        Arrival(tmp_path, [{"name": "a.tif", "size": 1000}])


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["a.png"], r"a scene comes as \.cdf .*\.npz .*, or as ENVI \(\.hdr and its data\), got 'a\.png'"),
        (["a.vrt"], "a scene comes as"),
        (["a"], r"an ENVI scene is a header \(\.hdr\) and its data, got a alone; send both at once"),
        (["a.bsq"], "got a.bsq alone"),
        (["a.hdr"], "got a.hdr alone"),
        (["a.tif", "b.tif"], "one scene is taken at a time, got a.tif and b.tif"),
        (["a.hdr", "b.hdr"], "one scene is taken at a time"),
        (["a.hdr", "b.bsq"], r"the data of a\.hdr are called a with one of \.bsq .*, got 'b\.bsq'; name them alike"),
        (["a.hdr", "a.exe"], "the data of a.hdr are called a"),
        (["a.tif", "b.tif", "c.tif"], r"got 3 files; send them so"),
        ([], "got 0 files"),
    ],
)  # fmt: skip
def test_what_is_no_scene_is_refused_before_it_comes(tmp_path, names, says):
    with pytest.raises(ValueError, match=says) as refusal:
        Arrival(tmp_path, [{"name": name, "size": 10} for name in names])
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "dropped").exists()


@pytest.mark.parametrize("name", ["a.npz", "b.TIF", "c.tar.gz", "d.he5", "e.nc", "f.mat", "g.zip"])
def test_files_that_are_a_scene_by_themselves_are_taken(name):
    assert announced.scene_of(announced.announced([{"name": name, "size": 1}])) == name


@pytest.mark.parametrize(
    ("name", "safe"), [("a*?[b].tif", "a__[b].tif"), ("{a}.tif", "_a_.tif"), (" ..a;b|c.tif", "a_b_c.tif")]
)
def test_a_name_is_made_safe(name, safe):
    assert announced.announced([{"name": name, "size": 1}])[0].name == safe.replace("[", "_").replace("]", "_")
