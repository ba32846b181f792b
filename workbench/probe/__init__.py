"""What an encoder and a few labels say of a scene.

In: an encoder, a cube, labels. Out: embeddings, class maps with confidence.
May use: cubes, labels, patches, pretrain, torch, scikit-learn. Never: test labels, anything that draws.
"""

from workbench.probe.classify import ClassMap, classify, classify_scene
from workbench.probe.embed import embed, embed_blocks
from workbench.probe.maps import write_class_map
from workbench.probe.models import MODELS, Model, find_model

__all__ = [
    "MODELS",
    "ClassMap",
    "Model",
    "classify",
    "classify_scene",
    "embed",
    "embed_blocks",
    "find_model",
    "write_class_map",
]
