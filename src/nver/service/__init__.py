"""Recognisers behind HTTP: encoded audio in, calibrated probabilities out, nothing kept."""

from __future__ import annotations
