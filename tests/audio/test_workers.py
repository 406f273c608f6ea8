"""Worker processes change nothing but the speed, and are gone when the caller is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from nver.audio import decode, decode_many, decode_many_addressed, workers
from nver.errors import AudioError, ConfigError, DecoderDiedError, TruncatedAudioError
from nver.types import AudioFile


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[AudioFile]:
    """40 whole clips of different lengths, one missing, one cut, one that is text."""
    folder = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(0)
    made = []
    for i in range(40):
        path = folder / f"{i:02d}.wav"
        soundfile.write(path, rng.uniform(-0.5, 0.5, 200 + 37 * i), 24_000)
        made.append(AudioFile(path))
    cut = folder / "cut.wav"
    cut.write_bytes((folder / "39.wav").read_bytes()[:-100])
    (folder / "text.wav").write_text("not audio")
    for place, name in ((0, "missing.wav"), (17, "cut.wav"), (33, "text.wav")):
        made.insert(place, AudioFile(folder / name))
    return made


def decode_or_error(source: AudioFile) -> object:
    try:
        return decode(source)
    except AudioError as error:
        return error


@pytest.mark.parametrize("n_workers", [0, 1, 2, 3])
def test_many_is_one_by_one_in_order_errors_included(sources: list[AudioFile], n_workers: int) -> None:
    answers = list(decode_many(sources, workers=n_workers))
    assert len(answers) == len(sources)
    for source, answer in zip(sources, answers, strict=True):
        alone = decode_or_error(source)
        if isinstance(alone, AudioError):
            assert type(answer) is type(alone)
            assert str(answer) == str(alone)
        else:
            np.testing.assert_array_equal(answer, alone)


def test_digests_from_a_worker_are_those_of_this_process(sources: list[AudioFile]) -> None:
    here, there = (list(decode_many_addressed(sources[1:9], workers=n)) for n in (0, 1))
    for a, b in zip(here, there, strict=True):
        assert not isinstance(a, AudioError)
        assert not isinstance(b, AudioError)
        assert (a.encoded_sha256, a.audio_sha256) == (b.encoded_sha256, b.audio_sha256)


def test_a_cut_file_keeps_its_kind_of_error_across_processes(sources: list[AudioFile]) -> None:
    assert isinstance(next(decode_many([sources[17]], workers=1)), TruncatedAudioError)


def test_no_sources_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_start", lambda: pytest.fail("a process was started"))
    assert list(decode_many([], workers=2)) == []


def test_fewer_workers_than_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="workers=-1: expected 0"):
        next(decode_many([], workers=-1))


def test_sources_are_read_only_as_far_ahead_as_jobs_are(
    sources: list[AudioFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "CHUNK_CLIPS", 4)
    n_asked = 0

    def ask() -> Iterator[AudioFile]:
        nonlocal n_asked
        for source in sources * 5:
            n_asked += 1
            yield source

    answers = decode_many(ask(), workers=1)
    for _ in range(5):
        next(answers)
    time.sleep(0.3)
    assert n_asked <= 4 * (2 + workers.CHUNKS_AHEAD)
    answers.close()


def test_a_job_holds_few_clips_when_they_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "CHUNK_BYTES", 1_000)
    clips = [AudioFile(Path("x.tar"), str(i), 0, n) for i, n in enumerate([400, 500, 300, 2_000, 1, 1])]
    assert [len(chunk) for chunk in workers._chunks(clips)] == [3, 1, 2]


def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    processes: list[subprocess.Popen[bytes]] = []
    start = workers._start

    def record() -> subprocess.Popen[bytes]:
        processes.append(start())
        return processes[-1]

    monkeypatch.setattr(workers, "_start", record)
    return processes


def test_closing_ends_the_workers(sources: list[AudioFile], monkeypatch: pytest.MonkeyPatch) -> None:
    processes = started(monkeypatch)
    answers = decode_many(sources * 20, workers=2)
    next(answers)
    answers.close()
    assert processes
    assert all(process.returncode is not None for process in processes)


def test_reading_to_the_end_ends_the_workers(
    sources: list[AudioFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = started(monkeypatch)
    list(decode_many(sources, workers=2))
    assert all(process.returncode is not None for process in processes)


def test_a_worker_that_dies_is_an_error_that_says_how(
    sources: list[AudioFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = started(monkeypatch)
    answers = decode_many(sources * 20, workers=1)
    next(answers)
    processes[0].kill()
    with pytest.raises(
        DecoderDiedError, match=r"ended \(signal 9\) while it read .*\.wav; check free memory"
    ):
        list(answers)


SCRIPT = """
import signal
import sys
from pathlib import Path
from nver.audio import decode_many, workers
from nver.types import AudioFile
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background starts deaf to Ctrl-C
start = workers._start
def record():
    process = start()
    print(process.pid, flush=True)
    return process
workers._start = record
source = AudioFile(Path(sys.argv[1]))
for samples in decode_many([source] * 1_000_000, workers=1):
    pass
"""


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill"])
def test_workers_end_with_their_parent_however_it_ends(
    sources: list[AudioFile], tmp_path: Path, ending: signal.Signals
) -> None:
    script = tmp_path / "run.py"  # no __main__ guard: none is needed
    script.write_text(SCRIPT)
    parent = subprocess.Popen(
        [sys.executable, str(script), str(sources[5].path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    time.sleep(0.2)
    assert is_alive(worker)
    parent.send_signal(ending)
    try:
        parent.communicate(timeout=10)
    finally:
        parent.kill()
    deadline = time.monotonic() + 5
    while is_alive(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(worker)


def test_workers_import_nothing_slow() -> None:
    code = (
        "import sys; import nver.audio.workers; "
        "print(sorted({'torch', 'transformers', 'scipy', 'pyarrow', 'pydantic'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_real_mp3s_decode_in_workers_as_they_do_alone(emogator_mp3: Path) -> None:
    paths = sorted(emogator_mp3.rglob("*.mp3"))[::90]
    files = [AudioFile(path) for path in paths]
    for source, samples in zip(files, decode_many(files, workers=2), strict=True):
        np.testing.assert_array_equal(samples, decode(source))
