"""Decoding in worker processes: in order, with bounded memory, and gone when the caller is.

A worker is a fresh interpreter that knows only this room: it shares nothing with the parent (which may hold
torch, threads and locks) and needs no ``if __name__ == "__main__"`` in the caller's script. It reads one line
of JSON a job and answers, for each file, one line of JSON followed by the samples themselves. It leaves when
its input ends, so it never outlives the parent, however that ends.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from nver import errors
from nver.audio.decoding import MAX_DURATION_S, Addressed, decode, decode_addressed
from nver.errors import AudioError, ConfigError, DecoderDiedError
from nver.types import AudioFile, Samples

CHUNK_CLIPS = 16
CHUNK_BYTES = 4 << 20
"""A job holds so many clips, or so many encoded bytes, whichever comes first."""

CHUNKS_AHEAD = 2
"""Jobs per worker that may be decoded before the caller has taken them."""

_PIPE_BYTES = 1 << 20

Answer = Addressed | AudioError


def decode_many(
    sources: Iterable[AudioFile], *, workers: int = 2, max_duration_s: float = MAX_DURATION_S
) -> Generator[Samples | AudioError]:
    """The samples of many recordings, in order; a recording that cannot be decoded gives its error.

    At most ``workers * CHUNKS_AHEAD`` jobs are in memory, however slowly the caller takes them. Closing the
    iterator, leaving it, or Ctrl-C ends the workers.

    Args:
        sources: Read as far ahead as jobs are, no further.
        workers: Processes; 0 decodes in this one.
        max_duration_s: As ``decode`` has it.

    Yields:
        For each source what ``decode`` returns, or the AudioError that it raises.

    Raises:
        DecoderDiedError: A worker ended before it had answered.
        ConfigError: ``workers`` is negative.
    """
    for answer in _answers(sources, workers=workers, max_duration_s=max_duration_s, addressed=False):
        yield answer if isinstance(answer, AudioError) else answer.samples


def decode_many_addressed(
    sources: Iterable[AudioFile], *, workers: int = 2, max_duration_s: float = MAX_DURATION_S
) -> Generator[Addressed | AudioError]:
    """As ``decode_many``, with the digests of bytes and samples, computed where the decoding is."""
    return _answers(sources, workers=workers, max_duration_s=max_duration_s, addressed=True)


def _answers(
    sources: Iterable[AudioFile], *, workers: int, max_duration_s: float, addressed: bool
) -> Generator[Answer]:
    if workers < 0:
        raise ConfigError(f"workers={workers}: expected 0 (decode in this process) or more")
    if workers == 0:
        for source in sources:
            yield _answer(source, max_duration_s=max_duration_s, addressed=addressed)
        return
    pool = _Pool(workers, {"max_duration_s": max_duration_s, "addressed": addressed})
    waiting: deque[Future[list[Answer]]] = deque()
    try:
        chunks = _chunks(sources)
        for chunk in islice(chunks, workers * CHUNKS_AHEAD):
            waiting.append(pool.submit(chunk))
        while waiting:
            answers = waiting.popleft().result()
            waiting.extend(pool.submit(chunk) for chunk in islice(chunks, 1))
            yield from answers
    finally:
        pool.close()


def _answer(source: AudioFile, *, max_duration_s: float, addressed: bool) -> Answer:
    try:
        if addressed:
            return decode_addressed(source, max_duration_s=max_duration_s)
        return Addressed(decode(source, max_duration_s=max_duration_s), "", "")
    except AudioError as error:
        return error


def _chunks(sources: Iterable[AudioFile]) -> Iterator[list[AudioFile]]:
    chunk: list[AudioFile] = []
    n_bytes = 0
    for source in sources:
        chunk.append(source)
        n_bytes += source.n_bytes if source.n_bytes is not None else _size(source.path)
        if len(chunk) == CHUNK_CLIPS or n_bytes >= CHUNK_BYTES:
            yield chunk
            chunk, n_bytes = [], 0
    if chunk:
        yield chunk


def _size(path: Path) -> int:
    """In bytes; 0 for a file that is not there, which the worker will say in its own words."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


class _Pool:
    """One thread for each worker process; the thread waits on the pipe, so that nobody else does."""

    def __init__(self, n_workers: int, options: dict[str, Any]) -> None:
        self._options = options
        self._threads = ThreadPoolExecutor(n_workers, thread_name_prefix="nver-decode")
        self._local = threading.local()
        self._lock = threading.Lock()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._is_closed = False

    def submit(self, chunk: Sequence[AudioFile]) -> Future[list[Answer]]:
        return self._threads.submit(self._ask, chunk)

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            for process in self._processes:
                process.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for process in self._processes:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(BrokenPipeError):  # a job that the worker never read
                    cast("IO[bytes]", pipe).close()

    def _ask(self, chunk: Sequence[AudioFile]) -> list[Answer]:
        process = self._process()
        questions, replies = cast("IO[bytes]", process.stdin), cast("io.BufferedReader", process.stdout)
        job = self._options | {"sources": [[str(s.path), s.member, s.offset, s.n_bytes] for s in chunk]}
        answers: list[Answer] = []
        try:
            questions.write(json.dumps(job).encode() + b"\n")
            questions.flush()
            for _ in chunk:
                answers.append(_receive(replies))  # noqa: PERF401  those before a death count
        except (EOFError, BrokenPipeError) as error:
            raise DecoderDiedError(
                f"a decoding process ended ({_how_it_ended(process)}) while it read {chunk[len(answers)]}; "
                "check free memory, or decode with workers=0 to see where"
            ) from error
        return answers

    def _process(self) -> subprocess.Popen[bytes]:
        process: subprocess.Popen[bytes] | None = getattr(self._local, "process", None)
        if process is None:
            with self._lock:
                if self._is_closed:
                    raise DecoderDiedError("decoding was stopped before this file's turn")
                process = self._local.process = _start()
                self._processes.append(process)
        return process


def _start() -> subprocess.Popen[bytes]:
    code = f"import sys; sys.path[:] = {sys.path!r}; from nver.audio.workers import serve; serve()"
    return subprocess.Popen(  # noqa: S603  our own interpreter, our own code
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pipesize=_PIPE_BYTES,
        start_new_session=True,  # Ctrl-C reaches the parent alone, which then ends its workers
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )


def _how_it_ended(process: subprocess.Popen[bytes]) -> str:
    code = process.wait()
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _receive(pipe: io.BufferedReader) -> Answer:
    line = pipe.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    head = json.loads(line)
    if "error" in head:
        error_type: Callable[[str], AudioError] = getattr(errors, head["error"])
        return error_type(head["message"])
    samples = np.empty(head["n_samples"], np.float32)
    if pipe.readinto(samples.data) < samples.nbytes:
        raise EOFError
    return Addressed(samples, head["encoded_sha256"], head["audio_sha256"])


def serve() -> None:
    """What a worker runs: answers jobs from standard input until it ends."""
    answers = os.fdopen(os.dup(1), "wb", buffering=1 << 18)
    os.dup2(2, 1)  # whatever a library prints must not fall among the samples
    try:
        for line in sys.stdin.buffer:
            job = json.loads(line)
            for path, member, offset, n_bytes in job["sources"]:
                source = AudioFile(Path(path), member, offset, n_bytes)
                answer = _answer(source, max_duration_s=job["max_duration_s"], addressed=job["addressed"])
                _send(answers, answer)
            answers.flush()
    except BrokenPipeError:
        os._exit(0)  # the parent was killed, and nobody is left to tell


def _send(pipe: IO[bytes], answer: Answer) -> None:
    if isinstance(answer, AudioError):
        head: dict[str, Any] = {"error": type(answer).__name__, "message": str(answer)}
        pipe.write(json.dumps(head).encode() + b"\n")
        return
    head = {
        "n_samples": answer.samples.size,
        "encoded_sha256": answer.encoded_sha256,
        "audio_sha256": answer.audio_sha256,
    }
    pipe.write(json.dumps(head).encode() + b"\n")
    pipe.write(answer.samples.data)
