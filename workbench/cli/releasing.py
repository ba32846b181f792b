"""``released``: weights that others published, as an encoder file of ours, and what of them found its place."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.arguments import count, prints_json
from workbench.cli.outputs import say, tell, write_run
from workbench.cli.places import output, refuse_inputs

if TYPE_CHECKING:
    from workbench.pretrain.encoders import BackboneEncoder

RELEASED = """\
Released weights of SpectralEarth, DeCUR, SSL4EO-S12 and SSL4EO-L as an encoder. Tells which of the backbone's weights
the file has (matched), lacks (missing), has in another shape, and what else is in it (unexpected, left out: heads,
projectors, decoders). Too few of them are refused. Nothing in the file is run.

architectures: spec_resnet50, spec_vit_tiny, spec_vit_small, spec_vit_base, spec_vit_large, spec_vit_huge,
  spec_vit_giant (SpectralEarth's); resnet18, resnet50, vit_tiny, vit_small, vit_base, vit_large;
  resnet18_rda, resnet50_rda (DeCUR's with deformable attention)
archives: spectral_earth, hyspecnet, bigearthnet_s1, bigearthnet_s2, eurosat, so2sat,
  ssl4eo_s12_l1c, ssl4eo_s12_l2a, ssl4eo_s12_v11_l1c, ssl4eo_s12_v11_l2a,
  ssl4eo_s12_s1, ssl4eo_l_tm_toa, ssl4eo_l_etm_toa, ssl4eo_l_etm_sr, ssl4eo_l_oli_tirs_toa, ssl4eo_l_oli_sr
By torchgeo's name of weights, both are known and torchgeo downloads them once:
  workbench released ResNet50_Weights.SENTINEL2_ALL_DECUR --out decur.safetensors

Writes OUT (weights), OUT's .json (what they are) and OUT's .run.json. Without --out it only tells.
"""
_NAME = re.compile(r"\w+_Weights\.\w+")


def add_verbs(verbs: argparse._SubParsersAction) -> None:
    """Add ``released``."""
    verb = verbs.add_parser(
        "released",
        help="published weights as an encoder, and what of them matched",
        description=RELEASED,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument(
        "weights",
        metavar="FILE|NAME",
        type=file_or_name,
        help=".pth, .ckpt or .safetensors as downloaded, or torchgeo's name of weights",
    )
    verb.add_argument("--architecture", metavar="NAME", help="of a file: the backbone it is of, see above")
    verb.add_argument("--archive", metavar="NAME", help="of a file: what it learnt from, see above")
    verb.add_argument(
        "--size",
        type=count,
        metavar="N",
        help="side of the patch that a pixel's embedding is made of [pixels]; positions are resampled to it (default: "
        "32 for SpectralEarth's, else 64)",
    )
    verb.add_argument(
        "--statistics",
        type=Path,
        metavar="DIR",
        help="folder with mu.npy and sigma.npy that the weights were trained with; for spectral_earth",
    )
    verb.add_argument(
        "--least",
        type=share,
        default=1.0,
        metavar="X",
        help="share of the backbone's weights that must match, 0…1; the others stay at random (default: %(default)s)",
    )
    verb.add_argument(
        "--out",
        type=output(".safetensors"),
        metavar="FILE",
        help="encoder to write (.safetensors); replaced if it exists",
    )
    prints_json(verb)
    verb.set_defaults(do=released)


def file_or_name(text: str) -> Path | str:
    """A file, or a name as torchgeo has it where there is no such file.

    Examples
    --------
    >>> file_or_name("ResNet50_Weights.SENTINEL2_ALL_MOCO")
    'ResNet50_Weights.SENTINEL2_ALL_MOCO'
    >>> file_or_name("spec_vit.pth").name
    'spec_vit.pth'
    """
    path = Path(text).expanduser()
    return text if _NAME.fullmatch(text) and not path.exists() else path


def share(text: str) -> float:
    """A share, 0 to 1.

    Examples
    --------
    >>> share("0.9")
    0.9
    """
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"a share is 0 to 1, as 0.9, got {text!r}")
    return value


def released(args: argparse.Namespace) -> None:
    """Tell what `args.weights` holds, and write it as an encoder if asked to."""
    from workbench.pretrain import save_encoder

    is_file = isinstance(args.weights, Path)
    if args.out:
        record = args.out.with_suffix(".run.json")
        refuse_inputs([args.out, args.out.with_suffix(".json"), record], [args.weights if is_file else None])
    encoder = _loaded(args)
    report = encoder.report
    result = {
        "encoder": args.out,
        **{name: encoder.card[name] for name in ("source", "architecture", "archive")},
        "bands": encoder.n_bands,
        "features": encoder.dim,
        "size": encoder.size,
        "share": report.share,
        **{name: getattr(report, name) for name in report.__dataclass_fields__},
    }
    if not args.json:
        say(str(report))
    if args.out:
        save_encoder(encoder, args.out)
        write_run(record, args, {"weights": args.weights if is_file else None}, result=result)
    what = f"{encoder.card['architecture']} for {encoder.n_bands} bands of {encoder.card['archive']}"
    tell(args, result, f"wrote {args.out}: {what}" if args.out else f"{what}; nothing written without --out")


def _loaded(args: argparse.Namespace) -> BackboneEncoder:
    from workbench.pretrain import ARCHITECTURES, ARCHIVES, load_released, load_released_by_name

    given = {name: getattr(args, name) for name in ("architecture", "archive", "statistics")}
    if not isinstance(args.weights, Path):
        if told := [name for name, value in given.items() if value is not None]:
            raise ValueError(f"a name of weights says its {told[0]} itself; leave --{told[0]} out")
        return load_released_by_name(args.weights, size=args.size, least=args.least)
    for name, known in (("architecture", ARCHITECTURES), ("archive", ARCHIVES)):
        if given[name] is None:
            raise ValueError(f"a file of weights does not say its {name}; give --{name}, one of: {', '.join(known)}")
    return load_released(args.weights, **given, size=args.size, least=args.least)
