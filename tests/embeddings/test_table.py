"""A table holds one finite vector for each clip, or does not exist."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nver.embeddings import EmbeddingTable
from nver.errors import StoreError


def numbered(n: int, dim: int = 3) -> EmbeddingTable:
    vectors = np.arange(n * dim, dtype=np.float32).reshape(n, dim)
    return EmbeddingTable(vectors, tuple(f"clip-{i}" for i in range(n)))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 9), max_size=20))
def test_rows_come_in_the_order_of_the_ids_asked_for(order: list[int]) -> None:
    table = numbered(10)
    np.testing.assert_array_equal(table.rows([f"clip-{i}" for i in order]), table.vectors[order])


def test_clips_that_are_missing_are_named() -> None:
    asked = ["clip-1", *(f"other-{i}" for i in range(7))]
    with pytest.raises(
        StoreError, match=r"out of step: of 8 clips .* 4 lacks 7: 'other-0', .*'other-4' and 2 more"
    ):
        numbered(4).rows(asked)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_vector_that_is_not_finite_is_refused_with_its_clip(bad: float) -> None:
    vectors = np.zeros((3, 2), np.float32)
    vectors[1, 1] = bad
    with pytest.raises(StoreError, match=r"NaN or infinity: 'b'$"):
        EmbeddingTable(vectors, ("a", "b", "c"))


@pytest.mark.parametrize(
    ("vectors", "ids", "message"),
    [
        (np.zeros((2, 2), np.float32), ("a", "a"), "more than once: 'a'"),
        (np.zeros((2, 2), np.float32), ("a",), "2 vectors came with 1 clip ids"),
        (np.zeros((2, 2)), ("a", "b"), "type float64; expected"),
        (np.zeros(2, np.float32), ("a", "b"), r"shape \(2,\)"),
    ],
)
def test_rows_and_ids_that_do_not_belong_together_are_refused(
    vectors: npt.NDArray[np.float32], ids: tuple[str, ...], message: str
) -> None:
    with pytest.raises(StoreError, match=message):
        EmbeddingTable(vectors, ids)


def test_vectors_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        numbered(2).vectors[0, 0] = 1


@pytest.mark.parametrize("n", [0, 1, 50])
def test_what_was_saved_is_loaded(tmp_path: Path, n: int) -> None:
    table = numbered(n)
    table.save(tmp_path / "new" / "table.parquet")
    loaded = EmbeddingTable.load(tmp_path / "new" / "table.parquet")
    np.testing.assert_array_equal(loaded.vectors, table.vectors)
    assert loaded.clip_ids == table.clip_ids
    assert loaded.dim == 3


def test_pandas_reads_a_saved_table(tmp_path: Path) -> None:
    numbered(4).save(tmp_path / "table.parquet")
    frame = pd.read_parquet(tmp_path / "table.parquet")
    assert list(frame.columns) == ["clip_id", "vector"]
    np.testing.assert_array_equal(np.stack(frame["vector"]), numbered(4).vectors)


@pytest.mark.parametrize("content", [None, b"", b"PAR1 but no more", "other columns"])
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "table.parquet"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        pd.DataFrame({"clip_id": ["a"], "vector": [1.0]}).to_parquet(path)
    with pytest.raises(StoreError, match=r"cannot read a table of embeddings from .*table\.parquet"):
        EmbeddingTable.load(path)
