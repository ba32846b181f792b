"""The recommended model against every baseline on five real scenes: the table of the guide, by one command.

    python -m tests.benchmarks.few_labels ../shared/data scores --jobs 2

writes a comparison a scene into `scores` (what is there already is not done again), and the table into its cell of
`notebooks/02_few_labels.ipynb`. The draws are seeded apart from those that the model's opinions were chosen with.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import nbformat
import pandas as pd

from workbench.cli import main as workbench
from workbench.compare import SPLITS, paired, read_scores, summarise
from workbench.probe import MODELS

SCENES = {
    "salinas_a": ("SalinasA_corrected.mat", "SalinasA_gt.mat", ""),
    "hymap_berlin": (
        "HyMap02_Berlin_Urban_Gradient_2009.bsq",
        "LandCov_Vec_Berlin_Urban_Gradient_2009.shp",
        "Level_2",
    ),
    "enmap_berlin": ("EnMAP_BerlinUrbanGradient.bsq", "LandCov_BerlinUrbanGradient.shp", "Level_2"),
    "enmap_potsdam": ("images", "landcover.tif", ""),
    "samson": ("samson.mat", "samson.mat", ""),
}
"""Scene, truth, and the truth's column, by folder."""

BUDGETS = (5, 10, 20)
BASELINES = [name for name, row in MODELS.items() if row.family == "baseline"]
GUIDE, CELL = Path(__file__).parents[2] / "notebooks" / "02_few_labels.ipynb", "five-scenes"


def compare(data: Path, out: Path, name: str, draws: int, seed: int, jobs: int) -> pd.DataFrame:
    """Score table of one scene."""
    scene, truth, column = SCENES[name]
    words = ["compare", str(data / name / scene), "--truth", str(data / name / truth), "--jobs", str(jobs)]
    words += ["--models", ",".join(["auto", *BASELINES]), "--budgets", ",".join(map(str, BUDGETS))]
    words += ["--draws", str(draws), "--seed", str(seed), "--out", str(out / name)]
    if not (out / name / "run.json").exists() and (code := workbench(words + (["--column", column] * bool(column)))):
        raise SystemExit(code)
    return read_scores(out / name)


def answers(name: str, table: pd.DataFrame) -> list[str]:
    """A line for each split and budget: the recommended model, the best baseline there, and how far they are apart."""
    means, lines = summarise(table).set_index(["split", "budget", "model"])["oa_mean"].sort_index(), []
    for split in SPLITS:
        for budget in BUDGETS:
            best = means[split, budget][BASELINES].idxmax()
            pair = paired(table, "auto", best).set_index(["split", "budget"]).loc[(split, budget)]
            low, high = pair["ci95"]
            verdict = "**worse**" if high < 0 else "**better**" if low > 0 else "as good"
            apart = f"{pair['difference']:+.3f} [{low:+.3f}, {high:+.3f}]"
            scores = f"{means[split, budget, 'auto']:.3f} | {means[split, budget, best]:.3f} `{best}`"
            lines.append(f"| {name} | {split} | {budget} | {scores} | {apart} | {verdict} |")
    return lines


def tell(lines: list[str], draws: int, seed: int) -> None:
    """Put the table into the guide."""
    head = "| scene | split | labels a class | `auto` | best baseline | difference [95 % interval] | `auto` is |"
    told = f"Overall accuracy, means of {draws} draws (seed {seed}), against the baseline that did best in each line."
    notebook = nbformat.read(GUIDE, as_version=4)
    cell = next(cell for cell in notebook.cells if cell.id == CELL)
    cell.source = "\n".join([told, "", head, "| --- | --- | ---: | ---: | ---: | ---: | --- |", *lines])
    nbformat.write(notebook, GUIDE)


def main() -> None:
    """Compare on every scene and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with a folder for each scene")
    parser.add_argument("out", type=Path, help="folder for the comparisons")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    args.out.mkdir(exist_ok=True)
    tables = {name: compare(args.data, args.out, name, args.draws, args.seed, args.jobs) for name in SCENES}
    tell([line for name, table in tables.items() for line in answers(name, table)], args.draws, args.seed)


if __name__ == "__main__":
    main()
