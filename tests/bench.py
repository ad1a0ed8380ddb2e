"""Measure what must stay fast, side by side with its reference: ``python tests/bench.py OUT.csv``."""

from __future__ import annotations

import csv
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import nbformat

from drkit.catalog import Catalog

COLUMNS = ("name", "value", "unit", "reference", "reference_value", "ratio", "goal", "machine")
BIN = Path(sys.executable).parent


class Pair(NamedTuple):
    """Seconds of two commands, run in turn so that both see the same machine."""

    value: float
    reference: float


def in_turn(value: Callable[[], None], reference: Callable[[], None], rounds: int) -> Pair:
    times: tuple[list[float], list[float]] = ([], [])
    value()
    reference()  # caches are warm for both
    for _ in range(rounds):
        for run, kept in zip((value, reference), times, strict=True):
            start = time.perf_counter()
            run()
            kept.append(time.perf_counter() - start)
    return Pair(statistics.median(times[0]), statistics.median(times[1]))


def command(*words: str) -> Callable[[], None]:
    def run() -> None:
        subprocess.run(words, check=True, capture_output=True)

    return run


def design_vs_papermill(folder: Path) -> Pair:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("import pandas\nimport matplotlib.pyplot")],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    plain = folder / "plain.ipynb"
    nbformat.write(notebook, plain)
    return in_turn(
        command(str(BIN / "drkit"), "design", "article", "--out", str(folder / "design")),
        command(str(BIN / "papermill"), str(plain), str(folder / "plain-out.ipynb"), "--no-progress-bar"),
        rounds=5,
    )


def import_vs_pandas(statement: str) -> Pair:
    return in_turn(command(sys.executable, "-c", statement), command(sys.executable, "-c", "import pandas"), rounds=9)


def catalog_load() -> float:
    times = []
    for _ in range(9):
        start = time.perf_counter()
        Catalog.load()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main(out: Path) -> None:
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    folder = Path(tempfile.mkdtemp(prefix="drkit-bench-"))
    rows: list[tuple[object, ...]] = []

    def pair(name: str, measured: Pair, reference: str, goal: str) -> None:
        ratio = measured.value / measured.reference
        rows.append(
            (name, f"{measured.value:.3f}", "s", reference, f"{measured.reference:.3f}", f"{ratio:.2f}", goal, machine)
        )

    try:
        pair("design_vs_papermill", design_vs_papermill(folder), "papermill, import pandas and matplotlib", "<= 3")
        pair("import_vs_pandas", import_vs_pandas("import drkit"), "import pandas", "<= 1.4")
        used = "import drkit\nfor name in drkit.__all__:\n    name == 'figures' or getattr(drkit, name)"
        pair("import_all_names_vs_pandas", import_vs_pandas(used), "import pandas", "")
        seconds = catalog_load()
        rows.append(("catalog_load", f"{seconds:.4f}", "s", "", "", f"{seconds:.4f}", "<= 0.1 s", machine))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    print(out.read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
