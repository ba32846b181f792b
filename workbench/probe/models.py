"""The models there are: one table, a row each, the recommended one first, then by family.

A row's `build` makes a fresh classifier. For the input ``"scene"`` it is fitted to a cube and its labels; for all
others it is scikit-learn's over (pixels, features): spectra, an embedding, or a row of ``FEATURES``.
"""

from __future__ import annotations

from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression

from workbench.pretrain import OBJECTIVES
from workbench.probe.baselines import BASELINES, LDA_PAPER, standardised
from workbench.probe.discriminant import ShrunkLDA
from workbench.probe.edge_features import EDGE_FOOTPRINT
from workbench.probe.model import Model
from workbench.probe.neighbours import GraphPropagation
from workbench.probe.networks import PATCH
from workbench.probe.patch_network import PatchNetwork
from workbench.probe.paws import PawsClassifier
from workbench.probe.pool import OpinionPool
from workbench.probe.prototypes import NearestAngle
from workbench.probe.scene_propagation import ScenePropagation
from workbench.probe.self_training import SelfTraining
from workbench.probe.spectral_network import FixMatch, SpectralNetwork
from workbench.probe.supervised import FromScratch
from workbench.probe.svm import RBFSVM


def _self_training(seed: int) -> ClassifierMixin:
    return standardised(SelfTraining(RBFSVM(), criterion="k_best", k_best=100, max_iter=10))


def _head(seed: int) -> ClassifierMixin:
    """What an embedding is given.

    On five real scenes, at 5, 10 and 20 labels a class, it was above a support vector machine in every mean, by up to
    0.07, and as good as logistic regression or better; and it maps a scene in a third of the time.
    """
    return ShrunkLDA()


_BARLOW = "Ait Ali Braham et al. 2022, arXiv:2206.12117; Zbontar et al. 2021, arXiv:2103.03230"

MODELS = {
    row.name: row
    for row in (
        Model(
            "auto",
            "self-supervised",
            "recommended: simple classifiers of several views of the scene, the embedding among them, pooled by worth",
            f"this project; {_BARLOW}; Genest & Zidek 1986, doi:10.1214/ss/1177013825",
            "descriptions",
            lambda seed: OpinionPool(seed=seed),
            objective="barlow_twins",
            context=EDGE_FOOTPRINT,
        ),
        *BASELINES,
        Model(
            "supervised_pixel",
            "supervised",
            "the pixel encoder taught from scratch on the labels",
            "this project",
            "scene",
            lambda seed: FromScratch("pixel", seed=seed),
            encoder="pixel",
        ),
        Model(
            "supervised_context",
            "supervised",
            "the context encoder taught from scratch on the labels",
            "this project",
            "scene",
            lambda seed: FromScratch("context", seed=seed),
            encoder="context",
        ),
        Model(
            "cnn_1d",
            "supervised",
            "a network of convolutions along the spectrum",
            "Hu et al. 2015, doi:10.1155/2015/258619",
            "spectra",
            lambda seed: SpectralNetwork(random_state=seed),
        ),
        Model(
            "cnn_3d",
            "supervised",
            "a residual network of kernels along the bands, then across 5 × 5 pixels",
            "Zhong et al. 2018, doi:10.1109/TGRS.2017.2755542",
            "scene",
            lambda seed: PatchNetwork("cnn", seed=seed),
            context=PATCH,
        ),
        Model(
            "transformer",
            "supervised",
            "attention among 5 × 5 pixels and stretches of the spectrum",
            "Hong et al. 2022, doi:10.1109/TGRS.2021.3130716",
            "scene",
            lambda seed: PatchNetwork("transformer", seed=seed),
            context=PATCH,
        ),
        Model(
            "self_training",
            "semi-supervised",
            "an SVM on spectra that teaches itself with the unlabelled pixels it is surest of",
            "Yarowsky 1995, doi:10.3115/981658.981684",
            "spectra",
            _self_training,
            unlabelled=True,
        ),
        Model(
            "fixmatch",
            "semi-supervised",
            "a network on spectra, taught by unlabelled ones it is sure of in harder views",
            "Sohn et al. 2020, arXiv:2001.07685",
            "spectra",
            lambda seed: FixMatch(random_state=seed),
            unlabelled=True,
        ),
        Model(
            "scene_propagation",
            "semi-supervised",
            "labels spread along alike spectra and from pixel to pixel, over the whole scene",
            "Zhou et al. 2003, NeurIPS; Camps-Valls et al. 2007, doi:10.1109/TGRS.2007.895416",
            "scene",
            lambda seed: ScenePropagation(seed=seed),
            unlabelled=True,
            context=3,
        ),
        Model(
            "label_propagation",
            "semi-supervised",
            "labels spread along a graph of like pixels, on the embedding",
            "Zhou et al. 2003, NeurIPS",
            "embedding",
            lambda seed: standardised(GraphPropagation()),
            unlabelled=True,
            objective="barlow_twins",
        ),
        Model(
            "paws",
            "semi-supervised",
            "neighbouring pixels come to the same class by their likeness to the labels; then fine-tuned on these",
            "Pande et al. 2023, arXiv:2306.10955; Assran et al. 2021, arXiv:2104.13963",
            "scene",
            lambda seed: PawsClassifier("context", seed=seed),
            unlabelled=True,
            encoder="context",
        ),
        Model(
            "barlow_twins",
            "self-supervised",
            "linear discriminants of the embedding",
            f"{_BARLOW}; {LDA_PAPER}",
            "embedding",
            _head,
            objective="barlow_twins",
        ),
        Model(
            "barlow_twins_svm",
            "self-supervised",
            "RBF support vector machine on the embedding",
            f"{_BARLOW}; Melgani & Bruzzone 2004, doi:10.1109/TGRS.2004.831865",
            "embedding",
            lambda seed: standardised(RBFSVM(C=100.0, random_state=seed)),
            objective="barlow_twins",
        ),
        Model(
            "barlow_twins_linear",
            "self-supervised",
            "logistic regression on the embedding",
            _BARLOW,
            "embedding",
            lambda seed: standardised(LogisticRegression(max_iter=1000)),
            objective="barlow_twins",
        ),
        Model(
            "barlow_twins_prototypes",
            "self-supervised",
            "nearest class mean by angle on the embedding",
            f"{_BARLOW}; Snell et al. 2017, arXiv:1703.05175",
            "embedding",
            lambda seed: standardised(NearestAngle(0.2)),
            objective="barlow_twins",
        ),
        *(
            Model(
                name,
                "self-supervised",
                f"linear discriminants of an embedding in which {row.title}",
                f"{row.paper}; {LDA_PAPER}",
                "embedding",
                _head,
                objective=name,
            )
            for name, row in OBJECTIVES.items()
            if name != "barlow_twins"  # it has rows of its own, with several heads
        ),
    )
}


def find_model(name: str) -> Model:
    """Row of the table by name, or ValueError that lists the names."""
    if name not in MODELS:
        raise ValueError(f"no model is named {name!r}; choose one of: {', '.join(MODELS)}")
    return MODELS[name]
