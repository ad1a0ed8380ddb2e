"""What runs of drkit's own notebooks share: what is known of a workload.

Many runs of a batch compare the topologies of one workload, with other objectives each. The warm process compares them
once, and what it forks finds bills, times and totals there, as an explorer does from one change to the next.
"""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drkit.runs.warm import memory
from drkit.stats.recent import Recent

if TYPE_CHECKING:
    from drkit.choice.comparer import Comparer

#: What a warm process knows of workloads, by family: some 10 MB each.
_known: Recent[Comparer | None] = Recent(8)


@dataclass(frozen=True)
class Shared:
    """Of a run of one of drkit's own notebooks what others may share.

    Parameters
    ----------
    family
        What the runs of one workload with different objectives have in common, a digest; empty for a run that is
        nearly alone with its workload.
    workload, snapshot, seed, samples
        As the notebook is given them, the workload file by its path.
    """

    family: str = ""
    workload: str = ""
    snapshot: str = ""
    seed: int = 1
    samples: int = 20_000


def prepare(shared: Shared) -> None:
    """In the process that is forked: compare the topologies of a workload before the first run that asks for it.

    What fails here is left for the run, which can tell somebody, and so is what takes long or much memory.
    """
    from drkit.stats.draws import SHORT

    if not shared.family or shared.family in _known or shared.samples > SHORT:
        return
    _known.get(shared.family, lambda: _compared(shared))
    memory.settle()


def _compared(shared: Shared) -> Comparer | None:
    # What it warns of, the run is to warn of itself: Python forgets what it warned of in such a block.
    with contextlib.suppress(Exception), warnings.catch_warnings():
        return _compare(shared)
    return None


def _compare(shared: Shared) -> Comparer:
    from drkit.choice import regret, waiting
    from drkit.choice.comparer import Comparer
    from drkit.facts.catalog import Catalog
    from drkit.workload import file as workload_file

    comparer = Comparer(Catalog.load(shared.snapshot or None), shared.seed, shared.samples)
    comparison = comparer.compare(workload_file.read(shared.workload))
    regret.lasting(comparison).usd(comparison, comparison.surviving)
    for option in comparison.representatives:
        if option.topology.failover:
            waiting.evaluate(comparison, option)
    return comparer
