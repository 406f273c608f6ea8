"""The synthetic corpus: bursts that nobody uttered, under the names of VIVAE, JNV or ASVP-ESD.

It is for demonstrations and for tests of software. Scores on it say nothing about people.
"""

from nver.corpora.synthetic.corpus import MARKER, clip_names, synthesise
from nver.corpora.synthetic.guises import GUISES

__all__ = ["GUISES", "MARKER", "clip_names", "synthesise"]
