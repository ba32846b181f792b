"""A session's folder made of a pack, which may come from anybody: looked at, written beside, put in place whole."""

from __future__ import annotations

import hashlib
import json
import shutil
import zlib
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from workbench.cubes import open_cube
from workbench.cubes.remote import located
from workbench.files import replacing, write_json
from workbench.session.allowed import sealed
from workbench.session.folder import STATE, read_json
from workbench.session.held import Held, read_held
from workbench.session.origin import not_the_same, scene_origin
from workbench.session.packing import PIECE
from workbench.session.runs import CARD
from workbench.session.zip_names import KIND, MANIFEST, SCENE, VERSION, plain_files

LONGEST = 2**26
"""Most bytes of ``pack.json``."""


def unpack(file: str | Path, out: str | Path, *, scene: object = None, most: int = 2**35) -> str:
    """Make a session's folder of what :func:`workbench.session.pack` wrote.

    Parameters
    ----------
    file : str or Path
        The zip.
    out : str or Path
        A folder to make, or an empty one.
    scene : path or address, optional
        Where the scene is, if it is not enclosed.
    most : int
        Refuse what takes more bytes.

    Returns
    -------
    str
        Where its scene is, in a few words.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no pack, is damaged, or holds what no session does; or if `scene` is another one.
    """
    file, out = Path(file).expanduser(), Path(out).expanduser().absolute()
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file}; name what workbench pack wrote")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"a session is unpacked into a folder of its own, but {out} is there already; name a new one")
    try:
        with ZipFile(file) as zipped, replacing(out) as draft:
            about = _taken_apart(zipped, draft, min(most, shutil.disk_usage(out.parent).free))
            held = read_held(draft)
            if scene is None:
                return _where(about, out)
            _name_scene(held, about, scene, out)
            return f"its scene is {located(scene).absolute()}"
    except (BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ValueError(f"{file} is damaged or no zip ({' '.join(str(error).split())[:100]}); get it again") from error
    except ValueError as error:
        raise ValueError(f"{file} is not unpacked: {error}") from error


def _taken_apart(zipped: ZipFile, draft: Path, most: int) -> dict:
    """Write the files, each as ``pack.json`` says it is; what that says of the scene."""
    files = {entry.filename: entry for entry in plain_files(zipped.infolist(), most)}
    known = _manifest(zipped, files.pop(MANIFEST, None))
    told = known["files"]
    if odd := sorted(told.keys() ^ files.keys()):
        raise ValueError(f"{odd[0][:100]!r} is in {MANIFEST} or in the zip, but not in both")
    draft.mkdir()
    for name, entry in files.items():
        _write(zipped, entry, draft / name, told[name])
    return known["scene"]


def _manifest(zipped: ZipFile, entry: ZipInfo | None) -> dict:
    """What ``pack.json`` says."""
    if entry is None or entry.file_size > LONGEST:
        raise ValueError(f"it has no {MANIFEST}; name what workbench pack wrote")
    try:
        known = json.loads(zipped.read(entry))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{MANIFEST} is not JSON") from error
    kinds = {"kind": str, "version": int, "scene": dict, "files": dict}
    if not isinstance(known, dict) or any(not isinstance(known.get(name), kind) for name, kind in kinds.items()):
        raise ValueError(f"{MANIFEST} does not say what a pack's does")
    if known["kind"] != KIND or known["version"] != VERSION:
        raise ValueError(f"{MANIFEST} is of {known['kind'][:40]!r} {known['version']}, not of {KIND!r} {VERSION}")
    scene = known["scene"]
    path = scene.get("path")
    plain = isinstance(path, str) and path.isprintable() and (not path or Path(path) == Path(SCENE, Path(path).name))
    if not isinstance(scene.get("enclosed"), bool) or not plain:
        raise ValueError(f"{MANIFEST} does not say which scene it is of")
    return known


def _write(zipped: ZipFile, entry: ZipInfo, path: Path, told: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), entry.file_size
    with zipped.open(entry) as source, path.open("xb") as target:
        while piece := source.read(PIECE):
            left -= len(piece)
            if left < 0:
                break
            digest.update(piece)
            target.write(piece)
    if left or not isinstance(told, dict) or told.get("sha256") != digest.hexdigest():
        raise ValueError(f"{entry.filename[:100]!r} is not the file that was packed; get the pack again")


def _where(about: dict, out: Path) -> str:
    """Where the scene is, or has to be put."""
    if not about["path"]:
        return "it has no scene"
    place = out / about["path"]
    if about["enclosed"]:
        return f"its scene is {place}"
    known = f", {about['bytes']:,} bytes" if isinstance(about.get("bytes"), int) else ""
    return f"its scene {place.name}{known} is not enclosed: put it to {place}, or unpack with --scene PATH"


def _name_scene(held: Held, about: dict, scene: object, out: Path) -> None:
    """Let the session and its runs know where the scene is, and that this user named it."""
    place = located(scene).absolute()
    options = held.options_of(place)
    cube = open_cube(place, **options)
    if not_the_same(scene_origin(place, cube), about) == "pixels":
        raise ValueError(f"{place} is not the scene that the session is of, {about.get('name')}: other pixels")
    where = {"scene": str(place), "options": options}
    truth = str(out / held.truth) if held.truth else ""
    seal = sealed([str(place), options, truth, held.state.get("truth_options", {})])
    write_json(held.folder / STATE, {**held.state, **where, "seal": seal})
    for run in held.runs:
        if run.settings["scene"] == held.scene:
            card = read_json(run.folder / CARD)
            write_json(run.folder / CARD, {**card, "settings": {**run.settings, **where}})
