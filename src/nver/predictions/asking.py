"""A request on its way through a recogniser: what is waiting, what is answered, where that is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

from nver.errors import NverError, OverlongAudioError
from nver.predictions import bursts
from nver.predictions.journal import Journal
from nver.predictions.request import Request
from nver.predictions.rows import Answer, Answers, Question, Row, Unread
from nver.recogniser.prediction import Prediction
from nver.recogniser.recogniser import Recogniser

FEW_CLIPS = 64
"""So many are decoded in this process, for which no other has to start."""


OnProgress: TypeAlias = Callable[[float, float], object]


class Asking:
    """One question about many recordings.

    Args:
        recogniser: Whom to ask.
        question: What is asked.
        request: About which recordings.
        journal: Where answers are kept as they come; what it has is not asked again.

    Attributes:
        waiting: Recordings that the journal does not have.
        n_known: Recordings that it has.
    """

    def __init__(
        self, recogniser: Recogniser, question: Question, request: Request, *, journal: Journal | None = None
    ) -> None:
        self._recogniser, self._question, self._request = recogniser, question, request
        self._journal = journal
        self._known: dict[str, Answers] = dict(journal.answers) if journal is not None else {}
        self.waiting = [source for source in request.sources if str(source) not in self._known]
        self.n_known = len(request.sources) - len(self.waiting)
        for path, reason in request.refused:
            self._keep(path, [Unread(path=path, error=reason)])

    def run(self, *, workers: int, on_progress: OnProgress | None = None) -> Iterator[Answers]:
        """The answers of each waiting recording, in order, kept before they are handed over.

        Args:
            workers: Processes that decode; a few recordings, and those whose bursts are located, are decoded
                in this one.
            on_progress: Told how many recordings are done, parts of one among them, and how many there are.
        """
        n_waiting = len(self.waiting)
        tell = on_progress or (lambda done, total: None)
        if self._question.bursts:
            for i, source in enumerate(self.waiting):
                part = partial(_tell_part, tell, i, n_waiting)
                found = bursts.answers_of(self._recogniser, source, self._question, on_progress=part)
                yield self._keep(str(source), found)
                tell(i + 1, n_waiting)
            return
        n_workers = workers if n_waiting > FEW_CLIPS else 0
        outcomes = self._recogniser.predict_sources(self.waiting, workers=n_workers)
        for i, (source, outcome) in enumerate(zip(self.waiting, outcomes, strict=True)):
            yield self._keep(str(source), [self._answer(str(source), outcome)])
            tell(i + 1, n_waiting)

    def answers(self) -> list[Answer]:
        """What is known so far, in the order of the request; what it refused comes last."""
        paths = [*map(str, self._request.sources), *(path for path, _ in self._request.refused)]
        return [answer for path in paths for answer in self._known.get(path, ())]

    @property
    def n_answered(self) -> int:
        """Recordings of the request that are done."""
        return sum(str(source) in self._known for source in self._request.sources)

    def _answer(self, path: str, outcome: tuple[Prediction, float] | NverError) -> Answer:
        if isinstance(outcome, OverlongAudioError):
            return Unread(
                path=path, error=f"{outcome}; bursts can be asked about in recordings of any length"
            )
        if isinstance(outcome, NverError):
            return Unread(path=path, error=str(outcome))
        prediction, duration_s = outcome
        return Row.of(path, prediction, self._question, start_s=0.0, end_s=duration_s)

    def _keep(self, path: str, answers: Answers) -> Answers:
        self._known[path] = answers
        if self._journal is not None:
            self._journal.put(answers)
        return answers


def _tell_part(tell: OnProgress, i: int, n_waiting: int, done_s: float, total_s: float) -> None:
    """``done_s`` of ``total_s`` seconds of recording ``i`` are through."""
    tell(i + (min(done_s / total_s, 0.99) if total_s > 0 else 0.0), n_waiting)
