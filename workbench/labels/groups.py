"""Groups that classes stand under, such as coniferous under forest, in a vector file: a column ``group``.

What a session has put into its own GeoPackage stands in the file's legend instead (``legend``).
"""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd

from workbench.labels.columns import is_text

GROUP = "group"
"""Name of the column."""


def group_column(frame: gpd.GeoDataFrame, class_column: str) -> str:
    """The column that names groups, in capitals or not; empty where there is none."""
    named = (str(one) for one in frame.columns if str(one).lower() == GROUP and one != class_column)
    return next((one for one in named if is_text(frame[one])), "")


def groups_told(frame: gpd.GeoDataFrame) -> tuple[dict[str, str], list[str]]:
    """The group of each class that has one, and the classes with several groups, which are given none.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        As ``read_vector`` gives it: ``class_name`` and, where the file has it, ``group``.
    """
    if GROUP not in frame:
        return {}, []
    told = frame[frame[GROUP].notna()].groupby("class_name", sort=False)[GROUP].unique()
    return {name: found[0] for name, found in told.items() if len(found) == 1}, [
        name for name, found in told.items() if len(found) > 1
    ]


def with_groups(frame: gpd.GeoDataFrame, groups: Mapping[str, str]) -> gpd.GeoDataFrame:
    """Marks with a column ``group``, empty where a class has none; as they are where no class has one."""
    if not any(groups.values()):
        return frame
    told = [groups.get(name) or None for name in frame["class_name"]]
    place = frame.columns.get_loc("class_name") + 1
    frame = frame.copy()
    frame.insert(place, GROUP, told)
    return frame
