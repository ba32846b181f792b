"""Scenes at an address: read by ranges from a server of our own on loopback, refused in a sentence, secrets kept."""

from __future__ import annotations

import functools
import http.server
import json
import os
import pickle
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest
import rasterio
import xarray as xr
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning

from tests.test_cubes_envi import write
from workbench.cli import main
from workbench.cubes import CubeError, open_cube, render, save_cube, simulated_scene
from workbench.cubes.contract import DIMS, check_cube
from workbench.cubes.grid import place
from workbench.cubes.remote import Address, is_remote
from workbench.session import Session


class Ranges(http.server.SimpleHTTPRequestHandler):
    """Files by ranges of bytes; counts what it sends and keeps what it was asked."""

    sent: list[int]
    asked: list[tuple[str, str | None]]

    def send_head(self):
        self.asked.append((self.path, self.headers.get("Authorization")))
        if self.path.startswith("/locked/") and not self.headers.get("Authorization"):
            self.send_error(401)
            return None
        self.path = self.path.removeprefix("/locked")
        path = Path(self.translate_path(self.path))
        wanted = self.headers.get("Range")
        if wanted is None or not path.is_file():
            return super().send_head()
        size = path.stat().st_size
        first, last = wanted.removeprefix("bytes=").split("-")
        start, stop = int(first), min(size, int(last or size - 1) + 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        self.send_header("Content-Length", str(stop - start))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        self.sent.append(stop - start)
        if self.command == "GET":
            with path.open("rb") as file:
                file.seek(start)
                self.wfile.write(file.read(stop - start))
        return None

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def cube() -> xr.DataArray:
    rng = np.random.default_rng(5)
    values = rng.random((30, 200, 260)).astype("float32")
    coords = {"wavelength": ("band", np.linspace(450, 2400, 30), {"units": "nm"})}
    cube = xr.DataArray(values, dims=DIMS, coords=coords, attrs={"quantity": "reflectance", "units": "1"})
    return check_cube(place(cube, "EPSG:32633", Affine(30, 0, 4e5, 0, -30, 5.8e6)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, cube) -> Path:
    folder = tmp_path_factory.mktemp("served")
    save_cube(cube, folder / "scene.tif")
    save_cube(cube[:6, :40, :50], folder / "small.zarr")
    (folder / "notes.tif").write_text("remember the milk")
    (folder / "scene.mat").write_text("remember the milk")
    return folder


@pytest.fixture
def server(folder) -> Iterator[tuple[str, type[Ranges]]]:
    handler = type("Handler", (Ranges,), {"sent": [], "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}", handler
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("prefix", ["http://", "/vsicurl/http://"])
def test_a_geotiff_at_an_address_is_the_same_cube(server, cube, prefix):
    url = f"{prefix}{server[0]}/scene.tif"
    back = open_cube(url)
    np.testing.assert_array_equal(back, cube)
    assert back.rio.crs == cube.rio.crs
    assert (back.attrs["source"], back.attrs["format"]) == (url, "cog")
    assert "source_note" not in back.attrs


def test_an_address_leaves_local_rasters_what_lies_beside_them(server, tmp_path):
    open_cube(f"http://{server[0]}/scene.tif")
    write(tmp_path, np.ones((2, 3, 4), "int16"))  # its sizes are in a header beside it
    with pytest.warns(NotGeoreferencedWarning), rasterio.open(tmp_path / "scene.bsq") as file:
        assert (file.count, file.height, file.width) == (2, 3, 4)


def test_a_picture_reads_its_blocks_and_not_the_file(server, folder, cube, monkeypatch):
    monkeypatch.setattr("workbench.cubes.opening.SMALL", 0)
    monkeypatch.setattr("workbench.cubes.opening.glance", lambda cube: np.ones((cube.sizes["band"], 1), bool))
    back = open_cube(f"http://{server[0]}/scene.tif?of=blocks")
    opened = sum(server[1].sent)
    np.testing.assert_array_equal(
        render(back, (20, 9, 2), np.array([[0, 1]] * 3)), render(cube, (20, 9, 2), np.array([[0, 1]] * 3))
    )
    size = (folder / "scene.tif").stat().st_size
    assert opened < 0.1 * size
    assert sum(server[1].sent) - opened < 0.2 * size


def test_user_password_and_signature_reach_the_server_and_nothing_else(server, cube, tmp_path, capsys):
    url = f"http://me:word@{server[0]}/locked/scene.tif?X-Amz-Signature=abc123"
    back = open_cube(url)
    np.testing.assert_array_equal(back, cube)
    assert back.attrs["source"] == f"http://{server[0]}/locked/scene.tif"
    assert back.attrs["source_note"] == "user, password and query of the address were left out"
    assert all(told == "Basic bWU6d29yZA==" and "abc123" in path for path, told in server[1].asked)
    assert main(["convert", url, str(tmp_path / "a.npz")]) == 0
    assert main(["info", url, "--json"]) == 0
    record = (tmp_path / "a.run.json").read_text()
    said = capsys.readouterr()
    for secret in ("word", "abc123", "Signature"):
        assert secret not in record.replace("workbench", "").replace("password", "")
        assert secret not in (said.out + said.err).replace("workbench", "").replace("password", "")
        assert secret not in str(back.attrs).replace("password", "")
    assert json.loads(record)["files"]["scene"] == {"address": back.attrs["source"]}


def test_an_address_is_text_without_secrets_wherever_it_is_shown():
    address = Address("https://me:word@example.org/a/scene.tif?sig=abc#x")
    assert str(address) == f"{address}" == "https://example.org/a/scene.tif"
    assert repr(address) == "Address('https://example.org/a/scene.tif')"
    assert (address.name, address.stem, address.suffix) == ("scene.tif", "scene", ".tif")
    assert os.fspath(pickle.loads(pickle.dumps(address))) == "https://me:word@example.org/a/scene.tif?sig=abc#x"
    assert str(Address("/vsicurl/https://me:word@example.org/a.tif?k=v")) == "/vsicurl/https://example.org/a.tif"
    assert [is_remote(text) for text in ("s3://b/a.tif", "gs://b/a.zarr", "a.tif", "C:\\a.tif", "/data/a.tif")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_a_store_behind_fsspec_is_the_same_cube(folder, cube):
    memory = fsspec.filesystem("memory")
    for file in (folder / "small.zarr").rglob("*"):
        if file.is_file():
            memory.pipe_file(f"/small.zarr/{file.relative_to(folder / 'small.zarr').as_posix()}", file.read_bytes())
    back = open_cube("memory://small.zarr")
    np.testing.assert_array_equal(back, cube[:6, :40, :50])
    assert back.attrs["source"] == "memory://small.zarr"


def test_a_store_at_an_http_address_is_the_same_cube(server, cube):
    np.testing.assert_array_equal(open_cube(f"http://{server[0]}/small.zarr"), cube[:6, :40, :50])


def test_what_cannot_be_read_from_afar_is_said_in_a_sentence(server, capsys):
    at = f"http://{server[0]}"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}/scene.tif"
        refusals = {
            f"{at}/nothing.tif": (FileNotFoundError, r"has no file http://.*/nothing.tif; check the address"),
            f"{at}/locked/scene.tif": (CubeError, r"refuses .* with status 401; check user, password or signature"),
            f"{at}/scene.mat": (CubeError, r"only .*geotiff.* are read from an address, .*download it"),
            f"{at}/notes.tif": (CubeError, r"notes.tif"),
            nowhere: (CubeError, r"does not answer within 15 s .*check the address and the network, or download"),
            nowhere.replace("scene.tif", "scene.zarr"): (CubeError, r"does not answer within 15 s"),
            "/vsimem/nothing.tif": (CubeError, r"/vsimem/nothing.tif could not be read from here"),
        }
        for url, (error, message) in refusals.items():
            with pytest.raises(error, match=message) as refusal:
                open_cube(url)
            assert "\n" not in str(refusal.value)
        assert main(["info", nowhere]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_silent_server_is_given_up_on(monkeypatch):
    monkeypatch.setattr("workbench.cubes.remote.WAIT", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        with pytest.raises(CubeError, match=r"does not answer within 0.3 s"):
            open_cube(f"http://127.0.0.1:{silent.getsockname()[1]}/scene.tif")
        assert time.monotonic() - began < 5


def test_a_session_opens_an_address_again(server, tmp_path):
    url = f"http://{server[0]}/scene.tif"
    session = Session.at(tmp_path / "session")
    assert session.open_scene(url), session.message
    session.close()
    again = Session.at(tmp_path / "session")
    assert (again.scene, again.cube.shape) == (url, (30, 200, 260))
    again.close()


def test_a_path_is_still_a_path(tmp_path):
    path = save_cube(simulated_scene(16, 16, n_bands=8)[0], tmp_path / "a.npz")
    assert open_cube(str(path)).attrs["source"] == str(path)
