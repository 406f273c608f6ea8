"""Trained recognisers: bundles on disk, and clips in, calibrated probabilities out."""
