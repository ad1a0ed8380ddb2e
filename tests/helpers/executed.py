"""Executed notebooks as they can be compared: without times, ids and numbers of processes."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
import papermill

_TIMES = ("start_time", "end_time", "duration", "execution")
_IDS = re.compile(r"[0-9a-f]{8}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{12}")
#: Where an object lies, which process printed it, and the number that IPython gives to a cell's code.
_PLACES = re.compile(r"0x[0-9a-f]{8,}|ipykernel_\d+[\\/]\d+\.py|pid=\d+")


def write(path: Path, *cells: str, parameters: str = "given: int = 0") -> Path:
    """A notebook of these code cells, after one with its parameters."""
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    )
    notebook.cells = [nbformat.v4.new_code_cell(parameters, id="parameters", metadata={"tags": ["parameters"]})]
    notebook.cells += [nbformat.v4.new_code_cell(source, id=f"cell-{at}") for at, source in enumerate(cells)]
    nbformat.write(notebook, path)
    return path


def execute(source: Path, target: Path, engine: str | None, **options: Any) -> tuple[Any, BaseException | None]:
    """The executed notebook as it lies on disk, and the error that papermill raised."""
    raised: BaseException | None = None
    try:
        papermill.execute_notebook(
            str(source), str(target), engine_name=engine, progress_bar=False, cwd=str(source.parent), **options
        )
    except Exception as error:
        raised = error
    return nbformat.read(target, as_version=4), raised


def comparable(notebook: Any) -> Any:
    """All of a notebook but times, ids and places in memory."""
    plain = json.loads(nbformat.writes(notebook))
    for widgets in plain["metadata"].get("widgets", {}).values():
        # Models lie under random ids: what they are counts, in an order that does not depend on those.
        widgets["state"] = sorted(widgets["state"].values(), key=lambda model: str(model["model_name"]))
    kept = json.loads(_PLACES.sub("PLACE", _IDS.sub("ID", json.dumps(plain))))
    kept["metadata"]["papermill"].pop("output_path", None)
    for cell in kept["cells"]:
        if "outputs" in cell:
            cell["outputs"] = _joined(cell["outputs"])
    for holder in (kept, *kept["cells"]):
        holder.pop("id", None)
        for key in _TIMES:
            holder["metadata"].pop(key, None)
            holder["metadata"].get("papermill", {}).pop(key, None)
    return kept


def _joined(outputs: list[Any]) -> list[Any]:
    """Outputs with one text for each stream between two others.

    How a stream is cut, and whether standard output or error comes first, is a matter of the moment of a flush.
    """
    joined: list[Any] = []
    for kind, group in itertools.groupby(outputs, key=lambda output: output["output_type"]):
        if kind != "stream":
            joined += group
            continue
        texts: dict[str, str] = {}
        for output in group:
            texts[output["name"]] = texts.get(output["name"], "") + "".join(output["text"])
        joined += ({"output_type": "stream", "name": name, "text": texts[name]} for name in sorted(texts))
    return joined


def printed(notebook: Any) -> str:
    """What the last cell printed."""
    return "".join(output.get("text", "") for output in _outputs(notebook.cells[-1]))


def _outputs(cell: Any) -> Iterable[Any]:
    return [output for output in cell.outputs if output.output_type == "stream"]
