"""Embeddings brought to unit scale, dimension by dimension, as a head was trained on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nver.types import Matrix


@dataclass(frozen=True, eq=False)
class Scale:
    """Centre and spread of each dimension of one embedding: (dim,) float32."""

    centre: Matrix
    spread: Matrix

    @classmethod
    def of(cls, view: Matrix) -> Scale:
        """Mean and standard deviation over clips; a dimension that never varies is only centred."""
        spread = view.std(axis=0, dtype=np.float64)
        spread[spread == 0] = 1.0
        return cls(view.mean(axis=0, dtype=np.float64).astype(np.float32), spread.astype(np.float32))

    def __call__(self, view: Matrix) -> Matrix:
        """The view, centred and scaled."""
        scaled: Matrix = (view - self.centre) / self.spread
        return scaled
