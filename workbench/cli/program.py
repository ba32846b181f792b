"""From words to a verb, and from whatever goes wrong to one line and an exit code."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Sequence

import workbench
from workbench.cli import (
    agreeing,
    comparing,
    explaining,
    handing,
    labelling,
    listing,
    mapping,
    pairing,
    pretraining,
    releasing,
    reporting,
    scene,
    scenes,
    serving,
    studying,
    transferring,
)
from workbench.cli.parser import Parser, takes_config
from workbench.cli.refusals import in_one_line, is_refusal

EPILOG = """\
`workbench VERB --help` explains a verb, its units and its defaults; `workbench VERB --config FILE` reads them.
Exit code: 0, or 2 with one sentence on standard error; 130 when interrupted.
Set WORKBENCH_TRACEBACK=1 to see where a refusal came from.
"""


def parser() -> Parser:
    """Every verb with its arguments; cheap, no room is imported."""
    program = Parser(
        prog="workbench",
        description="A workbench for hyperspectral Earth observation: label a few pixels, learn from the rest.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    program.add_argument("--version", action="version", version=f"%(prog)s {workbench.__version__}")
    verbs = program.add_subparsers(title="verbs", metavar="VERB", dest="verb", required=True)
    groups = (
        serving,
        handing,
        agreeing,
        scene,
        pretraining,
        pairing,
        explaining,
        releasing,
        mapping,
        labelling,
        comparing,
        reporting,
        studying,
        transferring,
        listing,
        scenes,
    )
    for group in groups:
        group.add_verbs(verbs)
    for verb in verbs.choices.values():
        takes_config(verb)
    return program


def verbs_of() -> dict[str, argparse.ArgumentParser]:
    """A parser a verb, none of which anybody else has."""
    return next(action.choices for action in parser()._actions if action.dest == "verb")


def main(argv: Sequence[str] | None = None) -> int:
    """Do what `argv` says.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after ``workbench``; by default those the process was started with.

    Returns
    -------
    int
        0, 2 after a refusal (one line on standard error), 130 after Ctrl+C.

    Raises
    ------
    SystemExit
        From argparse, after ``--help`` (0) or words it does not know (2, also in one line).
    """
    args = parser().parse_args(argv)
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:
                warnings.simplefilter("ignore")
            _quieten()
            args.do(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output went away (`workbench info … | head`): nothing is left to say, nor to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:  # the edge of a process: what is no refusal is raised again
        if os.environ.get("WORKBENCH_TRACEBACK") or not is_refusal(error):
            raise
        print(f"workbench {args.verb}: {in_one_line(error, getattr(args, 'out', None))}", file=sys.stderr)
        return 2
    return 0


def _quieten() -> None:
    """Keep other packages' notes off standard error: what matters there is an exception."""
    for name in (
        "rasterio",
        "pyogrio",
        "fiona",
        "lightning_fabric",
        "lightning.fabric",
        "distributed",
        "bokeh",
        "tornado",
    ):
        logging.getLogger(name).setLevel(logging.CRITICAL)
