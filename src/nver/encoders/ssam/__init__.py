"""Audio-Mamba (SSAM): cards, and where its weights lie. Nothing heavy is imported to read them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nver.encoders.base import EncoderCard, Precision
from nver.errors import ConfigError, WeightsError
from nver.home import home

if TYPE_CHECKING:
    from nver.encoders.ssam.encoder import SSAMEncoder
    from nver.models.patches import Layout

_PAGE = "https://drive.google.com/drive/folders/1l6_8e1TFEfnobwUMIbA7-aKw2FwlBhho"


def _card(size: str, *, width: int, parameters: int) -> EncoderCard:
    return EncoderCard(
        name=f"audio-mamba-{size}",
        title=f"Audio-Mamba {size}",
        family="ssam",
        dim=5 * width,
        parameters=parameters,
        licence="MIT",
        citation="Yadav and Tan (2024), Audio Mamba, Interspeech, arXiv:2406.02178",
        source=_PAGE,
        notes="Pre-trained on AudioSet by masked spectrogram modelling. A frame is five tokens side by side.",
    )


CARDS = {
    card.name: card
    for card in (
        _card("tiny", width=192, parameters=4_759_104),
        _card("small", width=384, parameters=17_812_608),
        _card("base", width=768, parameters=68_802_816),
    )
}


def folder_of(card: EncoderCard) -> Path:
    """Where weights copied by hand are found: the folder has the release's own name.

    >>> folder_of(CARDS["audio-mamba-tiny"]).name
    'ssam_tiny_200_16x4_4x256_fp16_r1'
    """
    size = card.name.removeprefix("audio-mamba-")
    return home() / "weights" / f"ssam_{size}_200_16x4_4x256_fp16_r1"


def find_weights(card: EncoderCard, weights: str | Path | None) -> Path:
    """The file that holds the weights.

    Raises:
        WeightsError: It is not there; the sentence says where to get it and where to put it.
    """
    from nver.models.checkpoint import find_file

    place = folder_of(card) if weights is None else Path(weights).expanduser()
    if (found := find_file(place)) is not None:
        return found
    if weights is not None:
        raise WeightsError(
            f"no weights at {place}: expected a .pth or .safetensors file, or a folder that holds "
            "checkpoints/checkpoint-<epoch>.pth"
        )
    raise WeightsError(
        f"the weights of {card.name} are not on this machine: get the folder {place.name} from {card.source} "
        f"and copy it to {place.parent}"
    )


def load(
    card: EncoderCard,
    *,
    weights: str | Path | None = None,
    device: str = "cpu",
    precision: Precision = "float32",
    layout: Layout = "release",
    kernel: str = "auto",
    random_weights: int | None = None,
) -> SSAMEncoder:
    """An Audio-Mamba, ready to embed.

    Args:
        card: Which one. Weights of a size that is nobody's card are taken too, and the card says so.
        weights: A folder of the release, a ``.pth``, or a converted ``.safetensors``; None looks in
            ``NVER_HOME/weights`` for the release's folder.
        device: As torch names it: cpu, cuda, cuda:1.
        precision: What the large matrix products compute in; the scan and the embeddings are float32 always.
        layout: ``release`` has the order of all published embeddings, ``time`` has true time steps.
        kernel: Which selective scan: a name in ``nver.kernels.KERNELS``, or the fastest that can run.
        random_weights: A seed: the true architecture with random weights, for speed tests and dry runs.

    Raises:
        ConfigError: An option that cannot be meant.
        KernelError: The kernel that was asked for cannot run on this device.
        WeightsError: The weights are missing, damaged, unsafe to read, or of another named size.
    """
    from nver.encoders.ssam.encoder import SSAMEncoder, Weights

    if precision not in ("float32", "bfloat16"):
        raise ConfigError(f"{card.name} computes in float32 or bfloat16; got precision '{precision}'")
    if layout not in ("release", "time"):
        raise ConfigError(f"{card.name} has the layouts release and time; got '{layout}'")
    if random_weights is not None and weights is not None:
        raise ConfigError(f"{card.name}: give weights or random_weights, not both")
    if random_weights is not None:
        held = Weights.random(card, seed=random_weights)
    else:
        held = Weights.read(card, find_weights(card, weights))
    return SSAMEncoder(held, device=device, precision=precision, layout=layout, kernel=kernel)


audio_mamba_tiny = partial(load, CARDS["audio-mamba-tiny"])
audio_mamba_small = partial(load, CARDS["audio-mamba-small"])
audio_mamba_base = partial(load, CARDS["audio-mamba-base"])
