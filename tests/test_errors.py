from __future__ import annotations

import inspect
import re

import pytest

from nver import errors
from nver.errors import ConfigError, NverError

TREE = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_every_error_is_an_nver_error_and_drawn_below_its_parent(kind):
    assert issubclass(kind, NverError)
    drawing = str(errors.__doc__)
    names = re.findall(r"\b(\w+Error)\b", drawing)
    assert kind.__name__ in names
    if kind is not NverError:
        assert names.index(kind.__base__.__name__) < names.index(kind.__name__)


def test_a_bad_request_exits_with_two_and_bad_data_with_one():
    assert ConfigError.exit_code == 2
    assert {kind.exit_code for kind in TREE if not issubclass(kind, ConfigError)} == {1}
