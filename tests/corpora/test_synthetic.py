"""The synthetic corpus: same seed, same bytes; VIVAE's names; sounds that differ as they are meant to."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from nver.corpora import open_corpus
from nver.corpora.label_maps import VIVAE_LABELS
from nver.corpora.synthetic import MARKER, clip_names, synthesise
from nver.corpora.synthetic.clip import render, wav
from nver.corpora.synthetic.gestures import EMOTIONS, GESTURES
from nver.corpora.synthetic.speakers import SPEAKERS
from nver.corpora.synthetic.voice import RATE_HZ, Burst, sound
from nver.errors import ConfigError, CorpusError

Wave = npt.NDArray[np.float64]
SAMPLE = clip_names(66)


@pytest.fixture(scope="module")
def sample() -> dict[str, Wave]:
    """One clip of every speaker and emotion."""
    return {name: render(name, seed=0) for name in SAMPLE}


def content(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def steady(speaker_pitch_hz: float, **changes: float) -> Burst:
    """A plain vowel."""
    return Burst(duration_s=0.4, pitch_hz=speaker_pitch_hz, breath=0.02, decay=0.2, **changes)


def fundamental_hz(x: Wave) -> float:
    """The highest peak of the autocorrelation between 60 and 500 Hz, of the middle of a vowel."""
    middle = x[len(x) // 4 : 3 * len(x) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 4 * len(middle))) ** 2
    correlation = np.fft.irfft(spectrum)
    shortest, longest = RATE_HZ // 500, RATE_HZ // 60
    return RATE_HZ / (shortest + int(np.argmax(correlation[shortest:longest])))


def n_sounds(x: Wave) -> int:
    """How many stretches are above a tenth of the largest level, 30 ms or more apart."""
    level = np.sqrt(np.convolve(x * x, np.ones(882) / 882, mode="same"))
    loud = np.flatnonzero(level > 0.1 * level.max())
    return 1 + int(np.sum(np.diff(loud) > 0.03 * RATE_HZ))


def centroid_hz(x: Wave) -> float:
    power = np.abs(np.fft.rfft(x)) ** 2
    return float(np.sum(power * np.fft.rfftfreq(len(x), 1 / RATE_HZ)) / power.sum())


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first, again, other = (
        content(synthesise(tmp_path / name, seed=seed, n_clips=6))
        for name, seed in (("a", 7), ("b", 7), ("c", 8))
    )
    assert first == again
    assert first.keys() == other.keys()
    assert all(first[name] != other[name] for name in first)


def test_a_subset_holds_the_same_bytes_as_the_whole(tmp_path: Path) -> None:
    few, more = (
        content(synthesise(tmp_path / "few", n_clips=5)),
        content(synthesise(tmp_path / "more", n_clips=12)),
    )
    assert few.items() <= more.items()
    assert len(more) == 12 + 1


def test_each_size_holds_all_smaller_ones_and_spreads_over_speakers_and_emotions() -> None:
    assert set(clip_names(10)) < set(clip_names(66)) < set(clip_names(500)) < set(clip_names())
    cells = [tuple(name.split("_")[:2]) for name in clip_names(132)]
    assert {cells.count(cell) for cell in cells} == {2}
    assert len(set(cells)) == 11 * 6
    assert {name.split("_")[2] for name in SAMPLE} == {"low", "moderate", "strong", "peak"}


def test_all_names_are_those_of_the_full_set() -> None:
    names = clip_names()
    assert len(names) == len(set(names)) == 1085
    assert {"S08_pleasure_strong_011.wav", "S08_pleasure_strong_11.wav"} <= set(names)
    assert {name.split("_")[0] for name in names} == {speaker.name for speaker in SPEAKERS}
    assert {name.split("_")[1] for name in names} == set(VIVAE_LABELS) < set(EMOTIONS)


def test_vivae_loads_it(tmp_path: Path) -> None:
    corpus = open_corpus("vivae", synthesise(tmp_path / "corpus", n_clips=66))
    assert len(corpus.clips) == 66
    assert {clip.label for clip in corpus.clips} == set(corpus.labels)
    assert {clip.speaker for clip in corpus.clips} == {speaker.name for speaker in SPEAKERS}


def test_files_are_16_bit_mono_at_vivaes_rate_and_the_folder_says_what_they_are(tmp_path: Path) -> None:
    root = synthesise(tmp_path / "corpus", seed=3, n_clips=1)
    info = soundfile.info(next((root / "full_set").iterdir()))
    assert (info.samplerate, info.channels, info.subtype) == (44_100, 1, "PCM_16")
    assert "NOT VIVAE" in (root / MARKER).read_text()
    assert "seed 3" in (root / MARKER).read_text()


def test_clips_last_as_long_as_vocal_bursts_do(sample: dict[str, Wave]) -> None:
    durations_s = np.array([len(x) / RATE_HZ for x in sample.values()])
    assert durations_s.min() > 0.2
    assert durations_s.max() < 5.0
    assert 0.6 < np.median(durations_s) < 1.4


def test_nothing_clips_or_is_offset_or_starts_or_ends_in_a_click(sample: dict[str, Wave]) -> None:
    for name, x in sample.items():
        assert np.isfinite(x).all(), name
        assert 0.05 < np.abs(x).max() < 0.95, name
        assert abs(x.mean()) < 1e-4, name
        assert np.abs(x[[0, -1]]).max() == 0, name
        assert np.abs(x[:220]).max() < 0.01, name
        assert np.abs(x[-220:]).max() < 0.05 * np.abs(x).max(), name


def test_the_file_is_the_clip_rounded_to_16_bits(sample: dict[str, Wave]) -> None:
    x = sample[SAMPLE[0]]
    read, _ = soundfile.read(io.BytesIO(wav(x)), dtype="float64")
    np.testing.assert_allclose(read, x, atol=1.1 / 32768)


@pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)
def test_a_relaxed_vowel_has_the_pitch_of_its_speaker(speaker) -> None:
    burst = steady(speaker.pitch_hz, tract_cm=speaker.tract_cm, rough=speaker.rough / 4)
    heard = sound(burst, np.random.default_rng(1))
    assert fundamental_hz(heard) == pytest.approx(speaker.pitch_hz, rel=0.05)


def test_no_two_speakers_share_pitch_and_tract() -> None:
    assert len({(speaker.pitch_hz, speaker.tract_cm) for speaker in SPEAKERS}) == len(SPEAKERS) == 11


def test_a_longer_tract_lowers_the_resonances() -> None:
    short, long = (
        centroid_hz(sound(steady(150.0, tract_cm=length), np.random.default_rng(0)))
        for length in (14.0, 18.0)
    )
    assert short > 1.1 * long


def test_tension_brightens_and_breath_fills_the_gaps_between_harmonics() -> None:
    def voiced(**changes: float) -> Wave:
        burst = Burst(duration_s=0.4, pitch_hz=200.0, **{"breath": 0.02, **changes})
        return sound(burst, np.random.default_rng(0))

    assert centroid_hz(voiced(tension=0.9)) > 1.3 * centroid_hz(voiced(tension=0.1))
    assert _periodicity(voiced(breath=0.8)) < 0.8 * _periodicity(voiced())
    assert _periodicity(voiced(rough=0.9)) < 0.9 * _periodicity(voiced())


def _periodicity(x: Wave) -> float:
    """Correlation of the middle of a sound with itself, one period of 200 Hz later."""
    lag = RATE_HZ // 200
    middle = x[len(x) // 4 : 3 * len(x) // 4]
    return float(np.corrcoef(middle[lag:], middle[:-lag])[0, 1])


def test_laughs_come_in_many_sounds_and_moans_in_one_or_two() -> None:
    def counts(emotion: str) -> list[int]:
        names = [name for name in clip_names() if f"_{emotion}_peak" in name][:30]
        return sorted(n_sounds(render(name, seed=0)) for name in names)

    laughs_and_cheers, moans = counts("achievement"), counts("pleasure")
    assert laughs_and_cheers[-8] >= 4  # about half of achievement's clips are laughs
    assert np.median(moans) <= 2
    assert GESTURES["laugh"].bursts > 3 * GESTURES["moan"].bursts


def test_peak_is_louder_than_low() -> None:
    def level(intensity: str) -> float:
        names = [name for name in clip_names() if f"S04_anger_{intensity}" in name]
        return float(np.mean([np.abs(render(name, seed=0)).max() for name in names]))

    assert level("peak") > 2 * level("low")


def test_a_run_completes_what_an_earlier_one_left_and_keeps_the_rest(tmp_path: Path) -> None:
    root = synthesise(tmp_path, n_clips=4)
    whole = content(root)
    first, second, *kept = sorted((root / "full_set").iterdir())
    first.unlink()
    second.rename(second.with_name(f"{second.name}.part"))  # as an interrupted run leaves it
    before = [path.stat().st_mtime_ns for path in kept]
    calls: list[tuple[int, int]] = []
    synthesise(root, n_clips=4, on_progress=lambda done, total: calls.append((done, total)))
    assert content(root) == whole
    assert [path.stat().st_mtime_ns for path in kept] == before
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_an_interrupted_run_leaves_no_half_file_under_a_clips_name(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesise(tmp_path, n_clips=3, on_progress=stop)
    assert [path.name for path in (tmp_path / "full_set").iterdir()] == [clip_names(3)[0]]
    assert content(synthesise(tmp_path, n_clips=3)).keys() == {MARKER, *clip_names(3)}


def test_a_folder_with_another_seed_or_other_files_is_refused(tmp_path: Path) -> None:
    synthesise(tmp_path / "a", seed=0, n_clips=2)
    with pytest.raises(
        CorpusError, match=r"of another seed or version; expected 'synthesiser version \d+, seed 1'"
    ):
        synthesise(tmp_path / "a", seed=1, n_clips=2)
    with pytest.raises(CorpusError, match=r"holds 1 file.* not among the 1 clips asked for"):
        synthesise(tmp_path / "a", n_clips=1)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "thesis.txt").write_text("mine")
    with pytest.raises(CorpusError, match=r"'thesis\.txt' the first"):
        synthesise(tmp_path / "b", n_clips=2)
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["thesis.txt"]


def test_clips_without_the_marker_may_be_recordings_and_are_left_alone(tmp_path: Path) -> None:
    recording = tmp_path / "full_set" / clip_names(1)[0]
    recording.parent.mkdir()
    recording.write_bytes(b"a real voice")
    with pytest.raises(CorpusError, match="may be recordings"):
        synthesise(tmp_path, n_clips=1)
    assert recording.read_bytes() == b"a real voice"


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(CorpusError, match="is a file"):
        synthesise(tmp_path / "x")


@pytest.mark.parametrize("n_clips", [0, -1, 1086])
def test_a_size_that_vivae_does_not_have_is_refused(tmp_path: Path, n_clips: int) -> None:
    with pytest.raises(ConfigError, match=f"n_clips = {n_clips}: expected 1 to 1085"):
        synthesise(tmp_path, n_clips=n_clips)


def test_a_negative_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="seed = -1: expected 0 or more"):
        synthesise(tmp_path, seed=-1)


@pytest.mark.parametrize(("corpus", "n_names", "n_clips"), [("jnv", 420, 24), ("asvp-esd", 7545, 13)])
def test_other_corpora_open_it_under_their_names(
    tmp_path: Path, corpus: str, n_names: int, n_clips: int
) -> None:
    assert len(set(clip_names(names_of=corpus))) == n_names
    root = synthesise(tmp_path / "corpus", n_clips=n_clips, names_of=corpus)
    opened = open_corpus(corpus, root)
    assert len(opened.clips) == n_clips
    assert {clip.label for clip in opened.clips} == set(opened.labels)
    assert f"THIS IS NOT {corpus.upper()}" in (root / MARKER).read_text()


def test_each_size_under_other_names_holds_all_smaller_ones() -> None:
    for corpus in ("jnv", "asvp-esd"):
        few, more = (set(clip_names(n, names_of=corpus)) for n in (20, 90))
        assert few < more < set(clip_names(names_of=corpus))


def test_names_of_a_corpus_that_has_none_to_lend_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no names of 'emogator' to borrow\. Known: asvp-esd, jnv, vivae"):
        synthesise(tmp_path / "x", names_of="emogator")
