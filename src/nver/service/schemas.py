"""What the service answers, as its specification has it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from nver.config import FrozenModel
from nver.recogniser.prediction import Prediction
from nver.recogniser.recogniser import Recogniser
from nver.recordings.segments import Event, Timeline

_Probability = Annotated[float, Field(ge=0, le=1)]

_LAUGH = {"Amusement": 0.71, "Elation": 0.12, "Joy": 0.05}


class Said(FrozenModel):
    """What a recogniser says of a clip or a burst.

    Attributes:
        label: The most probable class.
        confidence: Its probability.
        outside: Of a view: the probability of all classes that it has no counterpart for.
        probabilities: Of the most probable classes, the most probable first.
    """

    label: Annotated[str, Field(examples=["Amusement"])]
    confidence: Annotated[_Probability, Field(examples=[0.71])]
    outside: Annotated[_Probability, Field(examples=[0.0])]
    probabilities: Annotated[dict[str, _Probability], Field(examples=[_LAUGH])]


def said(prediction: Prediction, *, top: int | None) -> dict[str, Any]:
    """The fields of ``Said``; sums that rounding lifts past one are one."""
    shown = prediction.top(len(prediction.probabilities) if top is None else top)
    return {
        "label": prediction.label,
        "confidence": min(1.0, prediction.confidence),
        "outside": min(1.0, prediction.outside),
        "probabilities": {label: min(1.0, p) for label, p in shown},
    }


class Answer(Said):
    """What one clip is.

    Attributes:
        model: The recogniser that was asked.
        view: The coarser view that was asked for.
        duration_s: How long the clip is.
    """

    model: Annotated[str, Field(examples=["burst-recogniser"])]
    view: Annotated[str | None, Field(examples=["vivae-six"])]
    duration_s: Annotated[float, Field(gt=0, examples=[1.52])]


class Burst(Said):
    """A burst of a recording or a stream.

    Attributes:
        start_s: Where it begins.
        end_s: Where it ends.
    """

    start_s: Annotated[float, Field(ge=0, examples=[12.43])]
    end_s: Annotated[float, Field(gt=0, examples=[13.8])]

    @classmethod
    def of(cls, event: Event, *, top: int | None) -> Burst:
        """An event as it is answered."""
        return cls(start_s=event.start_s, end_s=event.end_s, **said(event.prediction, top=top))


class Course(FrozenModel):
    """Probabilities over time, where fixed windows were asked for.

    Attributes:
        hop_s: From one time to the next.
        labels: Of the columns.
        times_s: Middles of the steps.
        probabilities: A row a time.
    """

    hop_s: Annotated[float, Field(gt=0)]
    labels: list[str]
    times_s: list[float]
    probabilities: list[list[_Probability]]


class Line(FrozenModel):
    """What was found in a recording, and when.

    Attributes:
        model: The recogniser that was asked.
        view: The coarser view that was asked for.
        duration_s: How long the recording is.
        events: Its bursts, in order; none where fixed windows were asked for.
        curve: Of fixed windows, where those were asked for.
    """

    model: Annotated[str, Field(examples=["burst-recogniser"])]
    view: Annotated[str | None, Field(examples=[None])]
    duration_s: Annotated[float, Field(gt=0, examples=[600.0])]
    events: list[Burst]
    curve: Course | None

    @classmethod
    def of(cls, found: Timeline, *, model: str, view: str | None, top: int | None) -> Line:
        """A time line as it is answered."""
        curve = found.curve
        return cls(
            model=model,
            view=view,
            duration_s=found.duration_s,
            events=[Burst.of(event, top=top) for event in found.events],
            curve=curve
            and Course(
                hop_s=curve.hop_s,
                labels=list(found.labels),
                times_s=curve.times_s.tolist(),
                probabilities=curve.probabilities.clip(0, 1).tolist(),
            ),
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
