"""English for numbers and lists."""

from __future__ import annotations

from collections.abc import Iterable

_SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def count(n: int, noun: str) -> str:
    """A number and its noun.

    >>> count(1, "clip"), count(1200, "clip"), count(6, "class")
    ('one clip', '1,200 clips', 'six classes')
    """
    number = _SMALL[n] if n < len(_SMALL) else f"{n:,}"
    ending = "" if n == 1 else "es" if noun.endswith("s") else "s"
    return f"{number} {noun}{ending}"


def listed(parts: Iterable[object]) -> str:
    """Words with commas, and ``and`` before the last.

    >>> listed(["a"]), listed("ab"), listed("abc")
    ('a', 'a and b', 'a, b and c')
    """
    *first, last = map(str, parts)
    return f"{', '.join(first)} and {last}" if first else last


def sentence(text: str) -> str:
    """With a capital letter in front and a full stop behind.

    >>> sentence("all clips were used")
    'All clips were used.'
    """
    return f"{text[0].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")
