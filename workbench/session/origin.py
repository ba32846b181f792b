"""What numbers came of: the files they were made of, and the versions, the device and the threads that made them.

A worker notes it in its run's ``origin.json`` and the live map in its card, so that who does it again knows whether the
files are the same, and what else may be the cause of a difference. No path stands in it: it may be handed on.
"""

from __future__ import annotations

import os
from pathlib import Path

import xarray as xr

from workbench.cubes.remote import is_remote
from workbench.files import write_json
from workbench.record import file_fingerprint, versions
from workbench.session.folder import read_json
from workbench.session.runs import ORIGIN, Run

WHOLE = 2**30
"""A folder up to this size [bytes] is known by its files; a larger one by the pixels that ``fingerprint`` looks at."""


def file_origin(path: str | Path) -> dict[str, object]:
    """A file or folder by its name, size [bytes] and SHA-256; of an address, or what is not there, only the name."""
    name = str(path).rstrip("/").rpartition("/")[2]
    if is_remote(path) or not Path(path).exists():
        return {"name": name}
    path = Path(path)
    if path.is_dir():
        size = sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
        if size > WHOLE:
            return {"name": name, "bytes": size}
    found = file_fingerprint(path)
    return {"name": name, "bytes": found["bytes"], "sha256": found["sha256"]}


def scene_origin(path: str | Path, cube: xr.DataArray) -> dict[str, object]:
    """The same of a scene, and the fingerprint of its cube, which is that of a converted copy, too."""
    from workbench.pretrain import fingerprint

    return {**file_origin(path), "fingerprint": fingerprint(cube)}


def conditions() -> dict[str, object]:
    """What may change the last bits of a number beside what it is made of."""
    from workbench.patches import pick_device

    threads = os.environ.get("OMP_NUM_THREADS") or str(os.cpu_count())
    return {"versions": versions(), "device": str(pick_device("auto")), "threads": threads}


def note_origin(run: Run, cube: xr.DataArray, files: dict[str, str | Path]) -> None:
    """Put down what a run is made of, once: a run that goes on is one with what it was before."""
    if (run.folder / ORIGIN).exists():
        return
    made_of = {name: scene_origin(path, cube) if name == "scene" else file_origin(path) for name, path in files.items()}
    write_json(run.folder / ORIGIN, {**made_of, **conditions()})


def read_origin(run: Run) -> dict[str, object]:
    """What a run was made of; empty for one of an earlier version, or one whose note is damaged."""
    try:
        return read_json(run.folder / ORIGIN)
    except (OSError, ValueError):
        return {}


def not_the_same(now: dict[str, object], then: object) -> str:
    """In what a file is another than it was noted; empty where nothing noted says so."""
    if not isinstance(then, dict):
        return ""
    for key, word in (("fingerprint", "pixels"), ("bytes", "size"), ("sha256", "contents")):
        if key in now and key in then and now[key] != then[key]:
            return word
    return ""


def other_conditions(now: dict[str, object], then: dict[str, object]) -> list[str]:
    """What differs beside the files, in words; empty if nothing that was noted does."""
    found = []
    old, new = then.get("versions"), now.get("versions")
    if isinstance(old, dict) and isinstance(new, dict):
        found += [f"{name} {new.get(name)} instead of {old[name]}" for name in old if new.get(name) != old[name]]
    for name, word in (("device", "device"), ("threads", "threads")):
        if then.get(name) and then[name] != now.get(name):
            found.append(f"{word} {now.get(name)} instead of {then[name]}")
    return found
