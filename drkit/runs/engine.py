"""The papermill engine ``drkit``: kernels that start warm, and results that are those of papermill's own engine.

.. code-block:: bash

   papermill --engine drkit notebook.ipynb executed.ipynb

A kernel is forked from a process with pandas, matplotlib, IPython and drkit imported (`drkit.runs.warm`). From there on
it is the kernel that papermill knows, driven by papermill's own client over ZeroMQ. Where a kernel cannot be forked
(another operating system, another language, another Python, other variables at its start) it starts as always, and the
log says why. A program that runs notebooks this way needs ``if __name__ == "__main__":``, as with multiprocessing.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from papermill.engines import NBClientEngine
from papermill.iorw import write_ipynb
from papermill.log import logger
from traitlets import Integer, Unicode
from traitlets.config import Config

from drkit.runs import kernel, warm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.context import ForkServerProcess

#: The executed notebook on disk is never older than this [s] while it runs.
WRITTEN_EVERY_S = 1.0
#: A kernel that was told to end and is busy is interrupted after this [s].
_ENDS_BY_ITSELF_S = 0.5
#: multiprocessing starts one process at a time.
_STARTS = threading.Lock()


class WarmProvisioner(LocalProvisioner):
    """Starts kernels by fork where that is the same as starting them by themselves."""

    process: Any
    parent: WarmManager

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork the kernel, or start its command."""
        if not (why := _cold(cmd, kwargs)):
            environment = {**(kwargs.get("env") or os.environ), "JPY_PARENT_PID": str(os.getpid())}
            self.cwd = str(kwargs.get("cwd") or Path.cwd())
            limits = self.parent.memory_bytes, self.parent.log_file
            self.process, why = _forked(cmd[3:], environment, self.cwd, *limits)
        if not why:
            self.pid = self.pgid = self.process.pid
            return self.connection_info
        logger.info(f"The kernel starts cold: {why}")
        if sys.platform != "win32" and self.parent.memory_bytes:
            kwargs["preexec_fn"] = lambda: kernel.limit(self.parent.memory_bytes)
        if not self.parent.log_file:
            return await super().launch_kernel(cmd, **kwargs)
        with Path(self.parent.log_file).open("ab") as log:
            return await super().launch_kernel(cmd, stdout=log, stderr=log, **kwargs)

    async def send_signal(self, signum: int) -> None:
        """Send a signal, but no interrupt to a kernel that is about to be told to end.

        One that is idle by then, but not for long, can take that for its end and hang for seconds.
        """
        if signum != signal.SIGINT or not self.parent.shutting_down:
            await super().send_signal(signum)

    async def shutdown_requested(self, restart: bool = False) -> None:  # noqa: ARG002
        """Wait for a kernel that was told to end; interrupt what does not end by itself."""
        if isinstance(self.process, _Forked) and await asyncio.to_thread(self.process.wait, _ENDS_BY_ITSELF_S) is None:
            await super().send_signal(signal.SIGINT)


class _Forked:
    """A forked process with what a `LocalProvisioner` asks of a process."""

    stdin = stdout = stderr = None

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        self._process.join(timeout)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        assert self.pid is not None
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()


def _forked(
    arguments: list[str], environment: dict[str, str], folder: str, memory_bytes: int, log: str
) -> tuple[_Forked | None, str]:
    """A kernel, or why there is none."""
    context = warm.context()
    told, tells = context.Pipe(duplex=False)
    process = context.Process(
        target=kernel.become,
        args=(arguments, environment, folder, memory_bytes, log, tells),
        name=threading.current_thread().name,
        daemon=True,
    )
    me = multiprocessing.current_process()
    daemonic = me.daemon
    # multiprocessing lets no daemonic process, as Dask's workers are, have children, since they would outlive it.
    # These do not.
    with told:
        with tells, _STARTS:
            me.daemon = False
            try:
                process.start()
            finally:
                me.daemon = daemonic
        try:
            why = told.recv()
        except EOFError:
            raise RuntimeError("Kernel died before it listened") from None
    return (None if why else _Forked(process)), why


class WarmClient(AsyncKernelClient):
    """Knows by the kernel's own word when it is ready, where the stock client waits for 0.2 s of silence."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers, and has said all it had to say about that."""
        end = time.monotonic() + (float("inf") if timeout is None else timeout)
        with suppress(Empty):
            # ipykernel 7 greets who listens to its output.
            await self.iopub_channel.get_msg(timeout=0.3)
        while time.monotonic() < end:
            asked = self.kernel_info()
            with suppress(Empty):
                while not _idle_after(asked, await self.iopub_channel.get_msg(timeout=1)):
                    pass
                await self.shell_channel.get_msg(timeout=1)
                return
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
        raise RuntimeError(f"Kernel didn't respond in {timeout:.0f} seconds")


def _idle_after(asked: str, message: dict[str, Any]) -> bool:
    state = message["content"].get("execution_state")
    return bool(message["parent_header"].get("msg_id") == asked and state == "idle")


class WarmManager(AsyncKernelManager):
    """Kernel manager whose kernels are forked."""

    client_class = "drkit.runs.engine.WarmClient"
    memory_bytes = Integer(0, config=True, help="Memory a kernel may allocate [B]; 0 for as much as there is")
    log_file = Unicode("", config=True, help="File for what a kernel writes that is no output of a cell")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if self.kernel_spec and "kernel_provisioner" not in self.kernel_spec.metadata:
            self.kernel_id = str(uuid4())
            self.provisioner = WarmProvisioner(kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self)


class WarmEngine(NBClientEngine):  # type: ignore[misc]
    """papermill's own engine with kernels that start warm; its options are those of papermill's own.

    Two more are ``memory_bytes``, what a kernel may allocate [B] before it gets a MemoryError, and ``log_file``, where
    the kernel writes what is no output of a cell. The notebook is written once a second and at its end, not twice a
    cell.
    """

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, memory_bytes: int = 0, log_file: str = "", **kwargs: Any
    ) -> None:
        """Run the cells by papermill's own client, with the warm kernel manager."""
        path, nb_man.output_path = nb_man.output_path, None
        writer = _Writer(nb_man.nb, path)
        kwargs.setdefault("on_cell_execute", writer.executing)
        try:
            with private_sockets() as config:
                config.WarmManager = Config(memory_bytes=memory_bytes, log_file=log_file)
                config.merge(Config(kwargs.pop("config", None) or {}))
                super().execute_managed_notebook(
                    nb_man, kernel_name, config=config, kernel_manager_class=WarmManager, **kwargs
                )
        finally:
            writer.stop()
            nb_man.output_path = path


class _Writer:
    """Writes a notebook while it is executed, where papermill would write it twice a cell."""

    def __init__(self, notebook: Any, path: str | None) -> None:
        self._notebook, self._path = notebook, path
        self._due: asyncio.TimerHandle | None = None

    async def executing(self, **_: Any) -> None:
        """A cell has begun."""
        if self._path and self._due is None:
            self._due = asyncio.get_running_loop().call_later(WRITTEN_EVERY_S, self._write)

    def _write(self) -> None:
        self._due = None
        write_ipynb(self._notebook, self._path)

    def stop(self) -> None:
        if self._due is not None:
            self._due.cancel()


@contextmanager
def private_sockets() -> Iterator[Config]:
    """Settings of a kernel whose sockets lie in a folder for this user alone, not on ports for all of the machine."""
    if sys.platform == "win32":
        yield Config()
        return
    with tempfile.TemporaryDirectory(prefix="drkit-kernel-") as folder:
        yield Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/socket"}})


def _cold(cmd: list[str], kwargs: dict[str, Any]) -> str:
    """Why a kernel cannot be forked; empty when it can."""
    if not warm.POSSIBLE:
        return f"{sys.platform} has no warm processes"
    if cmd[1:3] != ["-m", "ipykernel_launcher"]:
        return f"{' '.join(cmd[:3])} is not IPython's kernel"
    if not _this_python(cmd[0]):
        return f"{cmd[0]} is another Python than {sys.executable}"
    if other := sorted(set(kwargs) - {"env", "cwd", "kernel_id", "extra_arguments"}):
        return f"it was asked to start with {', '.join(other)}"
    if program := warm.unguarded():
        return f'{program} has no if __name__ == "__main__":'
    return ""


def _this_python(program: str) -> bool:
    # Not resolved: the Pythons of two environments may be links to the same file.
    return os.path.abspath(shutil.which(program) or program) == os.path.abspath(sys.executable)  # noqa: PTH100
