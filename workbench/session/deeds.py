"""What was done in a session, in the order it was done, as somebody who would do it again has to know it.

Only what has a result is told: a run that failed is no deed. A training that did not come to its end cannot be repeated
by any one call, so its encoder is taken from the session's folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.session.folder import LABELS, read_json
from workbench.session.held import Held, read_held
from workbench.session.runs import ENCODER, PRETRAINING, TRUTH, Run
from workbench.session.told import reports


@dataclass(frozen=True, slots=True)
class Deed:
    """A run with its result."""

    number: int
    """1 is the oldest; by that its encoder and its scores are called."""

    run: Run
    """All of it."""

    kind: str
    """``pretrain``, ``compare``, or ``load``: an encoder that is there already."""

    note: str
    """What one should know, in a few words; often nothing."""


def deeds_of(held: Held) -> list[Deed]:
    """Runs of the session's scene that have a result, the oldest first."""
    return list(_deeds(held))


def _deeds(held: Held) -> Iterator[Deed]:
    for number, run in enumerate(held.runs, 1):
        if run.settings["scene"] != held.scene or not _is_told(run):
            continue
        if run.kind == "comparison":
            if rows_of(run):
                note = "" if _is_whole(run) else f"ended after {rows_of(run)} rows"
                yield Deed(number, run, "compare", note)
        elif run.encoder is not None:
            whole = run.kind == PRETRAINING and _is_whole(run)
            steps = read_json(run.encoder.with_suffix(".json")).get("steps")
            early = f"ended after {steps} steps" if run.kind == PRETRAINING else "was made elsewhere"
            yield Deed(number, run, "pretrain" if whole else "load", "" if whole else early)


def _is_told(run: Run) -> bool:
    """Whether a run's card says what was asked; a damaged one is passed over."""
    asked = run.settings
    if run.kind == PRETRAINING:
        return isinstance(asked.get("recipe"), dict)
    kinds = {"models": list, "budgets": list, "splits": list, "draws": int, "seed": int}
    return run.kind != "comparison" or all(isinstance(asked.get(name), kind) for name, kind in kinds.items())


def _is_whole(run: Run) -> bool:
    """Whether a run came to its end; one that repeats a shorter one goes only as far as that."""
    return run.state == "done" and "until" not in run.settings


def rows_of(run: Run) -> int:
    """Rows of a comparison that are there."""
    return sum(isinstance(report.get("row"), dict) for report in reports(run))


def draws_of(run: Run) -> int:
    """Draws of a comparison that came to their end; at least one."""
    asked = run.settings
    if _is_whole(run):
        return asked["draws"]
    a_draw = len(asked["models"]) * len(asked["budgets"]) * len(asked["splits"])
    return max(1, rows_of(run) // max(1, a_draw))


def full(held: Held, path: str) -> str:
    """A path of the session, or an address, in full."""
    return path if "://" in path else str(held.folder / path)


def labels_path(held: Held) -> str:
    """The labels' file."""
    return str(held.folder / LABELS)


def truth_of(held: Held, run: Run) -> str:
    """The file a comparison took its truth from."""
    named = run.settings.get("truth")
    return full(held, named) if named else str(run.folder / TRUTH)


def given_encoder(held: Held, deeds: list[Deed], run: Run) -> Deed | None:
    """The deed that a comparison had an encoder from that any of its models looks at."""
    from workbench.probe import find_model

    named = run.settings.get("encoder")
    found = next((deed for deed in deeds if named and full(held, named) == str(deed.run.folder / ENCODER)), None)
    wanted = {find_model(name).objective for name in run.settings["models"]} - {""}
    return found if found and found.run.objective in wanted else None


def in_use(held: Held, deeds: list[Deed]) -> Deed | None:
    """The deed whose encoder the class map is made with; None where its model looks at none."""
    from workbench.probe import find_model

    if held.map is None or not find_model(model_of(held)).embeds:
        return None
    return next((deed for deed in deeds if deed.run.id == held.map.card.get("run")), None)


def model_of(held: Held) -> str:
    """The model that the class map was made with last; empty before there was one."""
    return str(held.map.card.get("model", "")) if held.map else ""


def is_kept_in_memory(model: str) -> bool:
    """Whether the desk makes what a model looks at once for many maps, which changes its last bits."""
    from workbench.probe import find_model

    return find_model(model).features not in ("spectra", "embedding", "scene")


def comment(text: object) -> str:
    """Words out of a file, on one line."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(text))


def given(options: dict) -> dict:
    """Options that say something."""
    return {name: value for name, value in options.items() if value not in (None, "", [])}


def read_done(folder: str | Path) -> tuple[Held, list[Deed]]:
    """A session, and what was done in it."""
    held = read_held(folder)
    if not held.scene:
        raise ValueError("nothing was done yet that could be told; open a scene first")
    return held, deeds_of(held)


def title(deed: Deed) -> str:
    """What one deed is, on one line."""
    return f"Run {deed.number}: {comment(deed.run.title)}" + (f", {comment(deed.note)}" if deed.note else "")


def is_used(held: Held, deeds: list[Deed], deed: Deed) -> bool:
    """Whether a later line wants the encoder that a comparison learnt for itself."""
    if deed.run.encoder is None:
        return False
    others = (given_encoder(held, deeds, one.run) for one in deeds if one.kind == "compare")
    return in_use(held, deeds) == deed or deed in others


def file_of(deed: Deed) -> str:
    """Where the encoder of a run is, for the lines that follow."""
    return str(deed.run.folder / ENCODER) if deed.kind == "load" else f"encoder_{deed.number}.safetensors"
