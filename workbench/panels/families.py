"""The live scores of three families as a page shows them: the table, the sentences by it, and the curve's points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from workbench.panels.curve_words import Point, Read
from workbench.panels.tables import STYLE

LIVE, IN_WORDS = "live", "live, as you label"
"""The live curve among the splits of a comparison."""

COUNTED = "labels, half of them taught"
"""What the live curve stands over."""

_MODELS = {"svm": "SVM on spectra", "self_training": "SVM teaching itself", "embedding_svm": "SVM on embedding"}
_HEADS = ("family", "OA [%]", "AA [%]", "to the first", "taught / tested")
_STYLE = """
<style>
td, th { padding: 2px 5px; } th { line-height: 1.2; }
p.quiet { margin: 6px 0; font-size: 12px; line-height: 1.4; }
p.quiet, td.why { color: var(--desk-quiet); } td.why { text-align: left; white-space: normal; }
small { display: block; font-size: 11px; line-height: 1.2; color: var(--desk-quiet); }
</style>
"""


def families_html(point: Mapping[str, object]) -> str:
    """The newest scores, a line a family, and how they were measured.

    Parameters
    ----------
    point : mapping
        As ``session.family_points`` says; empty before there is one.
    """
    if not point:
        return ""
    lines = ["<tr>" + "".join(f"<th>{head}</th>" for head in _HEADS) + "</tr>"]
    lines += [_line(row) for row in point["families"]]
    how = escape(split_words(point))
    return f'{STYLE}{_STYLE}<table>{"".join(lines)}</table><p class="quiet">{how}</p>'


def said(point: Mapping[str, object], note: str) -> str:
    """Which families are above which, and what is going on or missing, on one line.

    Examples
    --------
    >>> said({}, "scores need labels")
    'Scores need labels.'
    """
    words = f"{note[0].upper()}{note[1:]}{'' if note.endswith('…') else '.'}" if note else ""
    return f"{verdict(point)} {words}".strip() if point else words


def verdict(point: Mapping[str, object]) -> str:
    """Which families are above or below the first one, where the splits can tell.

    Examples
    --------
    >>> row = {"family": "self-supervised", "difference": 0.2, "difference_ci95": [0.1, 0.3]}
    >>> verdict({"labels": 24, "families": [{"family": "supervised"}, row]})
    'With 24 labels: self-supervised is above supervised.'
    """
    first, *others = [row for row in point["families"] if "why" not in row]
    start = f"With {point['labels']:,} labels"
    if not others:
        return f"{start} only {first['family']} can be scored."
    found: dict[str, list[str]] = {"above {}": [], "below {}": [], "not to be told from {}": []}
    for row in others:
        low, high = row["difference_ci95"]
        where = "above {}" if low > 0 else "below {}" if high < 0 else "not to be told from {}"
        found[where].append(row["family"])
    said = [
        f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} {where.format(first['family'])}"
        for where, names in found.items()
        if names
    ]
    return f"{start}: {'; '.join(said)}."


def split_words(point: Mapping[str, object]) -> str:
    """How it was measured."""
    far, draws = point["footprint"], point["draws"]
    away = f"{far} pixels away or more, as far as the widest model sees" if far > 1 else ""
    if point["tested"] == "truth":
        how = f"{draws} draws of half the labels, tested on the truth's pixels {away or 'without a label'}."
    else:
        how = f"{draws} splits of the labels: half at most taught, others tested in other blocks{away and ', '}{away}."
    said = [how, "95 % intervals allow for labels that splits share."]
    if len(point["families"]) > 1:
        said.append("Tested pixels' spectra, never their labels, were seen by semi- and self-supervised.")
    if point["untaught"]:
        names = ", ".join(f"{name} in {n} of {draws}" for name, n in point["untaught"].items())
        said.append(f"Tested untaught, and so wrong for all: {names}; label it in more places.")
    if point["note"]:
        said.append(f"The truth was not taken: {point['note']}.")
    return " ".join(said)


def live_read(points: Sequence[Mapping[str, object]]) -> Read | None:
    """The curve of all points that were measured alike, fewest labels first; None without any.

    What another encoder reached is left out.
    """
    if not points:
        return None
    run, curves = points[-1]["run"], {}
    for point in points:
        for row in point["families"]:
            if "why" not in row and (row["family"] != "self-supervised" or point["run"] == run):
                low, high = row["oa_ci95"] if row["oa_ci95"][0] < row["oa_ci95"][1] else (float("nan"),) * 2
                reached = Point(point["labels"], 100 * row["oa"], 100 * low, 100 * high, row["draws"])
                curves.setdefault(row["family"], []).append(reached)
    words = verdict(points[-1]), split_words(points[-1])
    return Read({family: tuple(reached) for family, reached in curves.items()}, words)


def _line(row: Mapping[str, object]) -> str:
    name = escape(row["family"])
    if "why" in row:
        return f'<tr><td>{name}</td><td class="why" colspan="{len(_HEADS) - 1}">{escape(row["why"])}</td></tr>'
    cells = [f"{name}<small>{escape(_MODELS.get(row['model'], str(row['model'])))}</small>"]
    cells += [f"{100 * row[score]:.1f}{_ends(row[f'{score}_ci95'])}" for score in ("oa", "aa")]
    apart = row["difference"]
    cells.append("–" if apart is None else f"{_signed(apart)}{_ends(row['difference_ci95'])}")
    cells.append(f"{_span(row['taught'])} / {_span(row['tested'])}")
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _ends(pair: Sequence[float]) -> str:
    """A 95 % interval [%], under its mean; where all splits agree there is none."""
    low, high = (f"{100 * end:.1f}".replace("-", "−") for end in pair)
    return f"<small>{'all splits alike' if pair[0] == pair[1] else f'{low} … {high}'}</small>"


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def _span(pair: Sequence[int]) -> str:
    low, high = pair
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"
