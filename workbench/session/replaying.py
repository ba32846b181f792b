"""A session done again from what its folder holds: scene, labels, runs, class map; and whether it came out the same.

What comes out is a session of its own, which the desk opens, with the class map and the scores as files beside. On the
same machine with the same versions a CPU gives the same bits; what differs is told, and what was other meanwhile.
"""

from __future__ import annotations

import shutil
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from workbench.cubes import open_cube
from workbench.cubes.remote import located
from workbench.files import write_json
from workbench.session.commands import USERS, sentence
from workbench.session.folder import ADVICE, HISTORY, LABELS, STATE, read_json
from workbench.session.geopackage import LabelStore
from workbench.session.held import Held, read_held
from workbench.session.origin import not_the_same, scene_origin
from workbench.session.repeated import Places, apart, carried_out, plan_of
from workbench.session.runs import SCORES, Run, read_run
from workbench.session.session import Session
from workbench.session.verdicts import Verdict, labels_verdict, map_verdict, scene_verdict

MAP_FILE = "class_map.tif"


@dataclass(frozen=True, slots=True)
class Step:
    """How far a replay is."""

    what: str
    """What is being done."""

    fraction: float = 0.0
    """Done of it, 0 to 1."""


Replay = Generator[Step, None, list[Verdict]]


def replay(folder: str | Path, out: str | Path, *, scene: object = None, truth: Path | None = None) -> Replay:
    """Do a session again.

    Parameters
    ----------
    folder : str or Path
        The session's; nothing in it is written.
    out : str or Path
        A folder to make, or an empty one. It becomes a session, with ``class_map.tif`` and each comparison's
        ``scores.csv`` in it.
    scene : path or address, optional
        Where the scene is now; by default where the session says, if it may be opened from there.
    truth : Path, optional
        Where the truth is now.

    Yields
    ------
    Step

    Returns
    -------
    list of Verdict
        Of the scene, the labels, every run and the class map, in the order they were made.

    Raises
    ------
    FileNotFoundError, PermissionError
        If the scene is not there, or the session may not name it.
    ValueError
        If the folder is damaged, `out` is in use, or the scene is another one.
    """
    held, out = read_held(folder), Path(out).expanduser().absolute()
    _check_place(out, held.folder)
    places, cube = _opened(held, scene, truth)
    yield Step("checking the scene")
    verdicts = [scene_verdict(held, places, cube)]
    _begin(held, out, cube)
    verdicts.append(labels_verdict(held, out))
    for run in held.runs:
        verdicts.append((yield from _again(run, held, out, places)))
    yield Step("the class map")
    verdicts.append(_map_again(held, out, places))
    return verdicts


def _check_place(out: Path, folder: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"a replay goes into a folder of its own, but {out} is there already; name a new one")
    if out.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"a replay writes nothing into the session, but {out} lies in it; name a folder elsewhere")


def _opened(held: Held, scene: object, truth: Path | None) -> tuple[Places, xr.DataArray]:
    """Where the files are, and the scene, which is the one that it was."""
    if not held.scene:
        raise ValueError(f"the session in {held.folder} has no scene; there is nothing to repeat")
    try:
        place = held.place(held.scene) if scene is None else located(scene).absolute()
    except (FileNotFoundError, PermissionError) as error:
        raise type(error)(f"{error} (--scene PATH)") from error
    options = held.options_of(place)
    cube = open_cube(place, **options)
    if not_the_same(scene_origin(place, cube), held.scene_origin) == "pixels":
        name = held.scene_origin.get("name", "another")
        raise ValueError(f"{place} is not the scene that the session is of, {name}: other pixels; give that one")
    why = ""
    try:
        known = truth.expanduser().absolute() if truth else held.truth and held.place(held.truth)
    except (FileNotFoundError, PermissionError) as error:
        known, why = "", f"{error} (--truth PATH)"
    return Places(str(place), options, str(known or ""), why), cube


def _begin(held: Held, out: Path, cube: xr.DataArray) -> None:
    """A session with these labels and choices, and no scene yet."""
    out.mkdir(parents=True, exist_ok=True)
    for name in (HISTORY, ADVICE):
        if (held.folder / name).exists():
            shutil.copyfile(held.folder / name, out / name)
    if held.labels.classes:
        LabelStore(out / LABELS).write(held.labels, held.crs)
    kept = {name: held.state[name] for name in ("view", "current_class") if name in held.state}
    write_json(out / STATE, {**kept, "shape": cube.shape[1:], "live": False})


def _again(run: Run, held: Held, out: Path, places: Places) -> Generator[Step, None, Verdict]:
    yield Step(run.title)
    try:
        again = plan_of(run, held, out, places)
    except USERS as error:
        return Verdict(run.id, run.title, None, f"not repeated: {sentence(error)}")
    try:
        for report in carried_out(again):
            yield Step(run.title, report.get("fraction", 0.0))
        again = read_run(again.folder)
        if again.kind == "comparison":
            _write_csv(again)
        words = apart(again, run)
    except USERS as error:
        return Verdict(run.id, run.title, False, f"failed: {sentence(error)}")
    return Verdict(run.id, run.title, not words, words or "the same, bit for bit")


def _write_csv(run: Run) -> None:
    """Scores without times beside those with them: the same bytes whenever the scores are the same."""
    from workbench.compare import read_scores, write_table
    from workbench.compare.record import TIMES

    table = read_scores(run.folder)
    write_table(table.drop(columns=[name for name in TIMES if name in table]), run.folder / f"{Path(SCORES).stem}.csv")


def _map_again(held: Held, out: Path, places: Places) -> Verdict:
    """The class map by the model in use, as the desk makes it; the session is put down as it was left."""
    session = Session.at(out)
    try:
        _done(session, session.open_scene(places.scene, **places.options))
        if places.truth:
            _done(session, session.open_truth(places.truth, **held.state.get("truth_options", {})))
        if active := held.state.get("active_run", ""):
            _done(session, session.activate_run(active))
            session.wait_for_job()
        session.model = held.state.get("model", session.model)
        session.update_map()
        session.wait_for_map()
        if session.class_map is None:
            return Verdict("class map", session.model, None, f"there is none: {session.map_note}")
        _done(session, session.export_map(out / MAP_FILE))
        return map_verdict(held, session)
    except USERS as error:
        return Verdict("class map", held.state.get("model", ""), None, f"not repeated: {sentence(error)}")
    finally:
        session.close()
        write_json(out / STATE, {**read_json(out / STATE), "live": held.state.get("live", True)})


def _done(session: Session, done: bool) -> None:
    """Make a command's refusal an error again."""
    if not done:
        raise ValueError(session.message)
