"""An encoder that somebody gives, by what it learnt by: models are named after that, and no other may bear the name."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.pretrain.encoders import Encoder


def by_objective(encoder: Encoder, wanted: Sequence[str], name: str = "the encoder given") -> dict[str, Encoder]:
    """`encoder` under the objective it learnt by.

    Parameters
    ----------
    encoder : Encoder
        One pretrained here, or one of released weights.
    wanted : sequence of str
        Objectives that the models asked for are named after.
    name : str
        Of the encoder, for a refusal.

    Raises
    ------
    ValueError
        If none of them is the encoder's.
    """
    if encoder.recipe is None:
        raise ValueError(
            f"models are named after what their encoder learnt by, but {name} holds released weights; make an "
            "embedding with it (workbench embed), or ask for a map in Python (workbench.classify)"
        )
    learnt = encoder.recipe.objective
    if learnt not in wanted:
        raise ValueError(
            f"{name} learnt by {learnt}, but the models asked for are of {', '.join(wanted)}; ask for the model "
            f"{learnt}, or leave the encoder out"
        )
    return {learnt: encoder}
