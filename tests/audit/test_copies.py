"""Near copies planted in a small synthetic corpus; benchmarks/audit.py does the same with real clips."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from nver.audio.decoding import decode
from nver.audit.copies import Copy, find_copies, grouped
from nver.corpora.synthetic import synthesise
from nver.embeddings.store import Store
from nver.errors import AudioError
from nver.types import RATE_HZ, AudioFile, Clip

N_CLIPS = 44


def as_wav(wave, rate_hz: int = RATE_HZ) -> bytes:
    return encoded(np.clip(wave, -1, 1), "WAV", "PCM_16", rate_hz)


def encoded(wave, form: str, subtype: str, rate_hz: int = RATE_HZ, **how: float) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, wave, rate_hz, format=form, subtype=subtype, **how)
    return file.getvalue()


KINDS = {
    "gain": lambda wave: as_wav(wave * 10 ** (-12 / 20)),
    "8 kHz": lambda wave: as_wav(soxr.resample(wave, RATE_HZ, 8_000), 8_000),
    "22.05 kHz": lambda wave: as_wav(soxr.resample(wave, RATE_HZ, 22_050), 22_050),
    "MP3": lambda wave: encoded(wave, "MP3", "MPEG_LAYER_III"),
    "Opus": lambda wave: encoded(wave, "OGG", "OPUS", compression_level=0.9),
    "silence before": lambda wave: as_wav(np.concatenate([np.zeros(4_800, np.float32), wave])),
    "cut off": lambda wave: as_wav(wave[4_800:]),
    "none": as_wav,
}


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> tuple[list[Clip], set[tuple[int, int]]]:
    """A synthetic corpus with one copy of each kind, and which pairs they make."""
    root = tmp_path_factory.mktemp("planted")
    originals = sorted(synthesise(root / "corpus", n_clips=N_CLIPS, seed=3).rglob("*.wav"))
    clips = [Clip(id=path.name, source=AudioFile(path), label="any") for path in originals]
    pairs = set()
    for number, (kind, copied) in enumerate(KINDS.items()):
        of = 5 * number
        path = root / f"copy-{number}"
        path.write_bytes(copied(decode(clips[of].source)))
        pairs.add((of, len(clips)))
        clips.append(Clip(id=f"copy ({kind})", source=AudioFile(path), label="any"))
    return clips, pairs


@pytest.fixture(scope="module")
def found(planted, tmp_path_factory) -> tuple[Copy, ...]:
    return find_copies(planted[0], store=Store(tmp_path_factory.mktemp("store")), workers=0)


def test_every_planted_copy_is_found_and_nothing_else(planted, found):
    assert {(copy.first, copy.second) for copy in found} == planted[1]


def test_gain_and_offset_of_a_copy_are_told(planted, found):
    copies = {planted[0][copy.second].id: copy for copy in found}
    assert copies["copy (gain)"].gain_db == pytest.approx(-12, abs=0.1)
    assert copies["copy (silence before)"].lag_s == pytest.approx(0.3, abs=2e-3)
    assert copies["copy (cut off)"].lag_s == pytest.approx(-0.3, abs=2e-3)
    assert copies["copy (none)"].correlation == pytest.approx(1, abs=1e-3)
    assert copies["copy (none)"].even_correlation == pytest.approx(1, abs=1e-2)


def test_a_copy_of_a_copy_is_the_same_sound():
    chain = [Copy(0, 2, 1.0, 1.0, 0.0, 0.0), Copy(2, 4, 1.0, 1.0, 0.0, 0.0)]
    numbers = grouped(5, chain)
    assert numbers[0] == numbers[2] == numbers[4] is not None
    assert (numbers[1], numbers[3]) == (None, None)
    assert grouped(3, []) == [None, None, None]


def test_no_clips_have_no_copies_and_what_cannot_be_decoded_is_refused(tmp_path: Path):
    (tmp_path / "bad.wav").write_bytes(b"no audio")
    bad = [Clip(id="bad.wav", source=AudioFile(tmp_path / "bad.wav"), label="any")]
    with pytest.raises(AudioError, match="cannot decode"):
        find_copies(bad, store=Store(tmp_path / "store"), workers=0)
