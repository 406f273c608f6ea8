"""Is a copy of a corpus whole? Every name, every count and every recording, all reported at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import get_args

import numpy as np

from nver.audio import Addressed, decode_many_addressed
from nver.config import validate
from nver.corpora.base import Corpus, Expected, Problem, ProblemKind, tally
from nver.corpora.catalogue import load_module
from nver.errors import AudioError, TruncatedAudioError
from nver.types import Clip, Samples

SILENCE = 1e-4
"""A clip is silent when no sample lies further from zero than this: three steps of 16 bits, -80 dB."""

OnProgress = Callable[[int, int], None]
"""Called with the number of clips decoded and the number of all, after each."""


def verify(
    name: str,
    root: Path | str,
    *,
    options: Mapping[str, object] | None = None,
    workers: int = 2,
    on_progress: OnProgress | None = None,
) -> tuple[Problem, ...]:
    """Compare a copy of a corpus with its publication, and decode each clip of a selection.

    Names are compared with the complete published list where there is one (VIVAE, ASVP-ESD, EmoGator), counts
    with the card or with that list under the same options. The folder that a clip lies in is no matter.

    Args:
        name: One of ``CORPORA``.
        root: Where the copy lies.
        options: The knobs of the selection; None for the defaults of that corpus.
        workers: Processes that decode.
        on_progress: Told after every clip.

    Returns:
        Every problem, in the order of the kinds and then of their subjects; empty when the copy is whole.

    Raises:
        ConfigError: No corpus has this name, or it has no such option.
        CorpusError: There is no such folder.
    """
    module = load_module(name)
    chosen = validate(module.Options, options or {}, source=f"corpus '{name}'")
    survey = module.survey(Path(root).expanduser(), chosen)
    problems = [
        *survey.refused,
        *survey.noticed,
        *_by_name(survey.corpus, module.expected(chosen)),
        *_by_ear(survey.corpus.clips, workers=workers, on_progress=on_progress),
    ]
    order = get_args(ProblemKind)
    return tuple(sorted(problems, key=lambda problem: (order.index(problem.kind), problem.subject)))


def _by_name(corpus: Corpus, expected: Expected) -> Iterator[Problem]:
    found = {clip.id for clip in corpus.clips}
    for clip_id in sorted(expected.required - found):
        yield Problem("missing", clip_id, f"'{clip_id}' is published and not here")
    if expected.known is not None:
        for clip_id in sorted(found - expected.known):
            yield Problem("extra", clip_id, f"'{clip_id}' is here and not published")
    here = tally(corpus.clips, over=expected.counts)
    for section, published in expected.counts.items():
        for value in sorted(published.keys() | here[section].keys()):
            n_here, n_published = here[section].get(value, 0), published.get(value, 0)
            if n_here != n_published:
                subject = "clips" if section == "clips" else f"{section} {value}"
                yield Problem("count", subject, f"{subject}: {n_here} here, {n_published} published")


def _by_ear(clips: tuple[Clip, ...], *, workers: int, on_progress: OnProgress | None) -> Iterator[Problem]:
    first_with: dict[str, str] = {}
    answers = decode_many_addressed((clip.source for clip in clips), workers=workers)
    for done, (clip, answer) in enumerate(zip(clips, answers, strict=True), start=1):
        match answer:
            case TruncatedAudioError():
                yield Problem("truncated", clip.id, str(answer))
            case AudioError():
                yield Problem("unreadable", clip.id, str(answer))
            case Addressed(samples=samples) if _is_silent(samples):
                yield Problem("silent", clip.id, f"no sample of {clip.source} is louder than -80 dB")
            case Addressed(audio_sha256=digest) if digest in first_with:
                other = first_with[digest]
                yield Problem("duplicate", clip.id, f"'{clip.id}' and '{other}' have the same samples")
            case Addressed(audio_sha256=digest):
                first_with[digest] = clip.id
        if on_progress is not None:
            on_progress(done, len(clips))


def _is_silent(samples: Samples) -> bool:
    return bool(np.abs(samples).max() <= SILENCE)
