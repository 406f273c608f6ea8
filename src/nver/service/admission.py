"""How many requests are under way, in all and of one client."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from nver.service.problems import Refusal

_RETRY = {"Retry-After": "1"}


class Admission:
    """Counts what is under way and refuses what is too much, before a byte of its body is read.

    Lives in one event loop, so that counts need no lock.

    Args:
        what: What is counted, as it reads in a refusal ("requests").
        at_once: So many are let in at once.
        of_one_client: And so many of one client; no less than others unless given.
    """

    def __init__(self, what: str, *, at_once: int, of_one_client: int | None = None) -> None:
        self.what = what
        self._at_once = at_once
        self._of_one_client = at_once if of_one_client is None else of_one_client
        self._under_way: Counter[str] = Counter()

    @property
    def n_under_way(self) -> int:
        """How many were let in and are not answered."""
        return self._under_way.total()

    @contextmanager
    def admit(self, client: str) -> Iterator[None]:
        """Hold a place while something is under way.

        Raises:
            Refusal: 503 when there are too many under way, 429 when there are too many of this client.
        """
        if self.n_under_way >= self._at_once:
            raise Refusal(
                503,
                f"the service is busy: {self._at_once} {self.what} at once are all that it takes; "
                "try again in a moment",
                headers=_RETRY,
            )
        if self._under_way[client] >= self._of_one_client:
            raise Refusal(
                429,
                f"{self._of_one_client} {self.what} at once are all that one client may have under way; "
                "wait for an answer, then send the next",
                headers=_RETRY,
            )
        self._under_way[client] += 1
        try:
            yield
        finally:
            self._under_way[client] -= 1
            if not self._under_way[client]:
                del self._under_way[client]
