"""Coarser views of a recogniser's output: the probabilities of all classes that mean one thing are summed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from pydantic import model_validator

from nver.config import FrozenModel
from nver.corpora import label_maps
from nver.evaluation.metrics import Shares


class View(FrozenModel):
    """Which classes of a recogniser stand for which coarser class.

    Attributes:
        classes: The coarser classes, in the order of their indices.
        members: Label of the recogniser -> one of ``classes``. Labels that are not here are in no class.
    """

    classes: tuple[str, ...]
    members: Mapping[str, str]

    @model_validator(mode="after")
    def _every_class_has_a_member(self) -> Self:
        if len(set(self.classes)) != len(self.classes) or len(self.classes) < 2:
            raise ValueError(f"a view has two or more classes that differ, got {', '.join(self.classes)}")
        if set(self.members.values()) != set(self.classes):
            odd = sorted(set(self.members.values()) ^ set(self.classes))
            raise ValueError(f"'{odd[0]}' is a class without a member, or a member of no class")
        return self

    def indices(self, labels: Sequence[str]) -> list[int]:
        """For each label the index of its class, or -1 where it is in none."""
        return [self.classes.index(self.members[label]) if label in self.members else -1 for label in labels]


def coarsen(log_probabilities: Shares, view: View, labels: Sequence[str]) -> tuple[Shares, Shares]:
    """Probabilities of a view's classes, given that the clip belongs to one of them; and that it does not.

    Args:
        log_probabilities: (n_clips, n_labels); logarithms, so that shares are defined where all classes are
            improbable.
        view: Which labels to sum.
        labels: (n_labels,) of the columns.

    Returns:
        (n_clips, n_classes) rows that sum to one, and (n_clips,) the probability of all labels in no class.

    >>> view = View(classes=("low", "high"), members={"sigh": "low", "yawn": "low", "scream": "high"})
    >>> within, outside = coarsen(np.log([[0.1, 0.2, 0.3, 0.4]]), view, ["cough", "sigh", "scream", "yawn"])
    >>> within.round(3).tolist(), outside.round(3).tolist()
    ([[0.667, 0.333]], [0.1])
    """
    class_of = np.array(view.indices(labels))
    is_inside = class_of >= 0
    inside = log_probabilities[:, is_inside]
    shares = np.exp(inside - inside.max(axis=1, keepdims=True))  # of the likeliest: never all zero
    sums = shares @ np.eye(len(view.classes))[class_of[is_inside]]  # (n_clips, n_classes)
    outside = np.exp(log_probabilities[:, ~is_inside]).sum(axis=1)
    return sums / sums.sum(axis=1, keepdims=True), outside


def standard_views(labels: Sequence[str]) -> dict[str, View]:
    """The views that these labels have: those of ``nver.corpora.label_maps`` whose every category is a label.

    >>> from nver.corpora.emogator import CATEGORIES
    >>> list(standard_views(CATEGORIES))
    ['vivae-six', 'jnv-six', 'valence', 'arousal']
    >>> standard_views(["laugh", "cry"])
    {}
    """
    sixes = {"vivae-six": "vivae", "jnv-six": "jnv"}
    candidates = [
        (name, label_maps.target_labels(other, maps[other]), maps[other])
        for maps in (label_maps.EMOGATOR, label_maps.ASVP_ESD)
        for name, other in sixes.items()
    ]
    families = label_maps.EMOGATOR_FAMILIES
    candidates += [(name, tuple(dict.fromkeys(of.values())), of) for name, of in families.items()]
    return {
        name: View(classes=classes, members=members)
        for name, classes, members in candidates
        if set(members) <= set(labels)
    }
