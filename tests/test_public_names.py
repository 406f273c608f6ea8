import importlib
import inspect

import pytest

import nver
from nver import errors

PUBLIC = [
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


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_what_its_home_calls_so(name):
    thing = getattr(nver, name)
    assert callable(thing)
    assert thing is getattr(importlib.import_module(thing.__module__), name)
    assert name in dir(nver)


def test_every_error_is_public():
    raised = {name for name, thing in vars(errors).items() if inspect.isclass(thing)}
    assert raised <= set(nver.__all__)


def test_another_name_is_refused_as_by_any_module():
    with pytest.raises(AttributeError, match="module 'nver' has no attribute 'open_corpsu'"):
        nver.open_corpsu  # noqa: B018
