"""Run the child and watch it: a traceback, a crash, a hang, too much memory or a stray file is a fault.

``python -m tests.fuzzing.watch FIRST LAST [KIND…]`` does files of these numbers of every kind on both cores, and prints
the faults; ``0 2000`` takes an hour.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzzing.specimens import KINDS

SEED = 20
LONGEST = 10.0
"""Seconds a file may take."""

MOST = 2**30
"""Bytes of memory, the libraries' own 0.2 GB among them."""


@dataclass
class Report:
    """What came of a number of files."""

    opened: int = 0
    refused: int = 0
    slowest: float = 0.0
    largest: int = 0
    faults: list[str] = field(default_factory=list)


def watch(kinds: list[str], first: int, last: int, seed: int = SEED) -> Report:
    """Open files `first` to `last` of each kind in a process of their own, and go on in another where it ends early."""
    report, left = Report(), [(kind, first) for kind in kinds]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        while left:
            _, begin = left[0]
            together = [kind for kind, at in left if at == begin]
            ended = _some(together, begin, last, seed, Path(folder), report)
            left = left[len(together) :]
            if ended is not None:
                kind, number = ended
                left = [(kind, number + 1), *((k, first) for k in together[together.index(kind) + 1 :]), *left]
    return report


def _some(kinds: list[str], first: int, last: int, seed: int, folder: Path, report: Report) -> tuple[str, int] | None:
    """Files until the child is through, or ends or is stopped: then the one it was at."""
    inside = Path(tempfile.mkdtemp(dir=folder))
    words = [sys.executable, "-m", "tests.fuzzing.child", str(inside / "here"), str(seed), str(first), str(last)]
    (inside / "here").mkdir()
    errors, env = inside / "errors.txt", os.environ | {"TMPDIR": str(inside / "here")}
    at = kinds[0], first
    with (
        errors.open("w") as file,
        subprocess.Popen([*words, *kinds], stdout=subprocess.PIPE, stderr=file, text=True, env=env) as child,
    ):
        timer = threading.Timer(120, child.kill)
        timer.start()
        for line in child.stdout:
            told = json.loads(line)
            at = told["kind"], told["i"]
            timer.cancel()
            timer = threading.Timer(6 * LONGEST, child.kill)
            timer.start()
            if "begun" not in told:
                _judge(told, report)
        code = child.wait()
        timer.cancel()
    strays = {*os.listdir(inside)} - {"here", "errors.txt"} | (set() if code else {*os.listdir(inside / "here")})
    if strays:
        report.faults.append(f"{kinds}: stray files {sorted(strays)}")
    if code:
        report.faults.append(f"{at}: the process ended with {code} {errors.read_text(errors='replace')[-1500:]}")
        return at
    return None


def _judge(told: dict, report: Report) -> None:
    name = f"{told['kind']} {told['i']}"
    report.opened += told["what"] == "opened"
    report.refused += told["what"] == "refused"
    report.slowest = max(report.slowest, told["seconds"])
    report.largest = max(report.largest, told["peak"])
    if told["i"] == 0 and told["what"] != "opened":
        report.faults.append(f"{name}: the sound file is not read: {told['said']}")
    if told["what"] == "traceback":
        report.faults.append(f"{name}: {told['said']}")
    if told["seconds"] > LONGEST:
        report.faults.append(f"{name}: took {told['seconds']:.1f} s; {told['what']} {told['said']}")
    if told["peak"] > MOST:
        report.faults.append(f"{name}: took {told['peak'] / 2**20:.0f} MB; {told['what']} {told['said']}")
    if told["left"]:
        report.faults.append(f"{name}: left {told['left']}")


def main() -> None:
    """Do what the command line asks."""
    first, last, kinds = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] or list(KINDS)
    with ThreadPoolExecutor(2) as pool:
        for kind, report in zip(kinds, pool.map(lambda kind: watch([kind], first, last), kinds), strict=True):
            told = [
                f"{kind}: {report.opened} opened, {report.refused} refused, at most {report.slowest:.2f} s and "
                f"{report.largest / 2**20:.0f} MB, {len(report.faults)} faults"
            ]
            told += ["    " + fault.replace("\n", "\n      ") for fault in report.faults]
            sys.stdout.write("\n".join(told) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
