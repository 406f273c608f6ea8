"""The synthetic corpus: bursts that nobody uttered, under VIVAE's names, to try everything on.

It is for demonstrations and for tests of software. Scores on it say nothing about people.
"""

from nver.corpora.synthetic.corpus import MARKER, clip_names, synthesise

__all__ = ["MARKER", "clip_names", "synthesise"]
