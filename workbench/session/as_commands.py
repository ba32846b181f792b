"""What was done in a session as command lines, written from what its folder holds; each value is one quoted word."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from workbench.session import deeds as done
from workbench.session.deeds import Deed, comment, full, given, read_done, title
from workbench.session.held import Held

FLAGS = (
    "encoder", "steps", "pairs", "learning_rate", "reach", "dim", "patience", "accumulate", "optimizer", "seed",
    "precision",
)  # fmt: skip
"""What the command line can ask of a pretraining beside its objective."""


def as_commands(folder: str | Path) -> str:
    """Command lines that repeat the session, one a run; what only Python can ask for stands as a comment."""
    held, deeds = read_done(folder)
    scene = [full(held, held.scene), *_reader(held.state.get("options", {}))]
    lines = []
    for deed in deeds:
        lines += [f"# {title(deed)}", *_COMMANDS[deed.kind](held, deeds, deed, scene), ""]
    if model := done.model_of(held):
        used = done.in_use(held, deeds)
        words = ["workbench", "classify", *scene, "--labels", done.labels_path(held), "--model", model]
        words += ["--encoder", done.file_of(used)] if used else []
        lines += ["# The class map", shlex.join([*words, "--out", "class_map.tif"]), ""]
    lines.append("# All of it at once, and whether it came out the same")
    return "\n".join([*lines, shlex.join(["workbench", "replay", str(held.folder), "--out", "replayed"]), ""])


def _reader(options: dict) -> list[str]:
    """How a scene is read, as words of the command line."""
    words = []
    for name, value in given(options).items():
        words += [f"--{name}", str(value)] if name in ("format", "variable") else ["--option", f"{name}={value}"]
    return words


def _pretrain_command(held: Held, deeds: list[Deed], deed: Deed, scene: list[str]) -> list[str]:
    recipe = given(deed.run.settings["recipe"])
    words = ["workbench", "pretrain", *scene, "--objective", str(recipe.pop("objective", "barlow_twins"))]
    for name in FLAGS:
        if name in recipe:
            words += [f"--{name.replace('_', '-')}", str(recipe.pop(name))]
    words += ["--compiled"] if recipe.pop("compiled", False) else []
    only = [f"# only Python can ask for {comment(name)} {comment(json.dumps(recipe[name]))}" for name in recipe]
    return [*only, shlex.join([*words, "--out", done.file_of(deed)])]


def _load_command(held: Held, deeds: list[Deed], deed: Deed, scene: list[str]) -> list[str]:
    return [f"# its encoder is {comment(done.file_of(deed))}"]


def _compare_command(held: Held, deeds: list[Deed], deed: Deed, scene: list[str]) -> list[str]:
    asked = deed.run.settings
    words = ["workbench", "compare", *scene, "--truth", done.truth_of(held, deed.run)]
    for name in given(asked.get("truth_options", {})):
        words += [f"--{name}", str(asked["truth_options"][name])]
    lists = {"--models": asked["models"], "--budgets": asked["budgets"], "--split": asked["splits"]}
    for flag, values in lists.items():
        words += [flag, ",".join(map(str, values))]
    by = done.given_encoder(held, deeds, deed.run)
    words += ["--encoder", done.file_of(by)] if by else []
    words += ["--only-split", "--draws", str(done.draws_of(deed.run)), "--seed", str(asked["seed"])]
    lines = [shlex.join([*words, "--out", f"scores_{deed.number}"])]
    if done.is_used(held, deeds, deed):
        own = ["workbench", "pretrain", *scene, "--objective", deed.run.objective, "--seed", str(asked["seed"])]
        lines.append(shlex.join([*own, "--out", done.file_of(deed)]))
    return lines


_COMMANDS = {"pretrain": _pretrain_command, "load": _load_command, "compare": _compare_command}
