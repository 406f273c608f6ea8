"""Every error that nver raises on purpose.

    NverError
    ├── ConfigError        an experiment file, an option or a name that cannot be meant
    ├── AudioError         a file that cannot be decoded to finite samples
    │   ├── UnsupportedAudioError  it is no audio of a format that is read
    │   ├── EmptyAudioError        it holds no samples
    │   ├── TruncatedAudioError    it ends before its own header says, or has a hole
    │   ├── NonFiniteAudioError    it holds NaN or infinity
    │   ├── OverlongAudioError     it is longer than the caller allows
    │   ├── OversizedAudioError    its samples take more memory than the caller allows
    │   └── DecoderDiedError       the process that decoded it ended
    ├── CorpusError        a folder that is not the corpus it was said to be
    │   └── DownloadError  an archive that did not arrive whole
    ├── EncoderError       an encoder that cannot run as asked
    │   └── WeightsError   weights that are missing, damaged or unsafe to read
    ├── KernelError        a kernel that cannot run here, or inputs that do not fit it
    ├── StoreError         embeddings on disk that are damaged or do not belong together
    ├── SplitError         folds that would not measure what they claim to
    ├── TrainingError      inputs that a head cannot be trained on
    ├── MetricError        a score that is undefined for these predictions
    ├── ResultError        a result directory that is incomplete or not ours
    ├── AnnotationError    marks of a recording that cannot be read, or that make no sense
    └── BundleError        a trained recogniser that is missing, damaged or of another version

A message is one sentence or two: what came, what was expected, what to do.
"""

from __future__ import annotations


class NverError(Exception):
    """The root: ``except NverError`` catches everything that nver raises on purpose.

    Attributes:
        exit_code: What the command line exits with: 1 for bad data, 2 for a bad request.
    """

    exit_code = 1


class ConfigError(NverError):
    """An experiment file, an option or a name that cannot be meant."""

    exit_code = 2


class AudioError(NverError):
    """A file that cannot be decoded to finite samples; the message holds the path and the reason."""


class UnsupportedAudioError(AudioError):
    """A file that is no audio of a format that is read."""


class EmptyAudioError(AudioError):
    """A file without a single sample."""


class TruncatedAudioError(AudioError):
    """A file that ends before its own header says, or has a hole."""


class NonFiniteAudioError(AudioError):
    """A file whose samples hold NaN or infinity."""


class OverlongAudioError(AudioError):
    """A file that is longer than the caller allows."""


class OversizedAudioError(AudioError):
    """A file whose samples, as encoded, take more memory than the caller allows."""


class DecoderDiedError(AudioError):
    """A decoding process that ended while files waited for it."""


class CorpusError(NverError):
    """A folder that is not the corpus it was said to be."""


class DownloadError(CorpusError):
    """An archive that did not arrive whole."""


class EncoderError(NverError):
    """An encoder that cannot run as asked."""


class WeightsError(EncoderError):
    """Weights that are missing, damaged or unsafe to read."""


class KernelError(NverError):
    """A kernel that cannot run here, or inputs that do not fit it."""


class StoreError(NverError):
    """Embeddings on disk that are damaged or do not belong together."""


class SplitError(NverError):
    """Folds that would not measure what they claim to."""


class TrainingError(NverError):
    """Inputs that a head cannot be trained on."""


class MetricError(NverError):
    """A score that is undefined for these predictions."""


class ResultError(NverError):
    """A result directory that is incomplete or not ours."""


class AnnotationError(NverError):
    """Marks of a recording that cannot be read, or that make no sense."""


class BundleError(NverError):
    """A trained recogniser that is missing, damaged or of another version."""
