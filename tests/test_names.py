from __future__ import annotations

import subprocess
import sys

import pytest

from nver.errors import ConfigError
from nver.names import Names, suggest


def test_an_unknown_name_is_answered_with_the_nearest_and_with_all():
    names = Names("encoder", {"wavlm-base": "os:sep", "hubert-base": "os:sep"})
    with pytest.raises(ConfigError) as refused:
        names.load("wavlm_base")
    assert str(refused.value) == (
        "no encoder is called 'wavlm_base'. Did you mean 'wavlm-base'? Known: hubert-base, wavlm-base."
    )


def test_a_name_like_no_other_is_answered_without_a_guess():
    assert suggest("qqq", ("vivae", "jnv")) == "Known: jnv, vivae."


def test_a_table_reads_as_a_mapping():
    names = Names("corpus", {"b": "os:sep", "a": "os:linesep"})
    assert (list(names), len(names), "a" in names, "c" in names) == (["b", "a"], 2, True, False)
    assert names.get("a") == "os:linesep"


def test_nothing_is_imported_before_it_is_asked_for():
    code = """
import sys
from nver.names import Names
names = Names("x", {"a": "wave:open"})
list(names), names["a"]
assert "wave" not in sys.modules
names.load("a")
assert "wave" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
