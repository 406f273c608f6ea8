"""Threads of this process in which PyTorch uses one core, so that work can be split above it.

PyTorch's own threads spin for a while after each operation. On two cores whoever wants the second one in that
time waits for it; so the threads that are kept here never wake PyTorch's.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import torch


def one_core_threads(n_threads: int) -> ThreadPoolExecutor:
    """``n_threads`` running threads, kept for the life of the process; a fork gets its own."""
    return _started(os.getpid(), n_threads)


@cache
def _started(process: int, n_threads: int) -> ThreadPoolExecutor:
    del process
    before = torch.get_num_threads()
    threads = ThreadPoolExecutor(
        n_threads, thread_name_prefix="nver-core", initializer=torch.set_num_threads, initargs=(1,)
    )
    everybody = threading.Barrier(n_threads + 1)
    for _ in range(n_threads):
        threads.submit(everybody.wait)
    everybody.wait()
    torch.set_num_threads(before)  # what threads that others start from now on will get
    return threads
