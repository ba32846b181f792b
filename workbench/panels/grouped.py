"""Long lists to choose from, under headings: models by family, encoders by what they look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import panel_material_ui as pmui
import param

from workbench.panels.menu import in_words

Groups = dict[str, dict[str, str]]
"""By heading: names, as the session takes them, by what is read."""

AS_LOW_AS_OTHERS = """
.MuiSelect-select.MuiInputBase-input { padding-top: 7px !important; padding-bottom: 7px !important; }
.MuiInputLabel-root:not(.MuiInputLabel-shrink) { transform: translate(14px, 8px) scale(1) !important; }
"""
"""A list of several is drawn half as high again as its neighbours, which are small."""

FIRST, LEARNT = "auto", ("baseline", "supervised", "semi-supervised", "self-supervised")
RECOMMENDED = "Recommended"


def grouped(names: Iterable[str], group_of: Mapping[str, str]) -> Groups:
    """Names under the headings of their groups, ``auto`` before all; each in words, with its name as one types it.

    Examples
    --------
    >>> grouped(["svm", "auto", "knn"], {"svm": "baseline", "auto": "self-supervised", "knn": "baseline"})
    {'Recommended': {'Auto · auto': 'auto'}, 'Baseline': {'SVM · svm': 'svm', 'KNN · knn': 'knn'}}
    """
    found: Groups = {}
    names = list(names)
    order = [*LEARNT, *dict.fromkeys(group for group in group_of.values() if group not in LEARNT)]
    for group in (RECOMMENDED, *order):
        here = [name for name in names if (RECOMMENDED if name == FIRST else group_of.get(name, "")) == group]
        if here:
            found[group[0].upper() + group[1:]] = {f"{in_words(name)} · {name}": name for name in here}
    return found


class OneOf(pmui.Select):
    """One name of a grouped list; closed, it says the name in words."""

    def __init__(self, value: str, **params: object) -> None:
        super().__init__(groups=grouped([value], {value: LEARNT[0]}), value=value, **params)
        self.param.watch(self._say, "value")
        self._say()

    def offer(self, groups: Groups, value: str) -> None:
        """Change what there is to choose from."""
        self.param.update(groups=groups, value=value)

    @property
    def names(self) -> list[str]:
        """All that can be chosen."""
        return [name for group in self.groups.values() for name in group.values()]

    def _say(self, *_: object) -> None:
        self.value_label = in_words(self.value) if self.value else ""


class SomeOf(pmui.MultiChoice):
    """Several names of a grouped list; closed, it says them in words."""

    groups = param.Dict(default={}, doc="Names by label, by heading; together they are the options")

    _rename = {"name": None, "groups": None}  # noqa: RUF012, as Panel declares it

    def __init__(self, value: list[str], **params: object) -> None:
        groups = grouped(value, dict.fromkeys(value, LEARNT[0]))
        super().__init__(groups=groups, options=_flat(groups), value=value, stylesheets=[AS_LOW_AS_OTHERS], **params)
        self.param.watch(self._say, "value")
        self._say()

    def offer(self, groups: Groups, value: list[str]) -> None:
        """Change what there is to choose from."""
        self.param.update(groups=groups, options=_flat(groups), value=value)

    def _process_param_change(self, params: dict) -> dict:
        props = super()._process_param_change(params)
        if "options" in props:  # the front end it shares with Select draws headings for a dictionary
            props["options"] = {group: list(names) for group, names in self.groups.items()}
        return props

    def _say(self, *_: object) -> None:
        self.value_label = ", ".join(map(in_words, self.value))


def _flat(groups: Groups) -> dict[str, str]:
    return {label: name for group in groups.values() for label, name in group.items()}
