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
        max_waiting: Requests under way at once.
        max_waiting_per_client: The same of one client.
    """

    def __init__(self, *, max_waiting: int, max_waiting_per_client: int) -> None:
        self._max_waiting = max_waiting
        self._max_waiting_per_client = max_waiting_per_client
        self._under_way: Counter[str] = Counter()

    @property
    def n_under_way(self) -> int:
        """Requests that were let in and are not answered."""
        return self._under_way.total()

    @contextmanager
    def admit(self, client: str) -> Iterator[None]:
        """Hold a place while the request is under way.

        Raises:
            Refusal: 429 when the client has too many under way, 503 when all have.
        """
        if self._under_way[client] >= self._max_waiting_per_client:
            raise Refusal(
                429,
                f"this client has {self._under_way[client]} requests under way, and no more are taken; "
                "wait for an answer, then send the next",
                headers=_RETRY,
            )
        if self.n_under_way >= self._max_waiting:
            raise Refusal(
                503,
                f"the service is busy: {self.n_under_way} requests are under way, and no more are taken; "
                "try again in a moment",
                headers=_RETRY,
            )
        self._under_way[client] += 1
        try:
            yield
        finally:
            self._under_way[client] -= 1
            if not self._under_way[client]:
                del self._under_way[client]
