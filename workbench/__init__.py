"""A workbench for imaging spectroscopy: look at a scene, label a few pixels, learn from the rest.

The rooms, in the order the data moves (each may import only rooms before it):

=============  ==========================  ====================================================
``cubes``      file → cube                 contract, formats, rendering, the simulated scene
``labels``     file or clicks → labels     vector and raster labels, budgets, splits
``patches``    cube → batches              scaling and sampling on the device
``pretrain``   batches → encoder           encoders, objectives, the loop, checkpoints
``probe``      encoder + labels → map      embeddings, models, class maps
``compare``    models × labels → scores    draws, budgets, splits, metrics
``session``    choices → state             scene, labels, runs and jobs; nothing is drawn
``panels``     state → screen              the dashboard; nothing is computed
=============  ==========================  ====================================================

The words, one meaning each:

==============  ===================================================================================
cube            ``DataArray`` (``band``, ``y``, ``x``) that keeps the contract of ``cubes``
scene           one acquisition on the ground
band            index on dimension ``band``
wavelength      a band's centre [nm]
pixel           one (row, column)
patch, batch    a square of pixels; a tensor of them (n, bands, size, size)
view            an augmented batch in an objective, never a screen
objective       named loss terms of an encoder and a batch
encoder         a module, batch → (n, dim), and dense over a block
embedding       an encoder's output; a map of them is (``feature``, ``y``, ``x``)
label, truth    a pixel's class given by a person; a full reference map
probe, model    a classifier on embeddings; whatever makes a class map, of one *family*
budget, draw    labels a class; one random choice of labels
split           which labelled pixels train and which test
group           classes that are read as one, as coniferous and broadleaved are as forest
class map       (``y``, ``x``), 0 = no data, 1…K
session, run    a folder with scene, labels and runs; one training with its results
job             work under way in another process
panel, plot     a ``Viewer`` on the screen; a HoloViews element
==============  ===================================================================================
"""

from __future__ import annotations

import os
from importlib import import_module

__version__ = "0.1.0"

# OpenMP's threads spin while they wait for each other. Where another program uses the same cores, a training step then
# takes some thirty times longer (measured: 2.4 s instead of 0.08 s). Read when torch is loaded, so it is set here.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_HOME = {
    "open_cube": "workbench.cubes",
    "open_labels": "workbench.labels",
    "pretrain": "workbench.pretrain",
    "load_encoder": "workbench.pretrain",
    "embed": "workbench.probe",
    "classify": "workbench.probe",
    "compare": "workbench.compare",
    "desk": "workbench.panels",
}

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> object:
    """Import a verb's room when the verb is first asked for, so that ``import workbench`` stays light."""
    if name not in _HOME:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}; it has {', '.join(sorted(_HOME))}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
