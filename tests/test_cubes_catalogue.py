"""The catalogue of benchmark scenes: a file is downloaded once and only when asked, from a server of our own."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from workbench.cli import main
from workbench.cubes import catalogue, open_cube
from workbench.cubes.benchmark import Download
from workbench.cubes.catalogue import SCENES, find_scene
from workbench.cubes.sensors import nominal_wavelengths


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "scenes"


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 9000, (12, 9, 204)).astype("int16")


@pytest.fixture
def published(tmp_path, values, monkeypatch) -> Iterator[tuple[str, list[str]]]:
    """Salinas on a server on loopback, as its publisher has it, and what the server was asked for."""
    folder, asked = tmp_path / "served", []
    folder.mkdir()
    scipy.io.savemat(folder / "Salinas_corrected.mat", {"salinas_corrected": values})
    scipy.io.savemat(folder / "Salinas_gt.mat", {"salinas_gt": values[..., 0].astype("uint8")})

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            asked.append(self.path)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    publish(monkeypatch, f"http://127.0.0.1:{server.server_address[1]}", folder)
    yield str(folder), asked
    server.shutdown()
    server.server_close()
    thread.join()


def publish(monkeypatch, address: str, folder: Path | None = None) -> None:
    """Salinas at another address, with its hash where there is a file."""
    files = tuple(
        Download(
            name,
            f"{address}/{name}",
            hashlib.sha256((folder / name).read_bytes()).hexdigest() if folder and "gt" not in name else "",
        )
        for name in ("Salinas_corrected.mat", "Salinas_gt.mat")
    )
    moved = tuple(replace(scene, files=files) if scene.name == "salinas" else scene for scene in SCENES)
    monkeypatch.setattr(catalogue, "SCENES", moved)


def test_a_fetched_scene_opens_by_its_name_and_is_fetched_once(published, cache, values, capsys):
    assert main(["scenes", "salinas", "--fetch"]) == 0
    assert main(["scenes", "salinas", "--fetch", "--json"]) == 0
    assert published[1] == ["/Salinas_corrected.mat", "/Salinas_gt.mat"]
    cube = open_cube("scene:salinas")
    np.testing.assert_array_equal(cube, values.transpose(2, 0, 1))
    assert cube.attrs["source"] == str(cache / "salinas" / "Salinas_corrected.mat")
    assert cube.attrs["sensor"] == "AVIRIS"
    capsys.readouterr()
    assert main(["info", "scene:salinas", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bands"] == 204
    assert main(["scenes", "salinas"]) == 0
    assert str(cache / "salinas" / "Salinas_corrected.mat") in capsys.readouterr().out


def test_nothing_is_fetched_unasked(published, cache):
    assert main(["scenes"]) == 0
    assert main(["scenes", "salinas"]) == 0
    with pytest.raises(FileNotFoundError, match=r"not on this machine; run workbench scenes salinas --fetch, or downl"):
        open_cube("scene:salinas")
    assert published[1] == []
    assert not cache.exists()


def test_a_file_of_another_hash_is_refused_and_not_kept(published, cache, capsys):
    path = Path(published[0]) / "Salinas_corrected.mat"
    path.write_bytes(path.read_bytes() + b"!")
    assert main(["scenes", "salinas", "--fetch"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "another SHA-256 than is known" in lines[0]
    assert not [file for file in cache.rglob("*") if file.is_file()]


@pytest.mark.parametrize("trouble", ["nobody listens", "no such file"])
def test_without_the_publisher_one_line_says_what_to_download(published, cache, capsys, monkeypatch, trouble):
    if trouble == "nobody listens":
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            publish(monkeypatch, f"http://127.0.0.1:{taken.getsockname()[1]}")
    else:
        (Path(published[0]) / "Salinas_corrected.mat").unlink()
    assert main(["scenes", "salinas", "--fetch"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert "download Salinas_corrected.mat and Salinas_gt.mat from https://www.ehu.eus/" in lines[0]
    assert f"put it into {cache / 'salinas'}" in lines[0]


def test_a_scene_without_an_address_is_put_there_by_hand(cache, values, capsys):
    assert main(["scenes", "houston-2013", "--fetch"]) == 2
    assert "has no address that is known; download the scene's file from https://" in capsys.readouterr().err
    (cache / "houston-2013").mkdir(parents=True)
    scipy.io.savemat(cache / "houston-2013" / "Houston.mat", {"Houston": values})
    scipy.io.savemat(cache / "houston-2013" / "Houston_gt.mat", {"Houston_GT": values[..., 0]})
    assert open_cube("scene:houston-2013").shape == (204, 12, 9)


def test_an_unknown_scene_is_named_with_those_there_are(capsys):
    for argv in (["scenes", "atlantis"], ["info", "scene:atlantis"]):
        try:
            code = main(argv)
        except SystemExit as stop:
            code = stop.code
        lines = capsys.readouterr().err.splitlines()
        assert (code, len(lines)) == (2, 1)
        assert "indian-pines" in lines[0]
        assert "'atlantis'" in lines[0]


def test_the_list_says_of_every_scene_what_a_paper_must(cache, capsys):
    assert main(["scenes", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == len({row["name"] for row in rows}) == 17
    for row in rows:
        assert row["title"]
        assert row["sensor"]
        assert row["citation"]
        assert row["licence"]
        assert row["page"].startswith("http")
        assert len(row["size"]) == 3
        assert row["path"] is None


@pytest.mark.realdata
def test_the_table_agrees_with_the_real_files(real_data):
    for name, file in (("salinas-a", "salinas_a/SalinasA_corrected.mat"), ("samson", "samson/samson.mat")):
        height, width, n_bands = find_scene(name).size
        assert open_cube(real_data / file).shape == (n_bands, height, width)


def test_nominal_wavelengths_know_the_catalogues_scenes_by_their_file_and_size():
    known = {"indian-pines", "salinas", "salinas-a", "pavia-university", "pavia-centre", "botswana", "cuprite"}
    for scene in SCENES:
        if scene.name in known:
            assert np.isfinite(nominal_wavelengths(scene.files[0].name, scene.size[2])[0]).all(), scene.name
