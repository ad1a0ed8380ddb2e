"""Where runs are executed: processes of this machine that are forked warm, or any `concurrent.futures.Executor`.

A batch submits `drkit.batch.run.execute`, which pickles, with a `RunSpec`, which pickles too and carries all of its
input, to an executor, and takes `RunResult` objects back. `drkit.batch.cluster.Cluster` is such an executor.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from drkit.errors import DrkitError
from drkit.runs import warm

if TYPE_CHECKING:
    from collections.abc import Callable

    from drkit.runs.warm import client

    Result = TypeVar("Result")

#: A process is another one after so many calls: what libraries do not give back ends with it.
_CALLS = 100
#: Below this a kernel with pandas and matplotlib has no room to work in [B].
LEAST_MEMORY = 1 << 30


class StoppedError(DrkitError):
    """Nothing can be run any more where runs are executed; the text says why."""


class Forking(Executor):
    """Runs each call in one of a given number of processes, which are forked from the warm server.

    A process that dies takes nothing with it but its call, which raises ChildProcessError.
    """

    def __init__(self, jobs: int) -> None:
        from drkit.runs.warm import client

        client.start()
        self._stopped = threading.Event()
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="drkit-run")
        self._free: SimpleQueue[client.Caller] = SimpleQueue()
        for _ in range(jobs):
            self._free.put(client.Caller())

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """Queue a call; arguments are given by position."""
        if kwargs:
            raise TypeError("a forked call takes its arguments by position")
        return self._threads.submit(self._call, fn, *args)

    def _call(self, fn: Callable[..., Result], *args: Any) -> Result:
        caller = self._free.get()
        try:
            return caller.call(fn, *args, stopped=self._stopped)
        finally:
            if caller.answered >= _CALLS:
                caller.close()
            self._free.put(caller)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for the calls at work; with ``cancel_futures`` end them, and drop those that wait."""
        if cancel_futures:
            self._stopped.set()
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        while wait and not self._free.empty():
            self._free.get().close()


def local(jobs: int) -> Executor:
    """An executor on this machine: forked warm where that can be, else processes with papermill's own start."""
    if warm.POSSIBLE:
        return Forking(jobs)
    import multiprocessing

    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))


def cores() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def shares(jobs: int | None, memory_bytes: int | None) -> tuple[int, int]:
    """How many runs at a time, and how much memory each may allocate [B].

    Parameters
    ----------
    jobs
        As asked for; None is one for each processor, fewer when memory is short.
    memory_bytes
        Of each run, as asked for; None is an equal share of what is free now.
    """
    import psutil

    free = int(psutil.virtual_memory().available)
    if memory_bytes is not None:
        return jobs or max(1, min(cores(), free // memory_bytes)), memory_bytes
    number = jobs or max(1, min(cores(), free // LEAST_MEMORY))
    return number, max(LEAST_MEMORY, free // number)
