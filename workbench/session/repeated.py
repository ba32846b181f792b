"""One run of a session done again in another folder, by the same worker process that the desk has: ``replay`` of a run.

A run that was stopped is repeated as far as it came: to the step that its encoder holds, or to as many rows.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue

from workbench.session.alike import arrays_apart, encoders_apart, rows_apart
from workbench.session.folder import RUNS, read_json
from workbench.session.held import Held
from workbench.session.jobs import Worker, outcome
from workbench.session.origin import file_origin, not_the_same, other_conditions, read_origin
from workbench.session.runs import CARD, ENCODER, PRETRAINING, TRUTH, Run, read_embedding, write_run
from workbench.session.stranger import are_options
from workbench.session.told import reports

FAILED, DONE, STOPPED = "failed", "done", "stopped"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the files are that a session names."""

    scene: str
    """Full path or address of the scene."""

    options: dict
    """How it is read."""

    truth: str
    """Full path of the truth; empty without one, or where it may not be opened."""

    why: str = ""
    """Why the truth may not be opened."""


def plan_of(run: Run, held: Held, out: Path, places: Places) -> Run:
    """The same run in the folder `out`, of the same files where they are now, with the files it begins with.

    Raises
    ------
    ValueError
        If it cannot be repeated. The message says why.
    """
    asked = run.settings
    if run.kind not in (PRETRAINING, "comparison", "encoder"):
        raise ValueError(f"a run is a pretraining, a comparison or an encoder, got {run.kind[:40]!r}")
    if asked["scene"] != held.scene or not are_options(asked.get("options", {})):
        raise ValueError(f"it is of another scene, {Path(asked['scene']).name}")
    settings = {**asked, "scene": places.scene, "options": places.options} | _as_far(run)
    files = []
    if run.kind == "comparison":
        settings |= _truth_of(run, held, places)
        files = (
            [] if asked.get("truth") else [file for file in (TRUTH, f"{TRUTH}.aux.xml") if (run.folder / file).exists()]
        )
        known = rf"{RUNS}/[^/]+/{re.escape(ENCODER)}"
        given = asked.get("encoder") or ""
        if given and not (re.fullmatch(known, str(given)) and (out / str(given)).is_file()):
            raise ValueError(f"its encoder {str(given)[:100]} was not made again")
    elif run.kind == "encoder":
        settings["encoder"] = ""
        files = [ENCODER, Path(ENCODER).with_suffix(".json").name]
    again = replace(run, state="running", error="", seconds=0.0, settings=settings, folder=out / RUNS / run.id)
    again.folder.mkdir(parents=True)
    for name in files:
        shutil.copyfile(run.folder / name, again.folder / name)
    write_run(again)
    return again


def carried_out(run: Run) -> Iterator[dict]:
    """What the worker says on the way; then the end is in ``run.json``.

    Raises
    ------
    RuntimeError
        If it failed.
    """
    told: SimpleQueue = SimpleQueue()
    worker, last, seconds = Worker(run.folder, run.kind, told.put, told.put), {}, 0.0
    try:
        while isinstance(report := told.get(), dict):
            last = report if {"end", "error"} & set(report) else last
            seconds = report.get("seconds", seconds)
            yield report
    except BaseException:
        worker.stop()
        worker.wait(5)
        raise
    ended = {"error": "", **outcome(last, report, stopping=False, folder=run.folder)}
    write_run(replace(run, **ended, seconds=seconds))
    if ended["state"] == FAILED:
        raise RuntimeError(ended["error"])


def apart(now: Run, then: Run) -> str:
    """In what a repeated run differs from the one it repeats; empty if it is the same, bit for bit."""
    found = []
    if then.encoder is not None:
        found.append(encoders_apart(now.encoder, then.encoder) if now.encoder else "has no encoder")
    if then.embedding is not None:
        here = now.embedding is not None
        words = arrays_apart(read_embedding(now.embedding), read_embedding(then.embedding)) if here else "is missing"
        found.append(f"the embedding {words}" if words else "")
    if then.kind == "comparison":
        found.append(rows_apart(_rows(now), _rows(then)))
    if not any(found):
        return ""
    others = other_conditions(read_origin(now), read_origin(then))
    return "; ".join(one for one in found if one) + (f" (made with {', '.join(others)})" if others else "")


def _as_far(run: Run) -> dict[str, int]:
    """How far a run came that was not done."""
    if run.state == DONE or run.kind == "encoder":
        return {}
    if run.kind == "comparison":
        rows = len(_rows(run))
    elif run.encoder is None:
        rows = 0
    else:
        rows = read_json(run.encoder.with_suffix(".json")).get("steps")
    if not isinstance(rows, int) or rows < 1:
        raise ValueError(f"it was {run.state} before it had a result")
    return {"until": rows}


def _truth_of(run: Run, held: Held, places: Places) -> dict[str, object]:
    """The truth of a comparison, the same file as it was."""
    named = run.settings.get("truth")
    if not named:
        return {"truth": "", "truth_options": {}}
    place = places.truth if named == held.truth else str(held.place(str(named)))
    if not place:
        raise ValueError(places.why)
    if not are_options(run.settings.get("truth_options", {})):
        raise ValueError(f"the options of its truth in {CARD} are no reader's")
    if wrong := not_the_same(file_origin(place), read_origin(run).get("truth")):
        raise ValueError(f"{place} is not the truth that it was of: the {wrong} differs; give that one with --truth")
    return {"truth": place}


def _rows(run: Run) -> list[dict]:
    return [report["row"] for report in reports(run) if isinstance(report.get("row"), dict)]
