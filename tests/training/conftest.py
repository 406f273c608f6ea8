"""A small corpus without audio: clips, speakers, and embeddings that tell classes and speakers apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nver.corpora.base import Corpus, CorpusCard
from nver.embeddings.table import EmbeddingTable
from nver.experiment import Experiment
from nver.types import AudioFile, Clip

LABELS = ("cry", "laugh", "sigh")


@pytest.fixture
def corpus() -> Corpus:
    """Six speakers with three classes of three clips each; the first four speakers are 'train'."""
    card = CorpusCard(
        name="toy", title="Toy", labels=LABELS, licence="CC0", licence_url="", citation="", homepage=""
    )
    clips = [
        Clip(
            id=f"s{speaker}-{label}-{take}.wav",
            source=AudioFile(Path(f"s{speaker}-{label}-{take}.wav")),
            label=label,
            speaker=f"s{speaker}",
            attributes={"split": "train" if speaker < 4 else "test"},
        )
        for speaker in range(6)
        for label in LABELS
        for take in range(3)
    ]
    return Corpus(
        card, Path("toy"), tuple(sorted(clips, key=lambda clip: clip.id)), {"set": "whole"}, {"odd": 2}
    )


@pytest.fixture
def table(corpus: Corpus) -> EmbeddingTable:
    """Centres of classes, centres of speakers, and noise; rows in another order than the clips."""
    rng = np.random.default_rng(0)
    classes, speakers = rng.normal(size=(3, 12)), rng.normal(size=(6, 12))
    rows = [
        1.5 * classes[LABELS.index(clip.label)] + speakers[int(str(clip.speaker)[1:])] + rng.normal(size=12)
        for clip in corpus.clips
    ]
    order = rng.permutation(len(rows))
    return EmbeddingTable(np.array(rows, np.float32)[order], tuple(corpus.clips[i].id for i in order))


@pytest.fixture
def make_experiment() -> Callable[..., Experiment]:
    """An experiment that trains in milliseconds, with whatever a test changes."""

    def make(**changes: object) -> Experiment:
        plain = {
            "name": "trial",
            "corpus": {"name": "toy", "root": "toy"},
            "encoders": ["logmel-stats"],
            "head": {"kind": "fcn", "dense": [8, 8]},
            "folds": {"protocol": "speaker", "n_folds": 3},
            "training": {"max_epochs": 3, "lr": 1e-2},
        }
        return Experiment.model_validate(plain | changes)

    return make
