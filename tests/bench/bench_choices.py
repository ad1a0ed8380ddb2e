"""How long the named choices and a difference take: rows for ``tests/bench/bench.py``."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from drkit.choice import choices
from drkit.choice.compare import compare_topologies
from drkit.choice.difference import explain_difference
from drkit.facts.catalog import Catalog
from drkit.workload import file as workload_file


def seconds(run: Callable[[], object], rounds: int = 5) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def rows(machine: str) -> list[tuple[str, ...]]:
    """Regret over all uncertain inputs of the bundled workload with most options, and one difference."""
    comparison = compare_topologies(workload_file.read("article"), Catalog.load())
    regret = seconds(lambda: choices.least_regret(comparison))
    difference = seconds(lambda: explain_difference(comparison.today, comparison.chosen))
    return [
        ("least_regret", f"{regret:.3f}", "s", "", "", f"{regret:.3f}", "<= 1 s", machine),
        ("explain_difference", f"{difference:.4f}", "s", "", "", f"{difference:.4f}", "<= 0.1 s", machine),
    ]
