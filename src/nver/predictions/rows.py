"""One row a recording, or a burst of one: what was asked, and what was answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, PositiveInt

from nver import config
from nver.config import FrozenModel
from nver.errors import ConfigError
from nver.recogniser.prediction import Prediction
from nver.recogniser.recogniser import Recogniser

Probability = Annotated[float, Field(ge=0.0, le=1.0 + 1e-9)]


class Question(FrozenModel):
    """All that decides an answer but the recording: rows of different questions do not belong in one file.

    Attributes:
        recogniser: ``name@digest``.
        view: Which coarser classes; None for its own.
        not_sure_below: The confidence under which an answer counts as "not sure"; None for never.
        bursts: Whether each burst is asked about, and not the whole recording.
    """

    recogniser: str
    view: str | None = None
    not_sure_below: float | None = None
    bursts: bool = False

    @classmethod
    def to(
        cls,
        recogniser: Recogniser,
        *,
        view: str | None = None,
        not_sure_below: float | None = None,
        bursts: bool = False,
    ) -> Self:
        """A question to a recogniser, whose card says when it is not sure unless the caller does.

        Raises:
            ConfigError: It has no such view, or ``not_sure_below`` is no share.
        """
        if view is not None:
            recogniser.require_view(view)
        if not_sure_below is None and view is None:  # the card's is about its own classes
            not_sure_below = recogniser.card.not_sure_below
        if not_sure_below is not None and not 0.0 <= not_sure_below <= 1.0:
            raise ConfigError(f"not sure below {not_sure_below:g}: expected a probability from 0 to 1")
        return cls(recogniser=recogniser.identity, view=view, not_sure_below=not_sure_below, bursts=bursts)


class Row(FrozenModel):
    """What was answered of one stretch of a recording.

    Attributes:
        path: The recording; a member of a tar as ``TAR:MEMBER``.
        start_s: Where the stretch begins.
        end_s: Where it ends.
        label: The most probable class, whether sure or not.
        confidence: Its probability.
        not_sure: Whether the confidence is under the threshold of the question.
        outside: Of a view, the probability of all that is in none of its classes; else 0.
        probabilities: Of every class, in the recogniser's order; they sum to one.
        burst: Which burst of the recording it is, from 1; None where the whole was asked about.
        n_bursts: How many there are in the recording.
    """

    path: str
    start_s: float
    end_s: float
    label: str
    confidence: Probability
    not_sure: bool
    outside: Probability
    probabilities: Mapping[str, Probability]
    burst: PositiveInt | None = None
    n_bursts: PositiveInt | None = None

    @classmethod
    def of(
        cls,
        path: str,
        prediction: Prediction,
        question: Question,
        *,
        start_s: float,
        end_s: float,
        burst: int | None = None,
        n_bursts: int | None = None,
    ) -> Self:
        """The row of a prediction."""
        seen = prediction if question.view is None else prediction.view(question.view)
        threshold = question.not_sure_below
        return cls(
            path=path,
            start_s=start_s,
            end_s=end_s,
            label=seen.label,
            confidence=seen.confidence,
            not_sure=threshold is not None and seen.confidence < threshold,
            outside=seen.outside,
            probabilities=dict(seen.probabilities),
            burst=burst,
            n_bursts=n_bursts,
        )


class Quiet(FrozenModel):
    """A recording without a burst."""

    path: str
    start_s: float = 0.0
    end_s: float
    n_bursts: Literal[0] = 0


class Unread(FrozenModel):
    """A recording without an answer, and why."""

    path: str
    error: str


Answer = Row | Quiet | Unread

Answers: TypeAlias = Sequence[Answer]
"""All rows of one recording."""


def to_plain(answer: Answer, question: Question) -> dict[str, Any]:
    """An answer and its question as JSON has them."""
    return answer.model_dump(mode="json") | question.model_dump(mode="json")


def of_plain(data: Mapping[str, Any], *, source: str) -> tuple[Answer, Question]:
    """The inverse of ``to_plain``; ``source`` is what an error calls it.

    Raises:
        ConfigError: It was not made by ``to_plain``.
    """
    asked = {key: data[key] for key in Question.model_fields if key in data}
    own = {key: value for key, value in data.items() if key not in asked}
    answer: Answer
    if "error" in own:
        answer = config.validate(Unread, own, source=source)
    elif "label" in own:
        answer = config.validate(Row, own, source=source)
    else:
        answer = config.validate(Quiet, own, source=source)
    return answer, config.validate(Question, asked, source=source)
