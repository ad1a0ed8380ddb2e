"""Every legal topology of a workload at every size, evaluated as arrays.

Rows are numbered and nothing is stored for them: placement, database, cache and compute follow from the number.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from drkit.bill.lines import to_usd
from drkit.choice.judgement import Judge
from drkit.choice.options import Option
from drkit.errors import ParameterError, UnsupportedError
from drkit.facts.assumptions import Assumptions
from drkit.recovery.simulation import Simulator
from drkit.space.columns import RECOVERED, Column, columns_of
from drkit.space.ranges import Ranges
from drkit.space.size_choices import choose
from drkit.space.tables import Refusal, Tables, code_type
from drkit.stats.draws import check_draws
from drkit.topology.designer import Decision, Designer
from drkit.topology.site import Sizes
from drkit.workload.check import check_today

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

    from drkit.bill.lines import Bill
    from drkit.choice.judgement import Judgement
    from drkit.facts.catalog import Catalog
    from drkit.recovery.model import Recovery
    from drkit.topology.topology import Topology
    from drkit.workload.model import Workload

    Number = TypeVar("Number", bound=np.generic)
    Codes = npt.NDArray[np.integer]
    Index = npt.NDArray[np.int64] | range

#: Rows that a figure can be held of in 2 GiB.
_MOST_ROWS = 250_000_000


class Grid:
    """Every legal topology of a workload within ranges, as arrays; a row is a number from 0.

    Parameters
    ----------
    workload, catalog
        The system and the facts.
    ranges
        Which values each decision may take.
    seed, samples
        Of the recoveries: same seed, same figures.

    Raises
    ------
    WorkloadError, ParameterError
        When the workload, a range, the seed or the samples are wrong.
    UnsupportedError
        When nothing within the ranges is legal.
    """

    def __init__(
        self,
        workload: Workload,
        catalog: Catalog,
        ranges: Ranges | None = None,
        seed: int = 1,
        samples: int = 20_000,
    ) -> None:
        check_draws(seed, samples)
        check_today(workload, catalog)
        self.workload, self.catalog, self.ranges = workload, catalog, ranges or Ranges()
        self.seed, self.samples = seed, samples
        self.assumptions = Assumptions(catalog.snapshot, workload.assumptions)
        self.tables = Tables(workload, catalog, self.assumptions, choose(workload, catalog, self.ranges))
        tables = self.tables
        if not tables.placements:
            reasons = [refusal.reason for refusal in tables.refusals]
            reason = reasons[0] if reasons else "no strategy is left"
            raise UnsupportedError(f"no topology of {workload.name} within these ranges is legal: {reason}")
        blocks = tables.blocks
        self._placement = np.array([block.placement for block in blocks])
        parts = [
            [block.databases for block in blocks],
            [block.caches for block in blocks],
            [block.computes for block in blocks],
        ]
        self._sizes = np.array([[len(codes) for codes in part] for part in parts], dtype=np.int64)
        self._flat = [np.concatenate(part).astype(np.int32) for part in parts]
        self._starts = [np.cumsum([0, *map(len, part)])[:-1] for part in parts]
        self._offsets = np.concatenate([[0], np.cumsum(self._sizes.prod(axis=0))])
        # Integers of four bytes divide faster, and are enough for nearly every block.
        self._row_type = np.int32 if self._sizes.prod(axis=0).max() < 2**31 else np.int64
        self._sizes = self._sizes.astype(self._row_type)
        self._judge = Judge(workload.objectives)

    def __len__(self) -> int:
        return int(self._offsets[-1])

    def __repr__(self) -> str:
        size = f"{len(self):,} topologies, {len(self.tables.placements)} placements"
        return f"{type(self).__name__}({self.workload.name}: {size})"

    # Arrays ---------------------------------------------------------------------------------------------------------

    def codes(self, rows: Index) -> dict[str, Codes]:
        """Position of each row on every axis but ``recovery``.

        Raises
        ------
        ParameterError
            When a row is not in the space.
        """
        index = as_array(rows)
        if len(index) and (index.min() < 0 or index.max() >= len(self)):
            raise ParameterError(
                f"row {index.max() if index.min() >= 0 else index.min()}: rows are 0 to {len(self) - 1:,}"
            )
        block = np.searchsorted(self._offsets, index, side="right") - 1
        remainder = (index - self._offsets[block]).astype(self._row_type)
        remainder, compute = np.divmod(remainder, self._sizes[2][block])
        database, cache = np.divmod(remainder, self._sizes[1][block])
        places = zip(("database", "cache", "compute"), (database, cache, compute), strict=True)
        return {"placement": self._placement[block]} | {
            axis: self._flat[part][self._starts[part][block] + at] for part, (axis, at) in enumerate(places)
        }

    def micro_usd(self, codes: Mapping[str, Codes] | None = None) -> npt.NDArray[np.int64]:
        """Monthly cost of rows in millionths of USD, exactly; of all rows in their order without codes."""
        tables = self.tables
        if codes is not None:
            place = codes["placement"]
            cost: npt.NDArray[np.int64] = tables.databases[place, codes["database"]]
            cost = cost + tables.caches[place, codes["cache"]]
            cost += tables.computes[place, codes["compute"]]
            return cost
        costs = self._empty(np.int64)
        for number, (p, databases, caches, computes) in enumerate(self.tables.blocks):
            # No row is looked up: the sums of a block lie side by side.
            sums = np.add.outer(tables.caches[p, caches], tables.computes[p, computes])
            block = costs[self._offsets[number] : self._offsets[number + 1]].reshape(len(databases), *sums.shape)
            np.add(tables.databases[p, databases][:, None, None], sums, out=block)
        return costs

    def monthly_usd(self) -> npt.NDArray[np.float64]:
        """Monthly cost of every row, to the cent [USD], shape ``(rows,)``."""
        return to_usd(self.micro_usd())

    def recovery_codes(self) -> Codes:
        """Which of the `recoveries` every row has, shape ``(rows,)``."""
        codes: Codes = self._empty(code_type(len(self.tables.examples)))
        for number, (p, databases, caches, computes) in enumerate(self.tables.blocks):
            block = codes[self._offsets[number] : self._offsets[number + 1]]
            place = np.array(p), databases[:, None, None], caches[None, :, None], computes[None, None, :]
            block.reshape(len(databases), len(caches), len(computes))[...] = self.tables.recovery_codes(*place)
        return codes

    def _empty(self, kind: type[Number]) -> npt.NDArray[Number]:
        """Room for a figure of every row."""
        if len(self) > _MOST_ROWS:
            raise ParameterError(
                f"{len(self):,} topologies are too many to look at each: narrow the ranges, or take a sample(...)"
            )
        return np.empty(len(self), dtype=kind)

    @cached_property
    def recoveries(self) -> tuple[Recovery, ...]:
        """Every recovery that differs, timed once."""
        return tuple(self._simulators[topology.primary_region].recover(topology) for topology in self.tables.examples)

    @cached_property
    def judgements(self) -> tuple[Judgement, ...]:
        """The recoveries against the objectives."""
        return tuple(self._judge(recovery) for recovery in self.recoveries)

    @cached_property
    def recovered(self) -> dict[str, npt.NDArray[np.float64]]:
        """Figures of the `recoveries`, each of shape ``(recoveries,)``, by the names of their columns."""
        figures = {
            name: np.array([getattr(judgement, name) for judgement in self.judgements])
            for name in RECOVERED
            if name.startswith(("r", "p"))
        }
        losses = [round(recovery.expected_yearly_loss_usd, 2) for recovery in self.recoveries]
        return {name: figures[name] if name in figures else np.array(losses) for name in RECOVERED}

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Columns that need no recovery; `Rows.names` has all."""
        return columns_of(self.tables)

    def meets(self, recovery: Codes, monthly_usd: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Whether RPO, RTO and budget hold, by the recovery and the cost of rows [USD/month]."""
        figures = self.recovered
        return self._judge.meets(figures["p_meets_rto"], figures["p_meets_rpo"])[recovery] & self._judge.affords(
            monthly_usd
        )

    def refused(self) -> pd.DataFrame:
        """What is left out, and why: columns ``primary_region, strategy, failover_region, choice, reason``."""
        import pandas as pd

        return pd.DataFrame(list(dict.fromkeys(self.tables.refusals)), columns=list(Refusal._fields))

    # One at a time --------------------------------------------------------------------------------------------------

    def topology(self, row: int) -> Topology:
        """The topology of a row, whole."""
        codes = {axis: int(code[0]) for axis, code in self.codes(np.array([row])).items()}
        placement = self.tables.placements[codes["placement"]]
        decision = self.tables.decision(placement, codes["database"], codes["cache"], codes["compute"])
        name = _name(placement.primary, decision.sizes, Sizes.of_today(self.workload), self.workload.region)
        topology = self.tables.designers[placement.primary].topology(decision, name)
        if placement.primary == self.workload.region:
            return topology
        moved = f"the system moves from {self.workload.region} to {placement.primary}"
        return replace(topology, changes=(moved, *topology.changes))

    def bill(self, row: int) -> Bill:
        """The bill of a row, line by line."""
        return self.tables.biller.bill(self.topology(row))

    def recovery(self, row: int) -> Recovery:
        """The recovery of a row, disruption by disruption."""
        topology = self.topology(row)
        return self._simulators[topology.primary_region].recover(topology)

    def option(self, row: int) -> Option:
        """A row priced, timed and judged, as a comparison holds it."""
        return self._option(self.topology(row))

    def _option(self, topology: Topology) -> Option:
        bill = self.tables.biller.bill(topology)
        recovery = self._simulators[topology.primary_region].recover(topology)
        judgement = self._judge(recovery)
        return Option(
            topology=topology,
            bill=bill,
            recovery=recovery,
            judgement=judgement,
            misses=self._judge.misses(judgement, bill.monthly_usd),
        )

    @cached_property
    def today(self) -> Option:
        """The workload as it is, be it within the ranges or not."""
        home = self.tables.designers.get(self.workload.region)
        if home is None:
            home = Designer(self.workload, self.catalog, self.assumptions)
        decision = Decision("single_region", "", False, False, Sizes.of_today(self.workload))
        return self._option(home.topology(decision))

    @cached_property
    def _simulators(self) -> Mapping[str, Simulator]:
        """What times the topologies of each primary region, and today's."""
        return self.tables.simulators(self.seed, self.samples) | {
            self.workload.region: Simulator(self.workload, self.catalog, self.assumptions, self.seed, self.samples)
        }


def as_array(rows: Index) -> npt.NDArray[np.int64]:
    """Numbers of rows as an array; numpy would read a range one number at a time."""
    if isinstance(rows, range):
        return np.arange(rows.start, rows.stop, rows.step, dtype=np.int64)
    return np.asarray(rows, dtype=np.int64)


def _name(primary: str, sizes: Sizes, today: Sizes, home: str) -> str:
    """What tells a topology from others of the same strategy and regions: every size that is not today's."""
    parts = [f"from-{primary}"] * (primary != home)
    if (sizes.database_class, sizes.database_instances) != (today.database_class, today.database_instances):
        parts.append(f"{sizes.database_class}-x{sizes.database_instances}")
    if sizes.acu and sizes.acu != today.acu:
        average = "" if today.acu and today.acu.average == sizes.acu.average else f"-at-{sizes.acu.average:g}"
        parts.append(f"{sizes.acu.min:g}-to-{sizes.acu.max:g}-acu{average}")
    if (sizes.cache_node_type, sizes.cache_replicas_per_shard) != (
        today.cache_node_type,
        today.cache_replicas_per_shard,
    ):
        parts.append(f"{sizes.cache_node_type}-x{1 + sizes.cache_replicas_per_shard}")
    if sizes.task_sizes != today.task_sizes:
        parts.append("-".join(f"{vcpu:g}vcpu" for vcpu, _ in sizes.task_sizes))
    for part in ("database", "cache", "compute"):
        if (purchase := getattr(sizes.commitments, part)) != getattr(today.commitments, part):
            parts.append(f"{part}-{purchase}")
    if sizes.commitments.in_failover_region != today.commitments.in_failover_region:
        parts.append("committed-everywhere" if sizes.commitments.in_failover_region else "committed-at-home")
    return ".".join(parts)
