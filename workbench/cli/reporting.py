"""``report``: a finished comparison as one HTML or PDF file, and the chosen model as an item of a catalogue."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.arguments import place, prints_json
from workbench.cli.outputs import Meter, say, tell, write_run
from workbench.cli.places import output, refuse_inputs
from workbench.cli.pretraining import encoders_for

if TYPE_CHECKING:
    from workbench.compare.again import Again
    from workbench.compare.report import Finished, MadeMap

REPORT = """\
What a comparison says, as one HTML file that needs nothing beside itself: question and answer, scene, labels, protocol,
scores 0…1 with 95 % intervals and the gap between splits, differences, learning curves, forecast, calibration,
confusion matrices (rows = truth, columns = map), maps side by side and where they disagree, model cards, and the
command that replays it. With --out FILE.pdf a PDF of it instead, which Chromium, Chrome or Edge prints: the first that
is found, or that of WORKBENCH_BROWSER.

DIR is what `workbench compare --out DIR` wrote. For the maps the scene and its truth are opened where DIR/run.json says
they are, the labels of the first draw are drawn again by their seed, and every model maps the scene once.
"""


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Add ``report``."""
    verb = verbs.add_parser(
        "report",
        help="a finished comparison as one HTML or PDF file",
        description=REPORT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument("folder", metavar="DIR", type=Path, help="folder that `workbench compare --out` wrote")
    verb.add_argument(
        "--scene",
        metavar="SCENE",
        type=place,
        help="the scene, if it is not where DIR/run.json says; it must be the same one (default: as recorded)",
    )
    verb.add_argument(
        "--truth",
        metavar="FILE",
        type=Path,
        help="its truth, if it is not where DIR/run.json says; it must be the same one (default: as recorded)",
    )
    verb.add_argument(
        "--no-maps",
        action="store_true",
        help="leave the maps out: nothing is fitted, and a scene that is no longer there is done without",
    )
    verb.add_argument(
        "--out",
        metavar="FILE",
        type=output(".html", ".pdf"),
        help="page to write, .html or .pdf (default: report.html in DIR)",
    )
    verb.add_argument(
        "--stac",
        metavar="ITEM.json",
        type=output(".json"),
        help="write one of the models, too, as a STAC item with the Machine Learning Model extension",
    )
    verb.add_argument(
        "--model",
        metavar="NAME",
        help="the model of the STAC item (default: the one with the highest mean overall accuracy)",
    )
    prints_json(verb)
    verb.set_defaults(do=report)


def report(args: argparse.Namespace) -> None:
    """Write the page of the comparison in `args.folder`."""
    from workbench.cli.comparing import FILES
    from workbench.compare import report as room
    from workbench.files import replacing, write_json

    finished = room.read_finished(args.folder)
    args.out = args.out or output(".html")(str(args.folder / "report.html"))
    main = room.answers_of(finished.table, finished.against)[finished.task]
    if args.model and not args.stac:
        raise ValueError(
            f"--model names the model of the STAC item, got {args.model!r} without --stac ITEM.json; add it"
        )
    if args.model and args.model not in finished.models:
        raise ValueError(
            f"--model is one of those compared, got {args.model!r}; choose from {', '.join(finished.models)}"
        )
    printed = args.out.suffix.lower() == ".pdf"
    if printed:
        room.find_browser()  # refused before any work
    record = args.out.with_suffix(".run.json")
    asked = finished.record["arguments"]
    read = {"scene": args.scene or _path(asked.get("scene")), "truth": args.truth or _path(asked.get("truth"))}
    kept = [args.folder / name for name in FILES]
    outputs = [args.out, record, *([args.stac] if args.stac else [])]
    refuse_inputs(outputs, [*read.values(), _path(asked.get("encoder")), *kept])
    again = _again(args, finished)
    scene = room.scene_of(finished, again.cube, again.truth) if again else None
    maps = [] if args.no_maps or again is None else _maps(finished, again)
    page = room.report_page(finished, scene, maps)
    if printed:
        room.print_page(page, args.out)
    else:
        with replacing(args.out) as draft:
            draft.write_text(page, encoding="utf-8")
    model = args.model or main.best
    if args.stac:
        item = room.stac_item(
            finished, again.cube, again.truth, model, beside=args.stac.absolute().parent, report=args.out
        )
        write_json(args.stac, item)
    result = {
        "report": args.out,
        "answer": main.sentence,
        "verdict": main.verdict,
        "maps": [made.model for made in maps],
        **({"stac": args.stac, "model": model} if args.stac else {}),
    }
    there = {name: path for name, path in read.items() if again}
    write_run(record, args, {"scores": args.folder / "scores.parquet", **there}, result=result)
    if again is None:
        say("scene and truth are not there as run.json has them, so the page has no picture of them")
    tell(args, result, f"wrote {args.out}{f' and {args.stac}' if args.stac else ''}: {main.sentence}")


def _again(args: argparse.Namespace, finished: Finished) -> Again | None:
    """Scene and truth; None where nothing needs them and they are gone."""
    from workbench.compare.again import opened_again

    remedy = "give it where it lies now with --scene or --truth"
    needed = args.stac or args.scene or args.truth or not args.no_maps
    remedy += "" if args.stac or args.no_maps else ", or leave the maps out with --no-maps"
    try:
        return opened_again(finished.record, scene=args.scene, truth=args.truth, remedy=remedy)
    except (ValueError, OSError):
        if needed:
            raise
        return None


def _maps(finished: Finished, again: Again) -> list[MadeMap]:
    """One map a model, each shown on the way."""
    from workbench.compare.report import maps_again
    from workbench.probe import find_model

    asked = finished.record["arguments"]
    wanted = [row.objective for row in map(find_model, finished.models) if row.embeds]
    encoders = encoders_for(again.cube, _path(asked.get("encoder")) if wanted else None, wanted, asked["seed"])[0]
    meter, made = Meter("drawing maps"), []
    for one in maps_again(finished, again.cube, again.truth, encoders):
        made.append(one)
        meter.show(len(made), len(finished.models), one.model)
    return made


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
