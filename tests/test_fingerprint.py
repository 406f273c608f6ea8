from __future__ import annotations

import hashlib

import numpy as np
import pytest

from nver import fingerprint


def test_digests_are_those_of_sha256(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc" * 1_000_000)
    assert fingerprint.of_file(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    assert fingerprint.of_bytes(b"abc") == hashlib.sha256(b"abc").hexdigest()


def test_digests_of_arrays_never_change_between_versions_and_machines():
    """Stores and results are addressed by them: a change here makes every stored embedding unfindable."""
    array = np.arange(6, dtype="<f4").reshape(2, 3)
    expected = hashlib.sha256(b"<f4(2, 3)\0" + array.tobytes()).hexdigest()
    assert fingerprint.of_array(array) == expected
    assert fingerprint.of_array(array.astype(">f4")) == expected


def test_digests_of_arrays_depend_on_content_and_not_on_layout():
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert fingerprint.of_array(array) == fingerprint.of_array(np.asfortranarray(array))
    assert fingerprint.of_array(array[:, ::2]) == fingerprint.of_array(array[:, ::2].copy())
    others = [array.reshape(4, 3), array + 1, array.astype(np.float64), array[:2]]
    assert len({fingerprint.of_array(other) for other in [array, *others]}) == 5


def test_digests_of_data_depend_on_order_in_lists_and_not_in_tables():
    assert fingerprint.of_data({"a": 1, "ü": [1, 2]}) == fingerprint.of_data({"ü": [1, 2], "a": 1})
    assert fingerprint.of_data([1, 2]) != fingerprint.of_data([2, 1])
    assert fingerprint.of_data({"a": 1}) != fingerprint.of_data({"a": "1"})


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, np.float32(1)])
def test_what_is_not_plain_data_has_no_digest(value):
    with pytest.raises((TypeError, ValueError)):
        fingerprint.of_data({"a": value})
