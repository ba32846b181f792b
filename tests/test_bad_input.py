"""Whatever a user gets wrong ends with exit code 2, one line that says what to do, and everything as it was."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import scipy.io
import xarray as xr
from shapely.geometry import box

from workbench.cli import main
from workbench.cubes import open_cube, save_cube, simulated_scene
from workbench.labels import write_labels
from workbench.pretrain import Recipe, begin, save_encoder


@dataclass(frozen=True)
class Bench:
    """A folder of good inputs, and one with results that are there already."""

    inputs: Path
    out: Path

    @property
    def scene(self) -> Path:
        return self.inputs / "scene.zarr"

    @property
    def labels(self) -> Path:
        return self.inputs / "labels.gpkg"

    @property
    def encoder(self) -> Path:
        return self.inputs / "encoder.safetensors"

    def file(self, name: str, content: bytes | str = b"") -> Path:
        """A file among the inputs."""
        path = self.inputs / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def envi(self, name: str, values: np.ndarray, wavelength: list[float], *, without: str = "", cut: int = 0) -> Path:
        """An ENVI file, bsq float32, perhaps without a line of its header or the end of its data."""
        bands, lines, samples = values.shape
        header = {
            "samples": samples,
            "lines": lines,
            "bands": bands,
            "header offset": 0,
            "data type": 4,
            "interleave": "bsq",
            "byte order": 0,
            "wavelength units": "Nanometers",
            "wavelength": "{" + ", ".join(map(str, wavelength)) + "}",
        }
        text = "\n".join(f"{key} = {value}" for key, value in header.items() if key != without)
        data = values.astype("<f4").tobytes()
        self.file(f"{name}.bsq", data[: len(data) - cut])
        return self.file(f"{name}.hdr", f"ENVI\n{text}\n")

    def vector(self, name: str, classes: list[str], *, shift: float = 0.0, crs: str | None = None) -> Path:
        """Squares of 4 × 4 pixels on the scene, one a class, perhaps elsewhere or in another CRS."""
        grid = xr.open_zarr(self.scene, consolidated=False)
        x, y = grid["x"].values, grid["y"].values
        left, right, edge = x[::5] + shift, x[3::5] + shift, (x[1] - x[0]) / 3
        top, bottom = y[1] + shift + edge, y[5] + shift - edge
        squares = [box(left[i] - edge, bottom, right[i] + edge, top) for i in range(len(classes))]
        frame = gpd.GeoDataFrame({"class_name": classes}, geometry=squares, crs="EPSG:32633")
        path = self.inputs / name
        (frame.to_crs(crs) if crs else frame).to_file(path)
        return path


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("good")
    bench = Bench(folder / "inputs", folder / "out")
    bench.inputs.mkdir()
    bench.out.mkdir()
    cube, truth = simulated_scene(20, 24, seed=3, n_bands=40)
    save_cube(cube, bench.scene)
    write_labels(truth, bench.inputs / "truth.tif")
    bench.vector("labels.gpkg", ["water", "wood", "field"])
    recipe = Recipe(steps=2, pairs=8)
    encoder, steps = begin(cube, recipe, device="cpu")
    assert list(steps)
    save_encoder(encoder, bench.encoder, cube=cube)
    for name in ("map.tif", "map_confidence.tif", "map.run.json", "encoder.safetensors", "encoder.json", "scores.csv"):
        (bench.out / name).write_text(f"an older {name}")
    return bench


@pytest.fixture
def bench(good: Bench, tmp_path: Path) -> Bench:
    """The good bench, for a test to spoil."""
    shutil.copytree(good.inputs.parent, tmp_path / "bench")
    return Bench(tmp_path / "bench" / "inputs", tmp_path / "bench" / "out")


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def spectrum_like(bench: Bench, n: int = 6) -> tuple[np.ndarray, list[float]]:
    return np.random.default_rng(0).random((n, 8, 9), "float32"), [500.0 + 20 * i for i in range(n)]


def missing_scene(b: Bench) -> list:
    return ["info", b.inputs / "nowhere.hdr"]


def truncated_envi(b: Bench) -> list:
    return ["info", b.envi("cut", *spectrum_like(b), cut=700)]


def truncated_zip(b: Bench) -> list:
    save_cube(simulated_scene(16, 16, n_bands=20)[0], b.inputs / "cut.npz")
    path = b.inputs / "cut.npz"
    path.write_bytes(path.read_bytes()[:2000])
    return ["info", path]


def truncated_zarr(b: Bench) -> list:
    largest = max((path for path in b.scene.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:100])
    return ["info", b.scene]


def header_without_bands(b: Bench) -> list:
    return ["info", b.envi("bandless", *spectrum_like(b), without="bands")]


def header_without_binary(b: Bench) -> list:
    path = b.envi("headonly", *spectrum_like(b))
    path.with_suffix(".bsq").unlink()
    return ["info", path]


def unsorted_wavelengths(b: Bench) -> list:
    values, wavelength = spectrum_like(b)
    return ["info", b.envi("unsorted", values, [*wavelength[:3], 900.0, *wavelength[4:]])]


def nothing_but_nan(b: Bench) -> list:
    values, wavelength = spectrum_like(b)
    path = b.envi("void", np.full_like(values, np.nan), wavelength)
    return ["pretrain", path, "--steps", "2", "--out", b.out / "encoder.safetensors"]


def a_folder(b: Bench) -> list:
    return ["info", b.inputs]


def text_named_mat(b: Bench) -> list:
    return ["info", b.file("notes.mat", "these are my notes\n" * 20)]


def mat_without_cube(b: Bench) -> list:
    scipy.io.savemat(b.inputs / "flat.mat", {"spectrum": np.arange(5.0)})
    return ["info", b.inputs / "flat.mat"]


def empty_file(b: Bench) -> list:
    return ["info", b.file("empty.npz")]


def unknown_format(b: Bench) -> list:
    return ["info", b.scene, "--format", "envy"]


def labels_missing(b: Bench) -> list:
    return classify(b, labels=b.inputs / "nowhere.gpkg")


def labels_outside(b: Bench) -> list:
    return classify(b, labels=b.vector("far.gpkg", ["water", "wood"], shift=1e5))


def labels_outside_in_another_crs(b: Bench) -> list:
    return classify(b, labels=b.vector("far.geojson", ["water", "wood"], shift=1e5, crs="EPSG:4326"))


def one_class(b: Bench) -> list:
    return classify(b, labels=b.vector("one.gpkg", ["water"]))


def empty_geopackage(b: Bench) -> list:
    gpd.GeoDataFrame({"class_name": []}, geometry=[], crs="EPSG:32633").to_file(b.inputs / "none.gpkg")
    return classify(b, labels=b.inputs / "none.gpkg")


def labels_no_vector(b: Bench) -> list:
    return classify(b, labels=b.file("broken.gpkg", "not a database"))


def column_missing(b: Bench) -> list:
    return [*classify(b), "--column", "colour"]


def truth_of_another_size(b: Bench) -> list:
    scipy.io.savemat(b.inputs / "small.mat", {"gt": np.ones((5, 6), "uint8")})
    return ["compare", b.scene, "--truth", b.inputs / "small.mat", "--models", "knn", "--budgets", "2", "--draws", "1"]


def unknown_model(b: Bench) -> list:
    return [*classify(b), "--model", "oracle"]


def unknown_model_to_compare(b: Bench) -> list:
    return ["compare", b.scene, "--truth", b.inputs / "truth.tif", "--models", "knn,oracle"]


def unknown_objective(b: Bench) -> list:
    return ["pretrain", b.scene, "--objective", "guessing", "--out", b.out / "encoder.safetensors"]


def unknown_encoder(b: Bench) -> list:
    return ["pretrain", b.scene, "--encoder", "giant", "--out", b.out / "encoder.safetensors"]


def unknown_device(b: Bench) -> list:
    return ["pretrain", b.scene, "--device", "tpu9", "--out", b.out / "encoder.safetensors"]


def encoder_missing(b: Bench) -> list:
    return [*classify(b), "--model", "barlow_twins", "--encoder", b.inputs / "nowhere.safetensors"]


def encoder_for_nothing(b: Bench) -> list:
    return [*classify(b), "--model", "svm", "--encoder", b.encoder]


def encoder_for_nothing_to_compare(b: Bench) -> list:
    truth = b.inputs / "truth.tif"
    return ["compare", b.scene, "--truth", truth, "--models", "svm,knn", "--encoder", b.encoder]


def seed_too_large(b: Bench) -> list:
    return [*classify(b), "--seed", str(2**32)]


def patience_below_none(b: Bench) -> list:
    return ["pretrain", b.scene, "--patience", "-1", "--out", b.out / "encoder.safetensors"]


def unknown_precision(b: Bench) -> list:
    return ["pretrain", b.scene, "--precision", "8-bit", "--out", b.out / "encoder.safetensors"]


def another_demo_where_one_is(b: Bench) -> list:
    (b.out / "truth.tif").write_text("of a demo")
    b.out.joinpath("scene.run.json").write_text(json.dumps({"arguments": {"height": 40, "width": 50, "seed": 0}}))
    return ["demo", "--no-show", "--session", b.out, "--seed", "5", "--width", "50"]


def encoder_of_other_bands(b: Bench) -> list:
    path = b.envi("other", *spectrum_like(b))
    return ["embed", path, "--encoder", b.encoder, "--out", b.out / "map.tif"]


def encoder_corrupted(b: Bench) -> list:
    b.encoder.write_bytes(b.encoder.read_bytes()[:300])
    return ["embed", b.scene, "--encoder", b.encoder, "--out", b.out / "map.tif"]


def encoder_is_something_else(b: Bench) -> list:
    b.encoder.with_suffix(".json").write_text(json.dumps({"kind": "recipe for soup"}))
    return ["embed", b.scene, "--encoder", b.encoder, "--out", b.out / "map.tif"]


def budgets_no_numbers(b: Bench) -> list:
    return ["compare", b.scene, "--truth", b.inputs / "truth.tif", "--budgets", "5,many"]


def budget_of_nothing(b: Bench) -> list:
    return ["compare", b.scene, "--truth", b.inputs / "truth.tif", "--budgets", "0"]


def unknown_split(b: Bench) -> list:
    return ["compare", b.scene, "--truth", b.inputs / "truth.tif", "--split", "stripes"]


def no_steps(b: Bench) -> list:
    return ["pretrain", b.scene, "--steps", "0", "--out", b.out / "encoder.safetensors"]


def out_in_no_folder(b: Bench) -> list:
    return classify(b, out=b.out / "deeper" / "map.tif")


def out_under_a_file(b: Bench) -> list:
    return classify(b, out=b.out / "map.tif" / "map.tif")


def out_of_another_kind(b: Bench) -> list:
    return classify(b, out=b.out / "map.png")


def out_is_a_folder(b: Bench) -> list:
    (b.out / "folder.tif").mkdir()
    return classify(b, out=b.out / "folder.tif")


def convert_onto_itself(b: Bench) -> list:
    return ["convert", b.scene, b.scene]


def a_tif_scene(b: Bench, name: str) -> Path:
    """The scene as a GeoTIFF among the inputs."""
    import rasterio

    cube, path = open_cube(b.scene).compute(), b.inputs / name
    bands, height, width = cube.shape
    grid = {"count": bands, "height": height, "width": width, "crs": cube.rio.crs, "transform": cube.rio.transform()}
    with rasterio.open(path, "w", driver="GTiff", dtype="float32", **grid) as file:
        file.write(cube.values)
    return path


def map_onto_the_scene(b: Bench) -> list:
    scene = a_tif_scene(b, "scene.tif")
    return ["classify", scene, "--labels", b.labels, "--model", "knn", "--out", scene]


def confidence_onto_the_scene(b: Bench) -> list:
    scene = a_tif_scene(b, "m_confidence.tif")
    return ["classify", scene, "--labels", b.labels, "--model", "knn", "--out", b.inputs / "m.tif"]


def map_onto_the_labels(b: Bench) -> list:
    return classify(b, labels=b.inputs / "truth.tif", out=b.inputs / "truth.tif")


def map_onto_the_labels_by_another_name(b: Bench) -> list:
    (b.out / "link.tif").symlink_to(b.inputs / "truth.tif")
    return classify(b, labels=b.inputs / "truth.tif", out=b.out / "link.tif")


def map_onto_an_envi_binary(b: Bench) -> list:
    header = b.envi("raw.tif", *spectrum_like(b))
    (b.inputs / "raw.tif.bsq").rename(b.inputs / "raw.tif")
    return ["classify", header, "--labels", b.labels, "--model", "knn", "--out", b.inputs / "raw.tif"]


def map_into_the_scene(b: Bench) -> list:
    return classify(b, out=b.scene / "map.tif")


def embedding_onto_the_scene(b: Bench) -> list:
    return ["embed", b.scene, "--encoder", b.encoder, "--out", b.scene]


def embedding_around_the_encoder(b: Bench) -> list:
    (b.inputs / "all.zarr").mkdir()
    inside = shutil.copy(b.encoder, b.inputs / "all.zarr" / "encoder.safetensors")
    return ["embed", b.scene, "--encoder", inside, "--out", b.inputs / "all.zarr"]


def embedding_over_the_encoders_record(b: Bench) -> list:
    b.file("encoder.run.json", "{}")
    return ["embed", b.scene, "--encoder", b.encoder, "--out", b.inputs / "encoder.tif"]


def scores_into_the_scene(b: Bench) -> list:
    words = ["--models", "knn", "--budgets", "2", "--draws", "1"]
    return ["compare", b.scene, "--truth", b.inputs / "truth.tif", *words, "--out", b.scene]


def session_over_the_labels(b: Bench) -> list:
    return ["serve", b.scene, "--no-show", "--labels", b.labels, "--session", b.inputs]


def unknown_option(b: Bench) -> list:
    return ["info", b.scene, "--verbose"]


def unknown_verb(b: Bench) -> list:
    return ["classfy", b.scene]


def scene_to_serve_missing(b: Bench) -> list:
    return ["serve", b.inputs / "nowhere.hdr", "--no-show", "--session", b.inputs.parent / "session"]


def session_under_a_file(b: Bench) -> list:
    return ["demo", "--no-show", "--session", b.out / "map.tif" / "session"]


def classify(b: Bench, *, labels: Path | None = None, out: Path | None = None) -> list:
    """Words that would classify the scene with a quick model, and replace the older map."""
    return ["classify", b.scene, "--labels", labels or b.labels, "--model", "knn", "--out", out or b.out / "map.tif"]


SPOILT: list[tuple[Callable[[Bench], list], tuple[str, ...]]] = [
    (missing_scene, ("nowhere.hdr", "check the path")),
    (truncated_envi, ("cut.", "bytes")),
    (truncated_zip, ("cut.npz",)),
    (truncated_zarr, ("scene.zarr",)),
    (header_without_bands, ("bandless.hdr", "bands")),
    (header_without_binary, ("headonly",)),
    (unsorted_wavelengths, ("900", "580", "sort")),
    (nothing_but_nan, ("void", "data")),
    (a_folder, ("inputs", "folder")),
    (text_named_mat, ("notes.mat",)),
    (mat_without_cube, ("flat.mat", "spectrum")),
    (empty_file, ("empty.npz",)),
    (unknown_format, ("envy", "envi", "geotiff")),
    (labels_missing, ("nowhere.gpkg",)),
    (labels_outside, ("far.gpkg", "outside")),
    (labels_outside_in_another_crs, ("far.geojson", "outside")),
    (one_class, ("water", "second class")),
    (empty_geopackage, ("none.gpkg", "draw some")),
    (labels_no_vector, ("broken.gpkg",)),
    (column_missing, ("colour", "--column", "class_name")),
    (truth_of_another_size, ("small.mat", "20", "24")),
    (unknown_model, ("oracle", "random_forest")),
    (unknown_model_to_compare, ("oracle", "random_forest")),
    (unknown_objective, ("guessing", "barlow_twins")),
    (unknown_encoder, ("giant", "context")),
    (unknown_device, ("tpu9", "auto")),
    (encoder_missing, ("nowhere.safetensors",)),
    (encoder_for_nothing, ("encoder.safetensors", "leave --encoder out")),
    (encoder_for_nothing_to_compare, ("encoder.safetensors", "leave --encoder out")),
    (seed_too_large, ("--seed", "4294967295", "4294967296")),
    (patience_below_none, ("--patience", "'-1'")),
    (unknown_precision, ("--precision", "8-bit", "bf16-mixed")),
    (another_demo_where_one_is, ("seed 0", "5", "leave --seed out", "--session")),
    (encoder_of_other_bands, ("nm", "pretrain")),
    (encoder_corrupted, ("encoder.safetensors", "pretrain")),
    (encoder_is_something_else, ("encoder.json", "pretrain")),
    (budgets_no_numbers, ("--budgets", "'many'")),
    (budget_of_nothing, ("--budgets", "'0'")),
    (unknown_split, ("stripes", "blocks")),
    (no_steps, ("--steps", "'0'")),
    (out_in_no_folder, ("deeper", "mkdir")),
    (out_under_a_file, ("map.tif",)),
    (out_of_another_kind, ("map.png", ".tif")),
    (out_is_a_folder, ("folder.tif", "name a file")),
    (convert_onto_itself, ("scene.zarr", "another file")),
    (map_onto_the_scene, ("scene.tif", "which is read", "another file")),
    (confidence_onto_the_scene, ("m_confidence.tif", "another file")),
    (map_onto_the_labels, ("truth.tif", "another file")),
    (map_onto_the_labels_by_another_name, ("link.tif", "truth.tif", "another file")),
    (map_onto_an_envi_binary, ("raw.tif.hdr", "another file")),
    (map_into_the_scene, ("scene.zarr", "another file")),
    (embedding_onto_the_scene, ("scene.zarr", "another file")),
    (embedding_around_the_encoder, ("encoder.safetensors", "another file")),
    (embedding_over_the_encoders_record, ("encoder.run.json", "encoder.safetensors", "another file")),
    (scores_into_the_scene, ("scene.zarr", "another file")),
    (session_over_the_labels, ("labels.gpkg", "another file")),
    (unknown_option, ("--verbose", "--help")),
    (unknown_verb, ("classfy", "classify")),
    (scene_to_serve_missing, ("nowhere.hdr",)),
    (session_under_a_file, ("session",)),
]


@pytest.mark.parametrize(("spoil", "words"), SPOILT, ids=[spoil.__name__ for spoil, _ in SPOILT])
def test_a_refusal_is_one_line_that_says_what_to_do(bench, capsys, spoil, words):
    argv = [str(word) for word in spoil(bench)]
    before = hashes(bench.inputs.parent)
    try:
        code = main(argv)
    except SystemExit as stop:
        code = stop.code
    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert code == 2
    assert said.out == ""
    assert len(lines) == 1, lines
    assert "Traceback" not in said.err
    assert not [word for word in words if word not in lines[0]], lines[0]
    assert hashes(bench.inputs.parent) == before


def script(argv: list, **options: object) -> subprocess.CompletedProcess:
    """The real console script's work, in a process of its own."""
    words = [sys.executable, "-m", "workbench.cli", *map(str, argv)]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, **options)


def test_the_script_itself_refuses_in_one_line(bench):
    run = script(missing_scene(bench))
    assert (run.returncode, run.stdout, len(run.stderr.splitlines())) == (2, "", 1)


@pytest.mark.parametrize("verb", ["classify", "convert", "embed", "pretrain"])
def test_a_full_disk_leaves_the_older_result(bench, verb):
    """A limit on the size of files stands for the disk: the write fails the same way, halfway through."""
    argv = {
        "classify": classify(bench),
        "convert": ["convert", bench.scene, bench.out / "scene.npz"],
        "embed": ["embed", bench.scene, "--encoder", bench.encoder, "--out", bench.out / "map.tif"],
        "pretrain": ["pretrain", bench.scene, "--steps", "2", "--out", bench.out / "encoder.safetensors"],
    }[verb]
    before = hashes(bench.inputs.parent)
    run = script(argv, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400)))
    lines = [line for line in run.stderr.splitlines() if not line.startswith("pretraining: ")]
    assert run.returncode == 2, run.stderr
    assert len(lines) == 1, run.stderr
    assert "choose" in lines[0]
    assert hashes(bench.inputs.parent) == before


def test_a_port_in_use_is_named(bench):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = script(["serve", "--no-show", "--session", bench.inputs.parent / "session", "--port", port])
    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 1, run.stderr
    assert str(port) in run.stderr
    assert "--port" in run.stderr


def test_labels_in_another_crs_are_brought_to_the_scene(bench, capsys):
    here, there = bench.out / "here.tif", bench.out / "there.tif"
    assert main([str(word) for word in classify(bench, out=here)]) == 0
    elsewhere = bench.vector("degrees.geojson", ["water", "wood", "field"], crs="EPSG:4326")
    assert main([str(word) for word in classify(bench, labels=elsewhere, out=there)]) == 0
    assert hashes(bench.out)["here.tif"] == hashes(bench.out)["there.tif"]
