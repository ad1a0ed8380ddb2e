"""A process that was just forked becomes the kernel that ``python -m ipykernel_launcher`` would be."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import io
import logging
import multiprocessing
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drkit.runs import warm

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection

#: Read once, when Python or a library starts: a kernel with other values has to start by itself.
_STARTUP = ("PYTHON", "LD_", "LC_", "LANG", "OMP_", "OPENBLAS_", "MKL_", "NUMEXPR_", "MPLCONFIGDIR", "MATPLOTLIBRC")


def become(
    arguments: list[str],
    environment: Mapping[str, str],
    folder: str,
    memory_bytes: int,
    log: str,
    told: Connection,
) -> None:
    """Run a kernel until it is told to end.

    Parameters
    ----------
    arguments
        As after ``python -m ipykernel_launcher``.
    environment, folder
        Of the kernel.
    memory_bytes
        What it may allocate [B]; 0 for as much as there is.
    log
        File for what it writes to standard output and error beside its cells; empty for those of the parent.
    told
        Is sent an empty text when the kernel listens, or why this process cannot become it.
    """
    from drkit.runs import preload

    if why := _refusal(environment, folder):
        told.send(why)
        return
    warm.stand_alone()
    # multiprocessing has replaced sys.stdin, but what the terminal types would reach programs that a cell starts.
    os.dup2(sys.stdin.fileno(), 0)
    if log:
        with Path(log).open("ab") as file:
            for number in (1, 2):
                os.dup2(file.fileno(), number)
    os.environ.clear()
    os.environ.update({**preload.VARIABLES, **environment})
    time.tzset()
    os.chdir(folder)
    limit(memory_bytes)
    _as_new(arguments, preload.SEARCHED)
    atexit.register(_leave)
    app = _listening(arguments)
    told.send("")
    told.close()
    app.start()
    # multiprocessing would end the process at once. This ends it as any Python: exit functions run, then `_leave`.
    ctypes.pythonapi.Py_Exit(0)


def limit(memory_bytes: int) -> None:
    """Let this process allocate so much [B]; 0 for as much as there is."""
    import resource

    if memory_bytes:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _refusal(environment: Mapping[str, str], folder: str) -> str:
    """Why this process would be another kernel than one started by itself; empty when it would not."""
    here, asked = _startup(os.environ), _startup(environment)
    if differs := sorted(name for name in {*here, *asked} if here.get(name) != asked.get(name)):
        return f"{', '.join(differs)} differ from what the forkserver was started with"
    if (Path(folder) / "matplotlibrc").exists():
        return f"{folder} has a matplotlibrc of its own"
    return ""


def _startup(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_STARTUP)}


def _as_new(arguments: list[str], search: list[str]) -> None:
    """Set what multiprocessing handed down, and what libraries set when they were imported outside of a kernel."""
    import ipykernel_launcher
    import matplotlib as mpl
    import numpy as np
    import pandas as pd

    sys.argv = [str(ipykernel_launcher.__file__), *arguments]
    sys.path[:] = search
    multiprocessing.set_start_method(None, force=True)
    me = multiprocessing.current_process()
    me.name, me.daemon = "MainProcess", False
    np.random.seed()  # noqa: NPY002
    pd.set_option("display.max_columns", 20)
    mpl.rcParams["backend"] = os.environ.get("MPLBACKEND") or "module://matplotlib_inline.backend_inline"


def _leave() -> None:
    """Write what files hold, and leave the memory to the operating system: to tidy it is a tenth of a run's time."""
    logging.shutdown()
    for held in gc.get_objects():
        if issubclass(type(held), (io.TextIOWrapper, io.BufferedWriter)) and not held.closed:
            with contextlib.suppress(OSError):
                held.flush()
    os._exit(0)


def _listening(arguments: list[str]) -> Any:
    from ipykernel.kernelapp import IPKernelApp

    app: Any = IPKernelApp.instance(parent_handle=os.getppid())
    app.initialize(arguments)
    app.poller = None  # looks whether the forkserver ended; the parent is watched already
    return app
