"""What was done in a session as a Python script, written from what its folder holds.

It names the session's own files and repeats its class map and its scores by the public functions. What stands in a
session may come from anybody: values go into the script as literals, and nothing else of theirs does.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from workbench.session import deeds as done
from workbench.session.deeds import Deed, comment, full, given, read_done, title
from workbench.session.groups import groups_of
from workbench.session.held import Held
from workbench.session.runs import ENCODER

WIDTH = 100
"""Letters of a line of the script, where it can be broken."""


def as_python(folder: str | Path) -> str:
    """A script that repeats the session by the public functions; it writes into the current folder.

    Parameters
    ----------
    folder : str or Path
        The session's.

    Returns
    -------
    str

    Raises
    ------
    FileNotFoundError, ValueError
        If it is no session's folder, is damaged, or has no scene.
    """
    held, deeds = read_done(folder)
    body = [
        _call("cube = wb.open_cube", [full(held, held.scene)], given(held.state.get("options", {}))),
        *_labels(held),
    ]
    for deed in deeds:
        body += ["", f"# {title(deed)}", *_TOLD[deed.kind](held, deeds, deed)]
    body += _class_map(held, deeds)
    text = "\n".join(body)
    needs = [line for name, line in _IMPORTS.items() if f"{name}(" in text]
    head = f"# What was done in the session {comment(held.folder.name)}, as a script"
    return "\n".join([head, "", "import workbench as wb", *needs, "", text, ""])


_IMPORTS = {
    "write_scores": "from workbench.compare import write_scores",
    "save_encoder": "from workbench.pretrain import save_encoder",
    "write_class_map": "from workbench.probe import write_class_map",
    "live_map": "from workbench.session import live_map",
}
"""What a script imports if it uses it."""


def _labels(held: Held) -> list[str]:
    if not held.labels.marks:
        return []
    n = len(groups_of(held.labels.classes))
    under = f" in {n} group{'' if n == 1 else 's'}" if n else ""
    told = f"  # {len(held.labels.marks)} labels of {len(held.labels.classes)} classes{under}"
    return [f"labels = wb.open_labels({done.labels_path(held)!r}, cube){told}"]


def _pretrain(held: Held, deeds: list[Deed], deed: Deed) -> list[str]:
    recipe = given(deed.run.settings["recipe"])
    name, objective = f"encoder_{deed.number}", recipe.pop("objective", "barlow_twins")
    made = _call(f"{name} = wb.pretrain", ["cube", repr(objective)], recipe, literal=False)
    return [made, f'save_encoder({name}, "{done.file_of(deed)}", cube=cube)']


def _load(held: Held, deeds: list[Deed], deed: Deed) -> list[str]:
    return [_call(f"encoder_{deed.number} = wb.load_encoder", [str(deed.run.folder / ENCODER)], {})]


def _compare(held: Held, deeds: list[Deed], deed: Deed) -> list[str]:
    asked, number = deed.run.settings, deed.number
    options = given(asked.get("truth_options", {}))
    truth = _call(
        f"truth_{number} = wb.open_labels", [repr(done.truth_of(held, deed.run)), "cube"], options, literal=False
    )
    choices = {"draws": done.draws_of(deed.run), "splits": list(asked["splits"]), "seed": asked["seed"]}
    words = ["cube", f"truth_{number}", repr(list(asked["models"])), repr(list(asked["budgets"]))]
    by = done.given_encoder(held, deeds, deed.run)
    also = {"encoder": f"encoder_{by.number}"} if by else {}
    made = _call(f"scores_{number} = wb.compare", words, choices, names=also, literal=False)
    lines = [truth, made, f'write_scores(scores_{number}, "scores_{number}")']
    return lines + (_own_encoder(deed) if done.is_used(held, deeds, deed) else [])


def _own_encoder(deed: Deed) -> list[str]:
    """The encoder that a comparison learnt before its first row."""
    name = f"encoder_{deed.number}"
    made = _call(
        f"{name} = wb.pretrain", ["cube", repr(deed.run.objective)], {"seed": deed.run.settings["seed"]}, literal=False
    )
    return [made, f'save_encoder({name}, "{done.file_of(deed)}", cube=cube)']


_TOLD = {"pretrain": _pretrain, "load": _load, "compare": _compare}


def _class_map(held: Held, deeds: list[Deed]) -> list[str]:
    model = done.model_of(held)
    if not (model and held.labels.marks):
        return []
    used, made = done.in_use(held, deeds), "live_map" if done.is_kept_in_memory(model) else "wb.classify"
    also = {"encoder": f"encoder_{used.number}"} if used else {}
    return [
        "",
        "# The class map",
        _call(f"made = {made}", ["cube", "labels", repr(model)], {}, names=also, literal=False),
        'write_class_map(made.class_map, made.confidence, "class_map.tif")',
    ]


def _call(
    head: str, words: Iterable[str], choices: dict, *, names: dict[str, str] | None = None, literal: bool = True
) -> str:
    """A call, on one line where it is short; `words` are values, or, unless `literal`, code."""
    odd = [name for name in choices if not name.isidentifier()]
    if odd:
        raise ValueError(f"an option is called by a word, got {odd[0][:40]!r}; the session's folder is damaged")
    parts = [repr(word) if literal else word for word in words]
    parts += [f"{name}={code}" for name, code in (names or {}).items()]
    parts += [f"{name}={value!r}" for name, value in choices.items()]
    line = f"{head}({', '.join(parts)})"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{head}(", *(f"    {part}," for part in parts), ")"])
