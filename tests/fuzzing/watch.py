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
    """Open files `first` to `last` of each kind in a process of their own."""
    report = Report()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for kind in kinds:
            at = first
            while at < last:
                at = _some(kind, at, last, seed, Path(folder), report)
    return report


def _some(kind: str, first: int, last: int, seed: int, folder: Path, report: Report) -> int:
    """Files until the child ends or is stopped; the number of the next one."""
    inside = Path(tempfile.mkdtemp(dir=folder))
    words = [sys.executable, "-m", "tests.fuzzing.child", str(inside / "here"), str(seed), str(first), str(last), kind]
    (inside / "here").mkdir()
    errors, env = inside / "errors.txt", os.environ | {"TMPDIR": str(inside / "here")}
    with errors.open("w") as file:
        child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=file, text=True, env=env)
    at, timer = first, threading.Timer(120, child.kill)
    timer.start()
    for line in child.stdout:
        told, at = json.loads(line), json.loads(line)["i"]
        timer.cancel()
        timer = threading.Timer(4 * LONGEST, child.kill)
        timer.start()
        if told.get("begun"):
            continue
        at += 1
        _judge(told, report)
    timer.cancel()
    code = child.wait()
    strays = {*os.listdir(inside)} - {"here", "errors.txt"} | (set() if code else {*os.listdir(inside / "here")})
    if strays:
        report.faults.append(f"{kind} before {at}: stray files {sorted(strays)}")
    if code:
        said = errors.read_text(errors="replace")[-1500:]
        report.faults.append(f"{kind} {at}: the process ended with {code} {said}")
        return at + 1
    return last


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
