"""The chosen model as an item of a catalogue: STAC 1.1 with the Machine Learning Model extension.

No weights are kept by a comparison: each draw fits its models anew. So the model's asset is the comparison's
``run.json``, which makes it again; ``mlm:artifact_type`` says so. Scores stand beside it as ``workbench:…`` properties.

References
----------
SpatioTemporal Asset Catalog specification 1.1.0, https://stacspec.org. Machine Learning Model extension 1.4.0,
https://github.com/stac-extensions/mlm. Charette-Migneault et al. (2024). doi:10.1145/3681769.3698586.
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

import xarray as xr

from workbench.compare.report.finished import Finished, of_split
from workbench.compare.report.machine_fields import bands_of, machine_fields
from workbench.compare.report.outline import outline
from workbench.compare.summary import summarise
from workbench.cubes.acquired import utc
from workbench.probe import Model, find_model

EXTENSIONS = [
    "https://stac-extensions.github.io/mlm/v1.4.0/schema.json",
    "https://stac-extensions.github.io/eo/v2.0.0/schema.json",
    "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
]


def stac_item(
    finished: Finished, cube: xr.DataArray, truth: xr.DataArray, model: str, *, beside: Path, report: Path | None = None
) -> dict[str, object]:
    """A model of a comparison as a STAC item.

    Parameters
    ----------
    finished : Finished
        The comparison.
    cube : xarray.DataArray of shape (n_bands, height, width)
        Its scene.
    truth : xarray.DataArray of shape (height, width)
        Its truth; only ``attrs`` are used.
    model : str
        One of the models compared.
    beside : Path
        Folder the item will lie in, from which its files are named.
    report : Path, optional
        The page, if there is one.

    Returns
    -------
    dict
        Ready for JSON. ``datetime`` is when the scene was acquired, or else when the comparison ended; ``geometry`` is
        null for a scene that is not on the Earth.

    Raises
    ------
    ValueError
        If the model was not compared.
    """
    if model not in finished.models:
        raise ValueError(f"no model {model!r} was compared; choose from {', '.join(finished.models)}")
    row, bands = find_model(model), bands_of(cube)
    geometry, bbox = outline(cube)
    ended = utc(finished.record.get("finished", ""))
    item: dict[str, object] = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": EXTENSIONS,
        "id": re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{finished.scene}-{model}").strip("-"),
        "geometry": geometry,
        **({"bbox": bbox} if bbox else {}),
        "properties": {
            "title": f"{model} on {finished.scene}",
            "description": f"{row.title}; {row.paper}. Fitted to few labels of one scene; scores are means over draws.",
            "datetime": utc(cube.attrs.get("acquired", "")) or ended,
            "created": ended,
            "bands": bands,
            **machine_fields(finished, cube, truth, row, [band["name"] for band in bands]),
            **_scores(finished, row),
        },
        "links": [],
        "assets": _assets(finished, beside, report, bands),
    }
    return item


def _scores(finished: Finished, row: Model) -> dict[str, object]:
    """Means over draws, a dict a budget and split."""
    summary, (budget, split) = summarise(finished.table), finished.task
    own = summary[summary["model"] == row.name].drop(columns=["model", "family", "transductive"])
    there = summary[(summary["budget"] == budget) & (summary["split"] == split)].set_index("model")["oa_mean"]
    rank = int((there > there[row.name]).sum()) + 1
    return {
        "workbench:scores": [_finite(one) for one in own.to_dict("records")],
        "workbench:rank": f"{rank} of {len(there)} by mean overall accuracy on {of_split(split)} with {budget} labels "
        "a class; whoever picks a model by its test scores flatters it a little",
        "workbench:fingerprint": finished.record.get("fingerprint"),
    }


def _assets(
    finished: Finished, beside: Path, report: Path | None, bands: list[dict[str, object]]
) -> dict[str, dict[str, object]]:
    """What the comparison left, named from the item's folder."""
    files = {
        "model": (finished.folder / "run.json", "application/json", ["mlm:model", "metadata"]),
        "scores": (finished.folder / "scores.parquet", "application/vnd.apache.parquet", ["data"]),
        "report": (
            report,
            "application/pdf" if report and report.suffix.lower() == ".pdf" else "text/html",
            ["overview"],
        ),
    }
    titles = {
        "model": "How the model is made again: scene, labels by their seed, versions; no weights are kept",
        "scores": "Scores of every draw",
        "report": "What the comparison says",
    }
    found = {
        name: {"href": _from(path, beside), "type": kind, "title": titles[name], "roles": roles}
        for name, (path, kind, roles) in files.items()
        if path is not None
    }
    found["model"] |= {"mlm:artifact_type": "workbench.run", "bands": [{"name": band["name"]} for band in bands]}
    return found


def _from(path: Path, beside: Path) -> str:
    return Path(os.path.relpath(path.absolute(), beside.absolute())).as_posix()


def _finite(record: dict[str, object]) -> dict[str, object]:
    """NaN, for which JSON has no word, as None."""

    def plain(value: object) -> object:
        if isinstance(value, list | tuple):
            return [plain(one) for one in value]
        value = value.item() if hasattr(value, "item") else value
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return {key: plain(value) for key, value in record.items()}
