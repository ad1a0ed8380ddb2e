"""Where runs are executed: processes of this machine that are forked warm, or any `concurrent.futures.Executor`.

A batch submits `drkit.batch.run.execute`, which pickles, with a `RunSpec`, which pickles too and carries all of its
input, to an executor, and takes `RunResult` objects back. `drkit.batch.cluster.Cluster` is such an executor.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import secrets
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from drkit.errors import DrkitError
from drkit.runs import warm

if TYPE_CHECKING:
    from collections.abc import Callable

    Result = TypeVar("Result")

#: Below this a kernel with pandas and matplotlib has no room to work in [B].
LEAST_MEMORY = 1 << 30


class StoppedError(DrkitError):
    """Nothing can be run any more where runs are executed; the text says why."""


class Threads(ThreadPoolExecutor):
    """Executes each run in a thread; the work is done by its kernel, a process that starts warm.

    What is submitted takes an Event, ``stopped``, which is set when nobody waits for the run any more.
    """

    def __init__(self, jobs: int) -> None:
        # The engine names its kernels after the thread that starts them.
        self._name = f"drkit-run-{secrets.token_hex(4)}"
        super().__init__(jobs, thread_name_prefix=self._name)
        self._calls: list[Future[Any]] = []
        self._stopped = Event()
        warm.start()

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """Queue a call."""
        call = super().submit(_in_thread, partial(fn, *args, stopped=self._stopped, **kwargs))
        self._calls.append(call)
        return call

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for the calls at work; with ``cancel_futures`` end their kernels, and drop the calls that wait."""
        if cancel_futures:
            self._stopped.set()
        super().shutdown(wait=wait and not cancel_futures, cancel_futures=cancel_futures)
        # A call may be about to start its kernel.
        while cancel_futures and not all(call.done() for call in self._calls):
            for process in multiprocessing.active_children():
                if process.name.startswith(self._name):
                    process.kill()
            time.sleep(0.05)


def _in_thread(call: Callable[[], Result]) -> Result:
    try:
        return call()
    finally:
        # nbclient leaves the event loop open that it made for this thread.
        with contextlib.suppress(RuntimeError):
            asyncio.get_event_loop().close()


def local(jobs: int) -> Executor:
    """An executor on this machine: with kernels that start warm where that can be, else processes."""
    if warm.POSSIBLE:
        return Threads(jobs)
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
