"""Attacks by files: texts that name other files or servers, arrays that lie elsewhere, pickles under other names.

Each is refused in one sentence; a canary tells whether anything in them was run, read or asked.
"""

from __future__ import annotations

import pickle
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import geopandas
import h5py
import numpy as np
import pytest
import shapely
import torch
import xarray as xr

from workbench.cubes import open_cube, simulated_scene
from workbench.labels import open_labels, write_labels
from workbench.pretrain import load_encoder, load_released
from workbench.pretrain.keeping import read_checkpoint

BAND = (
    '<VRTDataset rasterXSize="{w}" rasterYSize="{h}"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
    "<SourceFilename>{file}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
)
LAYER = '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{file}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
ASKS = "<OGRWFSDataSource><URL>{url}</URL></OGRWFSDataSource>"
STAC = '{{"type": "Feature", "stac_version": "1.0.0", "links": [{{"rel": "items", "href": "{url}"}}]}}'
SCHEMA = (
    '<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs" xmlns:gml="http://www.opengis.net/gml" '
    'xmlns:a="urn:a" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:schemaLocation="urn:a {url}/?SERVICE=WFS&amp;VERSION=1.0.0&amp;REQUEST=DescribeFeatureType&amp;TYPENAME=a:b">'
    "<gml:featureMember><a:b><a:class_name>x</a:class_name><a:g><gml:Point><gml:coordinates>1,1</gml:coordinates>"
    "</gml:Point></a:g></a:b></gml:featureMember></wfs:FeatureCollection>"
)


@pytest.fixture(scope="module")
def scene() -> xr.DataArray:
    """A small scene."""
    return simulated_scene(20, 30, seed=0)[0]


@pytest.fixture
def secret(tmp_path: Path, scene: xr.DataArray) -> Path:
    """Somebody else's labels, as raster and as vector, in a folder of their own."""
    folder = tmp_path / "private"
    folder.mkdir()
    left, top = scene.rio.transform() * (1, 1)
    square = geopandas.GeoDataFrame({"class_name": ["secret"]}, geometry=[shapely.box(left, top - 90, left + 90, top)])
    square.set_crs(scene.rio.crs).to_file(folder / "secret.gpkg")
    write_labels(simulated_scene(20, 30, seed=0)[1], folder / "secret.tif")
    return folder


@pytest.fixture
def ear() -> Iterator[tuple[str, list]]:
    """The address of a port, and who has knocked at it."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        guests: list[object] = []

        def open_doors() -> None:  # a guest who is kept waiting would wait for ever
            with suppress(OSError):
                while True:
                    guest, _ = listening.accept()
                    guests.append(guest.close())

        threading.Thread(target=open_doors, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", guests
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.tif", BAND), ("labels.png", BAND), ("labels.img", BAND), ("labels.gpkg", LAYER),
        ("labels.geojson", LAYER), ("labels.kml", LAYER), ("labels.kml", f"<kml><!--{LAYER}--></kml>"),
    ],
)  # fmt: skip
def test_labels_show_no_file_that_a_text_in_them_names(tmp_path, scene, secret, name, text):
    file = secret / ("secret.tif" if text is BAND else "secret.gpkg")
    (tmp_path / name).write_text(text.format(file=file, w=30, h=20))
    refusal = refused(open_labels, tmp_path / name, scene)
    assert "cannot be read as a" in refusal
    assert "secret" not in refusal


def test_a_scene_shows_no_file_that_a_text_in_it_names(tmp_path, secret):
    text = BAND.format(file=secret / "secret.tif", w=30, h=20)
    (tmp_path / "named.vrt").write_text(text)
    assert open_cube(tmp_path / "named.vrt").size  # what says that it names other files is opened
    (tmp_path / "scene.tif").write_text(text)
    assert "scene.tif is none or is damaged" in refused(open_cube, tmp_path / "scene.tif", format="geotiff")


@pytest.mark.parametrize(
    ("name", "text"), [("labels.gpkg", ASKS), ("labels.json", STAC), ("labels.gml", SCHEMA), ("labels.kml", ASKS)]
)
def test_labels_ask_no_server(tmp_path, scene, ear, name, text):
    url, guests = ear
    (tmp_path / name).write_text(text.format(url=url))
    refused(open_labels, tmp_path / name, scene)
    assert guests == []


@pytest.mark.parametrize("name", ["scene.nc", "scene.h5", "scene.he5", "scene.mat"])
@pytest.mark.parametrize("way", ["link", "storage", "virtual"])
def test_an_hdf5_file_shows_no_bytes_of_another_one(tmp_path, name, way):
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["data"] = np.full((5, 6, 7), 77, "uint8")
    with h5py.File(tmp_path / name, "w") as file:
        if way == "link":
            file["data"] = h5py.ExternalLink(str(other), "data")
        elif way == "storage":
            file.create_dataset("data", (5, 6, 7), "uint8", external=[(str(other), 0, 210)])
        else:
            layout = h5py.VirtualLayout((5, 6, 7), "uint8")
            layout[:] = h5py.VirtualSource(str(other), "data", (5, 6, 7))
            file.create_virtual_dataset("data", layout)
    says = "is a link to the file|lies in the file|holds nothing numeric|the texts in"
    refused(open_cube, tmp_path / name, says=says, **({"format": "prisma"} if name.endswith("5") else {}))


class Evil:
    """What unpickling would run."""

    def __reduce__(self) -> tuple:
        return Path.touch, (Path("owned"),)


def objects(path: Path) -> None:
    """A NumPy file of pickled objects."""
    with path.open("wb") as file:
        np.save(file, np.array([Evil()], dtype=object), allow_pickle=True)


def archive(path: Path) -> None:
    """A NumPy archive with pickled objects."""
    np.savez(path, cube=np.array([[[Evil()]]], dtype=object), allow_pickle=True)


@pytest.mark.parametrize(
    ("name", "write", "read", "says"),
    [
        ("a.pth", lambda path: torch.save({"a": Evil()}, path), "released", "is a pickle that holds more than plain"),
        ("a.ckpt", lambda path: torch.save({"state_dict": {}, "a": Evil()}, path), "released", "is a pickle that"),
        ("a.pth", lambda path: path.write_bytes(pickle.dumps(Evil())), "released", "is a pickle|is damaged"),
        ("a.safetensors", lambda path: path.write_bytes(pickle.dumps(Evil())), "released", "is damaged or no file"),
        ("a.safetensors", lambda path: torch.save({"a": Evil()}, path), "encoder", "not an encoder's card"),
        ("step-1.safetensors", lambda path: path.write_bytes(pickle.dumps(Evil())), "checkpoint", "is damaged"),
        ("a.npz", archive, "cube", "a.npz is not or is damaged"),
    ],
)
def test_a_pickle_under_another_name_is_never_opened(tmp_path, monkeypatch, name, write, read, says):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / name)
    (tmp_path / "a.json").write_text("{}")
    readers = {
        "released": lambda path: load_released(path, "resnet18", "ssl4eo_s12_l1c"),
        "encoder": load_encoder,
        "checkpoint": read_checkpoint,
        "cube": open_cube,
    }
    refused(readers[read], tmp_path / name, says=says)
    assert not (tmp_path / "owned").exists()


def refused(read: Callable, path: Path, *others: object, says: str = ".", **options: object) -> str:
    """What is said by a reader that refuses: one sentence."""
    with pytest.raises((ValueError, OSError), match=says) as caught:
        read(path, *others, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)
