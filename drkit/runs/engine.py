"""The papermill engine ``drkit``: kernels that start warm, and results that are those of papermill's own engine.

.. code-block:: bash

   papermill --engine drkit notebook.ipynb executed.ipynb

A kernel is forked from a process with pandas, matplotlib, IPython and drkit imported (`drkit.runs.warm`). From there on
it is the kernel that papermill knows, driven by papermill's own client over ZeroMQ: outputs, errors, timeouts,
interrupts, comms and display updates are not built again here. Where a kernel cannot be forked (another operating
system, another language, another Python, other variables at its start) it starts as always, and the log says why.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from papermill.engines import NBClientEngine, NotebookExecutionManager
from papermill.log import logger
from traitlets import Instance, Integer, default

from drkit.runs import warm
from drkit.runs.warm.shared import Shared

if TYPE_CHECKING:
    from collections.abc import Callable

#: The executed notebook on disk is never older than this [s] while it runs.
SAVED_EVERY_S = 1.0
#: How often to look whether a kernel that was told to end has ended [s].
_LOOK_S = 0.002
#: How long a client waits before it connects again to a kernel that does not listen yet [ms].
_AGAIN_MS = 2
#: A kernel that was told to end and is busy is interrupted after this [s].
_ENDS_BY_ITSELF_S = 0.25


class WarmProvisioner(LocalProvisioner):
    """Starts kernels by fork where that is the same as starting them by themselves."""

    process: Any
    parent: WarmManager

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork the kernel, or start its command."""
        environment = kwargs.get("env") or dict(os.environ)
        why = _cold(cmd, kwargs)
        if not why:
            from drkit.runs.warm.client import ColdStartError, Forked

            limit = self.parent.memory_bytes
            try:
                self.process = Forked(
                    "kernel",
                    cmd[3:],
                    {**environment, "JPY_PARENT_PID": str(os.getpid())},
                    str(kwargs.get("cwd") or Path.cwd()),
                    [1, 2],
                    _limits(limit),
                    self.parent.shared,
                )
                self.pid = self.pgid = self.process.pid
                self.cwd = kwargs.get("cwd", Path.cwd())
                return self.connection_info
            except ColdStartError as error:
                why = str(error)
        logger.info(f"The kernel starts cold: {why}")
        return await self._launch_cold(cmd, **kwargs)

    async def _launch_cold(self, cmd: list[str], **kwargs: Any) -> Any:
        from drkit.runs.warm.child import ADDRESS

        environment = kwargs.get("env") or dict(os.environ)
        kwargs["env"] = {name: value for name, value in environment.items() if name != ADDRESS}
        if limits := _limits(self.parent.memory_bytes):
            kwargs["preexec_fn"] = lambda: _limit(limits)
        return await super().launch_kernel(cmd, **kwargs)

    async def cleanup(self, restart: bool = False) -> None:
        """Let go of the process with the rest."""
        if self.process is not None and hasattr(self.process, "close"):
            self.process.close()
        await super().cleanup(restart=restart)


class WarmClient(AsyncKernelClient):
    """Knows by the kernel's own word when it is ready, where the stock client waits for 0.2 s of silence."""

    def _context_default(self) -> zmq.asyncio.Context:
        return _impatient(super()._context_default())

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers, and until it has nothing more to say about that."""
        end = time.monotonic() + (float("inf") if timeout is None else timeout)
        await self._welcomed()
        while True:
            asked = self.kernel_info()
            try:
                reply = await self.shell_channel.get_msg(timeout=1)
            except Empty:
                reply = None
            if reply is not None and reply["msg_type"] == "kernel_info_reply" and await self._idle_after(asked):
                self._handle_kernel_info_reply(reply)
                return
            if not await self._async_is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > end:
                raise RuntimeError(f"Kernel didn't respond in {timeout:.0f} seconds")

    async def _welcomed(self) -> None:
        """Give the kernel a moment to greet who listens to its output, as ipykernel 7 does; others never will."""
        with contextlib.suppress(Empty):
            await self.iopub_channel.get_msg(timeout=0.3)

    async def _idle_after(self, asked: str) -> bool:
        """Read messages until the kernel is idle after a request; False when its output is not connected yet."""
        while True:
            try:
                message = await self.iopub_channel.get_msg(timeout=0.2)
            except Empty:
                return False
            ended = message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"
            if ended and message["parent_header"].get("msg_id") == asked:
                return True


class WarmManager(AsyncKernelManager):
    """Kernel manager whose kernels are forked."""

    memory_bytes = Integer(0, config=True, help="Memory a kernel may allocate [B]; 0 for as much as there is")
    shared = Instance(Shared, allow_none=True, config=True, help="What notebooks of drkit's own share")
    client_class = "drkit.runs.engine.WarmClient"
    client_factory = WarmClient

    @default("context")
    def _context_default(self) -> zmq.asyncio.Context:
        return _impatient(super()._context_default())

    async def _async_pre_start_kernel(self, **kwargs: Any) -> Any:
        factory = KernelProvisionerFactory.instance(parent=self.parent)
        wanted = factory._get_provisioner_config(self.kernel_spec)["provisioner_name"]
        if self.provisioner is None and wanted == "local-provisioner":
            self.provisioner = WarmProvisioner(kernel_spec=self.kernel_spec, parent=self)
        return await super()._async_pre_start_kernel(**kwargs)

    pre_start_kernel = _async_pre_start_kernel

    async def _async_wait(self, pollinterval: float = _LOOK_S) -> None:
        await super()._async_wait(min(pollinterval, _LOOK_S))

    async def _async_interrupt_kernel(self) -> None:
        # The stock manager interrupts every kernel before it ends it; one that is idle by then, but not for long, can
        # take that for its end and hang for seconds. Only what does not end by itself is interrupted.
        if not self.shutting_down:
            await super()._async_interrupt_kernel()

    interrupt_kernel = _async_interrupt_kernel

    async def _async_finish_shutdown(self, *args: Any, **kwargs: Any) -> None:
        try:
            await asyncio.wait_for(self._async_wait(), _ENDS_BY_ITSELF_S)
        except TimeoutError:
            await super()._async_interrupt_kernel()
        await super()._async_finish_shutdown(*args, **kwargs)

    finish_shutdown = _async_finish_shutdown


class _SavesSparingly(NotebookExecutionManager):  # type: ignore[misc]
    """Writes the notebook at its start, at its end, and once a second between, not twice a cell."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._edge = False
        self._due: asyncio.TimerHandle | None = None

    def notebook_start(self, **kwargs: Any) -> None:
        self._at_edge(super().notebook_start, **kwargs)

    def notebook_complete(self, **kwargs: Any) -> None:
        self._at_edge(super().notebook_complete, **kwargs)

    def _at_edge(self, step: Callable[..., None], **kwargs: Any) -> None:
        self._edge = True
        try:
            step(**kwargs)
        finally:
            self._edge = False

    def save(self, **kwargs: Any) -> None:
        if self._edge or (self.now() - self.last_save_time).total_seconds() >= SAVED_EVERY_S:
            super().save(**kwargs)

    async def executing(self, **_: Any) -> None:
        """A cell runs: what was not written before it, is after a second of it."""
        self._cancel()
        self._due = asyncio.get_running_loop().call_later(SAVED_EVERY_S, self.save)

    def cell_complete(self, cell: Any, **kwargs: Any) -> None:
        self._cancel()
        super().cell_complete(cell, **kwargs)

    def _cancel(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None


class WarmEngine(NBClientEngine):  # type: ignore[misc]
    """papermill's own engine with kernels that start warm; its options are those of papermill's own.

    Two more are ``memory_bytes``, what a kernel may allocate [B] before it gets a MemoryError, and ``shared``, what
    runs of drkit's own notebooks leave to each other (`drkit.runs.warm.shared.Shared`).
    """

    @classmethod
    def execute_notebook(
        cls,
        nb: Any,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: Any = True,
        log_output: bool = False,
        autosave_cell_every: int = 30,
        **kwargs: Any,
    ) -> Any:
        """Execute a notebook, as papermill asks it of every engine."""
        manager = _SavesSparingly(
            nb,
            output_path=output_path,
            progress_bar=progress_bar,
            log_output=log_output,
            autosave_cell_every=autosave_cell_every,
        )
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, log_output=log_output, **kwargs)
            # What came to its end is written by papermill, as soon as this returns.
            manager.output_path = None
        finally:
            manager.cleanup_pbar()
            manager.notebook_complete()
        return manager.nb

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, memory_bytes: int = 0, shared: Shared | None = None, **kwargs: Any
    ) -> None:
        """Run the cells by papermill's own client, with the warm kernel manager."""
        from traitlets.config import Config

        config = Config(kwargs.pop("config", None) or {})
        config.WarmManager.memory_bytes = memory_bytes
        config.WarmManager.shared = shared
        kwargs.setdefault("on_cell_execute", nb_man.executing)
        super().execute_managed_notebook(nb_man, kernel_name, config=config, kernel_manager_class=WarmManager, **kwargs)


def _impatient(context: zmq.asyncio.Context) -> zmq.asyncio.Context:
    """Let sockets that are there before their kernel listens try again soon; ZeroMQ pauses for a tenth of a second."""
    context.setsockopt(zmq.RECONNECT_IVL, _AGAIN_MS)
    return context


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
    return ""


def _this_python(program: str) -> bool:
    # Not resolved: the Pythons of two environments may be links to the same file.
    import shutil

    return os.path.abspath(shutil.which(program) or program) == os.path.abspath(sys.executable)  # noqa: PTH100


def _limits(memory_bytes: int) -> dict[int, int]:
    if not memory_bytes or sys.platform == "win32":
        return {}
    import resource

    return {resource.RLIMIT_DATA: memory_bytes}


def _limit(limits: dict[int, int]) -> None:
    import resource

    for number, bytes_ in limits.items():
        resource.setrlimit(number, (bytes_, bytes_))
