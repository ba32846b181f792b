"""A model in the words of the Machine Learning Model extension: what goes in, what comes out, how it was made."""

from __future__ import annotations

import math
import re

import numpy as np
import xarray as xr

from workbench.compare.report.finished import Finished
from workbench.cubes import good_bands
from workbench.probe import Model

TASKS = ["semantic-segmentation"]
"""Of the extension's list: a class for every pixel."""


def machine_fields(
    finished: Finished, cube: xr.DataArray, truth: xr.DataArray, row: Model, names: list[str]
) -> dict[str, object]:
    """The extension's own fields.

    Parameters
    ----------
    finished : Finished
        The comparison.
    cube : xarray.DataArray of shape (n_bands, height, width)
        Its scene.
    truth : xarray.DataArray of shape (height, width)
        Its truth; only ``attrs`` are used.
    row : Model
        The model's row in the table of models.
    names : list of str
        Of all bands, as ``bands_of`` gives them.

    Returns
    -------
    dict
        For a STAC item's ``properties``.
    """
    good = [name for name, is_good in zip(names, good_bands(cube).tolist(), strict=True) if is_good]
    rows = finished.table[finished.table["model"] == row.name]
    scene = f"unlabelled pixels of the scene with fingerprint {finished.record.get('fingerprint')}"
    version = str(finished.record.get("versions", {}).get("workbench", ""))
    whole = {"shape": [-1, -1], "dim_order": ["height", "width"]}
    return {
        "mlm:name": row.name,
        "mlm:architecture": row.title,
        "mlm:framework": "workbench",
        **({"mlm:framework_version": version} if re.fullmatch(r"\d+\.\d+\.\d+", version) else {}),
        "mlm:tasks": TASKS,
        "mlm:pretrained": bool(row.embeds),
        "mlm:pretrained_source": (finished.record["arguments"].get("encoder") or scene) if row.embeds else None,
        "mlm:accelerator": None,
        "mlm:input": [
            {
                "name": "scene",
                "description": f"{cube.attrs['quantity']}, NaN where there is no data; bad bands are left out",
                "bands": good,
                "input": {
                    "shape": [len(good), -1, -1],
                    "dim_order": ["channel", "height", "width"],
                    "data_type": "float32",
                },
            }
        ],
        "mlm:output": [
            {
                "name": "class map",
                "tasks": TASKS,
                "result": {**whole, "data_type": "int16"},
                "classification:classes": _classes(truth),
            },
            {
                "name": "confidence",
                "description": "0 to 1, NaN where there is no data",
                "tasks": TASKS,
                "result": {**whole, "data_type": "float32"},
                "classification:classes": [],
            },
        ],
        "mlm:hyperparameters": {
            "family": row.family,
            "transductive": bool(row.transductive),
            "footprint": int(rows["footprint"].max()) if row.embeds else row.footprint,
            "chosen": sorted(set(rows["chosen"])),
            "seed": finished.record["arguments"].get("seed"),
        },
    }


def bands_of(cube: xr.DataArray) -> list[dict[str, object]]:
    """Every band with its name, and wavelength and width in µm where they are known.

    Parameters
    ----------
    cube : xarray.DataArray of shape (n_bands, height, width)
        Any cube; no value is read.

    Returns
    -------
    list of dict
        STAC's ``bands``; names are unique.
    """
    wavelength = cube["wavelength"].values.astype(float)
    fwhm = cube["fwhm"].values.astype(float) if "fwhm" in cube.coords else np.full(len(wavelength), np.nan)
    named = cube["band_name"].values if "band_name" in cube.coords else [""] * len(wavelength)
    found, used = [], set()
    for i, (centre, width, name) in enumerate(zip(wavelength, fwhm, named, strict=True), start=1):
        known = {"eo:center_wavelength": centre, "eo:full_width_half_max": width}
        known = {key: round(float(value) / 1000, 6) for key, value in known.items() if math.isfinite(value)}
        name = str(name) if str(name) and str(name) not in used else f"band {i}"
        used.add(name)
        found.append({"name": name, "data_type": "float32", "nodata": "nan", **known})
    return found


def _classes(truth: xr.DataArray) -> list[dict[str, object]]:
    """Codes of the class map, as the classification extension names them."""
    classes = [{"value": 0, "name": "no-data", "description": "no data", "nodata": True}]
    for code, (name, color) in enumerate(zip(truth.attrs["classes"], truth.attrs["colors"], strict=True), start=1):
        plain = re.sub(r"[^0-9A-Za-z_-]+", "-", name).strip("-") or f"class-{code}"
        hint = color.lstrip("#").upper()
        classes.append({"value": code, "name": plain, "title": name, "description": name, "color_hint": hint})
    return classes
