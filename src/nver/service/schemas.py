"""What the service answers, as its specification has it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from nver.config import FrozenModel
from nver.recogniser.prediction import Prediction
from nver.recogniser.recogniser import Recogniser

_Probability = Annotated[float, Field(ge=0, le=1)]

_LAUGH = {"Amusement": 0.71, "Elation": 0.12, "Joy": 0.05}


class Answer(FrozenModel):
    """What one clip is.

    Attributes:
        model: The recogniser that was asked.
        view: The coarser view that was asked for.
        duration_s: How long the clip is.
        label: The most probable class.
        confidence: Its probability.
        outside: Of a view: the probability of all classes that it has no counterpart for.
        probabilities: Of the most probable classes, the most probable first.
    """

    model: Annotated[str, Field(examples=["burst-recogniser"])]
    view: Annotated[str | None, Field(examples=["vivae-six"])]
    duration_s: Annotated[float, Field(gt=0, examples=[1.52])]
    label: Annotated[str, Field(examples=["Amusement"])]
    confidence: Annotated[_Probability, Field(examples=[0.71])]
    outside: Annotated[_Probability, Field(examples=[0.0])]
    probabilities: Annotated[dict[str, _Probability], Field(examples=[_LAUGH])]

    @classmethod
    def of(
        cls, prediction: Prediction, *, model: str, view: str | None, top: int | None, duration_s: float
    ) -> Answer:
        """A prediction as it is answered; sums that rounding lifts past one are one."""
        seen = prediction if view is None else prediction.view(view)
        shown = seen.top(len(seen.probabilities) if top is None else top)
        return cls(
            model=model,
            view=view,
            duration_s=duration_s,
            label=seen.label,
            confidence=min(1.0, seen.confidence),
            outside=min(1.0, seen.outside),
            probabilities={label: min(1.0, p) for label, p in shown},
        )


class Model(FrozenModel):
    """A recogniser that can be asked.

    Attributes:
        name: What the parameter ``model`` calls it.
        labels: Its classes.
        views: Its coarser views, with their classes.
        licence: Under which its weights may be used.
        notes: What else its bundle says.
    """

    name: Annotated[str, Field(examples=["burst-recogniser"])]
    labels: Annotated[list[str], Field(examples=[["Adoration", "Amusement", "Anger"]])]
    views: Annotated[dict[str, list[str]], Field(examples=[{"valence": ["positive", "negative"]}])]
    licence: Annotated[str, Field(examples=["Apache-2.0"])]
    notes: list[str]

    @classmethod
    def of(cls, recogniser: Recogniser) -> Model:
        """What is said of a recogniser."""
        card = recogniser.card
        return cls(
            name=card.name,
            labels=list(card.labels),
            views={name: list(view.classes) for name, view in card.views.items()},
            licence=card.licence,
            notes=list(card.notes),
        )


class Models(FrozenModel):
    """All recognisers that can be asked; the first is asked when a request names none."""

    models: Annotated[list[Model], Field(min_length=1)]


class Health(FrozenModel):
    """That requests are answered."""

    status: Annotated[str, Field(examples=["ready"])]


class Problem(FrozenModel):
    """Why a request is not served (RFC 9457).

    Attributes:
        title: The phrase of the status.
        status: The HTTP status.
        detail: What came, what was expected, what to do.
    """

    title: Annotated[str, Field(examples=["Request Entity Too Large"])]
    status: Annotated[int, Field(examples=[413])]
    detail: Annotated[
        str,
        Field(examples=["the upload is over-long: 75.0 s, and 60 s are allowed; cut it, or raise the limit"]),
    ]


def schema_of_problem() -> dict[str, Any]:
    """For the specification's components."""
    return Problem.model_json_schema()
