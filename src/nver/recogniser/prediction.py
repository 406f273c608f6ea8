"""What a recogniser says of one clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nver.errors import ConfigError
from nver.names import suggest


@dataclass(frozen=True, slots=True)
class Prediction:
    """Calibrated probabilities of one clip's classes, and coarser views of them.

    Attributes:
        probabilities: Label -> probability, in the order of the recogniser's labels; they sum to one.
        outside: Of a view: the probability of all classes that it has no counterpart for.
            ``probabilities`` are given that none of those is true.
        views: Coarser views of the same output, by name.

    >>> prediction = Prediction({"cry": 0.2, "laugh": 0.8})
    >>> prediction.label, prediction.confidence
    ('laugh', 0.8)
    """

    probabilities: Mapping[str, float]
    outside: float = 0.0
    views: Mapping[str, Prediction] = field(default_factory=dict, repr=False)

    @property
    def label(self) -> str:
        """The most probable class; of equal ones the first."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    @property
    def confidence(self) -> float:
        """The probability of ``label``."""
        return self.probabilities[self.label]

    def top(self, n: int) -> list[tuple[str, float]]:
        """The n most probable classes with their probabilities, the most probable first.

        >>> Prediction({"cry": 0.2, "laugh": 0.8}).top(1)
        [('laugh', 0.8)]
        """
        return sorted(self.probabilities.items(), key=lambda pair: -pair[1])[:n]

    def view(self, name: str) -> Prediction:
        """A coarser view, such as ``vivae-six``.

        Raises:
            ConfigError: This output has no view of that name.
        """
        if name not in self.views:
            hint = suggest(name, list(self.views)) if self.views else "It has none."
            raise ConfigError(f"this prediction has no view '{name}'. {hint}")
        return self.views[name]
