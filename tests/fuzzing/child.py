"""Open damaged specimens one after another and say of each, as a line of JSON, what came of it, how long and how large.

``python -m tests.fuzzing.child FOLDER SEED FIRST LAST KIND…``: it is watched from outside, since a damaged file could
kill or stop it. FOLDER holds its working folder and nothing else, so that whatever is written elsewhere is seen.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import traceback
import warnings
import zlib
from pathlib import Path

import numpy as np

from tests.fuzzing.damage import spoilt
from tests.fuzzing.specimens import Files, specimen
from workbench.cubes import describe, open_cube, picture_limits, render, spectrum

SCRATCH = "workbench-"
"""How a folder of unpacked archives begins; it goes when the process ends."""

REFUSALS = {"CubeError", "FileNotFoundError", "PermissionError", "IsADirectoryError", "NotADirectoryError"}


def look(path: Path) -> None:
    """What the desk does first: open, tell of it, draw it at the screen's size, and a spectrum."""
    cube = open_cube(path)
    describe(cube)
    bands, step = [0, cube.sizes["band"] // 2, cube.sizes["band"] - 1], -(-max(cube.shape[1:]) // 1000)
    everything = slice(None, None, step)
    render(cube, bands, picture_limits(cube, bands), everything, everything)
    spectrum(cube, cube.sizes["y"] // 2, cube.sizes["x"] // 2)


def outcome(path: Path) -> tuple[str, str]:
    """``opened``, ``refused`` or ``traceback``, and what was said."""
    try:
        look(path)
    except Exception as error:  # noqa: BLE001  whatever it is, the report tells
        kind, text = type(error).__name__, str(error)
        if kind in REFUSALS and text and "\n" not in text:
            return "refused", text
        return "traceback", "".join(traceback.format_exception(error)[-6:])
    return "opened", ""


def peak() -> int:
    """The most memory of its own since the last call [bytes]: what is resident but the files' pages."""
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    size = 1024 * (int(told["VmHWM"].split()[0]) - int(told["RssFile"].split()[0]))
    Path("/proc/self/clear_refs").write_text("5")
    return size


def write(files: Files, folder: Path) -> None:
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def say(**told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Do what the command line asks."""
    folder, seed, first, last, *kinds = sys.argv[1:]
    warnings.simplefilter("ignore")
    folder = Path(folder)
    for kind in kinds:
        name, files = specimen(kind, folder / "sound")
        shutil.rmtree(folder / "sound")
        for i in range(int(first), int(last)):
            rng = np.random.default_rng([int(seed), zlib.crc32(kind.encode()), i])
            place = folder / f"work{i}"
            place.mkdir()
            write(spoilt(files, rng) if i else files, place)
            say(kind=kind, i=i, begun=True)
            peak()
            began = time.monotonic()
            what, said = outcome(place / name)
            seconds, size = time.monotonic() - began, peak()
            shutil.rmtree(place)
            left = [name for name in os.listdir(folder) if not name.startswith(SCRATCH)]
            say(kind=kind, i=i, what=what, said=said, seconds=seconds, peak=size, left=left)


if __name__ == "__main__":
    main()
