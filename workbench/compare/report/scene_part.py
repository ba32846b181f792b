"""What the comparison was made on: the scene's card, its labels, and the protocol in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from workbench.compare.report.finished import Finished
from workbench.compare.report.html import Markup, facts, join, paragraphs, section, swatch, table, tag
from workbench.compare.report.pictures import class_png, map_image, scene_png
from workbench.cubes import describe, valid_pixels
from workbench.labels import class_colors, counts
from workbench.probe import MODELS

NOT_AT_HAND = "The scene was not at hand when this page was made; only what its record says stands here."


@dataclass(frozen=True, slots=True)
class Scene:
    """What the page shows of a scene and its truth, as plain values."""

    facts: dict[str, object]
    """As ``cubes.describe`` gives them."""

    picture: str
    """Address of a picture, and which bands it is of."""

    bands: str

    truth: str
    """Address of the truth's picture."""

    classes: list[str]
    colors: list[str]

    pixels: list[int]
    """Labelled pixels of each class where the scene has data."""


def scene_of(finished: Finished, cube: xr.DataArray, truth: xr.DataArray) -> Scene:
    """Look at the scene of a comparison and its truth once.

    Parameters
    ----------
    finished : Finished
        The comparison.
    cube : xarray.DataArray of shape (n_bands, height, width)
        The scene.
    truth : xarray.DataArray of shape (height, width)
        Its labels.

    Returns
    -------
    Scene

    Raises
    ------
    ValueError
        If the truth's classes are not those that were compared.
    """
    if list(truth.attrs["classes"]) != finished.classes:
        now, then = (", ".join(map(repr, names)) for names in (truth.attrs["classes"], finished.classes))
        raise ValueError(
            f"the truth has the classes that were compared, {then}, got {now}; give the same file, with the one that "
            "names its classes (.aux.xml, .hdr) beside it"
        )
    seen = truth.copy(data=np.where(valid_pixels(cube).values, truth.values, 0).astype("int16"))
    picture, bands = scene_png(cube)
    classes, colors = list(truth.attrs["classes"]), list(truth.attrs["colors"])
    shown = class_png(seen.values, colors)
    return Scene(describe(cube), picture, bands, shown, classes, colors, counts(seen).tolist())


def colors_of(finished: Finished, scene: Scene | None) -> list[str]:
    """Colours of the classes: the truth's, or the usual ones where it is not at hand."""
    return scene.colors if scene else class_colors(finished.classes)


def scene_part(finished: Finished, scene: Scene | None) -> Markup:
    """Size, bands, wavelengths, sensor, place and a picture."""
    asked = finished.record["arguments"]
    kept = [("file", asked.get("scene")), ("fingerprint", finished.record.get("fingerprint"))]
    if scene is None:
        return section("Scene", tag("p", NOT_AT_HAND), facts(kept))
    told = scene.facts
    low, high = told["wavelength_min"], told["wavelength_max"]
    waves = "unknown, bands by their number only" if low is None else f"{low:,.0f} to {high:,.0f} nm"
    size = told["pixel_size"]
    of_pixel = "unknown" if size is None else " × ".join(f"{side:g}" for side in size) + " (units of the CRS)"
    rows = [
        ("size", f"{told['height']:,} × {told['width']:,} pixels (rows × columns)"),
        ("bands", told["bands"]),
        ("wavelengths", waves),
        ("bad bands, left out", _runs(told["bad_bands"])),
        ("sensor", told["sensor"] or "unknown"),
        ("acquired", told["acquired"]),
        ("values", " ".join(str(part) for part in (told["quantity"], told["units"]) if part not in ("", "1"))),
        ("scaling", told["scaling"]),
        ("CRS", (told["crs"] or "none: a plain pixel grid")[:120]),
        ("pixel size", of_pixel),
        ("without data", f"{100 * told['nodata_fraction']:.1f} % of the pixels"),
        ("format", told["format"]),
        *kept,
    ]
    picture = map_image(scene.picture, f"The scene in {scene.bands}", told["height"], told["width"])
    figure = tag("figure", picture, tag("figcaption", scene.bands[0].upper() + scene.bands[1:]))
    return section("Scene", tag("div", facts(rows), figure, class_="beside"))


def labels_part(finished: Finished, scene: Scene | None) -> Markup:
    """Classes with their colours and how many pixels of each there are."""
    colors = colors_of(finished, scene)
    known = scene.pixels if scene else [None] * len(colors)
    total = sum(known) if scene else 0
    rows = [
        [join(swatch(color), code, " ", name), *([f"{n:,}", f"{100 * n / max(total, 1):.1f}"] if scene else [])]
        for code, (name, color, n) in enumerate(zip(finished.classes, colors, known, strict=True), start=1)
    ]
    caption = f"Classes{f' of {total:,} labelled pixels' if scene else ''}"
    shown = table(caption, ["code, class", *(["pixels", "share [%]"] if scene else [])], rows)
    file = finished.record["arguments"].get("truth")
    source = f"All labels there are (the truth) come from {file}." if file else "The truth was made in memory."
    rest = "Everything else in the scene has no label, and no score says anything of it."
    if scene is None:
        return section("Labels", paragraphs(source, rest), shown)
    alt = "The labelled pixels in the colours of their classes"
    picture = map_image(scene.truth, alt, scene.facts["height"], scene.facts["width"])
    figure = tag("figure", picture, tag("figcaption", "The truth: labelled pixels by class; the rest has no label"))
    return section("Labels", paragraphs(source, rest), tag("div", shown, figure, class_="beside"))


def protocol_part(finished: Finished) -> Markup:
    """Draws, budgets, splits, guard band, seeds, and what was left out."""
    rows, asked = finished.table, finished.record["arguments"]
    first = rows[rows["model"] == finished.models[0]]
    seeds = ", ".join(f"{int(seed)}" for seed in first.drop_duplicates("draw").sort_values("draw")["seed"])
    blocks = sorted({int(side) for side in rows["block"] if side})
    sides = f"{blocks[0]} to {blocks[-1]}" if len(blocks) > 1 else "".join(map(str, blocks))
    transductive = rows[rows["transductive"]]["model"].unique()
    tested = [
        f"{split}: {int(part['n_test'].min()):,} to {int(part['n_test'].max()):,}"
        for split, part in rows.groupby("split", sort=False)
    ]
    embeds = any(name in MODELS and MODELS[name].embeds for name in finished.models)
    wide = int(rows["footprint"].max())
    guard = f"{wide} {'pixel' if wide == 1 else 'pixels'}, the footprint of the widest model compared"
    told = [
        ("models", ", ".join(finished.models)),
        ("held against", finished.against),
        (
            "budgets",
            f"{', '.join(map(str, finished.budgets))} labels a class; a rare class gives at most half of its own",
        ),
        ("draws", f"{finished.draws} of each budget and split; every model sees the same labels in a draw"),
        ("splits", ", ".join(finished.splits)),
        ("test pixels", "; ".join(tested)),
        ("guard band", f"{guard}: no test pixel of the block split is nearer to a training pixel" if blocks else None),
        ("blocks", f"squares of {sides} pixels a side, half of them for training" if blocks else None),
        ("seed", asked.get("seed")),
        ("seeds of the draws", seeds),
        ("encoder", (asked.get("encoder") or "pretrained on this scene, without labels") if embeds else None),
        ("transductive", ", ".join(transductive) or "none"),
    ]
    notes = [
        f"{note} ({n} of {len(rows)} rows)." for note, n in rows[rows["note"] != ""]["note"].value_counts().items()
    ]
    meant = (
        "Random tests on labelled pixels anywhere, often right beside the training ones, which flatters models that "
        "look at a pixel's surroundings; blocks keeps both apart. Nothing is chosen on test labels: hyper-parameters "
        "are, as each model's card says, fixed or found by cross-validation on the training labels. A transductive "
        "model learnt from the spectra of the scene's unlabelled pixels, test pixels among them, never their labels."
    )
    return section("Protocol", tag("p", meant), facts(told), paragraphs(*notes))


def _runs(bands: Sequence[int]) -> str:
    """Bands as a person writes them, counted from 1.

    Examples
    --------
    >>> _runs([0, 1, 2, 7])
    '1–3, 8'
    """
    runs: list[list[int]] = []
    for band in bands:
        if runs and band == runs[-1][1] + 1:
            runs[-1][1] = band
        else:
            runs.append([band, band])
    return ", ".join(str(low + 1) if low == high else f"{low + 1}–{high + 1}" for low, high in runs) or "none"
