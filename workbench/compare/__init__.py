"""MODELS × LABELS → SCORES.

In: a cube, its truth, names of models. Out: a score table, a row a (model, budget, draw, split), and what it shows;
    where class maps disagree, and how far people who label do; a page of it, and a catalogue's item of a model
    (``report``).
May use: rooms up to probe, pandas, numpy, scipy; in ``report`` pillow, pyproj and shapely.
Never: a test label before the score, a screen; anything that draws, but for ``report``.
"""

from workbench.compare.agreement import Agreement, agreement_of
from workbench.compare.answers import answers
from workbench.compare.area import AreaAdjusted, area_adjusted
from workbench.compare.asked import run_of
from workbench.compare.calibration import calibration_error, reliability, reliability_table
from workbench.compare.curves import budget_steps, class_curves, learning_curves, shared_draws
from workbench.compare.differences import differences_from, holm, paired
from workbench.compare.disagreement import areas_apart
from workbench.compare.families import family_order
from workbench.compare.few_labels import live_splits, truth_of_labels
from workbench.compare.forecast import forecasts, power_law
from workbench.compare.gains import class_gains, gains
from workbench.compare.intervals import interval
from workbench.compare.live import Contender, contenders, live_rows, live_summary
from workbench.compare.metrics import (
    average_accuracy,
    confusion_matrix,
    f1,
    kappa,
    merged_confusion,
    overall_accuracy,
    producers_accuracy,
    users_accuracy,
)
from workbench.compare.pair_probes import pair_probe_rows, pair_probe_summary
from workbench.compare.people import Opinions, Person, side_by_side
from workbench.compare.progress import question_of, rows_so_far, write_row, write_rows
from workbench.compare.protocol import compare, compare_rows
from workbench.compare.record import read_scores, replay, write_scores, write_table
from workbench.compare.rows import OFFICIAL, SPLITS, row_seed, split_truth
from workbench.compare.study import FRACTIONS, study_rows, study_summary
from workbench.compare.summary import score_table, summarise
from workbench.compare.transfer import transfer_rows, transfer_summary
from workbench.compare.weakest import weakest_classes
from workbench.verb import make_callable

__all__ = [
    "FRACTIONS",
    "OFFICIAL",
    "SPLITS",
    "Agreement",
    "AreaAdjusted",
    "Contender",
    "Opinions",
    "Person",
    "agreement_of",
    "answers",
    "area_adjusted",
    "areas_apart",
    "average_accuracy",
    "budget_steps",
    "calibration_error",
    "class_curves",
    "class_gains",
    "compare",
    "compare_rows",
    "confusion_matrix",
    "contenders",
    "differences_from",
    "f1",
    "family_order",
    "forecasts",
    "gains",
    "holm",
    "interval",
    "kappa",
    "learning_curves",
    "live_rows",
    "live_splits",
    "live_summary",
    "merged_confusion",
    "overall_accuracy",
    "pair_probe_rows",
    "pair_probe_summary",
    "paired",
    "power_law",
    "producers_accuracy",
    "question_of",
    "read_scores",
    "reliability",
    "reliability_table",
    "replay",
    "row_seed",
    "rows_so_far",
    "run_of",
    "score_table",
    "shared_draws",
    "side_by_side",
    "split_truth",
    "study_rows",
    "study_summary",
    "summarise",
    "transfer_rows",
    "transfer_summary",
    "truth_of_labels",
    "users_accuracy",
    "weakest_classes",
    "write_row",
    "write_rows",
    "write_scores",
    "write_table",
]

make_callable(__name__)
