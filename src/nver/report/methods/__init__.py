"""What was done, in words to paste: a methods section with citations, and a model card a system."""

from __future__ import annotations

from nver.report.methods.model_card import model_card
from nver.report.methods.text import Methods, methods

__all__ = ["Methods", "methods", "model_card"]
