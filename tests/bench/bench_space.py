"""Measure the design space: topologies a second and memory from 10^3 to 10^7, and the frontier of 10^6 points."""

from __future__ import annotations

import functools
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np

from drkit.facts.catalog import Catalog
from drkit.space.rows import Rows
from drkit.space.space import Space, design_space
from drkit.stats.pareto import on_frontier
from drkit.workload import file as workload_file

#: Name, value, unit, reference, its value, ratio, goal.
Row = tuple[str, str, str, str, str, str, str]

#: Ranges of the article's workload with more than 10^7 topologies.
WIDE = {"headroom": 4.0, "db_instances": [2, 3, 4], "cache_replicas": [1, 2, 3], "task_scales": [1, 2, 4]}


def rows() -> Iterator[Row]:
    """Every figure of the design space."""
    yield from whole_space()
    yield from growth()
    yield from judged()
    yield from frontiers()


def whole_space() -> Iterator[Row]:
    """From the workload to the cost of each of 1.2 million topologies: choices, legality, tables of prices, sums."""
    catalog = Catalog.load("embedded")
    workload = workload_file.read("article", catalog)
    rates = []
    for _ in range(5):
        start = time.perf_counter()
        costs = design_space(workload, catalog).monthly_usd()
        rates.append(len(costs) / (time.perf_counter() - start))
    rate, what = f"{statistics.median(rates):.0f}", f"of {len(costs):,}, tables of prices included"
    yield "topologies_priced_per_s", rate, "1/s", what, "", rate, ">= 1e6"


def growth() -> Iterator[Row]:
    """Cost and memory of pricing 10^3 to 10^7 topologies by their numbers, once the tables are made.

    In time of the processor: other work on the machine disturbs a long run more than a short one.
    """
    catalog = Catalog.load("embedded")
    start = time.perf_counter()
    space = design_space(workload_file.read("article", catalog), catalog, **WIDE)
    yield "space_tables", f"{time.perf_counter() - start:.3f}", "s", f"{len(space):,} topologies", "", "", ""
    each = {}
    for power in range(3, 8):
        count = 10**power
        run = functools.partial(price, space, count)
        each[power] = 1e9 * best_of(run, 9 if power < 7 else 3, time.process_time) / count
        yield f"topology_price_1e{power}", f"{each[power]:.1f}", "ns", "", "", "", ""
        peak = peak_mb(run)
        yield f"topologies_peak_mb_1e{power}", f"{peak:.1f}", "MB", "", "", "", ""
    ratio = f"{each[7] / each[4]:.2f}"
    yield "topologies_cost_growth", f"{each[7]:.1f}", "ns", "a topology of 10^4", f"{each[4]:.1f}", ratio, "<= 1.2"


def price(space: Space, count: int) -> float:
    """Monthly cost of so many topologies, spread over the whole space, as an array."""
    index = range(0, len(space), len(space) // count)[:count]
    return float(Rows(space, index).array("monthly_usd").sum())


def judged() -> Iterator[Row]:
    """Rows a second with RTO and RPO quantiles, expected loss and verdict, recoveries timed anew."""
    catalog = Catalog.load("embedded")
    workload = workload_file.read("article", catalog)
    names = ("monthly_usd", "rto_p50_s", "rto_p95_s", "rpo_p50_s", "rpo_p95_s", "expected_yearly_loss_usd")
    rates = []
    for _ in range(3):
        start = time.perf_counter()
        frame = design_space(workload, catalog).frame(*names, "meets_objectives")
        rates.append(len(frame) / (time.perf_counter() - start))
    rate, what = f"{statistics.median(rates):.0f}", f"of {len(frame):,}, 20,000 draws a recovery, all included"
    yield "topologies_timed_per_s", rate, "1/s", what, "", rate, ">= 5e4"


def frontiers() -> Iterator[Row]:
    """The front of a million points by chance, and of the topologies of a space by cost, RTO, RPO and loss."""
    points = np.random.default_rng(1).random((1_000_000, 4))
    seconds = best_of(lambda: on_frontier(points), 3)
    kept = f"{int(on_frontier(points).sum()):,} of 1,000,000 by chance, 4 columns"
    yield "frontier_1e6", f"{seconds:.3f}", "s", kept, "", f"{seconds:.3f}", "<= 2 s"
    catalog = Catalog.load("embedded")
    space = design_space(workload_file.read("article", catalog), catalog)
    space.frontier()  # recoveries are timed
    seconds = best_of(space.frontier, 3)
    kept = f"{len(space.frontier())} of {len(space):,} topologies"
    yield "frontier_space", f"{seconds:.3f}", "s", kept, "", f"{seconds:.3f}", "<= 2 s"


def best_of(run: Callable[[], object], rounds: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds of the quickest of several runs: what the code takes when the machine does nothing else."""
    times = []
    for _ in range(rounds):
        start = clock()
        run()
        times.append(clock() - start)
    return min(times)


def peak_mb(run: Callable[[], object]) -> float:
    """Most memory that a run held at once [MB]."""
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return peak


if __name__ == "__main__":
    for row in rows():
        print(",".join(row))
