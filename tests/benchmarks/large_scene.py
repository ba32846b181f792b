"""What a scene of 5 GB takes: seconds, cores and memory of ``embed`` and ``classify``, as a table.

Not a test, since it takes minutes and 7 GB of disk: ``python -m tests.benchmarks.large_scene [FOLDER] [ROWS]
[INTERLEAVE]``. Of two columns of memory, "own" leaves out pages of files, which are the system's to take back.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.large import peak_of, write_scene

WIDTH, N_BANDS = 2500, 400


def main(folder: str = tempfile.gettempdir(), height: str = "2500", interleave: str = "bil") -> None:
    """Make a scene of so many rows in `folder`, map it in several ways, and remove it."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        here = Path(place)
        header, labels = write_scene(here, int(height), WIDTH, N_BANDS, interleave)
        (here / "small").mkdir()
        small, _ = write_scene(here / "small", 120, 400, N_BANDS, "bil")
        encoder = f"--encoder {here}/encoder.safetensors"
        run(f"pretrain {small} --steps 100 --encoder context --device cpu --out {here}/encoder.safetensors")
        barlow = "--model barlow_twins"
        row("", "seconds", "cores", "own MB", "all MB")
        for name, line in {
            "embed, 2 workers": f"embed {header} {encoder} --device cpu --workers 2 --out {here}/e.zarr",
            "embed, 1 worker": f"embed {header} {encoder} --device cpu --workers 1 --out {here}/e.zarr",
            "embed to GeoTIFF": f"embed {header} {encoder} --device cpu --out {here}/e.tif",
            "classify, encoder": f"classify {header} --labels {labels} {encoder} --out {here}/m.tif",
            "classify, barlow_twins": f"classify {header} --labels {labels} {encoder} {barlow} --out {here}/m.tif",
            "classify, nothing given": f"classify {header} --labels {labels} --out {here}/m.tif",
            "classify, svm": f"classify {header} --labels {labels} --model svm --out {here}/m.tif",
            "classify, random_forest": f"classify {header} --labels {labels} --model random_forest --out {here}/m.tif",
            "classify, context": f"classify {header} --labels {labels} --model supervised_context --out {here}/m.tif",
        }.items():
            row(name, *run(line))


def run(line: str) -> tuple[str, ...]:
    """Do a verb in a process of its own: seconds, cores used, and peaks of its own and all resident memory [MB]."""
    began, before = time.monotonic(), os.times()
    code, own, everything = peak_of([sys.executable, "-m", "workbench.cli", *line.split()])
    if code:
        raise subprocess.CalledProcessError(code, line)
    seconds, after = time.monotonic() - began, os.times()
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    return f"{seconds:.0f}", f"{busy / seconds:.2f}", f"{own / 2**20:.0f}", f"{everything / 2**20:.0f}"


def row(name: str, *values: str) -> None:
    """One line of the table."""
    sys.stdout.write(name.ljust(28) + "".join(value.rjust(9) for value in values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    arguments: Sequence[str] = sys.argv[1:]
    main(*arguments)
