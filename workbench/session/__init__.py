"""CHOICES → STATE.

In: what a person chose, clicked, drew or began.
Out: the state every screen shows, kept in a folder that survives a crash.
May use: the rooms before it, param, geopandas, SQLite, psutil; torch and scikit-learn only in the worker process and
where the live class map is computed. Never: anything that draws.
"""

from workbench.session.advice import Advice, Round
from workbench.session.allowed import Allowed
from workbench.session.as_code import as_python
from workbench.session.as_commands import as_commands
from workbench.session.beside import Near, nearest
from workbench.session.classes import LabelClass
from workbench.session.jobs import Job
from workbench.session.kept import KeptSpectrum
from workbench.session.limits import Limits
from workbench.session.live_map import live_map
from workbench.session.many import Sessions
from workbench.session.marks import Mark
from workbench.session.packing import pack
from workbench.session.predicted import Confused
from workbench.session.replaying import Step, replay
from workbench.session.runs import Run
from workbench.session.session import Session
from workbench.session.spectra import class_spectra, mean_spectrum
from workbench.session.unpacking import unpack
from workbench.session.verdicts import Verdict

__all__ = [
    "Advice",
    "Allowed",
    "Confused",
    "Job",
    "KeptSpectrum",
    "LabelClass",
    "Limits",
    "Mark",
    "Near",
    "Round",
    "Run",
    "Session",
    "Sessions",
    "Step",
    "Verdict",
    "as_commands",
    "as_python",
    "class_spectra",
    "live_map",
    "mean_spectrum",
    "nearest",
    "pack",
    "replay",
    "unpack",
]
