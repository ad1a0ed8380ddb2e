"""Imported by the forkserver of a batch: one design that is thrown away.

What libraries import or compute at their first use is there then. What fails here is left for the run that needs it,
which can tell somebody.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import io
import tempfile
import warnings


def _rehearse() -> None:
    """Run the cells of the design notebook, and show what they show."""
    import nbformat
    from IPython.core.formatters import DisplayFormatter
    from matplotlib.backends.registry import backend_registry

    from drkit.files.bundled import notebooks_dir

    backend_registry.list_all()
    shows = DisplayFormatter()
    names: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="drkit-rehearsal-") as folder:
        for cell in nbformat.read(notebooks_dir() / "04_design.ipynb", as_version=4).cells:
            if cell.cell_type != "code":
                continue
            tree = ast.parse(cell.source)
            last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, cell.id, "exec"), names)  # noqa: S102
            if "parameters" in cell.metadata.get("tags", ()):
                names["out_dir"] = folder
            if last is not None:
                shows.format(eval(compile(ast.Expression(last.value), cell.id, "eval"), names))  # type: ignore[no-untyped-call]  # noqa: S307


with (
    contextlib.redirect_stdout(io.StringIO()),
    contextlib.redirect_stderr(io.StringIO()),
    contextlib.suppress(Exception),
    # Python forgets which warnings were given in such a block: a run gives them again.
    warnings.catch_warnings(),
):
    _rehearse()
gc.collect()
gc.freeze()
