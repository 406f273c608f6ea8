"""A pre-training as pure data, and the TOML file that holds it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from nver import config
from nver.config import FrozenModel
from nver.encoders.base import Precision
from nver.experiment import CorpusSpec, FolderName, FoldSpec

Share = Annotated[float, Field(gt=0.0, lt=1.0)]


class NetworkSpec(FrozenModel):
    """The fields of ``nver.models.burst.BurstShape``."""

    mixer: Literal["mamba", "attention"]
    width: PositiveInt = 192
    n_blocks: PositiveInt = 6
    stem: PositiveInt = 16
    inner: PositiveInt = 576
    state: PositiveInt = 8
    n_heads: PositiveInt = 6
    hidden: PositiveInt = 576


class MaskedSpec(FrozenModel):
    """Masked spectrogram modelling: hide patches of 40 ms x 16 bands, and predict the numbers in them.

    Attributes:
        hidden_share: Of a window's patches.
        normalise_patches: Predict each patch minus its mean and divided by its spread.
    """

    kind: Literal["masked"]
    hidden_share: Share = 0.7
    normalise_patches: bool = False


class LabelsSpec(FrozenModel):
    """Going on with the labels of the corpus: a linear layer on the mean over time of the last tokens.

    Attributes:
        start: A folder that a pre-training wrote; None starts from scratch.
        mixup: Concentration of the Beta distribution that pairs of clips are mixed by; 0 mixes none.
        label_smoothing: Share of the target spread over all classes.
        shift_frames: Windows are moved in time by up to so many frames of 10 ms.
        stretch_time: And made longer or shorter by up to this share.
        shift_bands: The same over the 80 mel bands, as another pitch would.
        stretch_bands: As another vocal tract would.
        hidden_frames: Longest of two stretches of time set to the mean.
        hidden_bands: Widest of two stretches of bands set to the mean.
    """

    kind: Literal["labels"]
    start: str | None = None
    mixup: NonNegativeFloat = 0.2
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1
    shift_frames: NonNegativeFloat = 15.0
    stretch_time: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.15
    shift_bands: NonNegativeFloat = 3.0
    stretch_bands: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.08
    hidden_frames: PositiveInt = 30
    hidden_bands: PositiveInt = 12


class LoopSpec(FrozenModel):
    """How the loop goes.

    Attributes:
        warm_up: Share of all steps in which the rate rises from nothing; afterwards it falls as a cosine.
        precision: Of the matrix products; the scan, norms, losses and weights are float32.
        checkpoint_s: Seconds between two checkpoints.
    """

    epochs: PositiveInt
    batch_size: PositiveInt = 64
    lr: PositiveFloat = 1e-3
    warm_up: Share = 0.05
    weight_decay: NonNegativeFloat = 0.05
    max_gradient: PositiveFloat = 1.0
    precision: Precision = "bfloat16"
    checkpoint_s: PositiveFloat = 120.0


class Pretraining(FrozenModel):
    """A TOML file: which clips, which network, which objective, how long.

    Attributes:
        folds: Its first fold says which clips are trained on, and which only measured.
    """

    name: FolderName
    seed: Annotated[int, Field(ge=0)] = 0
    corpus: CorpusSpec
    folds: FoldSpec = FoldSpec(protocol="speaker")
    network: NetworkSpec
    objective: Annotated[MaskedSpec | LabelsSpec, Field(discriminator="kind")]
    training: LoopSpec


def load_pretraining(path: Path, *, overrides: Sequence[str] = ()) -> Pretraining:
    """The pre-training in a TOML file, with ``"training.lr=1e-3"``-like overrides applied.

    Raises:
        ConfigError: The file cannot be read, or something in it cannot be meant.
    """
    data = config.with_overrides(config.read_toml(path), overrides)
    return config.validate(Pretraining, data, source=str(path))
