"""t-SNE of raw embeddings, seeded and kept: the same vectors get the same map, and get it only once."""

from __future__ import annotations

import io
import os

import numpy as np

from nver import fingerprint
from nver.embeddings.shards import write_atomically
from nver.errors import ResultError
from nver.home import home
from nver.types import Matrix

PERPLEXITY = 30.0
N_COMPONENTS = 50
MIN_CLIPS = 5
_SEED = 0
_WORTH_THREADS = 2000
"""Clips; with fewer, threads wait for each other at every one of 750 steps."""

_METHOD = "openTSNE, 50 principal components, perplexity 30, seed 0"
"""Part of the address of a kept map: to be changed with whatever changes a map."""


def tsne(vectors: Matrix) -> Matrix:
    """Places on a plane; computed ones are kept in ``$NVER_HOME/maps``.

    Vectors are reduced to their first 50 principal components, the first two of which are the start.

    Args:
        vectors: (n_clips, dim), five clips or more.

    Returns:
        (n_clips, 2) float32, centred.

    Raises:
        ResultError: There are too few clips.

    Source:
        van der Maaten, Hinton (2008), "Visualizing Data using t-SNE"; Poličar et al. (2019), openTSNE.
    """
    if len(vectors) < MIN_CLIPS:
        raise ResultError(f"a map needs {MIN_CLIPS} clips or more, got {len(vectors)}")
    address = fingerprint.of_data([_METHOD, fingerprint.of_array(vectors)])
    path = home() / "maps" / f"{address}.npy"
    if path.is_file():
        kept: Matrix = np.load(path, allow_pickle=False)
        return kept
    places = _compute(vectors)
    file = io.BytesIO()
    np.save(file, places, allow_pickle=False)
    write_atomically(path, file.getvalue())
    return places


def _compute(vectors: Matrix) -> Matrix:
    from openTSNE import TSNE
    from sklearn.decomposition import PCA

    n, dim = vectors.shape
    if (vectors == vectors[0]).all():
        return np.zeros((n, 2), np.float32)
    pca = PCA(min(N_COMPONENTS, n - 1, dim), random_state=_SEED)
    components = pca.fit_transform(vectors.astype(np.float64))
    if dim < 2:
        return np.pad(components, ((0, 0), (0, 1))).astype(np.float32)
    places = TSNE(
        perplexity=min(PERPLEXITY, (n - 1) / 3),
        initialization=components[:, :2] / components[:, 0].std() * 1e-4,
        n_jobs=(os.cpu_count() or 1) if n > _WORTH_THREADS else 1,
        random_state=_SEED,
    ).fit(components)
    return np.asarray(places - places.mean(axis=0), np.float32)
