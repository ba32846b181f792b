"""A session as one file to hand on: a zip of what its folder holds, and ``pack.json``, which says what that is.

Where scene and truth lie on this machine is left behind: they stand as ``scene/NAME`` and ``truth/NAME``, in the
choices and in every run. The truth is enclosed if it may be read; the scene only when asked for, else by its SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from workbench.cubes import open_cube
from workbench.cubes.remote import located
from workbench.files import replacing
from workbench.record import versions
from workbench.session.enclosing import files_beside, scene_files
from workbench.session.folder import ADVICE, FAMILIES, HISTORY, LABELS, MAP, MAP_CARD, RUNS, STATE
from workbench.session.held import Held, read_held
from workbench.session.marks import now
from workbench.session.origin import not_the_same, scene_origin
from workbench.session.runs import CARD, ENCODER, LOG, Run, card_of
from workbench.session.zip_names import KIND, MANIFEST, SCENE, TRUTH, VERSION, plain_files

ELSEWHERE = "elsewhere"
"""Where runs of another scene say that it is."""

TEXTS = (".json", ".jsonl", ".gpkg", ".csv")
"""Endings of what is worth compressing."""

PIECE = 2**20
EPOCH = (1980, 1, 1, 0, 0, 0)

Source = Path | bytes


def pack(
    folder: str | Path, path: str | Path, *, with_scene: bool = False, scene: object = None, most: int | None = None
) -> dict:
    """Write a session into one file.

    Parameters
    ----------
    folder : str or Path
        The session's; it may be open.
    path : str or Path
        The ``.zip``, whole or not at all.
    with_scene : bool
        Enclose the scene's files.
    scene : path or address, optional
        Where the scene is now; by default where the session says.
    most : int, optional
        Refuse a session of more bytes.

    Returns
    -------
    dict
        What ``pack.json`` says: ``scene``, with ``name``, ``sha256`` and ``enclosed``, and ``files``.

    Raises
    ------
    FileNotFoundError, PermissionError, ValueError
        If the folder is no session's or is damaged, or the scene cannot be enclosed.
    """
    held = read_held(folder)
    about, files = _scene_of(held, with_scene, scene)
    names = {held.scene: about["path"]} if held.scene else {}
    for named in sorted({held.truth, *(str(run.settings.get("truth") or "") for run in held.runs)} - {""}):
        names[named] = _truth_name(named, names)
        files |= _truth_files(held, named, names[named])
    read = {"scene": about["path"], "options": about["options"]}
    state = {**held.state, **read, "truth": names.get(held.truth, ""), "seal": ""}
    files[STATE] = _text(state)
    plain = [name for name in (ADVICE, HISTORY, MAP, MAP_CARD, FAMILIES) if (held.folder / name).exists()]
    files |= {name: held.folder / name for name in plain}
    for run in held.runs:
        files |= _run_files(run, names, read if run.settings["scene"] == held.scene else {})
    if most is not None:
        _check_size(held.folder, files, most)
    with tempfile.TemporaryDirectory() as beside, replacing(path) as draft, ZipFile(draft, "w") as zipped:
        if (held.folder / LABELS).exists():
            files[LABELS] = _copied(held.folder / LABELS, Path(beside) / LABELS)
        told = {name: _add(zipped, name, source) for name, source in sorted(files.items())}
        facts = {"kind": KIND, "version": VERSION, "session": held.folder.name, "packed": now(), "versions": versions()}
        manifest = {**facts, "scene": about, "files": told}
        _add(zipped, MANIFEST, _text(manifest))
        plain_files(zipped.infolist(), 2**62)  # what could not be unpacked is not handed on
    return manifest


def _scene_of(held: Held, with_scene: bool, scene: object) -> tuple[dict, dict[str, Source]]:
    """What is said of the scene, and its files if they are to be enclosed."""
    if not held.scene:
        if with_scene:
            raise ValueError(f"the session in {held.folder} has no scene that could be enclosed")
        return {"name": "", "path": "", "options": {}, "enclosed": False}, {}
    noted = held.scene_origin
    try:
        place = held.place(held.scene) if scene is None else located(scene).absolute()
    except (FileNotFoundError, PermissionError) as error:
        if with_scene:
            raise type(error)(f"{error} (--scene PATH)") from error
        name = Path(str(noted.get("name") or held.scene)).name
        told = {"path": f"{SCENE}/{name}", "options": held.state.get("options", {}), "enclosed": False}
        return {**noted, "name": name, **told}, {}
    options = held.options_of(place)
    cube = open_cube(place, **options)
    origin = scene_origin(place, cube)
    if not_the_same(origin, noted) == "pixels":
        raise ValueError(f"{place} is not the scene that the session is of, {noted.get('name')}: other pixels")
    files = scene_files(place, options, cube) if with_scene else {}
    about = {**origin, "path": f"{SCENE}/{origin['name']}", "options": options, "enclosed": with_scene}
    return about, {f"{SCENE}/{name}": file for name, file in files.items()}


def _truth_name(named: str, names: Mapping[str, str]) -> str:
    """Where a truth stands in the pack; a second one of the same name in a folder of its own."""
    taken, name = set(names.values()), Path(named).name
    places = (f"{TRUTH}/{name}", *(f"{TRUTH}/{i}/{name}" for i in range(2, 1000)))
    return next(place for place in places if place not in taken)


def _truth_files(held: Held, named: str, at: str) -> dict[str, Source]:
    """A truth with the files beside it; none where it may not be read."""
    try:
        place = held.place(named)
    except (FileNotFoundError, PermissionError):
        return {}
    if not (isinstance(place, Path) and place.is_file()):
        return {}
    return {str(Path(at).with_name(file.name).as_posix()): file for file in (place, *files_beside(place))}


def _run_files(run: Run, names: Mapping[str, str], read: Mapping[str, object]) -> dict[str, Source]:
    """What a run's folder holds, but for the worker's log; its card without paths of this machine."""
    place = f"{RUNS}/{run.id}"
    asked = {**run.settings, "scene": f"{ELSEWHERE}/{Path(run.settings['scene']).name}", **read}
    if asked.get("truth"):
        asked["truth"] = names[str(asked["truth"])]
    if asked.get("encoder") and not re.fullmatch(rf"{RUNS}/[^/]+/{re.escape(ENCODER)}", str(asked["encoder"])):
        asked["encoder"] = Path(str(asked["encoder"])).name
    files = {f"{place}/{file.relative_to(run.folder).as_posix()}": file for file in run.folder.rglob("*")}
    kept = {name: file for name, file in files.items() if file.is_file() and file.name != LOG and file.name[0] != "."}
    return {**kept, f"{place}/{CARD}": _text({**card_of(run), "settings": asked})}


def _check_size(folder: Path, files: Mapping[str, Source], most: int) -> None:
    size = sum(len(one) if isinstance(one, bytes) else one.stat().st_size for one in files.values())
    if size > most:
        raise ValueError(
            f"the session has {size / 2**20:.0f} MiB, more than the {most / 2**20:.0f} MiB that a page hands on; use "
            f"workbench pack {folder} FILE.zip"
        )


def _copied(labels: Path, to: Path) -> Path:
    """The labels as they are between two clicks, whatever is written meanwhile."""
    with closing(sqlite3.connect(labels)) as source, closing(sqlite3.connect(to)) as copy:
        source.backup(copy)
    return to


def _text(content: dict) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _add(zipped: ZipFile, name: str, source: Source) -> dict[str, object]:
    """Put a file in; its size and SHA-256."""
    info = ZipInfo(name, EPOCH)
    info.compress_type = ZIP_DEFLATED if Path(name).suffix in TEXTS else ZIP_STORED
    info.external_attr = 0o644 << 16
    digest, size = hashlib.sha256(), 0
    with zipped.open(info, "w", force_zip64=True) as out:
        if isinstance(source, bytes):
            pieces = iter([source])
        else:
            file = source.open("rb")
            pieces = iter(lambda: file.read(PIECE), b"")
        for piece in pieces:
            out.write(piece)
            digest.update(piece)
            size += len(piece)
        if not isinstance(source, bytes):
            file.close()
    return {"bytes": size, "sha256": digest.hexdigest()}
