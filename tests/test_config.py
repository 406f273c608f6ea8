from __future__ import annotations

import re

import pytest

from nver.config import FrozenModel, read_toml, validate, with_overrides
from nver.errors import ConfigError


class Inner(FrozenModel):
    rate: float = 1.0


class Outer(FrozenModel):
    name: str
    inner: Inner = Inner()


def test_overrides_are_read_as_toml_and_else_as_text():
    made = with_overrides({}, ["a.b=[1, 2]", "a.c=true", "d=some words", 'e="7"'])
    assert made == {"a": {"b": [1, 2], "c": True}, "d": "some words", "e": "7"}


def test_overrides_leave_what_they_were_given_alone():
    data = {"a": {"b": {"c": 1}}}
    assert with_overrides(data, ["a.b.c=2", "a.b.d=3"]) == {"a": {"b": {"c": 2, "d": 3}}}
    assert data == {"a": {"b": {"c": 1}}}


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("lr", "cannot set 'lr': expected KEY=VALUE, as in training.lr=1e-3"),
        ("name.first=x", "cannot set 'name.first': 'name' is not a table"),
    ],
)
def test_an_override_that_cannot_be_meant_is_refused(assignment, message):
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        with_overrides({"name": "x"}, [assignment])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "here: 'name' is missing"),
        ({"nam": "x"}, "here: unknown key 'nam'; expected one of inner, name"),
        ({"name": "x", "nam": 1}, "here: unknown key 'nam'; expected one of inner, name"),
        ({"name": "x", "inner": {"rat": 1}}, "here: unknown key 'rat' in [inner]; expected one of rate"),
        ({"name": 3}, "here: 'name' got 3: Input should be a valid string"),
        (
            {"name": "x", "inner": {"rate": "fast"}},
            "here: 'inner.rate' got 'fast': Input should be a valid number",
        ),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(data, message):
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}") as refused:
        validate(Outer, data, source="here")
    assert "\n" not in str(refused.value)


def test_models_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Outer(name="x").name = "y"  # type: ignore[misc]


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r"^cannot read .*absent\.toml: No such file or directory$"):
        read_toml(tmp_path / "absent.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text("a = [1,")
    with pytest.raises(ConfigError, match=r"bad\.toml is not valid TOML: "):
        read_toml(bad)
    bad.write_bytes(b"a = '\xff'")
    with pytest.raises(ConfigError, match=r"bad\.toml is not valid TOML: "):
        read_toml(bad)
