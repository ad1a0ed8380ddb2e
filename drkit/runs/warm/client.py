"""Ask a warm server for processes; start it when there is none yet."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import pickle
import resource
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from drkit.errors import DrkitError
from drkit.runs.warm.child import ADDRESS, ANSWER
from drkit.runs.warm.server import LONGEST, peer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drkit.runs.warm.shared import Shared

    Result = TypeVar("Result")

_LIMITS = tuple(getattr(resource, name) for name in ("RLIMIT_DATA", "RLIMIT_AS", "RLIMIT_FSIZE", "RLIMIT_NOFILE"))


class ColdStartError(DrkitError):
    """The warm server cannot give this process; the text says why."""


class Server:
    """A warm server that lives as long as the process that started it needs it."""

    def __init__(self) -> None:
        self.address = f"drkit-{secrets.token_hex(16)}"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        alive, self._needed = os.pipe()
        with listener:
            # The server listens when it is warm; until then nobody can connect.
            listener.bind(f"\0{self.address}")
            self._process = subprocess.Popen(
                [sys.executable, "-m", "drkit.runs.warm", str(listener.fileno()), str(alive)],
                pass_fds=(listener.fileno(), alive),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=Path(__file__).parents[3],
                start_new_session=True,
            )
        os.close(alive)
        self.owner = os.getpid()

    @property
    def pid(self) -> int:
        """Process number of the server."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the server can still be asked, by this process."""
        return self.owner == os.getpid() and self._process.poll() is None

    def close(self) -> None:
        """End the server and all it forked."""
        if self.owner != os.getpid():
            return
        with contextlib.suppress(OSError):
            os.close(self._needed)
        if not _ready(self.address):
            # Still at its imports: it has forked nothing, and would not hear of it for seconds. A signal that it can
            # take, since a kill leaves the folder of its rehearsal behind.
            self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def start() -> str:
    """Start this process's server if it has none, wait until it is warm, and return its address.

    Raises
    ------
    ColdStartError
        When it ends before it is warm.
    """
    found = address()
    while not _ready(found):
        if _own is not None and not _own.running:
            raise ColdStartError("the warm server could not start")
        time.sleep(0.02)
    return found


def _ready(found: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
        return probe.connect_ex(f"\0{found}") == 0


_own: Server | None = None
_starting = threading.Lock()


def address() -> str:
    """Address of the server to ask: the one that this process is a child of, else its own, started when needed."""
    global _own
    if inherited := os.environ.get(ADDRESS):
        return inherited
    with _starting:
        if _own is None or not _own.running:
            _own = Server()
            atexit.register(_own.close)
        return _own.address


class Forked:
    """A process forked by a warm server, with what `subprocess.Popen` has: pid, poll, wait, signals.

    Parameters
    ----------
    do
        ``kernel`` or ``call``.
    arguments
        Of the kernel, as after ``python -m ipykernel_launcher``.
    environment, folder
        Of the new process.
    files
        Standard output, standard error, and what a call needs besides.
    limits
        Resource limits by number, instead of this process's own.
    shared
        What a kernel that runs a notebook of drkit's own shares with others; None for any other.

    Raises
    ------
    ColdStartError
        When the server refuses, or is not there.
    """

    stdin = stdout = stderr = None

    def __init__(
        self,
        do: str,
        arguments: list[str],
        environment: Mapping[str, str],
        folder: str,
        files: list[int],
        limits: Mapping[int, int] | None = None,
        shared: Shared | None = None,
    ) -> None:
        server = address()
        own = {number: resource.getrlimit(number) for number in _LIMITS}
        asked = {number: (min(limit, _finite(own[number][1])),) * 2 for number, limit in (limits or {}).items()}
        request = {
            "do": do,
            "arguments": arguments,
            "environment": {name: value for name, value in environment.items() if name != ADDRESS},
            "folder": folder,
            "umask": _umask(),
            "limits": list((own | asked).items()),
            "address": server,
            "shared": asdict(shared) if shared else {},
        }
        self.returncode: int | None = None
        # Known when it has ended: processor time of it and all it waited for [s], and most memory in use [B].
        self.cpu_s, self.peak_bytes = 0.0, 0
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._connection.connect(f"\0{server}")
            # Who listens at the address of a server that died would get the environment, and send back a pickle.
            if peer(self._connection) != os.getuid():
                raise PermissionError(0, "somebody else listens at its address")
            socket.send_fds(self._connection, [json.dumps(request).encode()], files)
            told = self._connection.recv(LONGEST)
        except ConnectionRefusedError as error:
            self._connection.close()
            raise ColdStartError("the warm server is still at its imports") from error
        except OSError as error:
            self._connection.close()
            raise ColdStartError(f"the warm server does not answer: {error.strerror or error}") from error
        answer = json.loads(told or b'{"refused": "the warm server is gone"}')
        if "refused" in answer:
            self._connection.close()
            raise ColdStartError(str(answer["refused"]))
        self.pid = int(answer["pid"])

    def poll(self) -> int | None:
        """Exit code, negative for a signal; None while the process runs."""
        return self._hear(socket.MSG_DONTWAIT)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the process to end, and return its exit code.

        Raises
        ------
        subprocess.TimeoutExpired
            When it still runs after so many seconds.
        """
        if self.returncode is None:
            self._connection.settimeout(timeout)
        code = self._hear(0)
        if code is None:
            raise subprocess.TimeoutExpired("a forked process", timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process."""
        self.send_signal(signal.SIGKILL)

    def end(self) -> None:
        """Kill the process with all that it started in its own session, and wait until it is gone."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self.wait()

    def close(self) -> None:
        """Let go of the process; the server ends it, and what it started, if it still runs."""
        self._connection.close()

    def _hear(self, flags: int) -> int | None:
        if self.returncode is None:
            try:
                told = self._connection.recv(LONGEST, flags)
            except (BlockingIOError, TimeoutError):
                return None
            except OSError:
                told = b""
            # A server that is gone took its children with it.
            answer = json.loads(told) if told else {"exit": -signal.SIGKILL}
            self.returncode = int(answer["exit"])
            self.cpu_s, self.peak_bytes = answer.get("cpu_s", 0.0), answer.get("peak_bytes", 0)
            self._connection.close()
        return self.returncode


class Caller:
    """A process for calls of functions, one after the other: forked at the first call, ended by `close`.

    What is called has the process to itself, and leaves in it what it likes for the next call of this caller.
    """

    def __init__(self) -> None:
        self._process: Forked | None = None
        self._channel: socket.socket | None = None
        #: Calls that this process has answered.
        self.answered = 0

    def call(
        self, function: Callable[..., Result], *arguments: object, stopped: threading.Event | None = None
    ) -> Result:
        """Call a function in the process, and return what it returns.

        Parameters
        ----------
        function
            Importable by name in the other process.
        arguments
            What it takes; anything that pickles.
        stopped
            When set by another thread, the process is ended.

        Raises
        ------
        ChildProcessError
            When the process ends without an answer: killed, out of memory, or stopped. The next call gets another.
        ColdStartError
            When there is no warm server to ask.
        """
        if self._process is None or self._channel is None or self._process.poll() is not None:
            self.close()
            self._channel, self._process = _forked()
        try:
            self._channel.sendall(pickle.dumps((function, arguments)))
            told = _receive(self._channel, stopped)
        except OSError:
            told = b""
        except BaseException:
            self.close()
            raise
        if not told:
            self._process.end()
            self.close()
            raise ChildProcessError("the process of the run ended without an answer")
        self.answered += 1
        done, value = pickle.loads(told)  # noqa: S301
        if done:
            result: Result = value
            return result
        raise value

    def close(self) -> None:
        """End the process; the caller can be used again."""
        if self._channel is not None:
            self._channel.close()
        if self._process is not None:
            self._process.close()
        self._process = self._channel = None
        self.answered = 0


def _forked() -> tuple[socket.socket, Forked]:
    """A process for calls, and the channel to it."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            return ours, Forked("call", [], os.environ, str(Path.cwd()), [1, 2, theirs.fileno()])
        except BaseException:
            ours.close()
            raise


def _receive(channel: socket.socket, stopped: threading.Event | None) -> bytes:
    """One answer; nothing when the other end is closed before it is whole, or when stopped meanwhile."""
    channel.settimeout(None if stopped is None else 0.1)
    told = bytearray()
    wanted = ANSWER.size
    while len(told) < wanted:
        try:
            part = channel.recv(1 << 16)
        except TimeoutError:
            if stopped is not None and stopped.is_set():
                return b""
            continue
        if not part:
            return b""
        told += part
        if len(told) >= ANSWER.size:
            wanted = ANSWER.size + ANSWER.unpack_from(told)[0]
    return bytes(told[ANSWER.size :])


def _finite(limit: int) -> int:
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit


def _umask() -> int:
    # Asking the system call for it would change it for other threads for a moment.
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("Umask:"):
            return int(line.split()[1], 8)
    return 0o022
