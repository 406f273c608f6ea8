"""How long t-SNE of 7,500 embeddings takes: openTSNE beside scikit-learn.

    python benchmarks/tsne.py [--clips 7500] [--threads 2]

Both get the same 50 principal components of the same points (thirty overlapping clusters on a curved
12-dimensional sheet in 768 dimensions), perplexity
30, 750 iterations in all, and the same start. "neighbours" is the share of each point's ten nearest
neighbours in 768 dimensions that are among its ten nearest on the map.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import numpy as np


def main() -> None:
    """Print a line each, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--clips", type=int, default=7500)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)

    from sklearn.decomposition import PCA

    rng = np.random.default_rng(0)
    inner = (
        rng.normal(size=(30, 12))[rng.integers(0, 30, arguments.clips)]
        + rng.normal(size=(arguments.clips, 12)) / 2
    )
    vectors = np.tanh(inner @ rng.normal(size=(12, 768)) / 4) + rng.normal(size=(arguments.clips, 768)) / 20
    components = PCA(50, random_state=0).fit_transform(vectors)
    start = components[:, :2] / components[:, 0].std() * 1e-4
    nearest = ten_nearest(vectors)

    seconds: dict[str, float] = {}
    for name, embed in methods(arguments.threads).items():
        began = time.perf_counter()
        places = embed(components, start)
        seconds[name] = time.perf_counter() - began
        kept = np.mean([len(set(a) & set(b)) for a, b in zip(nearest, ten_nearest(places), strict=True)]) / 10
        print(f"{name:14} {seconds[name]:7.1f} s   neighbours {kept:.3f}", flush=True)
    ours, theirs = seconds["openTSNE"], seconds["scikit-learn"]
    print(
        f"{arguments.clips:,} points, {arguments.threads} threads: openTSNE is {theirs / ours:.2f} x as fast"
    )


def methods(n_threads: int) -> dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]]:
    """Ways from components and a start to places."""
    import openTSNE
    from sklearn import manifold

    def opentsne(x: np.ndarray, start: np.ndarray) -> np.ndarray:
        return np.asarray(
            openTSNE.TSNE(perplexity=30, initialization=start, n_jobs=n_threads, random_state=0).fit(x)
        )

    def sklearn(x: np.ndarray, start: np.ndarray) -> np.ndarray:
        tsne = manifold.TSNE(perplexity=30, init=start, max_iter=750, n_jobs=n_threads, random_state=0)
        return tsne.fit_transform(x)

    return {"openTSNE": opentsne, "scikit-learn": sklearn}


def ten_nearest(points: np.ndarray) -> np.ndarray:
    """(n, 10) the nearest other points of each."""
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=10).fit(points).kneighbors(return_distance=False)


if __name__ == "__main__":
    main()
