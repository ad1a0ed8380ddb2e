"""Processes that start with everything imported: Python's forkserver, told what to import ahead.

A fresh process spends seconds on imports that are the same every time. The forkserver does them once; what it forks
starts in milliseconds and shares nothing with another process but that.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing import forkserver
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext

#: Only Linux: on macOS, libraries of the system do not survive a fork.
POSSIBLE = sys.platform == "linux"


def context() -> ForkServerContext:
    """The forkserver's context, which imports what runs need when its first process is started."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["drkit.runs.preload"])
    return found


def start() -> None:
    """Let the forkserver import, and rehearse a design, while this process does something else."""
    if POSSIBLE:
        multiprocessing.set_forkserver_preload(["drkit.runs.preload", "drkit.runs.rehearsal"])
        forkserver.ensure_running()


def unguarded() -> str:
    """The program that runs, if it does not look at ``__name__``; empty otherwise.

    multiprocessing imports a program again in each process that it starts. One that does not look at its name would
    run its notebooks there once more.
    """
    path = getattr(sys.modules["__main__"], "__file__", None)
    if path is None or "__name__" in Path(path).read_text(encoding="utf-8", errors="replace"):
        return ""
    return str(path)


def stand_alone() -> None:
    """In a process just started: a session of its own, the usual signals, and an end when its parent ends."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.killpg(0, signal.SIGKILL)
