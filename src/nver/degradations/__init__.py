"""What befalls a clip on its way to a recogniser: noise, rooms, codecs, level, loss of length.

Every degradation is a function from a wave (and a random generator, where something is drawn) to a new wave;
the wave that came in is left as it was.
"""

from __future__ import annotations

from nver.degradations.conditions import CLEAN, KINDS, Condition, Kind, conditions, degrade, generator_for

__all__ = ["CLEAN", "KINDS", "Condition", "Kind", "conditions", "degrade", "generator_for"]
