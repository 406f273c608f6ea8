"""Which classes of one corpus stand for which of another's; those that stand for none are left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

LabelSet: TypeAlias = Literal["all", "vivae", "jnv"]
"""Whose labels a selection carries: the corpus's own, or those of VIVAE or JNV."""

VIVAE_LABELS = ("achievement", "anger", "fear", "pain", "pleasure", "surprise")
JNV_LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise")

EMOGATOR: Mapping[str, Mapping[str, str]] = {
    "vivae": {
        "Triumph": "achievement",
        "Anger": "anger",
        "Fear": "fear",
        "Pain": "pain",
        "Ecstasy": "pleasure",
        "Desire": "pleasure",
        "Surprise (Negative)": "surprise",
        "Surprise (Positive)": "surprise",
    },
    "jnv": {
        "Anger": "angry",
        "Disgust": "disgust",
        "Fear": "fear",
        "Amusement": "happy",
        "Elation": "happy",
        "Sadness": "sad",
        "Surprise (Negative)": "surprise",
        "Surprise (Positive)": "surprise",
    },
}

EMOGATOR_FAMILIES: Mapping[str, Mapping[str, str]] = {
    "valence": {
        **dict.fromkeys(
            (
                *("Adoration", "Amusement", "Awe", "Contentment", "Desire", "Ecstasy", "Elation", "Interest"),
                *("Pride", "Relief", "Romantic Love", "Serenity", "Surprise (Positive)", "Triumph"),
            ),
            "positive",
        ),
        **dict.fromkeys(
            (
                *("Anger", "Contempt", "Disappointment", "Disgust", "Distress", "Embarrassment", "Fear"),
                *("Guilt", "Pain", "Sadness", "Shame", "Surprise (Negative)"),
            ),
            "negative",
        ),
    },
    "arousal": {
        **dict.fromkeys(
            (
                *("Amusement", "Anger", "Distress", "Ecstasy", "Elation", "Fear", "Pain"),
                *("Surprise (Negative)", "Surprise (Positive)", "Triumph"),
            ),
            "high",
        ),
        **dict.fromkeys(("Contentment", "Disappointment", "Relief", "Sadness", "Serenity"), "low"),
    },
}
"""Families of EmoGator's categories by where the words lie on the circumplex of affect (Russell 1980).

A reading of the categories' names, not a rating of the clips. A category is in no family where its name does
not say which: Confusion, Neutral, Realization and Sympathy have no clear valence, and half of the categories
lie in the middle of arousal or on either side of it (docs/recogniser.md).
"""

ASVP_ESD: Mapping[str, Mapping[str, str]] = {
    "vivae": {
        "angry": "anger",
        "fearful": "fear",
        "pain": "pain",
        "pleasure": "pleasure",
        "surprised": "surprise",
    },
    "jnv": {
        "angry": "angry",
        "disgust": "disgust",
        "fearful": "fear",
        "happy": "happy",
        "sad": "sad",
        "surprised": "surprise",
    },
}
"""ASVP-ESD has nothing that stands for VIVAE's achievement: five of the six classes."""


def target_labels(name: str, mapping: Mapping[str, str]) -> tuple[str, ...]:
    """The labels of ``name`` that a map reaches, in the order of that corpus's card.

    >>> target_labels("vivae", ASVP_ESD["vivae"])
    ('anger', 'fear', 'pain', 'pleasure', 'surprise')
    """
    order = {"vivae": VIVAE_LABELS, "jnv": JNV_LABELS}[name]
    return tuple(label for label in order if label in mapping.values())
