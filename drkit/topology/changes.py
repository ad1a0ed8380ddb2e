"""What a topology changes in the primary region, in words: classes, counts, tasks, and how they are bought."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from drkit.facts.support import SERVERLESS
from drkit.topology.site import Sizes
from drkit.words import count
from drkit.workload.commitments import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drkit.facts.support import Service, SupportMatrix
    from drkit.topology.site import Site
    from drkit.workload.model import Workload

_STORAGE = {"standard": "Standard", "io_optimized": "I/O-Optimized"}


def changes_from_today(workload: Workload, sizes: Sizes, primary: Site, support: SupportMatrix) -> Iterator[str]:
    """Everything that differs from today in the primary region; the fewer, the smaller the change."""
    today = Sizes.of_today(workload)
    database, cache = workload.database, workload.cache
    if database and today.database_class != sizes.database_class:
        engine = (database.engine, sizes.storage_type)
        yield _class("database", "instance", "aurora", *engine, today.database_class, primary, support)
    if cache and today.cache_node_type != sizes.cache_node_type:
        yield _class("cache", "node", "elasticache", cache.engine, "", today.cache_node_type, primary, support)
    if database and sizes.storage_type != today.storage_type:
        yield f"Aurora storage becomes {_STORAGE[sizes.storage_type]}"
    if any(new == "arm64" != old for (_, old, _), (_, new, _) in zip(today.tasks, sizes.tasks, strict=True)):
        yield "services move to arm64"
    if database and sizes.database_instances != today.database_instances:
        yield f"database has {count(sizes.database_instances, 'instance')} instead of {today.database_instances}"
    if cache and sizes.cache_replicas_per_shard != today.cache_replicas_per_shard:
        replicas = count(sizes.cache_replicas_per_shard, "replica")
        yield f"cache has {replicas} of each shard instead of {today.cache_replicas_per_shard}"
    yield from _tasks(today, sizes)
    if today.acu and sizes.acu:
        for verb, old, new in (
            ("starts", today.acu.min, primary.serverless_min_acu),
            ("ends", max(today.acu.max, primary.serverless_min_acu), primary.serverless_max_acu),
        ):
            if old != new:
                yield f"Serverless v2 capacity {verb} at {new:g} ACU instead of {old:g}"
    for part in ("database", "cache", "compute"):
        old, new = getattr(today.commitments, part), getattr(sizes.commitments, part)
        if old != new:
            yield f"{part} is bought {in_words(new)} instead of {in_words(old)}"


def _class(
    part: str, unit: str, service: Service, engine: str, variant: str, old: str, primary: Site, support: SupportMatrix
) -> str:
    new = primary.database_class if service == "aurora" else primary.cache_node_type
    extra = support.extra_monthly_usd(service, engine, old, new, primary.region, variant)
    verb = "moves" if extra < 0 or SERVERLESS in (old, new) else "steps up"
    cost = "" if math.isnan(extra) else f" ({extra:+,.2f} USD a month for each {unit})"
    return f"{part} {verb} from {old} to {new}{cost}"


def _tasks(today: Sizes, sizes: Sizes) -> Iterator[str]:
    both = zip(today.tasks, today.task_sizes, sizes.tasks, sizes.task_sizes, strict=True)
    for (name, _, old_count), old, (*_, new_count), new in both:
        if (old_count, old) != (new_count, new):
            yield f"{name} has {_size_in_words(new_count, new)} instead of {_size_in_words(old_count, old)}"


def _size_in_words(tasks: int, size: tuple[float, float]) -> str:
    return f"{count(tasks, 'task')} of {size[0]:g} vCPU and {size[1]:g} GiB"
