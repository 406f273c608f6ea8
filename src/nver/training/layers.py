"""Every layer of an encoder under a linear probe, from one forward pass a clip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nver.corpora.base import Corpus
from nver.embeddings.extract import Progress, extract
from nver.embeddings.store import Store
from nver.encoders import Encoder
from nver.errors import ConfigError
from nver.evaluation.probes import ALL, Probed, Probes
from nver.experiment import FoldSpec
from nver.training.protocols import divide

INVERSE_PENALTY = 0.01
"""C of the logistic regression: the better one of 1 and 0.01 on these clips (README)."""


def probe_layers(
    corpus: Corpus,
    encoder: Encoder,
    *,
    folds: FoldSpec,
    seed: int = 0,
    store: Store | None = None,
    workers: int = 2,
    on_extracted: Callable[[Progress], None] | None = None,
    on_layer: Callable[[int, int], None] | None = None,
) -> Probes:
    """A standardised logistic regression on each layer, under the same folds.

    Args:
        corpus: The clips.
        encoder: Made with ``layer = "all"``: a row holds the layers side by side.
        folds: How clips are divided.
        seed: Of the division.
        store: Where embeddings are kept.
        workers: Processes that decode.
        on_extracted: Told how the embedding goes.
        on_layer: Told how many layers of how many are probed.

    Raises:
        ConfigError: The encoder has one layer, or rows that are not all of its layers.
        SplitError: The folds would not measure what they claim to.
        AudioError: A clip cannot be decoded.
    """
    n_layers = encoder.card.n_layers
    if n_layers < 2 or encoder.provenance.get("layer") != f"all 1-{n_layers}":
        raise ConfigError(
            f"{encoder.card.name} gives rows of layer '{encoder.provenance.get('layer', 'last')}'; layers "
            'can be probed of an encoder of several, made with layer = "all"'
        )
    table = extract(corpus.clips, encoder, store=store, workers=workers, on_progress=on_extracted).table
    rows = table.rows([clip.id for clip in corpus.clips])
    parts = dict(zip(map(str, range(1, n_layers + 1)), np.split(rows, n_layers, axis=1), strict=True))
    truth = np.array([corpus.labels.index(clip.label) for clip in corpus.clips], np.int64)
    divided = divide(corpus.clips, truth, folds, class_names=corpus.labels, seed=seed)
    if sum(len(fold.test) for fold in divided) != len(truth):
        raise ConfigError(f"protocol '{folds.protocol}' does not test every clip once; take another")

    def probed() -> Iterator[Probed]:
        for i, (layer, x) in enumerate({**parts, ALL: rows}.items()):
            guess = np.empty_like(truth)
            for fold in divided:
                guess[fold.test] = _regression().fit(x[fold.train], truth[fold.train]).predict(x[fold.test])
            if on_layer is not None:
                on_layer(i + 1, n_layers + 1)
            yield Probed(layer, guess)

    return Probes(
        encoder=encoder.card.name,
        truth=truth,
        speakers=tuple(clip.speaker for clip in corpus.clips),
        labels=corpus.labels,
        n_folds=len(divided),
        layers=tuple(probed()),
    )


def _regression() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=INVERSE_PENALTY, max_iter=1000))
