from __future__ import annotations

import threading

import pytest
import torch

from nver.errors import ConfigError
from nver.training.crew import Crew, JobsAreOver


def test_every_job_has_one_core_and_torch_is_left_as_it_was_found():
    before = torch.get_num_threads()
    with Crew(2) as crew:
        jobs = [crew.submit(torch.get_num_threads) for _ in range(4)]
        assert [job.result() for job in jobs] == [1, 1, 1, 1]
    assert torch.get_num_threads() == before
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert later == [before]


def wait_to_be_ended(crew: Crew, begun: threading.Event) -> None:
    begun.set()
    while True:
        crew.go_on()


def test_leaving_ends_the_jobs_that_run():
    begun = threading.Event()
    with Crew(1) as crew:
        job = crew.submit(wait_to_be_ended, crew, begun)
        begun.wait()
    assert isinstance(job.exception(), JobsAreOver)


def test_a_job_that_fails_ends_the_others():
    begun = threading.Event()

    def fail() -> None:
        begun.wait()
        raise ValueError("mine")

    with Crew(2) as crew:
        patient = crew.submit(wait_to_be_ended, crew, begun)
        hasty = crew.submit(fail)
        assert isinstance(patient.exception(), JobsAreOver)
        with pytest.raises(ValueError, match="mine"):
            hasty.result()


def test_waiting_for_a_job_that_another_one_ended_tells_of_the_other():
    begun = threading.Event()

    def fail() -> None:
        begun.wait()
        raise ValueError("mine")

    def wait_for_the_other() -> None:
        with Crew(2) as crew:
            patient = crew.submit(wait_to_be_ended, crew, begun)
            crew.submit(fail)
            patient.result()

    with pytest.raises(ValueError, match="mine"):
        wait_for_the_other()


def test_a_crew_of_nobody_is_refused():
    with pytest.raises(ConfigError, match=r"jobs=0: expected 1 \(one fold at a time\) or more"):
        Crew(0)
