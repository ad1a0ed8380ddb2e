"""Columns of a design space: each a small table over some of its axes, read off for as many rows as are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from drkit.bill.lines import to_usd
from drkit.facts.support import SERVERLESS
from drkit.topology.designer import label_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from drkit.space.size_choices import Choices
    from drkit.space.tables import Tables
    from drkit.topology.site import Site

    Values = npt.NDArray[Any]
    Codes = npt.NDArray[np.integer]

#: Axes of a design space. The bill adds up over the first four; ``recovery`` numbers those that differ.
AXES = ("placement", "database", "cache", "compute", "recovery")

#: Figures of a recovery, in the order of a table.
RECOVERED = (
    "rto_p50_s",
    "rto_p95_s",
    "rpo_p50_s",
    "rpo_p95_s",
    "p_meets_rto",
    "p_meets_rpo",
    "expected_yearly_loss_usd",
)


class Column(NamedTuple):
    """Values along one or two axes; ``categories`` names the values where they are codes."""

    axes: tuple[str, ...]
    values: Values
    categories: Sequence[object] | None = None

    def take(self, codes: Mapping[str, Codes]) -> Values:
        """The values of rows, given the position of each on every axis."""
        values: Values = self.values[tuple(codes[axis] for axis in self.axes)]
        return values


def _named(axis: str, names: Sequence[object]) -> Column:
    categories = sorted(set(names), key=str)
    at = {name: code for code, name in enumerate(categories)}
    kind = np.int8 if len(categories) < 128 else np.int16
    return Column((axis,), np.array([at[name] for name in names], dtype=kind), categories)


def columns_of(tables: Tables) -> dict[str, Column]:
    """Every column that is known without timing anything, in the order of a table."""
    choices = tables.choices
    failover_instances = _over_placements(
        tables,
        "database",
        [choice.instances for choice in choices.databases],
        lambda sites: _instances(sites[1]),
        np.int8,
    )
    failover_tasks = _over_placements(
        tables, "compute", [choice.tasks for choice in choices.computes], lambda sites: _tasks(sites[1]), np.int16
    )
    least_acu = _over_placements(
        tables,
        "database",
        [choice.acu for choice in choices.databases],
        lambda sites: sites[0].serverless_min_acu,
        np.float32,
    )
    architectures = [label_of(tables.workload, choice.tasks) for choice in choices.computes]
    return {
        "strategy": _named("placement", [placement.strategy for placement in tables.placements]),
        "primary_region": _named("placement", [placement.primary for placement in tables.placements]),
        "failover_region": _named("placement", [placement.failover for placement in tables.placements]),
        "headless": Column(("placement",), np.array([placement.headless for placement in tables.placements])),
        "replication_time_control": Column(
            ("placement",), np.array([placement.replication_time_control for placement in tables.placements])
        ),
        "db_class": _named("database", [choice.class_name for choice in choices.databases]),
        "db_storage_type": _named(
            "database", [choice.storage_type if choice.class_name else "" for choice in choices.databases]
        ),
        "db_instances_primary": Column(
            ("database",), np.array([choice.instances for choice in choices.databases], np.int8)
        ),
        "db_instances_failover": failover_instances,
        "db_min_acu": least_acu,
        "db_average_acu": Column(
            ("database",),
            np.array([choice.acu.average if choice.acu else 0 for choice in choices.databases], np.float32),
        ),
        "db_max_acu": Column(
            ("database",), np.array([choice.acu.max if choice.acu else 0 for choice in choices.databases], np.float32)
        ),
        "db_purchase": _named("database", [choice.purchase for choice in choices.databases]),
        "cache_node_type": _named("cache", [choice.node_type for choice in choices.caches]),
        "cache_replicas": Column(("cache",), np.array([choice.replicas for choice in choices.caches], np.int8)),
        "cache_purchase": _named("cache", [choice.purchase for choice in choices.caches]),
        "architecture": _named("compute", architectures),
        "task_scale": Column(("compute",), np.array([choice.scale for choice in choices.computes], np.float32)),
        "tasks_primary": Column(
            ("compute",), np.array([sum(count for *_, count in choice.tasks) for choice in choices.computes], np.int16)
        ),
        "tasks_failover": failover_tasks,
        "compute_purchase": _named("compute", [choice.purchase for choice in choices.computes]),
        "committed_in_failover": Column(
            ("placement",), np.array([placement.committed_in_failover for placement in tables.placements])
        ),
        **dict(_capacities(tables, choices)),
        "one_off_usd": Column(("placement",), to_usd(tables.one_off)),
    }


def _capacities(tables: Tables, choices: Choices) -> Iterator[tuple[str, Column]]:
    """Capacity of one instance, node and task against today's; NaN where AWS does not state it, as vCPU of an ACU."""
    today = choices.databases[0], choices.caches[0]
    workload, capacity = tables.workload, tables.capacity
    database, cache = workload.database, workload.cache
    of_today = capacity(database.class_name, database.acu) if database else (0.0, 0.0)
    capacities = [
        capacity(choice.class_name, choice.acu) if choice.class_name else (0.0, 0.0) for choice in choices.databases
    ]
    vcpu, memory = _ratios(capacities, of_today)
    fewer_instances = np.array(
        [bool(database and choice.instances < database.instances) for choice in choices.databases]
    )
    if database and SERVERLESS in (database.class_name, today[0].class_name):
        vcpu[:] = np.nan
    yield "db_vcpu_vs_today", Column(("database",), vcpu)
    yield "db_memory_vs_today", Column(("database",), memory)
    of_node = capacity(cache.node_type, None) if cache else (0.0, 0.0)
    node_vcpu, node_memory = _ratios(
        [capacity(choice.node_type, None) if choice.node_type else (0.0, 0.0) for choice in choices.caches], of_node
    )
    fewer_replicas = np.array([bool(cache and choice.replicas < cache.replicas_per_shard) for choice in choices.caches])
    yield "cache_vcpu_vs_today", Column(("cache",), node_vcpu)
    yield "cache_memory_vs_today", Column(("cache",), node_memory)
    small_database = (vcpu < 1) | (memory < 1) | fewer_instances
    small_cache = (node_vcpu < 1) | (node_memory < 1) | fewer_replicas
    small_tasks = np.array([choice.scale < 1 for choice in choices.computes])
    smaller = small_database[:, None, None] | small_cache[None, :, None] | small_tasks[None, None, :]
    yield "smaller_than_today", Column(("database", "cache", "compute"), smaller)


def _ratios(capacities: Sequence[tuple[float, float]], today: tuple[float, float]) -> tuple[Values, Values]:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.array(capacities, dtype=np.float32) / np.array(today, dtype=np.float32)
    ratios[~np.isfinite(ratios) | (ratios == 0)] = np.nan
    return ratios[:, 0].copy(), ratios[:, 1].copy()


def _over_placements(
    tables: Tables,
    axis: str,
    keys: Sequence[Hashable],
    value_of: Callable[[tuple[Site, Site | None]], float],
    kind: type[np.number],
) -> Column:
    """What the sites of each placement say about each choice of one axis; choices with equal keys say the same."""
    first = {key: at for at, key in reversed(list(enumerate(keys)))}
    numbers = {key: number for number, key in enumerate(first)}
    position = AXES.index(axis) - 1
    values = np.zeros((len(tables.placements), len(first)), dtype=kind)
    for p, placement in enumerate(tables.placements):
        for key, at in first.items():
            place = [0, 0, 0]
            place[position] = at
            sites = tables.designers[placement.primary].sites(tables.decision(placement, *place))
            values[p, numbers[key]] = value_of(sites)
    return Column(("placement", axis), values[:, [numbers[key] for key in keys]])


def _instances(site: Site | None) -> int:
    return site.database_instances if site else 0


def _tasks(site: Site | None) -> int:
    return sum(count for *_, count in site.tasks) if site else 0
