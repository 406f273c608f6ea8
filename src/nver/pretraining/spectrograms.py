"""Log-mel spectrograms of a corpus, computed once, and windows of them by memory map."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nver import fingerprint
from nver.audio import decode_many, decoder_fingerprint
from nver.errors import AudioError
from nver.models import logmel
from nver.models.patches import N_FRAMES
from nver.types import Clip, Labels

_NUMBERS, _LENGTHS = "frames.f16", "lengths.json"


@dataclass(frozen=True, eq=False)
class Spectrograms:
    """The normalised log-mel of each clip.

    Attributes:
        frames: (all frames, 80) float16, clip after clip; a memory map.
        first: (n_clips + 1,) where each clip begins.
        key: Digest of the clips' places and of the code that reads them.
    """

    frames: npt.NDArray[np.float16]
    first: npt.NDArray[np.int64]
    key: str

    def __len__(self) -> int:
        return len(self.first) - 1

    def windows(self, rows: Labels, draws: torch.Generator | None = None) -> Tensor:
        """(n, 200, 80) float32: a window of 2 s of each clip, zeros behind a shorter one.

        Args:
            rows: (n,) which clips.
            draws: Decides where in a longer clip the window lies; None takes its beginning.
        """
        found = np.zeros((len(rows), N_FRAMES, logmel.N_BANDS), np.float32)
        chances = torch.rand(len(rows), generator=draws).tolist() if draws is not None else [0.0] * len(rows)
        for window, row, chance in zip(found, rows.tolist(), chances, strict=True):
            begin, end = int(self.first[row]), int(self.first[row + 1])
            begin += int(chance * (max(0, end - begin - N_FRAMES) + 1))
            end = min(end, begin + N_FRAMES)
            window[: end - begin] = self.frames[begin:end]
        return torch.from_numpy(found)


def spectrograms_of(
    clips: Sequence[Clip],
    home: Path,
    *,
    workers: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> Spectrograms:
    """The spectrograms of clips, read from a folder below ``home`` or written there, whole or not at all.

    Args:
        clips: In the order of the rows.
        home: Holds a folder for every set of clips. A file that changes its size or time of change is new.
        workers: Decoding processes.
        on_progress: Told of clips done and of all.

    Raises:
        AudioError: A clip cannot be decoded.
    """
    key = fingerprint.of_data([logmel.VERSION, decoder_fingerprint(), [_identity(clip) for clip in clips]])
    folder = home / key[:32]
    if not folder.is_dir():
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix=".new-") as new:
            made = Path(new) / "made"
            made.mkdir()
            _write(clips, made, workers=workers, on_progress=on_progress)
            try:
                made.rename(folder)
            except OSError:  # somebody else was faster
                if not folder.is_dir():
                    raise
    lengths = json.loads((folder / _LENGTHS).read_text(encoding="utf-8"))
    first = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    shape = (int(first[-1]), logmel.N_BANDS)
    return Spectrograms(np.memmap(folder / _NUMBERS, np.float16, "r", shape=shape), first, key)


def _identity(clip: Clip) -> list[Any]:
    state = clip.source.path.stat()
    return [clip.id, clip.source.offset, clip.source.n_bytes, state.st_size, state.st_mtime_ns]


def _write(
    clips: Sequence[Clip], folder: Path, *, workers: int, on_progress: Callable[[int, int], None] | None
) -> None:
    lengths: list[int] = []
    answers = decode_many((clip.source for clip in clips), workers=workers)
    try:
        with (folder / _NUMBERS).open("wb") as file:
            for answer in answers:
                if isinstance(answer, AudioError):
                    raise answer
                spectrogram = logmel.log_mel(torch.from_numpy(answer)).numpy().astype(np.float16)
                file.write(spectrogram.tobytes())
                lengths.append(len(spectrogram))
                if on_progress is not None:
                    on_progress(len(lengths), len(clips))
    finally:
        answers.close()
    (folder / _LENGTHS).write_text(json.dumps(lengths), encoding="utf-8")
