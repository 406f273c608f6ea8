"""Non-verbal vocal emotion recognition: corpora, frozen encoders, heads, folds, honest results.

All public names but the errors are loaded when first asked for, so that ``import nver`` costs nothing.

>>> import nver
>>> nver.load_encoder("logmel-stats").dim
640
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nver.errors import (
    AnnotationError,
    AudioError,
    BundleError,
    ConfigError,
    CorpusError,
    DecoderDiedError,
    DownloadError,
    EmptyAudioError,
    EncoderError,
    KernelError,
    MetricError,
    NonFiniteAudioError,
    NverError,
    OverlongAudioError,
    OversizedAudioError,
    ResultError,
    SplitError,
    StoreError,
    TrainingError,
    TruncatedAudioError,
    UnsupportedAudioError,
    WeightsError,
)

if TYPE_CHECKING:
    from nver.corpora import open_corpus, verify
    from nver.differences import compare
    from nver.embeddings.extract import extract
    from nver.embeddings.table import EmbeddingTable
    from nver.encoders import load_encoder
    from nver.experiment import Experiment
    from nver.recogniser.prediction import Prediction
    from nver.recogniser.recogniser import Recogniser
    from nver.recordings.cuts import Windows
    from nver.recordings.recording import Recording
    from nver.recordings.segments import Event, Segment, Timeline
    from nver.recordings.streaming import StreamingRecogniser
    from nver.results import Result
    from nver.training.classifier import NverClassifier
    from nver.training.cross_validate import cross_validate

__all__ = [
    "AnnotationError",
    "AudioError",
    "BundleError",
    "ConfigError",
    "CorpusError",
    "DecoderDiedError",
    "DownloadError",
    "EmbeddingTable",
    "EmptyAudioError",
    "EncoderError",
    "Event",
    "Experiment",
    "KernelError",
    "MetricError",
    "NonFiniteAudioError",
    "NverClassifier",
    "NverError",
    "OverlongAudioError",
    "OversizedAudioError",
    "Prediction",
    "Recogniser",
    "Recording",
    "Result",
    "ResultError",
    "Segment",
    "SplitError",
    "StoreError",
    "StreamingRecogniser",
    "Timeline",
    "TrainingError",
    "TruncatedAudioError",
    "UnsupportedAudioError",
    "WeightsError",
    "Windows",
    "compare",
    "cross_validate",
    "extract",
    "load_encoder",
    "open_corpus",
    "verify",
]

_HOMES = {
    "EmbeddingTable": "nver.embeddings.table",
    "Event": "nver.recordings.segments",
    "Experiment": "nver.experiment",
    "NverClassifier": "nver.training.classifier",
    "Prediction": "nver.recogniser.prediction",
    "Recogniser": "nver.recogniser.recogniser",
    "Recording": "nver.recordings.recording",
    "Result": "nver.results",
    "Segment": "nver.recordings.segments",
    "StreamingRecogniser": "nver.recordings.streaming",
    "Timeline": "nver.recordings.segments",
    "Windows": "nver.recordings.cuts",
    "compare": "nver.differences",
    "cross_validate": "nver.training.cross_validate",
    "extract": "nver.embeddings.extract",
    "load_encoder": "nver.encoders",
    "open_corpus": "nver.corpora",
    "verify": "nver.corpora",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'nver' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
