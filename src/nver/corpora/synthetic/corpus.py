"""The synthetic corpus on disk: which clips, where, and what says loudly that nobody is heard."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from nver.corpora.synthetic.clip import render, wav
from nver.corpora.synthetic.guises import GUISES, Guise
from nver.errors import ConfigError, CorpusError
from nver.names import suggest

MARKER = "SYNTHETIC.txt"
"""The file in the corpus's root that says what it is."""

_VERSION = 1  # of the sound: raised when the same seed no longer gives the same bytes

_WARNING = """\
THIS IS NOT {title}. NOBODY IS HEARD HERE.

Every file below this folder was computed by nver's vocal-burst synthesiser. The names are those of the
{title} corpus, so that software that reads {title} can be tried on it; the sounds, the eleven speakers and
their emotions are made up. Scores on these files say nothing about people.
{title} itself: {homepage}

synthesiser version {version}, seed {seed}
"""


def synthesise(
    to: Path,
    *,
    seed: int = 0,
    n_clips: int | None = None,
    names_of: str = "vivae",
    on_progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the synthetic corpus, so that ``open_corpus(names_of, to)`` loads it.

    A clip depends on its name and on the seed alone: any subset holds the same bytes as the whole
    corpus, and a run that was interrupted is completed by the next. Every run on one machine gives
    the same bytes; between processors or versions of numpy, samples may differ by a step of 16
    bits.

    Args:
        to: The root; made if absent. Holds ``full_set/*.wav`` (44.1 kHz, 16 bit, mono; others have other
            folders) and ``SYNTHETIC.txt``.
        seed: 0 or more; another seed is another corpus, with other habits of the same eleven voices.
        n_clips: How many clips, spread over speakers and emotions; as many as the corpus has by default.
        names_of: Whose names and classes: ``vivae``, ``jnv`` or ``asvp-esd``.
        on_progress: Called with (clips there, clips wanted), after each clip.

    Returns:
        ``to``.

    Raises:
        ConfigError: ``seed`` or ``n_clips`` is out of range, or there are no names of such a corpus.
        CorpusError: ``to`` holds files that this run would not have written.
    """
    if seed < 0:
        raise ConfigError(f"seed = {seed}: expected 0 or more")
    guise = _guise(names_of)
    names = clip_names(n_clips, names_of=names_of)
    marker = _WARNING.format(version=_VERSION, seed=seed, title=guise.title, homepage=guise.homepage)
    _refuse_other_files(to, {f"{guise.folder}/{name}" for name in names}, marker)
    folder = to / guise.folder
    folder.mkdir(parents=True, exist_ok=True)
    _write(to / MARKER, marker.encode())
    for n_there, name in enumerate(names, start=1):
        if not (folder / name).exists():
            _write(folder / name, wav(render(name, seed=seed, guise=guise)))
        if on_progress is not None:
            on_progress(n_there, len(names))
    return to


def clip_names(n_clips: int | None = None, *, names_of: str = "vivae") -> tuple[str, ...]:
    """The file names of a corpus of that size, sorted; each size holds all smaller ones.

    Every speaker and emotion (in ASVP-ESD, with its 129 speakers: every emotion) gets one clip, then a
    second one, and so on, in no order of intensity.

    Raises:
        ConfigError: The corpus has fewer clips, ``n_clips`` is below 1, or there is no such corpus.

    >>> [name[:6] for name in clip_names(66)[:7]]
    ['S01_ac', 'S01_an', 'S01_fe', 'S01_pa', 'S01_pl', 'S01_su', 'S02_ac']
    """
    guise = _guise(names_of)
    names = guise.names()
    if n_clips is None:
        return names
    if not 1 <= n_clips <= len(names):
        raise ConfigError(f"n_clips = {n_clips}: expected 1 to {len(names)}, as many as {guise.title} has")
    shuffled = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    turns: Counter[tuple[str, ...]] = Counter()
    turn_of = {}
    for name in shuffled:
        cell = guise.cell(name)
        turn_of[name] = turns[cell]
        turns[cell] += 1
    return tuple(sorted(sorted(shuffled, key=turn_of.__getitem__)[:n_clips]))


def _guise(names_of: str) -> Guise:
    if names_of not in GUISES:
        raise ConfigError(f"no names of '{names_of}' to borrow. {suggest(names_of, GUISES)}")
    return GUISES[names_of]


def _refuse_other_files(to: Path, places: set[str], marker: str) -> None:
    """Raise unless whatever ``to`` holds is a part of the same corpus."""
    if to.exists() and not to.is_dir():
        raise CorpusError(f"{to} is a file; expected a folder to write the corpus to, or none yet")
    present = {path.relative_to(to).as_posix() for path in to.rglob("*") if not path.is_dir()}
    ours = {MARKER, *places}
    others = sorted(present - ours - {f"{place}.part" for place in ours})
    if others:
        raise CorpusError(
            f"{to} holds {len(others)} file(s) that are not among the {len(places)} clips asked for, "
            f"'{others[0]}' the first; expected an empty folder or the same corpus: choose another folder"
        )
    if MARKER in present and (to / MARKER).read_text() != marker:
        raise CorpusError(
            f"{to / MARKER} is of another seed or version; expected '{marker.splitlines()[-1]}': "
            "choose another folder"
        )
    if MARKER not in present and present & places:
        raise CorpusError(
            f"{to} holds clips but no {MARKER}, so they may be recordings; choose another folder"
        )


def _write(path: Path, content: bytes) -> None:
    """All of it or none: a name that exists is a file that is complete."""
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
