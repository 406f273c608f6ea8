"""What the data of every head has in common."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Spec(BaseModel):
    """What every head has; ``n_views`` is how many embeddings a clip it takes, or the fewest of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    n_views: ClassVar[int]
    takes_more_views: ClassVar[bool] = False

    @classmethod
    def takes(cls, n_views: int) -> bool:
        """Whether the head exists for that many embeddings a clip."""
        return n_views == cls.n_views or (cls.takes_more_views and n_views > cls.n_views)

    @classmethod
    def views_taken(cls) -> str:
        """``1``, or ``2 or more``: as an error says it."""
        return f"{cls.n_views} or more" if cls.takes_more_views else f"{cls.n_views}"
