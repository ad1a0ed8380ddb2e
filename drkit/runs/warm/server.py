"""The process that is forked: it imports, then waits for requests, forks, and tells how each child ended."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import struct
import sys
import warnings
from typing import TYPE_CHECKING, Any, cast

from drkit.runs.warm import child, memory, rehearsal, shared

if TYPE_CHECKING:
    from collections.abc import Callable

#: Longest request [bytes]: the environment of a process and its arguments.
LONGEST = 1 << 20

#: Read once, when Python or a library starts: a process with other values has to start by itself.
_STARTUP = ("PYTHON", "LD_", "LC_", "LANG", "OMP_", "OPENBLAS_", "MKL_", "NUMEXPR_", "MPLCONFIGDIR", "MATPLOTLIBRC")


def serve(listening: int, alive: int) -> None:
    """Answer requests until the process that started this one is gone.

    Parameters
    ----------
    listening
        File number of a socket with an address, which listens from the moment that the imports are done.
    alive
        File number of a pipe that ends when nobody needs this server any more.
    """
    listener = socket.socket(fileno=listening)
    before = dict(os.environ)
    # Who is told to end before it is warm takes the rehearsal's folder along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # Nearly all that imports make stays: looking for what does not, again and again, takes a tenth of the time.
    gc.disable()
    rehearsal.rehearse()
    gc.enable()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _Server(listener, alive, before).run()


class _Server:
    def __init__(self, listener: socket.socket, alive: int, before: dict[str, str]) -> None:
        self.listener, self.alive, self.started_with = listener, alive, _startup(before)
        # What imports put into the environment: pydevd, for one, does.
        self.left = {name: value for name, value in os.environ.items() if before.get(name) != value}
        self.asking: set[socket.socket] = set()
        self.children: dict[int, socket.socket] = {}
        self.selector = selectors.DefaultSelector()
        self.ended, self.ending = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> None:
        signal.set_wakeup_fd(self.ending, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        memory.settle()
        self.listener.listen(128)
        for file, answer in ((self.listener, self._accept), (self.alive, None), (self.ended, self._reap)):
            self.selector.register(file, selectors.EVENT_READ, answer)
        while True:
            for key, _ in self.selector.select():
                if key.data is None:
                    self._end()
                    return
                cast("Callable[[Any], None]", key.data)(key.fileobj)

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        # Everybody on the machine can read the address in /proc/net/unix; only this user may ask.
        if peer(connection) != os.getuid():
            connection.close()
            return
        self.asking.add(connection)
        self.selector.register(connection, selectors.EVENT_READ, self._hear)

    def _hear(self, connection: socket.socket) -> None:
        """Fork what a connection asks for; end its child when it hangs up."""
        try:
            message, files, _, _ = socket.recv_fds(connection, LONGEST, 8)
        except OSError:
            message, files = b"", []
        if not message:
            self._hang_up(connection)
            return
        request = json.loads(message)
        if why := self._refusal(request):
            self._answer(connection, {"refused": why})
        else:
            if request["shared"]:
                shared.prepare(shared.Shared(**request["shared"]))
            self._fork(connection, request, files)
        for file in files:
            os.close(file)

    def _refusal(self, request: dict[str, Any]) -> str:
        asked = _startup(request["environment"])
        differs = sorted(
            name for name in {*asked, *self.started_with} if asked.get(name) != self.started_with.get(name)
        )
        if differs:
            return f"{', '.join(differs)} differ from what the warm process was started with"
        if os.path.exists(os.path.join(request["folder"], "matplotlibrc")):  # noqa: PTH110, PTH118
            return f"{request['folder']} has a matplotlibrc of its own"
        return ""

    def _fork(self, connection: socket.socket, request: dict[str, Any], files: list[int]) -> None:
        server = os.getpid()
        request["environment"] = self.left | request["environment"]
        with warnings.catch_warnings():
            # Python warns of threads: those of OpenBLAS, which ends them before a fork and starts them anew.
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                pid = os.fork()
            except OSError as error:
                self._answer(connection, {"refused": f"cannot fork: {error.strerror}"})
                return
        if not pid:
            signal.set_wakeup_fd(-1)
            self.selector.close()
            for open_ in (*self.asking, self.listener):
                open_.close()
            for number in (self.alive, self.ended, self.ending):
                os.close(number)
            child.become(request, files, server)
        self.children[pid] = connection
        self._answer(connection, {"pid": pid})

    def _reap(self, ended: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(ended, 1 << 16)
        while self.children:
            pid, status, used = os.wait4(-1, os.WNOHANG)
            if not pid:
                return
            if connection := self.children.pop(pid, None):
                told = {"exit": os.waitstatus_to_exitcode(status), "cpu_s": used.ru_utime + used.ru_stime}
                self._answer(connection, {**told, "peak_bytes": 1024 * used.ru_maxrss})

    def _hang_up(self, connection: socket.socket) -> None:
        self.selector.unregister(connection)
        self.asking.discard(connection)
        connection.close()
        for pid in [pid for pid, asker in self.children.items() if asker is connection]:
            _kill(pid)

    def _answer(self, connection: socket.socket, message: dict[str, object]) -> None:
        # One that hung up shows itself in the selector.
        with contextlib.suppress(OSError):
            connection.send(json.dumps(message).encode())

    def _end(self) -> None:
        for pid in self.children:
            _kill(pid)


def peer(connection: socket.socket) -> int:
    """The user at the other end of a connection, as the kernel knows him."""
    _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(user)


def _kill(pid: int) -> None:
    """End a child with all it started; one that has no session of its own yet, alone."""
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        return


def _startup(environment: Any) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_STARTUP)}
