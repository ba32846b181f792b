"""``agree``: how far people who labelled the same scene agree, where they differ, and what they have in common."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.agreement_words import cells_of, lines_of, row_of, told
from workbench.cli.arguments import count, place, repeats
from workbench.cli.handing import printable
from workbench.cli.outputs import plain, print_json, say, write_run
from workbench.cli.places import output_folder, refuse_inputs

if TYPE_CHECKING:
    from workbench.compare.agreement import Agreement
    from workbench.compare.people import Opinions
    from workbench.session.people import People

FILES = ("pairs.parquet", "pairs.csv", "confusions.csv", "differences.gpkg", "labels.gpkg", "agree.run.json")
"""What it writes in its folder."""

AGREE = """\
How far do people agree who labelled the same scene, each in a session of their own (`workbench serve --sessions DIR`)?
Each is called by the session's folder. Given one SESSION that several people share, they are told apart by who gave
each label (history.jsonl), and compared where their areas overlap: a click there takes the place of another's.

Classes are matched by their names, letter by letter; a class that one person alone has is named. Of each two: pixels
that both labelled, the share on which they agree, Cohen's kappa, and a table of one's classes against the other's. Of
all: Krippendorff's alpha (nominal), which takes pixels that some left out. Kappa and alpha are 1 where all agree and 0
where they agree as by chance. 95 % intervals come of drawing groups of marks again that share pixels, not pixels:
those of one polygon were labelled by one decision. None of it says who is right.

With --out, writes in DIR pairs.parquet and pairs.csv (a row a pair), confusions.csv (pixels by both classes),
differences.gpkg (pieces of ground on which they differ, the largest first; the desk imports it), labels.gpkg (pixels
on which all who labelled them agree, as a session keeps its labels) and agree.run.json (how to repeat it).
"""


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Add ``agree``."""
    verb = verbs.add_parser(
        "agree",
        help="how far people who labelled the same scene agree",
        description=AGREE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument(
        "sessions",
        metavar="SESSION",
        nargs="+",
        type=Path,
        help="session folders, one a person, or one that several share; nothing in them is written",
    )
    verb.add_argument(
        "--scene", type=place, metavar="PATH", help="where the scene is now (default: where the first session says)"
    )
    verb.add_argument(
        "--at-least",
        type=count,
        default=1,
        metavar="N",
        help="people who must have labelled a pixel of labels.gpkg (default: %(default)s)",
    )
    verb.add_argument("--out", metavar="DIR", type=output_folder, help="folder for the files above")
    repeats(verb)
    verb.set_defaults(do=agree)


def agree(args: argparse.Namespace) -> None:
    """Tell how far the people of `args.sessions` agree, and write it."""
    from workbench.compare.agreement import agreement_of
    from workbench.compare.people import side_by_side
    from workbench.session.people import read_people

    people = read_people(args.sessions, args.scene)
    if args.out:
        refuse_inputs([args.out / name for name in FILES], [*args.sessions, people.place])
    opinions = side_by_side(people.labels)
    if args.at_least > len(opinions.names):
        raise ValueError(f"--at-least {args.at_least} of {len(opinions.names)} people leaves nothing; ask for fewer")
    found = agreement_of(opinions, seed=args.seed)
    result = plain(told(people, opinions, found))
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        result["files"] = plain(written(args.out, people, opinions, found, args.at_least))
        files = {f"session {i}": one / "labels.gpkg" for i, one in enumerate(args.sessions, start=1)}
        write_run(args.out / "agree.run.json", args, {"scene": people.place, **files}, result=result)
    if args.json:
        print_json(result)
        return
    if args.out:
        files = result["files"]
        say(
            f"wrote {args.out}: {files['agreed_pixels']:,} pixels as agreed labels, "
            f"{result['differing_pixels']:,} that differ in {files['differing_pieces']:,} pieces"
        )
    print("\n".join(printable(line) for line in lines_of(result)))


def written(out: Path, people: People, opinions: Opinions, found: Agreement, least: int) -> dict:
    """Write the tables, the differences and the agreed labels."""
    import pandas as pd

    from workbench.compare import write_table
    from workbench.labels.differing import differing_pieces
    from workbench.labels.writing import write_labels
    from workbench.session.agreed import write_agreed

    pairs = pd.DataFrame([row_of(pair) for pair in found.pairs])
    low_high = [one or (float("nan"), float("nan")) for one in pairs.pop("kappa_ci95")]
    pairs = pairs.assign(kappa_low=[low for low, _ in low_high], kappa_high=[high for _, high in low_high])
    cells = pd.DataFrame(
        [(pair.a, pair.b, *cell) for pair in found.pairs for cell in cells_of(pair, opinions.classes)],
        columns=["a", "b", "class_by_a", "class_by_b", "pixels"],
    )
    write_table(pairs, out / "pairs.parquet")
    write_table(pairs, out / "pairs.csv")
    write_table(cells, out / "confusions.csv")
    apart = ~opinions.agreed
    pieces = differing_pieces(
        opinions.names, opinions.classes, opinions.pixels[apart], opinions.codes[:, apart], people.cube
    )
    write_labels(pieces, out / "differences.gpkg")
    agreed = write_agreed(people, opinions, out / "labels.gpkg", least=least)
    return {"folder": out, "agreed_pixels": agreed, "differing_pieces": len(pieces)}
