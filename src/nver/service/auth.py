"""Bearer tokens: from a file or the environment, compared in constant time, never said again."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from nver.errors import ConfigError
from nver.service.problems import Refusal

ENVIRONMENT = "NVER_SERVE_TOKENS"
"""The variable that may hold tokens, separated by white space."""

_MIN_LENGTH = 16


class Tokens:
    """Who may ask. Only digests are held; without any token everybody may.

    Args:
        tokens: Sixteen characters or more each, none of them white space.

    Raises:
        ConfigError: One is shorter. It is not repeated.
    """

    def __init__(self, tokens: Iterable[str] = ()) -> None:
        held = list(tokens)
        for i, token in enumerate(held):
            if len(token) < _MIN_LENGTH or not token.isascii():
                raise ConfigError(
                    f"token {i + 1} of {len(held)} has {len(token)} characters; expected {_MIN_LENGTH} ASCII "
                    "characters or more, as `openssl rand -hex 32` makes them"
                )
        self._digests = [_digest(token) for token in held]

    @classmethod
    def read(cls, path: Path | None, environment: Mapping[str, str] = os.environ) -> Tokens:
        """The tokens of a file, one a line, or of the environment; none of either is no token at all.

        Raises:
            ConfigError: The file cannot be read or holds no token, or a token is too short.
        """
        if path is None:
            return cls(environment.get(ENVIRONMENT, "").split())
        try:
            tokens = path.read_text(encoding="utf-8").split()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read tokens from {path}: {error}") from error
        if not tokens:
            raise ConfigError(f"{path} holds no token; expected one a line")
        return cls(tokens)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def client_of(self, authorization: str | None) -> str | None:
        """Who asks, or None where there are no tokens.

        Args:
            authorization: The header of that name.

        Raises:
            Refusal: 401, with no word on what was wrong with the token.
        """
        if not self._digests:
            return None
        scheme, _, token = (authorization or "").partition(" ")
        given = _digest(token.strip())
        # All are compared, each in constant time: how long it takes says nothing of any.
        matches = [hmac.compare_digest(given, digest) for digest in self._digests]
        if scheme.lower() != "bearer" or not any(matches):
            raise Refusal(
                401,
                "this service asks for a token: send the header 'Authorization: Bearer TOKEN'",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return f"token {matches.index(True) + 1}"


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
