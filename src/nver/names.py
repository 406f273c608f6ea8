"""Tables of names: what can be asked for by name, and where it lives, loaded when it is asked for."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from nver.errors import ConfigError


def suggest(name: str, known: Mapping[str, object] | list[str] | tuple[str, ...]) -> str:
    """The sentence that follows an unknown name.

    >>> suggest("wavlm_base", ["hubert-base", "wavlm-base"])
    "Did you mean 'wavlm-base'? Known: hubert-base, wavlm-base."
    """
    close = difflib.get_close_matches(name, list(known), n=1)
    hint = f"Did you mean '{close[0]}'? " if close else ""
    return f"{hint}Known: {', '.join(sorted(known))}."


class Names(Mapping[str, str]):
    """A literal table of name -> ``"module:attribute"``; nothing is imported until ``load``.

    Args:
        kind: What the names stand for, as it reads in an error ("encoder", "corpus").
        table: The names and where each one lives.

    >>> Names("function", {"join": "os.path:join"}).load("join")("a", "b")
    'a/b'
    """

    def __init__(self, kind: str, table: Mapping[str, str]) -> None:
        self.kind = kind
        self._table = dict(table)

    def __getitem__(self, name: str) -> str:
        if name not in self._table:
            raise ConfigError(f"no {self.kind} is called '{name}'. {suggest(name, self._table)}")
        return self._table[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def __contains__(self, name: object) -> bool:
        return name in self._table

    def load(self, name: str) -> Any:
        """The object that a name stands for.

        Raises:
            ConfigError: The name is not in the table; the message suggests the nearest one.
        """
        module, attribute = self[name].split(":")
        return getattr(import_module(module), attribute)
