"""What a forked process does before it is somebody's kernel: become as one that was started by itself."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import gc
import io
import os
import pickle
import resource
import signal
import socket
import stat
import struct
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

from drkit.runs.warm import memory

if TYPE_CHECKING:
    from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
#: Kinds of files that Python writes to when it has enough for them.
_HOLD_WORDS = (stat.S_IFREG, stat.S_IFIFO, stat.S_IFCHR)
#: What a kernel has open for writing before its first cell: IPython's history, and pipes between its threads.
_files_at_start: set[tuple[str, str]] = set()
_libc = ctypes.CDLL(None)

#: How long the answer of a call is, in front of it [bytes].
ANSWER = struct.Struct(">Q")
#: Name of the variable that tells a called process which server it is a child of.
ADDRESS = "DRKIT_WARM"


def become(request: dict[str, Any], files: list[int], server: int) -> NoReturn:
    """Take on session, environment, folder, limits and standard streams of the asker, do what is asked, and exit.

    Parameters
    ----------
    request
        ``do`` (``kernel`` or ``call``), ``environment``, ``folder``, ``umask``, ``limits``, ``arguments`` and
        ``shared``.
    files
        Standard output, standard error, and for calls the socket that brings the functions and takes their results.
    server
        Process that forked this one, and that this one does not outlive.
    """
    code: Any = 1
    try:
        os.setsid()
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != server:
            os._exit(1)
        _reset_signals()
        _streams(files[:2])
        os.umask(request["umask"])
        for number, limits in request["limits"]:
            resource.setrlimit(number, tuple(limits))
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        time.tzset()
        _fresh_entropy()
        if request["do"] == "kernel":
            memory.keep()
            code = _kernel(request["arguments"])
        else:
            os.environ[ADDRESS] = request["address"]
            code = _call(files[2])
    except SystemExit as error:
        code = error.code
    except BaseException:
        traceback.print_exc()
    _leave(code)


def _reset_signals() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _streams(files: list[int]) -> None:
    for number, file in enumerate(files, start=1):
        os.dup2(file, number)
        os.close(file)


def _fresh_entropy() -> None:
    """Python's own generator seeds itself after a fork; numpy's global one does not."""
    if "numpy" in sys.modules:
        import numpy as np

        np.random.seed()  # noqa: NPY002


def _kernel(arguments: list[str]) -> Any:
    """Do what ``python -m ipykernel_launcher`` does."""
    import ipykernel_launcher
    import matplotlib as mpl

    from drkit.runs.warm.kernel import IPKernelApp

    # IPython sets the variable before a notebook imports matplotlib, which reads it at its import.
    mpl.rcParams["backend"] = os.environ.get("MPLBACKEND") or "module://matplotlib_inline.backend_inline"
    sys.argv = [str(ipykernel_launcher.__file__), *arguments]
    app = IPKernelApp.instance(parent_handle=os.getppid())
    app.initialize(arguments)  # type: ignore[no-untyped-call]
    _files_at_start.update(_written_files())
    app.start()  # type: ignore[no-untyped-call]
    _let_finish(app.control_thread)
    return 0


def _let_finish(thread: Any, seconds: float = 5) -> None:
    """Let the thread that was asked to end the kernel say so before its sockets are closed under it."""
    done = threading.Event()
    # A loop that is closed by now has said all it had to say.
    with contextlib.suppress(RuntimeError):
        thread.io_loop.add_callback(done.set)
    end = time.monotonic() + seconds
    while thread.is_alive() and not done.wait(0.001) and time.monotonic() < end:
        pass


def _call(channel: int) -> int:
    """Call the functions that come in with their arguments, and send back what each returns or raises."""
    with socket.socket(fileno=channel) as other, other.makefile("rb") as asked:
        while asked.peek(1):
            function: Callable[..., Any]
            function, arguments = pickle.load(asked)  # noqa: S301
            try:
                told = (True, function(*arguments))
            except Exception as error:
                told = (False, error)
            answer = pickle.dumps(told)
            other.sendall(ANSWER.pack(len(answer)) + answer)
    return 0


def _written_files() -> set[tuple[str, str]]:
    """Number and place of each file, pipe and device that is open for writing, beside the standard streams."""
    found = set()
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with contextlib.suppress(OSError):
            at = int(number)
            writes = fcntl.fcntl(at, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
            if at > 2 and writes and stat.S_IFMT(os.fstat(at).st_mode) in _HOLD_WORDS:
                found.add((number, os.readlink(f"/proc/self/fd/{number}")))  # noqa: PTH115
    return found


def _write_held() -> None:
    """Have files write what they hold: of a file in a cycle, the lowest part may be collected, and so closed, first."""
    for held in gc.get_objects():
        if issubclass(type(held), (io.TextIOWrapper, io.BufferedWriter)) and not held.closed:
            with contextlib.suppress(OSError):
                held.flush()


def _leave(code: Any) -> NoReturn:
    """End as Python does, but leave the tidying of memory to the operating system."""
    number = code if isinstance(code, int) else 0 if code is None else 1
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        # A file that nobody closed writes what it holds when it is collected. Where there is none, nothing is left to
        # look at: IPython collects at its exit, too.
        if _written_files() <= _files_at_start:
            gc.freeze()
        else:
            _write_held()
        atexit._run_exitfuncs()
        gc.collect()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(number & 0xFF)
