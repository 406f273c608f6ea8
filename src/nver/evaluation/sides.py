"""What is on both sides of a fold."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from nver.evaluation.folds import Fold, Names, Rows


def both_sides(folds: Iterable[Fold], names: Names) -> Rows:
    """Tested clips whose name is also that of a clip which their fold's head was trained on.

    Args:
        folds: Rows of the clips.
        names: One a clip (its speaker, the group of clips with the same sound); None belongs to nobody.

    Returns:
        Sorted rows, each once.

    >>> fold = Fold("fold 1", train=np.array([0, 1]), test=np.array([2, 3]))
    >>> both_sides([fold], ["ann", None, "ann", None]).tolist()
    [2]
    """
    met: set[int] = set()
    for fold in folds:
        trained = {names[row] for row in fold.train} - {None}
        met.update(int(row) for row in fold.test if names[row] in trained)
    return np.array(sorted(met), np.int64)
