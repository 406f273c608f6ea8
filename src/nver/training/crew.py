"""Threads that train folds side by side: one core a fold, whatever the machine.

Heads are so small that two cores take little less time for one of them than one core does; two heads on two
cores take half the time. And a fold that one thread trains has the same bits on two cores as on sixty.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

import torch

from nver.errors import ConfigError

N_CORES = os.cpu_count() or 1

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class Crew:
    """Runs jobs in threads that give torch one core each; leaving it, by an error or not, ends its jobs.

    Args:
        n_threads: Jobs at once.
        survives: Errors that end the job they come from and no other.

    Attributes:
        lock: Held while somebody outside is told how a job goes.

    Raises:
        ConfigError: ``n_threads`` is under one.
    """

    def __init__(self, n_threads: int, *, survives: tuple[type[Exception], ...] = ()) -> None:
        if n_threads < 1:
            raise ConfigError(f"jobs={n_threads}: expected 1 (one fold at a time) or more")
        self.lock = threading.Lock()
        self._survives = survives
        self._is_over = threading.Event()
        self._failure: BaseException | None = None
        self._threads_of_torch = torch.get_num_threads()
        self._threads = ThreadPoolExecutor(
            n_threads, thread_name_prefix="nver-train", initializer=torch.set_num_threads, initargs=(1,)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._threads.shutdown(wait=True, cancel_futures=True)
        torch.set_num_threads(self._threads_of_torch)  # what threads that start from now on will get
        if isinstance(error, JobsAreOver) and self._failure is not None:
            raise self._failure  # what ended the job that was waited for

    def submit(
        self, job: Callable[Arguments, Answer], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Answer]:
        """Run a job as soon as a thread is free; if it fails, the others end as well (see ``survives``)."""

        def run() -> Answer:
            self.go_on()
            try:
                return job(*args, **kwargs)
            except self._survives:
                raise
            except BaseException as error:
                self._failure = self._failure or error
                self._is_over.set()
                raise

        return self._threads.submit(run)

    def go_on(self) -> None:
        """Called by jobs now and then.

        Raises:
            JobsAreOver: The crew was left, or another job has failed.
        """
        if self._is_over.is_set():
            raise JobsAreOver


class JobsAreOver(BaseException):
    """Ends a job whose answer nobody waits for any more."""
