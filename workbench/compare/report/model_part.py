"""The back of the page: a card of each model, the versions that made the numbers, and the command that replays them."""

from __future__ import annotations

import pandas as pd

from workbench import __version__
from workbench.compare.report.finished import Finished
from workbench.compare.report.html import Markup, facts, paragraphs, section, tag
from workbench.probe import MODELS

MOST = 3
"""Ways of choosing hyper-parameters that a card lists."""


LOOKS_AT = {
    "embedding": "what an encoder makes of each pixel and its surroundings (its embedding)",
    "descriptions": "several views of each pixel, its embedding among them",
    "scene": "the whole scene",
}
"""Features of the table of models, in words where their name is none."""


def models_part(finished: Finished) -> Markup:
    """What each model is, from where, what it saw, how it was set and what it cost."""
    return section("Models", tag("div", [_card(finished, name) for name in finished.models], class_="cards"))


def replay_part(finished: Finished) -> Markup:
    """Versions, and the command that gives the same table again."""
    record, asked = finished.record, finished.record["arguments"]
    is_there = asked.get("scene") and asked.get("truth")
    python = f'python -c "from workbench.compare import replay; replay({str(finished.folder.absolute())!r})"'
    command = record.get("command") or (python if is_there else "")
    made = record.get("versions", {})
    told = [
        ("compared with", ", ".join(f"{name} {version}" for name, version in made.items()) or "unknown versions"),
        ("finished", record.get("finished")),
        ("this page made with", f"workbench {__version__}"),
    ]
    if not command:
        none = "Scene or truth were made in memory, which no command can do again."
        return section("Replay", paragraphs(none), facts(told))
    meant = "On the same machine and with the same versions it gives the same scores, byte for byte; times differ."
    return section("Replay", paragraphs(meant), tag("pre", tag("code", command)), facts(told))


def _card(finished: Finished, name: str) -> Markup:
    rows = finished.table[finished.table["model"] == name]
    known = MODELS.get(name)
    wide = int(rows["footprint"].max())
    if known is None:
        told = [("what it is", "this version of the workbench knows no model of this name")]
        footprint = None
    else:
        told = [
            ("what it is", known.title),
            ("paper", known.paper),
            ("looks at", LOOKS_AT.get(known.features, known.features.replace("_", " "))),
        ]
        own = f"{known.footprint} {'pixel' if known.footprint == 1 else 'pixels'} across"
        footprint = f"at most {wide} pixels across, with its encoder's" if known.embeds else own
    told += [
        ("footprint", footprint),
        ("transductive", "yes: it saw unlabelled pixels of the scene" if rows["transductive"].iloc[0] else "no"),
        ("hyper-parameters", _chosen(rows)),
        ("seconds a map", f"{rows['seconds'].mean():.2f} on average, {rows['seconds'].max():.2f} at most"),
        ("once for the scene", _once(rows)),
    ]
    family = tag("span", rows["family"].iloc[0], class_="family")
    return tag("article", tag("h3", name, " ", family), facts(told))


def _chosen(rows: pd.DataFrame) -> str:
    """How hyper-parameters were chosen, in words of the rows."""
    found = rows["chosen"].value_counts()
    if len(found) > MOST:
        return f"{rows['chosen'].iloc[0]} in the first row; {len(found)} ways in all, scores.csv has that of each row"
    return "; ".join(how if n == len(rows) else f"{how} ({n} of {len(rows)} rows)" for how, n in found.items())


def _once(rows: pd.DataFrame) -> str | None:
    """Seconds that an encoder or features took, shared by all draws."""
    took = float(rows["pretrain_seconds"].max())
    return f"{took:.1f} s for its encoder or features" if took > 0 else None
