"""A finished comparison as one page, and the chosen model as an item of a catalogue.

``read_finished`` takes a comparison from its folder, ``scene_of`` looks at the scene and ``maps_again`` makes one map a
model; ``report_page`` is the page of them, and ``stac_item`` the catalogue's item. ``html`` is how values become
markup, ``…_part`` a part of the page each. ``print_page`` makes a PDF of a page.
"""

from workbench.compare.report.answer import Answer, Lead, answers_of
from workbench.compare.report.finished import Finished, read_finished
from workbench.compare.report.maps import MadeMap, maps_again
from workbench.compare.report.page import report_page
from workbench.compare.report.pair_page import pair_in_words, pair_page
from workbench.compare.report.pdf import find_browser, print_page
from workbench.compare.report.pictures import class_png, disagreement
from workbench.compare.report.scene_part import Scene, scene_of
from workbench.compare.report.stac import stac_item
from workbench.compare.report.study_page import study_page, told_in_words
from workbench.compare.report.transfer_page import gains_in_words, transfer_page

__all__ = [
    "Answer",
    "Finished",
    "Lead",
    "MadeMap",
    "Scene",
    "answers_of",
    "class_png",
    "disagreement",
    "find_browser",
    "gains_in_words",
    "maps_again",
    "pair_in_words",
    "pair_page",
    "print_page",
    "read_finished",
    "report_page",
    "scene_of",
    "stac_item",
    "study_page",
    "told_in_words",
    "transfer_page",
]
