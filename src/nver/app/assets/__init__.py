"""Texts, styles and the script of the page, as files that their own editors understand."""

from importlib.resources import files


def text(name: str) -> str:
    """The content of one of these files."""
    return (files(__name__) / name).read_text(encoding="utf-8")
