"""The store loses nothing that it said it had, and never hands out what is damaged."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from nver.embeddings import Store, extract, gc, ls, shards, verify
from nver.errors import StoreError
from nver.types import Clip

Make = Callable[..., Any]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def vector_shards(store: Store) -> list[Path]:
    return sorted(store.root.glob("vectors/*/*.parquet"))


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(bytes(data))


def in_two_shards(clips: list[Clip], make_encoder: Make, store: Store) -> tuple[Path, Path]:
    """The shard of the first half of the clips, and that of the second."""
    extract(clips[:15], make_encoder(), store=store, workers=0)
    (first,) = vector_shards(store)
    extract(clips, make_encoder(), store=store, workers=0)
    (second,) = set(vector_shards(store)) - {first}
    return first, second


def test_a_damaged_shard_is_named_and_never_read(clips: list[Clip], make_encoder: Make, store: Store) -> None:
    first, _ = in_two_shards(clips, make_encoder, store)
    flip_a_bit(first)
    with pytest.raises(StoreError, match=f"shard {first} is damaged: .*nver embed --recompute"):
        extract(clips, make_encoder(), store=store, workers=0)
    assert [damage.path for damage in verify(store)] == [first]


def test_a_damaged_shard_is_recomputed_on_request_and_no_other(
    clips: list[Clip], make_encoder: Make, store: Store
) -> None:
    first, second = in_two_shards(clips, make_encoder, store)
    whole = extract(clips, make_encoder(), store=store, workers=0)
    flip_a_bit(first)
    encoder = make_encoder()
    again = extract(clips, encoder, store=store, workers=0, recompute=True)
    assert encoder.n_embedded == 15
    assert second.exists()
    np.testing.assert_array_equal(again.table.vectors, whole.table.vectors)
    assert verify(store) == []


def test_a_damaged_memory_of_decoding_is_named_and_recomputed_on_request(
    clips: list[Clip], make_encoder: Make, store: Store
) -> None:
    extract(clips, make_encoder(), store=store, workers=0)
    (memory,) = store.root.glob("decoded/*/*.parquet")
    flip_a_bit(memory)
    with pytest.raises(StoreError, match=f"shard {memory} is damaged"):
        extract(clips, make_encoder(), store=store, workers=0)
    assert extract(clips, make_encoder(), store=store, workers=0, recompute=True).n_found == 30


def test_a_truncated_or_renamed_shard_is_damaged(clips: list[Clip], make_encoder: Make, store: Store) -> None:
    first, second = in_two_shards(clips, make_encoder, store)
    first.write_bytes(first.read_bytes()[:-1])
    renamed = second.rename(second.with_stem("0" * 64))
    assert {damage.path for damage in verify(store)} == {first, renamed}


def test_a_shard_that_vanishes_while_it_is_wanted_is_an_error(
    clips: list[Clip], encoder: Any, store: Store
) -> None:
    extract(clips, encoder, store=store, workers=0)
    shelf = store.vectors(encoder)
    (path,) = vector_shards(store)
    key = pd.read_parquet(path)["audio_sha256"][0]
    path.unlink()
    with pytest.raises(StoreError, match=r"cannot read .*No such file.*; run again"):
        shelf.rows([key])


def test_vectors_of_another_length_under_the_same_fingerprint_are_refused(
    clips: list[Clip], make_encoder: Make, store: Store
) -> None:
    extract(clips, make_encoder(), store=store, workers=0)
    with pytest.raises(StoreError, match="holds vectors of length 4; expected 5"):
        extract(clips, make_encoder(dim=5), store=store, workers=0)


def test_a_disk_that_refuses_is_an_error_with_the_path(
    clips: list[Clip], encoder: Any, tmp_path: Path
) -> None:
    (tmp_path / "store").write_text("a file where the store should be")
    with pytest.raises(StoreError, match=r"cannot write .*store.*; free space or choose another store"):
        extract(clips, encoder, store=Store(tmp_path / "store"), workers=0)


def test_shards_are_written_before_memory_fills(clips: list[Clip], encoder: Any, tmp_path: Path) -> None:
    monkey = sys.modules["nver.embeddings.extract"]
    batch_clips, monkey.BATCH_CLIPS = monkey.BATCH_CLIPS, 4  # type: ignore[attr-defined]
    try:
        store = Store(tmp_path / "store", shard_bytes=8 * 4 * encoder.dim)
        extract(clips, encoder, store=store, workers=0)
    finally:
        monkey.BATCH_CLIPS = batch_clips  # type: ignore[attr-defined]
    assert sorted(len(pd.read_parquet(path)) for path in vector_shards(store)) == [6, 8, 8, 8]


def test_pandas_reads_a_shard(clips: list[Clip], encoder: Any, store: Store) -> None:
    table = extract(clips, encoder, store=store, workers=0).table
    (path,) = vector_shards(store)
    frame = pd.read_parquet(path)
    assert set(map(tuple, frame["vector"])) == set(map(tuple, table.vectors))


# --- ls, gc ---


def test_ls_says_what_is_there(clips: list[Clip], make_encoder: Make, store: Store) -> None:
    assert ls(store) == []
    in_two_shards(clips, make_encoder, store)
    extract(clips[:3], make_encoder(fingerprint="e" * 64), store=store, workers=0)
    holdings = ls(store)
    assert [(h.encoder, h.fingerprint[0], h.dim, h.n_rows, h.n_shards) for h in holdings] == [
        ("counting", "e", 4, 3, 1),
        ("counting", "f", 4, 30, 2),
    ]
    assert holdings[1].n_bytes == sum(p.stat().st_size for p in vector_shards(store) if "fff" in str(p))


def test_ls_names_a_directory_that_it_cannot_read(clips: list[Clip], encoder: Any, store: Store) -> None:
    extract(clips, encoder, store=store, workers=0)
    (card,) = store.root.glob("vectors/*/card.json")
    card.write_text("{")
    with pytest.raises(StoreError, match=f"{card.parent} is damaged .*; run nver store verify"):
        ls(store)


def test_gc_removes_leftovers_damage_and_repeats_and_no_row(
    clips: list[Clip], make_encoder: Make, store: Store, tmp_path: Path
) -> None:
    first, second = in_two_shards(clips, make_encoder, store)
    other = Store(tmp_path / "other")
    extract(clips, make_encoder(), store=other, workers=0)
    (whole,) = vector_shards(other)
    (first.parent / whole.name).write_bytes(whole.read_bytes())  # as a second process would have left it
    old, young = (first.parent / f"{shards.LEFTOVER_PREFIX}{name}" for name in ("1-old", "2-young"))
    for path in (old, young):
        path.write_bytes(b"half a shard")
    os.utime(old, (0, 0))
    damaged = first.parent / f"{'0' * 64}.parquet"
    damaged.write_bytes(b"damage")
    freed = gc(store)
    assert set(freed.paths) == {first, second, old, damaged}
    assert young.exists()
    assert extract(clips, make_encoder(), store=store, workers=0).n_found == 30
    assert gc(store).paths == ()


# --- death and company ---

SCRIPT = """
import os, sys, time
from pathlib import Path
import numpy as np
from nver.embeddings import Store, extract
from nver.encoders import EncoderCard
from nver.types import AudioFile, Clip

sys.modules["nver.embeddings.extract"].BATCH_CLIPS = 2

class Slow:
    card = EncoderCard(name="slow", title="-", family="test", dim=4, licence="-", citation="-")
    fingerprint, dim, provenance = "f" * 64, 4, {}
    def embed(self, waves):
        time.sleep(0.004)
        return np.array([[w.mean(), w.std(), w.size, w[0]] for w in waves], np.float32)

def run(clips, store):
    with open(store + ".progress", "a") as log:
        def note(progress):
            print(progress.n_done, file=log, flush=True)
        kept = Store(Path(store), shard_s=0.0)
        table = extract(clips, Slow(), store=kept, workers=0, on_progress=note).table
    table.save(Path(store + ".table.parquet"))

clips = [Clip(p.name, AudioFile(p), "x") for p in sorted(Path(sys.argv[1]).glob("*.wav"))]
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        run(clips, line.strip())
        os._exit(0)
    print(pid, flush=True)
    os.waitpid(pid, 0)
    print("over", flush=True)
"""


class Runs:
    """Extractions in processes of their own, forked from one that has imported all it needs."""

    def __init__(self, folder: Path, clips: Path) -> None:
        (folder / "run.py").write_text(SCRIPT)
        self._parent = subprocess.Popen(
            [sys.executable, str(folder / "run.py"), str(clips)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, store: Path) -> int:
        assert self._parent.stdin is not None
        self._parent.stdin.write(f"{store}\n")
        self._parent.stdin.flush()
        assert self._parent.stdout is not None
        return int(self._parent.stdout.readline())

    def wait(self) -> None:
        assert self._parent.stdout is not None
        assert self._parent.stdout.readline() == "over\n"

    def close(self) -> None:
        self._parent.communicate(timeout=10)


@pytest.fixture
def runs(tmp_path: Path, clips: list[Clip]) -> Iterator[Callable[[], Runs]]:
    made: list[Runs] = []

    def make() -> Runs:
        made.append(Runs(tmp_path, clips[0].source.path.parent))
        return made[-1]

    yield make
    for each in made:
        each.close()


def reported(store: Path) -> int:
    """Rows that a run has said it has."""
    log = Path(f"{store}.progress")
    lines = log.read_text().splitlines(keepends=True) if log.exists() else []
    return max((int(line) for line in lines if line.endswith("\n")), default=0)


def wait_for_progress(store: Path, n_rows: int) -> None:
    deadline = time.monotonic() + 10
    while reported(store) < n_rows and time.monotonic() < deadline:
        time.sleep(0.001)


def rows_on_disk(store: Path) -> int:
    keys: set[str] = set()
    for path in store.glob("vectors/*/*.parquet"):
        keys.update(pq.ParquetFile(path).read(["audio_sha256"])["audio_sha256"].to_pylist())
    return len(keys)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks, to save twenty starts of Python")
def test_killed_at_twenty_moments_it_goes_on_and_ends_with_the_same_table(
    runs: Callable[[], Runs], tmp_path: Path
) -> None:
    moments = random.Random(0)
    runner = runs()
    stores = [tmp_path / "killed-0"]
    n_kept, moments_met = 0, set()
    for _ in range(20):
        if n_kept > 20:  # nearly done: begin anew, so that every kill falls into work
            stores.append(tmp_path / f"killed-{len(stores)}")
            n_kept = 0
        store = stores[-1]
        pid = runner.start(store)
        wait_for_progress(store, n_kept + moments.randint(0, 6))
        time.sleep(moments.uniform(0, 0.008))  # a batch takes 4 ms, and about as much again to store
        os.kill(pid, signal.SIGKILL)
        runner.wait()
        assert verify(Store(store)) == []
        n_before, n_kept = n_kept, rows_on_disk(store)
        assert n_kept >= max(n_before, reported(store))
        moments_met.add(n_kept)
    assert len(moments_met) > 5
    runner.start(stores[-1])
    runner.wait()
    runner.start(tmp_path / "whole")
    runner.wait()
    tables = [Path(f"{path}.table.parquet").read_bytes() for path in (stores[-1], tmp_path / "whole")]
    assert tables[0] == tables[1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the script forks")
def test_two_processes_on_one_store_do_no_harm(runs: Callable[[], Runs], tmp_path: Path) -> None:
    store = tmp_path / "shared"
    both = [runs(), runs()]
    for runner in both:
        runner.start(store)
    for runner in both:
        runner.wait()
    assert verify(Store(store)) == []
    assert rows_on_disk(store) == 30
    assert ls(Store(store))[0].n_rows >= 30
    both[0].start(tmp_path / "alone")
    both[0].wait()
    shared, alone = (Path(f"{tmp_path / name}.table.parquet").read_bytes() for name in ("shared", "alone"))
    assert shared == alone
