"""A request on its way through a recogniser: what is waiting, what is answered, where that is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from nver.errors import NverError
from nver.predictions.journal import Journal
from nver.predictions.request import Request
from nver.predictions.rows import Answer, Question, Row, Unread
from nver.recogniser.recogniser import Recogniser

FEW_CLIPS = 64
"""So many are decoded in this process, for which no other has to start."""

Answers: TypeAlias = Sequence[Answer]
"""All rows of one recording."""


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

    def run(self, *, workers: int) -> Iterator[Answers]:
        """The answers of each waiting recording, in order, kept before they are handed over.

        Args:
            workers: Processes that decode; a few recordings are decoded in this one.
        """
        n_workers = workers if len(self.waiting) > FEW_CLIPS else 0
        outcomes = self._recogniser.predict_sources(self.waiting, workers=n_workers)
        for source, outcome in zip(self.waiting, outcomes, strict=True):
            path = str(source)
            if isinstance(outcome, NverError):
                answer: Answer = Unread(path=path, error=str(outcome))
            else:
                prediction, duration_s = outcome
                answer = Row.of(path, prediction, self._question, start_s=0.0, end_s=duration_s)
            yield self._keep(path, [answer])

    def answers(self) -> list[Answer]:
        """What is known so far, in the order of the request; what it refused comes last."""
        paths = [*map(str, self._request.sources), *(path for path, _ in self._request.refused)]
        return [answer for path in paths for answer in self._known.get(path, ())]

    def _keep(self, path: str, answers: Answers) -> Answers:
        self._known[path] = answers
        if self._journal is not None:
            self._journal.put(answers)
        return answers
