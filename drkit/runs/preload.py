"""Imported by the forkserver before it forks: what kernels need. See `drkit.runs.warm`.

Not among it are pyplot, ipywidgets and IPython's inline backend: they look, when they are imported, for the shell that
shows their output, and there is none yet.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import subprocess
import sys

_MODULES = (
    "IPython.core.debugger",
    "IPython.core.magics",
    "IPython.extensions.storemagic",
    "ipykernel.debugger",
    "ipykernel.zmqshell",
    "ipykernel_launcher",
    "matplotlib.figure",
    "pandas",
    "sqlite3",
    # What programs that run notebooks import: multiprocessing imports the program itself in each process.
    "papermill.cli",
    "drkit.cli",
    "drkit.runs.kernel",
)


# Ctrl-C in a terminal reaches this process too; the one that started it decides what ends.
signal.signal(signal.SIGINT, signal.SIG_IGN)
#: Where a Python that was just started looks for modules; multiprocessing hands down where its parent does.
SEARCHED: list[str] = json.loads(
    subprocess.run(
        [sys.executable, "-c", "import json, sys; print(json.dumps(sys.path[1:]))"], capture_output=True, check=True
    ).stdout
)
_before = dict(os.environ)
for _name in _MODULES:
    importlib.import_module(_name)
#: Variables that the imports set: debugpy does, in any kernel.
VARIABLES = {_name: value for _name, value in os.environ.items() if _before.get(_name) != value}
# What is here is here for good: who is forked need not look through it for garbage, and copies no page for that.
gc.collect()
gc.freeze()
