"""Measure what must stay fast, side by side with its reference: ``python tests/bench/bench.py OUT.csv``."""

from __future__ import annotations

import csv
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import bench_batch
import bench_choices
import bench_explorer
import bench_space
import nbformat
import numpy as np
import offers
from price_server import serving

from drkit.choice import sensitivity
from drkit.choice.compare import compare_topologies
from drkit.facts.assumptions import Assumptions
from drkit.facts.catalog import Catalog
from drkit.recovery.simulation import Simulator
from drkit.refresh import offer_csv, offer_json
from drkit.refresh.mapping import Mapper
from drkit.refresh.rates import Head
from drkit.refresh.recipe import load
from drkit.stats.draws import Draws, spread
from drkit.topology.enumeration import enumerate_topologies
from drkit.workload import file as workload_file

COLUMNS = ("name", "value", "unit", "reference", "reference_value", "ratio", "goal", "machine")
BIN = Path(sys.executable).parent

#: Runs the command line and tells its own peak memory: what a parent is told of a child includes the parent's.
TELL_PEAK = """
import sys
from drkit.cli import main
try:
    main()
finally:
    print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).strip(), file=sys.stderr)
"""


class Pair(NamedTuple):
    """Seconds of two commands, run in turn so that both see the same machine."""

    value: float
    reference: float


def in_turn(value: Callable[[], object], reference: Callable[[], object], rounds: int) -> Pair:
    times: tuple[list[float], list[float]] = ([], [])
    value()
    reference()  # caches are warm for both
    for _ in range(rounds):
        for run, kept in zip((value, reference), times, strict=True):
            start = time.perf_counter()
            run()
            kept.append(time.perf_counter() - start)
    return Pair(statistics.median(times[0]), statistics.median(times[1]))


def timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


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


def offer_vs_grep(folder: Path, kind: str) -> Pair:
    """Every price that the recipe keeps, taken from a 300 MB offer of RDS, against ``grep -c`` over the same file."""
    path = offers.write_large(folder, Catalog.load("embedded").prices, 300, kind)
    recipe = load()
    source, read = recipe.sources["AmazonRDS"], offer_csv.read if kind == "csv" else offer_json.read

    def take() -> None:
        rates = read(lambda: path.open("rb", buffering=0), source.needles, Head(), source.needs)
        extract = Mapper(recipe, "AmazonRDS", "us-east-1").take(rates)
        assert len(extract.prices) > 1_000

    return in_turn(take, command("grep", "-c", "Aurora", str(path)), rounds=9)


def whole_refresh(folder: Path, kind: str) -> tuple[float, float]:
    """Seconds and peak memory [MB] of ``drkit catalog refresh`` of that offer from a server on this machine."""
    path = folder / f"index.{kind}"
    place = f"/offers/v1.0/aws/AmazonRDS/20261120195514/us-east-1/index.{kind}"
    with serving() as server:
        server.publish({("AmazonRDS", "us-east-1"): offers.Offer("AmazonRDS", [])})
        server.files[place] = path.read_bytes()
        words = ["catalog", "refresh", "--endpoint", server.url, "--regions", "us-east-1", "--services", "AmazonRDS"]
        times, peaks = [], []
        for number in range(3):
            environment = {**os.environ, "DRKIT_CACHE": str(folder / f"cache-{kind}-{number}")}
            start = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", TELL_PEAK, *words, "--offer-format", kind],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
            times.append(time.perf_counter() - start)
            peaks.append(int(done.stderr.splitlines()[-1].split()[1]) * 1024 / 1e6)
    return statistics.median(times), max(peaks)


def price_lookup() -> float:
    """Seconds of one lookup, over every on-demand price without tiers, as a new process finds them."""
    prices = Catalog.load("embedded").prices
    keys = [key for key in prices.keys() if key.purchase == "on_demand" and "egress" not in key.item]  # noqa: SIM118
    keys = [key for key in keys if key.service not in ("AmazonCloudFront", "AmazonRoute53", "AmazonS3")]
    start = time.perf_counter()
    for key in keys:
        prices.find(*key)
    return (time.perf_counter() - start) / len(keys)


def catalog_load() -> float:
    times = []
    for _ in range(9):
        start = time.perf_counter()
        Catalog.load()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


class Recorded(Draws):
    """Draws that remember what was drawn, so that it can be drawn again and nothing else done."""

    def __init__(self, seed: int, samples: int) -> None:
        super().__init__(seed, samples)
        self.numpy: list[Callable[[np.random.Generator], object]] = []
        self.own: list[Callable[[Draws, str], object]] = []

    def uniform(self, name: str) -> Any:
        if name not in self._drawn:
            self.numpy.append(lambda rng: rng.random(self.samples))
            self.own.append(lambda draws, other: draws.uniform(other))
        return super().uniform(name)

    def known(self, name: str, figure: Any) -> Any:
        if name not in self._drawn:
            low, typical, high = figure.low, figure.typical, figure.high
            if getattr(figure, "distribution", "") == "lognormal":
                self.numpy.append(lambda rng: rng.lognormal(math.log(typical), spread(figure), self.samples))
            elif low < high:
                self.numpy.append(lambda rng: rng.triangular(low, typical, high, self.samples))
            self.own.append(lambda draws, other: draws.known(other, figure))
        return super().known(name, figure)

    def gamma(self, name: str, shape: float, years: float) -> Any:
        if name not in self._drawn:
            self.numpy.append(lambda rng: rng.gamma(shape, 1 / years, self.samples))
            self.own.append(lambda draws, other: draws.gamma(other, shape, years))
        return super().gamma(name, shape, years)

    def poisson(self, name: str, rate: Any) -> Any:
        if name not in self._drawn:
            self.numpy.append(lambda rng: rng.poisson(rate))
            self.own.append(lambda draws, other: draws.poisson(other, rate))
        return super().poisson(name, rate)


class Recoveries(NamedTuple):
    """Twenty topologies that recover differently, timed; and drawing the numbers that this takes, alone."""

    time: Callable[[bool], Simulator]
    numpy: Callable[[], None]
    own: Callable[[], None]


def recoveries(samples: int = 100_000) -> Recoveries:
    catalog = Catalog.load()
    workload = workload_file.read("article")
    assumptions = Assumptions(catalog.snapshot, workload.assumptions)
    first = Simulator(workload, catalog, assumptions, samples=10)
    alike = {}
    for topology in enumerate_topologies(workload, catalog, assumptions):
        if not topology.rejected_because:
            alike.setdefault(id(first.recover(topology)), topology)
    topologies = list(alike.values())[:20]
    assert len(topologies) == 20
    every = [t for t in enumerate_topologies(workload, catalog, assumptions) if not t.rejected_because]

    def time_them(all_of_them: bool = False) -> Simulator:
        simulator = Simulator(workload, catalog, assumptions, samples=samples)
        for topology in every if all_of_them else topologies:
            simulator.recover(topology)
        return simulator

    recorded = Recorded(1, samples)
    simulator = Simulator(workload, catalog, assumptions, draws=recorded)
    for topology in topologies:
        simulator.recover(topology)

    def numpy_alone() -> None:
        rng = np.random.default_rng(1)
        kept = [draw(rng) for draw in recorded.numpy]
        kept.append(rng.lognormal(0, 1, samples))  # how long an impairment lasts
        assert kept

    def own_alone() -> None:
        draws = Draws(1, samples)
        for number, draw in enumerate(recorded.own):
            draw(draws, str(number))
        simulator.disruptions.outage_s(draws)

    return Recoveries(time_them, numpy_alone, own_alone)


def peak_mb(run: Callable[[], object]) -> float:
    tracemalloc.start()
    kept = run()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    assert kept is not None
    return peak


def sobol_of_ten() -> Callable[[], object]:
    comparison = compare_topologies(workload_file.read("article"), Catalog.load(), samples=4000)
    ten = sensitivity.inputs(comparison, comparison.chosen)[:10]
    return lambda: sensitivity.sobol(comparison, comparison.chosen, 1024, known=ten)


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
        seconds = price_lookup()
        rows.append(("price_lookup", f"{1e6 * seconds:.2f}", "us", "", "", f"{1e6 * seconds:.2f}", "<= 20 us", machine))
        for kind in ("csv", "json"):
            pair(f"offer_{kind}_vs_grep", offer_vs_grep(folder, kind), "grep -c Aurora, 300 MB", "<= 2")
            seconds, peak = whole_refresh(folder, kind)
            rows.append((f"offer_{kind}_peak_mb", f"{peak:.1f}", "MB", "", "", f"{peak:.1f}", "<= 60 MB", machine))
            rows.append((f"offer_{kind}_refresh", f"{seconds:.3f}", "s", "", "", "", "", machine))
        runs = recoveries()
        drawn = "the same figures drawn by numpy's Generator, nothing else"
        pair("recovery_vs_rng", in_turn(lambda: runs.time(False), runs.numpy, rounds=9), drawn, "<= 3")
        own = "the same figures drawn by drkit's own sampler, nothing else"
        pair("recovery_vs_own_rng", in_turn(lambda: runs.time(False), runs.own, rounds=9), own, "")
        some, every = peak_mb(lambda: runs.time(False)), peak_mb(lambda: runs.time(True))
        rows.append(("recovery_peak_mb", f"{some:.1f}", "MB", "", "", "", "", machine))
        growth, twenty = f"{every / some:.2f}", "20 topologies; the value is of all legal ones, 362"
        rows.append(("recovery_memory_growth", f"{every:.1f}", "MB", twenty, f"{some:.1f}", growth, "", machine))
        sobol = sobol_of_ten()
        sobol()  # SALib is imported
        seconds = statistics.median(timed(sobol) for _ in range(5))
        rows.append(("sobol_10x1024", f"{seconds:.3f}", "s", "", "", f"{seconds:.3f}", "<= 1 s", machine))
        rows.append(("sobol_10x1024_peak_mb", f"{peak_mb(sobol):.1f}", "MB", "", "", "", "", machine))
        rows += [(*row, machine) for row in bench_explorer.rows()]
        rows += [(*row, machine) for row in bench_space.rows()]
        rows.extend(bench_choices.rows(machine))
        rows.extend(bench_batch.rows(machine))
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
