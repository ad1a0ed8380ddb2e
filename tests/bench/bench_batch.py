"""How fast a batch is against papermill as it comes and against its cells alone, and whether its memory grows.

The number of runs is 100, or what ``DRKIT_BENCH_RUNS`` says. All three ways run the same workloads with the same
parameters and leave the same files; ``drkit batch`` leaves the HTML report of each run as well, and its time counts
from the command to its end, with everything that is made warm: the mean of one before the others and one after them.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import executed
import psutil

from drkit.batch import planning
from drkit.files.bundled import notebooks_dir

RUNS = int(os.environ.get("DRKIT_BENCH_RUNS", "100"))
MEMORY_RUNS = 1_000
JOBS = 2

#: One process: runs one notebook after the other, with papermill's own engine.
LOOP = """
import json, sys, papermill
for run in json.load(sys.stdin):
    papermill.execute_notebook(progress_bar=False, **run)
"""

#: One process: runs the cells of one notebook after the other, shows what they show, and tells its processor time [s].
#: The first run is not counted: it imports.
CELLS = """
import contextlib, io, json, os, sys, time
import nbformat
from IPython.core.interactiveshell import InteractiveShell
os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
shell = InteractiveShell.instance()
def execute(run):
    os.chdir(run["cwd"])
    shell.reset()
    for cell in nbformat.read(run["input_path"], as_version=4).cells:
        if cell.cell_type == "code":
            shell.run_cell(cell.source).raise_error()
        if "parameters" in cell.metadata.get("tags", []):
            shell.push(run["parameters"])
runs = json.load(sys.stdin)
with contextlib.redirect_stdout(io.StringIO()):
    execute(runs[0])
    before = time.process_time()
    for run in runs:
        execute(run)
    used = time.process_time() - before
print(used)
"""


def rows(machine: str) -> Iterator[tuple[str, ...]]:
    """The rows of ``bench.csv``."""
    with tempfile.TemporaryDirectory(prefix="drkit-bench-") as name:
        folder = Path(name)
        for what, value, unit, reference, other, goal in against_papermill(folder):
            ratio = value / other if goal.startswith("<") else other / value
            yield what, f"{value:.2f}", unit, reference, f"{other:.2f}", f"{ratio:.2f}", goal, machine
        late, early = memory_growth(folder)
        around = f"MB around the 10th of {MEMORY_RUNS:,} runs of a small notebook"
        growth = f"{late / early:.3f}"
        yield "batch_memory_growth", f"{late:.1f}", "MB", around, f"{early:.1f}", growth, "<= 1.05", machine


def against_papermill(folder: Path) -> Iterator[tuple[str, float, str, str, float, str]]:
    """Name, value, unit, reference, its value, goal: seconds of `RUNS` runs of ``04_design``."""
    portfolio = folder / "portfolio.yaml"
    targets = [900 + 60 * step for step in range(-(-RUNS // 5))]
    names = ["article", "eu-shop", "media-house", "payments-br", "small-saas"]
    portfolio.write_text(json.dumps({"workloads": names, "grid": {"rto_s": targets}}), encoding="utf-8")
    out = folder / "batch"
    asked = _papermill_runs(planning.make(portfolio, out), folder)
    before, used = _batch_seconds(portfolio, out, len(asked))
    cells = _cells_seconds(asked)
    loop = _seconds(lambda: _loops([asked]))
    two = _seconds(lambda: _loops([asked[::JOBS], asked[1::JOBS]]))
    # The loops take many minutes, in which a machine that others use may become slower or faster.
    after, used_again = _batch_seconds(portfolio, folder / "again", len(asked))
    ours, processor = statistics.mean([before, after]), statistics.mean([used, used_again])
    count = len(asked)
    yield "batch_vs_papermill", ours, "s", f"{count} runs by stock papermill in a loop", loop, ">= 6"
    yield "batch_vs_two_papermills", ours, "s", f"{count} runs by stock papermill, two processes", two, ""
    cells = statistics.mean([cells, _cells_seconds(asked)])
    yield "batch_vs_cells", processor, "s", "processor time of the runs' own cells in one warm process", cells, "<= 1.5"


def memory_growth(folder: Path) -> tuple[float, float]:
    """Memory of a batch of `MEMORY_RUNS` runs of a small notebook [MB]: at its end, and after its 10th run.

    Resident memory of what lives as long as the batch: the command and its forkserver. What they fork lives for one
    run, and is a copy of the server at its start.
    """
    executed.write(folder / "small.ipynb", "import pandas as pd\npd.DataFrame({'given': [given]})")
    portfolio = folder / "small.yaml"
    grid = {"given": list(range(MEMORY_RUNS))}
    portfolio.write_text(json.dumps({"notebook": "small.ipynb", "grid": grid}), encoding="utf-8")
    out = folder / "memory"
    running = subprocess.Popen(_batch(portfolio, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    early, late = [], []
    while running.poll() is None:
        done = len(os.listdir(out / "runs")) if (out / "runs").exists() else 0  # noqa: PTH208
        if 10 <= done < 60:
            early.append(_resident_mb(running.pid))
        elif MEMORY_RUNS - 50 <= done < MEMORY_RUNS:
            late.append(_resident_mb(running.pid))
        time.sleep(0.1)
    assert running.returncode == 0
    return statistics.median(late), statistics.median(early)


def _papermill_runs(plan: planning.Plan, folder: Path) -> list[dict[str, object]]:
    """The runs of a batch, as papermill is asked for them."""
    asked: list[dict[str, object]] = []
    for planned in plan.runs:
        place = folder / "papermill" / planned.spec.name
        place.mkdir(parents=True)
        (place / "workload.yaml").write_text(planned.spec.workload or "", encoding="utf-8")
        asked.append(
            {
                "input_path": str(notebooks_dir() / "04_design.ipynb"),
                "output_path": str(place / "design.ipynb"),
                "parameters": dict(planned.spec.parameters),
                "cwd": str(place),
            }
        )
    return asked


def _batch(portfolio: Path, out: Path) -> list[str]:
    """The command that is measured."""
    return [str(Path(sys.executable).parent / "drkit"), "batch", str(portfolio), "--out", str(out), "--jobs", str(JOBS)]


def _batch_seconds(portfolio: Path, out: Path, runs: int) -> tuple[float, float]:
    """How long a batch takes that nothing was left of before, and the processor time of all its processes [s]."""
    start = time.perf_counter()
    running = psutil.Popen(_batch(portfolio, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    used: dict[int, float] = {}
    while running.poll() is None:
        # What lives as long as the batch, and what it has waited for: kernels are children of the forkserver.
        with contextlib.suppress(psutil.Error):
            used[running.pid] = sum(running.cpu_times()[:2])
            for child in running.children():
                used[child.pid] = sum(child.cpu_times()[:4])
        time.sleep(0.05)
    seconds = time.perf_counter() - start
    assert running.returncode == 0
    done = len(list((out / "runs").glob("*/design.html")))
    assert done == runs, f"{done} of {runs} runs have a report"
    return seconds, sum(used.values())


def _cells_seconds(asked: list[dict[str, object]]) -> float:
    """Processor time of the cells of these runs alone [s]."""
    told = subprocess.run(
        [sys.executable, "-c", CELLS], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return float(told.stdout)


def _loops(shares: list[list[dict[str, object]]]) -> None:
    """Run shares of the runs side by side, a process each."""
    processes = []
    for share in shares:
        process = subprocess.Popen(
            [sys.executable, "-c", LOOP], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(share))
        process.stdin.close()
        processes.append(process)
    assert [process.wait() for process in processes] == [0] * len(shares)


def _seconds(run: object) -> float:
    assert callable(run)
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _resident_mb(pid: int) -> float:
    """Memory of a batch and of its forkserver [MB]."""
    command = psutil.Process(pid)
    servers = [child for child in command.children() if "multiprocessing.forkserver" in " ".join(child.cmdline())]
    assert len(servers) == 1
    return float(sum(process.memory_info().rss for process in (command, *servers))) / 1e6
