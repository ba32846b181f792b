"""What words on the command line mean: checked here, so that nothing starts on a slip of the pen."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

    from workbench.cubes.remote import Address


def names(text: str) -> list[str]:
    """Comma-separated names, in order, each once.

    Examples
    --------
    >>> names("svm, knn,svm")
    ['svm', 'knn']
    """
    found = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not found:
        raise argparse.ArgumentTypeError(f"names separated by commas are needed, got {text!r}")
    return found


def option(text: str) -> tuple[str, str]:
    """A name and a value.

    Examples
    --------
    >>> option("mask=cloud,shadow")
    ('mask', 'cloud,shadow')
    """
    name, equals, value = text.partition("=")
    if not (name.strip() and equals and value.strip()):
        raise argparse.ArgumentTypeError(f"an option is NAME=VALUE, got {text!r}")
    return name.strip(), value.strip()


def place(text: str) -> Path | Address:
    """A file or folder, an address, or where the catalogue's scene lies.

    Examples
    --------
    >>> place("https://me:word@example.org/a.tif?signature=abc")
    Address('https://example.org/a.tif')
    """
    from workbench.cubes.remote import located

    try:
        return located(text)
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def counts(text: str) -> list[int]:
    """Comma-separated whole numbers of at least 1, in order, each once.

    Examples
    --------
    >>> counts("5,20")
    [5, 20]
    """
    return list(dict.fromkeys(count(part) for part in names(text)))


def count(text: str) -> int:
    """A whole number of at least 1."""
    return _whole(text, 1)


def port(text: str) -> int:
    """A port, 0 to 65535; 0 means any that is free."""
    number = _whole(text, 0)
    if number > 65535:
        raise argparse.ArgumentTypeError(f"a port is 0 to 65535, got {number}")
    return number


def none_or_more(text: str) -> int:
    """A whole number of at least 0."""
    return _whole(text, 0)


def seed(text: str) -> int:
    """A seed, 0 to 2³² - 1: what NumPy, torch and scikit-learn all take."""
    number = _whole(text, 0)
    if number >= 2**32:
        raise argparse.ArgumentTypeError(f"a seed is 0 to {2**32 - 1}, got {number}")
    return number


def _whole(text: str, least: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(f"a whole number of at least {least} is needed, got {text!r}")
    return number


def is_scene(parser: argparse.ArgumentParser, nargs: str | None = None) -> None:
    """Add SCENE, which most verbs take, and how to read it where the file leaves that open."""
    parser.add_argument(
        "scene",
        metavar="SCENE",
        nargs=nargs,
        type=place,
        help="hyperspectral file or product folder (`workbench formats`), the address of a GeoTIFF or Zarr store "
        "(https://…, s3://…), or scene:NAME (`workbench scenes`)",
    )
    parser.add_argument("--format", metavar="NAME", help="read SCENE as this format (default: found by its contents)")
    parser.add_argument("--variable", metavar="NAME", help="array in a .mat file (default: the only one that fits)")
    parser.add_argument(
        "--option",
        dest="options",
        metavar="NAME=VALUE",
        type=option,
        action="append",
        default=[],
        help="what the format's reader takes, such as mask=cloud,shadow; repeat for several",
    )


def open_scene(args: argparse.Namespace) -> xr.DataArray:
    """The cube that :func:`is_scene`'s arguments name."""
    from workbench.cubes import open_cube

    return open_cube(args.scene, args.format, **reader_options(args))


def reader_options(args: argparse.Namespace) -> dict[str, str]:
    """What the scene's format is told: --option and --variable."""
    return dict(args.options) | ({"variable": args.variable} if args.variable else {})


def takes_labels(parser: argparse.ArgumentParser, flag: str, text: str, *, required: bool = True) -> None:
    """Add a file of labels, and which layer and column of it."""
    parser.add_argument(flag, required=required, metavar="FILE", type=Path, help=text)
    parser.add_argument("--column", metavar="NAME", help="column that names the class (default: the only candidate)")
    parser.add_argument("--layer", metavar="NAME", help="layer of a GeoPackage (default: the only one)")


def on_device(verb: argparse.ArgumentParser) -> None:
    """Add --device."""
    verb.add_argument(
        "--device",
        default="auto",
        metavar="NAME",
        help="auto takes a GPU where there is one; or cpu, cuda, cuda:1, mps (default: %(default)s)",
    )


def trains(verb: argparse.ArgumentParser) -> None:
    """Add --reach, --patience, --precision, --compiled and --device, which every pretraining takes."""
    verb.add_argument(
        "--reach",
        type=none_or_more,
        metavar="N",
        help="the second view is a neighbour up to N pixels away (default: as far as spectra stay alike)",
    )
    verb.add_argument(
        "--patience",
        type=none_or_more,
        default=0,
        metavar="N",
        help="stop after N steps in which the loss fell no more; 0, the default, never does",
    )
    verb.add_argument(
        "--precision",
        choices=("32-true", "bf16-mixed", "16-mixed"),
        default="32-true",
        help="arithmetic; bf16-mixed is quicker on recent GPUs (default: %(default)s)",
    )
    verb.add_argument(
        "--compiled",
        action="store_true",
        help="compile the encoder first (torch.compile): up to minutes, which long runs of transformers pay back",
    )
    on_device(verb)


def repeats(parser: argparse.ArgumentParser) -> None:
    """Add --seed and --json, which every verb that computes takes."""
    parser.add_argument(
        "--seed", type=seed, default=0, metavar="N", help="seed of every random choice (default: %(default)s)"
    )
    prints_json(parser)


def prints_json(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument(
        "--json", action="store_true", help="print the result as JSON on standard output, and nothing else there"
    )
