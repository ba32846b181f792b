"""Looking at a scene of 10 GB: how long and how much memory a picture and a spectrum take, beside reading it whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import spectral.io.envi

N_BANDS, SIDE = 200, 5000
LOOK = """
import json, sys, time
import numpy as np
from workbench.cubes import open_cube, picture_limits, preset_bands, render, spectrum

began = time.perf_counter()
cube = open_cube(sys.argv[1])
bands = preset_bands(cube, "true colour")
picture = render(cube, bands, picture_limits(cube, bands), slice(0, None, 6), slice(0, None, 5))
overview = time.perf_counter() - began
began = time.perf_counter()
limits = picture_limits(cube, bands)
assert render(cube, bands, limits, slice(1000, 1800), slice(2000, 3000)).shape == (800, 1000, 4)
window = time.perf_counter() - began
took = []
for row, column in np.random.default_rng(0).integers(0, cube.sizes["x"], (50, 2)):
    began = time.perf_counter()
    spectrum(cube, row, column)
    took.append(time.perf_counter() - began)
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
print(json.dumps({"overview": overview, "window": window, "spectrum": float(np.median(took)), "peak": peak}))
"""


@pytest.fixture(params=["bsq", "bil", "bip"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A sparse file: it has 10 GB and takes none on the disk."""
    if not Path("/proc/self/status").exists():
        pytest.skip("the peak of memory is read from Linux's /proc")
    path = tmp_path / f"scene.{request.param}"
    size = N_BANDS * SIDE * SIDE * 2
    with path.open("wb") as file:
        file.truncate(size)
    if os.stat(path).st_blocks * 512 > size / 100:
        pytest.skip("this file system has no sparse files")
    wavelength = ", ".join(f"{w:.1f}" for w in np.linspace(420, 2450, N_BANDS))
    fields = {
        "samples": SIDE, "lines": SIDE, "bands": N_BANDS, "data type": 2, "interleave": request.param, "byte order": 0,
        "wavelength units": "Nanometers", "wavelength": f"{{{wavelength}}}", "reflectance scale factor": 10_000,
    }  # fmt: skip
    header = path.with_suffix(".hdr")
    header.write_text("ENVI\n" + "".join(f"{key} = {value}\n" for key, value in fields.items()))
    return header


@pytest.mark.slow
def test_a_picture_of_10_gb_takes_a_20th_of_reading_it_whole_and_400_mb(scene, record_property):
    run = subprocess.run([sys.executable, "-c", LOOK, str(scene)], capture_output=True, text=True, check=True)
    found = json.loads(run.stdout)
    image = spectral.io.envi.open(scene, scene.with_suffix(f".{scene_interleave(scene)}"))
    began = time.perf_counter()
    for top in range(0, SIDE, 500):  # every tenth of them: the whole takes SPy 20 GB as floats, and minutes
        image.read_subregion((top, top + 50), (0, SIDE), use_memmap=False)
    whole = 10 * (time.perf_counter() - began)
    figures = {name: round(value, 4) for name, value in found.items()} | {"whole": round(whole, 1)}
    record_property("figures", figures)
    assert found["peak"] < 400
    assert whole / found["window"] >= 20
    assert whole / found["spectrum"] >= 200


def scene_interleave(header: Path) -> str:
    """bsq, bil or bip: the binary's ending."""
    return next(path.suffix[1:] for path in header.parent.glob("scene.b*"))
