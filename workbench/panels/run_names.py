"""Runs in words: each has a number, so that two of one kind and minute are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from workbench.panels.menu import in_words
from workbench.session import Run


def by_name(runs: Sequence[Run]) -> dict[str, Run]:
    """The newest first, each under its number, when it began and what it is."""
    return {f"{n} · {began(run)} · {in_short(run)}": run for n, run in reversed(list(enumerate(runs, 1)))}


def began(run: Run) -> str:
    """When, as a clock here tells it."""
    try:
        return f"{datetime.fromisoformat(run.created).astimezone():%m-%d %H:%M}"
    except ValueError:
        return run.created[:16]


def in_short(run: Run) -> str:
    """What it is, in a few words."""
    recipe = run.settings.get("recipe")
    if run.kind != "pretraining" or not isinstance(recipe, dict):
        return run.title.replace("_", " ")
    named = [in_words(str(recipe.get(name, ""))) for name in ("objective", "encoder")]
    left_out = recipe.get("without") or ()
    without = f", without {', '.join(map(str, left_out))}" if left_out else ""
    return f"{named[0]}, {named[1]} encoder, {recipe.get('steps')} steps{without}"
