"""What a warm process has done before the first run: imports, the catalog, and one design that is thrown away."""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib
import io
import os
import tempfile
import types
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from drkit.runs import iris

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Imported in every kernel, or by every run. Not among them are pyplot, ipywidgets and IPython's inline backend: they
#: look, when they are imported, for the shell that shows their output, and there is none yet.
_MODULES = (
    "IPython.core.completer",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.magics",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "comm",
    "faulthandler",
    "ipykernel.debugger",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "ipykernel_launcher",
    "nbformat",
    "papermill",
    "psutil",
    "sqlite3",
    "tornado.platform.asyncio",
    "tornado.queues",
    "drkit.runs.design",
    "drkit.runs.engine",
    "drkit.runs.warm.kernel",
)


def rehearse() -> None:
    """Import what runs import, and compute once what each of them would compute again.

    Nothing of it shows: settings, environment, folder and warnings already given are as they were. What fails here
    is left for the run that needs it, which can tell somebody.
    """
    # IPython names its backend in the environment before a notebook imports matplotlib; here the import comes first.
    backend = os.environ.pop("MPLBACKEND", None)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        with _as_in_a_kernel():
            import pandas  # noqa: F401
        iris.put_off()
        for name in _MODULES:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        with contextlib.suppress(Exception):
            _design()
        with contextlib.suppress(Exception):
            _backends()
    # Makes Python forget which warnings were given already: a run gives them again.
    with warnings.catch_warnings():
        pass
    if backend is not None:
        os.environ["MPLBACKEND"] = backend


@contextlib.contextmanager
def _as_in_a_kernel() -> Iterator[None]:
    """Look like a kernel to pandas, which chooses how wide tables are when it is imported."""
    builtins.get_ipython = lambda: types.SimpleNamespace(kernel=None)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del builtins.get_ipython  # type: ignore[attr-defined]


def _backends() -> None:
    """Find the installed packages that bring a backend of matplotlib: it looks for them when a kernel names its own."""
    from matplotlib.backends.registry import backend_registry

    backend_registry.list_all()


def _design() -> None:
    """Run the cells of the design notebook, show what they show, and make the page of it."""
    import nbformat
    from IPython.core.formatters import DisplayFormatter

    from drkit.files.bundled import notebooks_dir
    from drkit.runs import notebook_page
    from drkit.tfvars import terraform

    notebook = nbformat.read(notebooks_dir() / "04_design.ipynb", as_version=4)
    shows = DisplayFormatter()
    names: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="drkit-rehearsal-") as folder:
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            if "parameters" in cell.metadata.get("tags", ()):
                exec(cell.source, names)  # noqa: S102
                names["out_dir"] = folder
                continue
            tree = ast.parse(cell.source)
            last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, cell.id, "exec"), names)  # noqa: S102
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), cell.id, "eval"), names)  # noqa: S307
                data, _ = shows.format(value)  # type: ignore[no-untyped-call]
                cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": data.get("text/html", "")})]
        for path in Path(folder).glob("*.tfvars"):
            terraform.refusals(path)
    notebook_page.page(notebook, "rehearsal")
