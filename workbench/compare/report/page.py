"""The report: one HTML file that needs nothing beside itself, no network and no script."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from workbench.compare.report.answer_part import answer_part, families_part
from workbench.compare.report.finished import Finished
from workbench.compare.report.html import Markup, join, tag
from workbench.compare.report.map_part import maps_part
from workbench.compare.report.maps import MadeMap
from workbench.compare.report.model_part import models_part, replay_part
from workbench.compare.report.scene_part import Scene, colors_of, labels_part, protocol_part, scene_part
from workbench.compare.report.score_part import curves_part, differences_part, forecast_part, scores_part
from workbench.compare.report.worth_part import area_part, calibration_part, confusion_part


def report_page(finished: Finished, scene: Scene | None = None, maps: Sequence[MadeMap] = ()) -> str:
    """Everything that a comparison says, as one page.

    Parameters
    ----------
    finished : Finished
        As ``read_finished`` gives it.
    scene : Scene, optional
        As ``scene_of`` gives it; without it there is no picture, and no map.
    maps : sequence of MadeMap
        As ``maps_again`` gives them; without them the page says so.

    Returns
    -------
    str
        HTML, for a file in UTF-8.
    """
    title = f"Few labels on {finished.scene}: {', '.join(finished.models[:4])}"
    title += f" and {len(finished.models) - 4} more" if len(finished.models) > 4 else ""
    parts = [
        answer_part(finished),
        families_part(finished),
        scene_part(finished, scene),
        labels_part(finished, scene),
        protocol_part(finished),
        scores_part(finished),
        differences_part(finished),
        curves_part(finished),
        forecast_part(finished),
        calibration_part(finished),
        area_part(finished),
        confusion_part(finished, colors_of(finished, scene)),
        maps_part(finished, scene, maps),
        models_part(finished),
        replay_part(finished),
    ]
    parts = [part for part in parts if part is not None]
    when = str(finished.record.get("finished", ""))[:10]
    over = f"comparison of {when}" if when else "comparison"
    return whole_page(f"Few labels on {finished.scene}", over, parts, title=title)


def whole_page(heading: str, over: str, parts: Sequence[Markup], *, title: str = "") -> str:
    """Parts under one heading, in the style of all our pages.

    Parameters
    ----------
    heading, over : str
        What the page is about; what it is, above that.
    parts : sequence of Markup
        Sections; the contents link to them.
    title : str
        Of the window, if not `heading`.

    Returns
    -------
    str
        HTML, for a file in UTF-8.
    """
    style = Markup(Path(__file__).with_name("report.css").read_text(encoding="utf-8"))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title or heading),
        tag("style", style),
    )
    top = tag("header", tag("p", f"Hyperspectral workbench, {over}", class_="over"))
    body = tag("body", top, tag("main", tag("h1", heading), _contents(parts), parts))
    return "<!DOCTYPE html>\n" + join(tag("html", head, body, lang="en")) + "\n"


def _contents(parts: Sequence[Markup]) -> Markup:
    """Links to the parts."""
    found = [re.search(r'<h2 id="([^"]+)">(.*?)</h2>', part) for part in parts]
    links = [tag("li", tag("a", Markup(one[2]), href=f"#{one[1]}")) for one in found if one]
    return tag("nav", tag("ul", links), aria_label="Contents")
