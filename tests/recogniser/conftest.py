"""Tiny recognisers: a network that hears loudness and brightness, and a head trained in milliseconds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from nver import extract, load_encoder, open_corpus
from nver.corpora.base import Corpus, CorpusCard
from nver.corpora.synthetic import synthesise
from nver.embeddings.store import Store
from nver.errors import EncoderError
from nver.experiment import Experiment
from nver.names import Names
from nver.recogniser import network
from nver.recogniser.bundle import Bundle, save_bundle
from nver.recogniser.card import BundleCard, NetworkSystem, Seen
from nver.recogniser.page import page
from nver.recogniser.recogniser import Recogniser
from nver.training.bundle import fit_bundle
from nver.types import AudioFile, Clip, Matrix, Samples

LABELS = ("hum", "hiss", "shout")
VIEWS = {"loudness": {"classes": ("quiet", "loud"), "members": {"hum": "quiet", "shout": "loud"}}}


def toy_network(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> network.Logits:
    """Logits are linear in a wave's log-power and share of sign changes."""
    network.require_shapes(tensors, {"weight": (config["n_classes"], 2)})

    def logits(waves: Sequence[Samples]) -> Matrix:
        rows = np.empty((len(waves), 2), np.float32)
        for i, wave in enumerate(waves):
            if np.abs(wave).max() > 100:
                raise EncoderError("a wave is far beyond full scale")
            signs = np.signbit(wave)
            rows[i] = (
                np.log(np.mean(wave**2) + 1e-6),
                np.mean(signs[1:] != signs[:-1]) if len(wave) > 1 else 0,
            )
        weighted: Matrix = rows @ tensors["weight"].numpy().T
        return weighted

    return logits


def _card(**changes: Any) -> BundleCard:
    return BundleCard.model_validate(
        {
            "name": "toy",
            "labels": LABELS,
            "system": NetworkSystem(family="toy", config={"n_classes": 3}),
            "temperature": 2.0,
            "views": VIEWS,
            "seen": (Seen(corpus="toy", n_train=6, n_held_back=2, speakers=("ann", "bob")),),
            "licence": "CC0",
        }
        | changes
    )


def _tensors() -> dict[str, Tensor]:
    return {"weight": torch.tensor([[-0.5, -4.0], [-0.3, 8.0], [0.5, 0.0]])}


@pytest.fixture(autouse=True)
def _toy_family(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "toy_family", SimpleNamespace(make=toy_network))
    monkeypatch.setattr(network, "FAMILIES", Names("network family", {"toy": "toy_family:make"}))


@pytest.fixture
def toy_card() -> Callable[..., BundleCard]:
    """The card of the toy network, with whatever a test changes."""
    return _card


@pytest.fixture
def toy_tensors() -> dict[str, Tensor]:
    """Its weights."""
    return _tensors()


@pytest.fixture
def save_toy(tmp_path: Path) -> Callable[..., Path]:
    """A bundle of the toy network, with whatever a test changes of its card; its folder."""

    def save(tensors: Mapping[str, Tensor] | None = None, **changes: Any) -> Path:
        card = _card(**changes)
        save_bundle(Bundle(card, tensors or _tensors()), tmp_path / "toy", page=page(card))
        return tmp_path / "toy"

    return save


@pytest.fixture
def toy(save_toy: Callable[..., Path]) -> Recogniser:
    return Recogniser.load(save_toy())


def _corpus_of(root: Path, *, speakers=("cid", "dan", "eve"), labels=("hum", "hiss", "shout")) -> Corpus:
    """For every speaker a quiet tone, noise and a loud tone, under the toy network's labels."""
    rng = np.random.default_rng(0)
    tone = np.sin(np.arange(2000) / 8)
    clips = []
    for speaker in speakers:
        sounds = {"hum": 0.01 * tone, "hiss": 0.3 * rng.normal(size=2000), "shout": tone}
        for label in labels:
            path = root / f"{speaker}-{label}.wav"
            soundfile.write(path, sounds[label], 16_000, subtype="FLOAT")
            clips.append(Clip(path.name, AudioFile(path), label, speaker))
    card = CorpusCard(
        name="toy", title="Toy", labels=labels, licence="CC0", licence_url="", citation="", homepage=""
    )
    return Corpus(card, root, tuple(sorted(clips, key=lambda clip: clip.id)))


@pytest.fixture
def corpus_of() -> Callable[..., Corpus]:
    """A corpus of WAV files below a folder, of the speakers and labels asked for."""
    return _corpus_of


@pytest.fixture
def waves() -> list[Samples]:
    """Loud and quiet tones, noise, silence, one sample."""
    rng = np.random.default_rng(0)
    tone = np.sin(np.arange(4000) / 8, dtype=np.float32)
    noise = rng.normal(size=3000).astype(np.float32)
    return [tone, 0.01 * tone, 0.3 * noise, np.zeros(500, np.float32), np.ones(1, np.float32)]


@pytest.fixture
def files(tmp_path: Path, waves: list[Samples]) -> list[Path]:
    """The waves as float WAV files."""
    paths = [tmp_path / f"{i}.wav" for i in range(len(waves))]
    for path, wave in zip(paths, waves, strict=True):
        soundfile.write(path, wave, 16_000, subtype="FLOAT")
    return paths


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Any, Experiment]:
    """A bundle of a head on MFCC statistics; the synthetic corpus, table and experiment that it came from."""
    root = tmp_path_factory.mktemp("trained")
    corpus = open_corpus("vivae", synthesise(root / "clips", n_clips=66))
    encoder = load_encoder("mfcc-stats")
    table = extract(corpus.clips, encoder, store=Store(root / "store"), workers=0).table
    experiment = Experiment.model_validate(
        {
            "name": "tiny",
            "corpus": {"name": "vivae", "root": str(root / "clips")},
            "encoders": ["mfcc-stats"],
            "head": {"kind": "fcn", "dense": [16, 8]},
            "training": {"max_epochs": 6, "lr": 1e-2, "standardize": True, "validation_share": 0.2},
        }
    )
    fit_bundle(experiment, corpus, [table], root / "bundle", encoders=[encoder])
    return root / "bundle", corpus, table, experiment
