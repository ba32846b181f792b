"""Large scenes made in seconds, and the memory that a command takes of its own."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import numpy as np
import scipy.io

STRIPE = 50
"""Rows that are made at once; later stripes are earlier ones shifted along the rows."""


def write_scene(folder: Path, height: int, width: int, n_bands: int, interleave: str) -> tuple[Path, Path]:
    """Write an ENVI scene of four covers, int16 reflectance × 10⁴, and 30 labels a class.

    Returns
    -------
    Path, Path
        The header, and the labels (``.mat``).
    """
    rng = np.random.default_rng(0)
    spectra = 2000 + 1500 * np.sin(np.linspace(0, 6, n_bands) + np.arange(4)[:, None])
    covers = rng.integers(0, 4, -(-width // 40)).repeat(40)[:width]
    noise = rng.integers(-400, 400, (STRIPE, n_bands, width), dtype="int16")
    stripe = spectra[covers].T.astype("int16") + noise
    shifts = rng.integers(0, width, -(-height // STRIPE))
    with (folder / "scene.bin").open("wb") as file:
        if interleave == "bil":
            for k, shift in enumerate(shifts):
                rows = np.roll(stripe, shift, axis=2)[: height - k * STRIPE]
                if k == 0:
                    rows[:, :, :200] = -9999
                file.write(rows.tobytes())
        else:
            for band in range(n_bands):
                for k, shift in enumerate(shifts):
                    rows = np.roll(stripe[:, band], shift, axis=1)[: height - k * STRIPE]
                    if k == 0:
                        rows[:, :200] = -9999
                    file.write(rows.tobytes())
    header = {"samples": width, "lines": height, "bands": n_bands, "header offset": 0, "data type": 2, "byte order": 0}
    header |= {"interleave": interleave, "data ignore value": -9999, "reflectance scale factor": 10000}
    header |= {"wavelength": "{" + ", ".join(f"{w:.1f}" for w in np.linspace(420, 2450, n_bands)) + "}"}
    lines = ["ENVI", *(f"{key} = {value}" for key, value in header.items())]
    (folder / "scene.hdr").write_text("\n".join(lines) + "\n")
    truth = np.stack([np.roll(covers, shift) for shift in shifts]).repeat(STRIPE, axis=0)[:height]
    truth[:STRIPE, :200] = -1
    labels = np.zeros((height, width), "uint8")
    for cover in range(4):
        labels.flat[rng.choice(np.flatnonzero(truth == cover), 30, replace=False)] = cover + 1
    scipy.io.savemat(folder / "labels.mat", {"labels": labels})
    return folder / "scene.hdr", folder / "labels.mat"


def peak_of(words: list[str]) -> tuple[int, int, int]:
    """Exit code of a command, the most memory it had of its own, and the most of all that was resident [bytes].

    Its own is what the system calls anonymous: pages of files that it reads or maps are the system's to take back.
    """
    process, own, everything = subprocess.Popen(words), 0, 0
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        told = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        own = max(own, 1024 * int(told.get("RssAnon", "0").split()[0]))
        everything = max(everything, 1024 * int(told.get("VmHWM", "0").split()[0]))
        time.sleep(0.02)
    return process.returncode, own, everything
