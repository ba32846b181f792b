"""Maps side by side, the labels they were made from, and where they disagree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.compare.report.finished import Finished, of_labels, of_split
from workbench.compare.report.html import Markup, number, section, swatch, table, tag
from workbench.compare.report.maps import DRAW, MadeMap
from workbench.compare.report.pictures import TALLEST, class_png, disagreement, level_colors, map_image, step_of
from workbench.compare.report.scene_part import Scene

NONE = "No maps stand here: the page was made without them."


def maps_part(finished: Finished, scene: Scene | None, maps: Sequence[MadeMap]) -> Markup:
    """Pictures of all maps in the same colours, with a legend."""
    if not maps or scene is None:
        return section("Maps", tag("p", NONE))
    budget, split = finished.shown
    train, first = maps[0].train, maps[0]
    step = step_of(*train.shape)
    which = (
        f"Draw {DRAW + 1} of {finished.draws} (seed {first.seed}), with up to {of_labels(budget)} a class on "
        f"{of_split(split)}: {int((train.values > 0).sum()):,} labels in all, the same for every model. Each map is "
        "the one scored in the row of that draw, made again."
    )
    thinned = f" Every {step}th pixel of every {step}th row is shown." if step > 1 else ""
    legend = [
        tag("li", swatch(color), f"{code} {name}")
        for code, (name, color) in enumerate(zip(scene.classes, scene.colors, strict=True), start=1)
    ]
    figures = [
        _figure(scene.truth, "The truth in the colours of the classes", "The truth", train.shape),
        _labels(scene, train.values),
        *(_map(each, scene.colors) for each in maps),
    ]
    parts = [tag("p", which + thinned), tag("ul", legend, class_="legend"), tag("div", figures, class_="maps")]
    return section("Maps", parts, _apart(maps) if len(maps) > 1 else None)


def _map(made: MadeMap, colors: Sequence[str]) -> Markup:
    """A model's map and its accuracy, then and now."""
    same = number(made.oa) == number(made.oa_then)
    told = f"{made.model}: overall accuracy {number(made.oa)}"
    told += "" if same else f" here, {number(made.oa_then)} in the comparison (another machine or versions)"
    return _figure(class_png(made.class_map.values, colors), f"Class map of {made.model}", told, made.class_map.shape)


def _labels(scene: Scene, train: np.ndarray) -> Markup:
    """Where the labels are, as dots over the scene: a single pixel would not be seen."""
    height, width = train.shape
    radius = max(height, width) / 70
    rows, columns = np.nonzero(train)
    dots = [
        tag("circle", cx=column + 0.5, cy=row + 0.5, r=f"{radius:.2f}", fill=scene.colors[train[row, column] - 1])
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
    ground = tag("image", href=scene.picture, width=width, height=height, preserveAspectRatio="none", opacity=0.6)
    label = f"Where the {len(rows)} labels of this draw are"
    edge = {"stroke": "#ffffff", "stroke_width": f"{radius / 3:.2f}"}
    picture = tag(
        "svg",
        ground,
        tag("g", dots, **edge),
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=label,
        class_="map",
        style=f"max-width:{TALLEST * width / height:.0f}px",
    )
    return tag("figure", picture, tag("figcaption", "Labels of this draw"))


def _apart(maps: Sequence[MadeMap]) -> Markup:
    """Where models disagree, and on how much of the scene."""
    levels = disagreement([made.class_map.values for made in maps])
    most = len(maps) - 1 if len(maps) > 1 else 1
    colors = level_colors(most)
    known = max(int((levels >= 0).sum()), 1)
    rows = []
    for level in range(most + 1):
        pixels = int((levels == level).sum())
        if pixels or level == 0:
            said = "all agree" if level == 0 else f"{level} of {len(maps)} models apart from the others"
            rows.append([tag("span", swatch(colors[level]), said), f"{pixels:,}", f"{100 * pixels / known:.1f}"])
    shown = table("How many models name another class than most do", ["models", "pixels", "share [%]"], rows)
    alone = [[made.model, *_shares(made, maps, levels)] for made in maps if len(maps) > 2]
    whose = table("Share of the scene [%] at which two maps agree", ["model", *(made.model for made in maps)], alone)
    figure = _figure(
        class_png(levels + 1, colors), "How many models disagree, pixel by pixel", "Where maps disagree", levels.shape
    )
    note = "Where maps disagree, at least one is wrong; where all agree, all may be wrong together."
    return tag(
        "div",
        tag("h3", "Where they disagree"),
        tag("p", note),
        tag("div", shown, figure, class_="beside"),
        whose if alone else None,
    )


def _shares(made: MadeMap, maps: Sequence[MadeMap], levels: np.ndarray) -> list[str]:
    """Agreement of a map with every map, where all have data."""
    there = levels >= 0
    own = made.class_map.values[there]
    return [f"{100 * float((own == other.class_map.values[there]).mean()):.1f}" for other in maps]


def _figure(address: str, alt: str, caption: str, shape: tuple[int, ...]) -> Markup:
    return tag("figure", map_image(address, alt, *shape), tag("figcaption", caption))
