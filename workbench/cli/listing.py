"""``models``, ``objectives``, ``encoders``, ``formats``: what there is, and what each needs."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable
from dataclasses import fields

from workbench.cli.arguments import prints_json
from workbench.cli.outputs import print_json

LISTS = {
    "models": "what makes a class map: family, paper, what each needs",
    "objectives": "what pretraining can aim at, with the paper and what each needs",
    "encoders": "what can be pretrained, with the paper and what each needs",
    "formats": "which files are read",
}

HIDDEN = ("module", "arguments", "general", "own", "remote", "knows_wavelengths")
"""Fields that are for the program."""


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Add the four lists."""
    for name, title in LISTS.items():
        verb = verbs.add_parser(name, help=title, description=f"Lists {title}.")
        prints_json(verb)
        verb.set_defaults(do=show)


def show(args: argparse.Namespace) -> None:
    """Print the table named like the verb."""
    rows = [as_words(row) for row in table(args.verb)]
    if args.json:
        print_json(rows)
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        lines = [
            f"{key.replace('_', ' ')}: {_said(value)}" for key, value in row.items() if key not in ("name", "title")
        ]
        title = row.get("title", "")
        print(f"{row['name']:<{width}}  {title}".rstrip())
        for line in lines:
            print(textwrap.indent(textwrap.fill(line, 100 - width), " " * (width + 2)))


def table(name: str) -> Iterable[object]:
    """Rows of one of the package's tables."""
    if name == "formats":
        from workbench.cubes import FORMATS

        return FORMATS
    if name == "models":
        from workbench.probe import MODELS

        return MODELS.values()
    from workbench import pretrain

    return {"objectives": pretrain.OBJECTIVES, "encoders": pretrain.ENCODERS}[name].values()


def as_words(row: object) -> dict[str, object]:
    """Fields of `row` that say something to a person: no modules, classes or functions."""
    found = {field.name: getattr(row, field.name) for field in fields(row) if field.name not in HIDDEN}
    found = {key: value for key, value in found.items() if not callable(value) and value not in (None, "", ())}
    return {**found, "transductive": row.transductive} if hasattr(row, "transductive") else found


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
