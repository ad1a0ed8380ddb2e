"""What can be changed about a workload while exploring: where it stands, how it is written, what can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from drkit.errors import ParameterError
from drkit.explorer.entry import (
    read_number,
    read_share,
    read_time,
    read_usd,
    read_whole,
    read_words,
    say_share,
    say_time,
    say_usd,
)
from drkit.topology.strategies import STRATEGIES, STRATEGY_NAMES
from drkit.workload.model import FARGATE_MEMORY_GIB

if TYPE_CHECKING:
    from collections.abc import Callable

    from drkit.explorer.draft import Draft, Place
    from drkit.facts.catalog import Catalog

_TIMES = (0, 1, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400, 172_800, 604_800)
_SHARES = (0.5, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
#: A budget's steps, in parts of what today's system costs.
_BUDGETS = (0.75, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4)
_USD = tuple(digit * 10**power for power in range(1, 7) for digit in (1, 2, 5))


@dataclass(frozen=True)
class Field:
    """One thing that can be changed.

    Parameters
    ----------
    place
        Where it stands in a workload file.
    kind
        ``dial``: steps to slide over, or a value that is typed; ``choice``: one of few; ``several``: any of few, none
        for all; ``text``: what is typed.
    values
        What can be slid over or chosen.
    say, read
        From a value to what is shown, and back. ``read`` raises ParameterError.
    spread
        Whether the value is the typical one of low, typical and high, which move in proportion.
    """

    group: str
    label: str
    place: Place
    kind: Literal["dial", "choice", "several", "text"]
    values: tuple[Any, ...] = ()
    say: Callable[[Any], str] = str
    read: Callable[[str], Any] = str
    spread: bool = False
    help: str = ""

    @property
    def name(self) -> str:
        """Its place in words: ``objectives.rto_s``, ``services[0].tasks``."""
        return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.place).lstrip(".")

    def value(self, draft: Draft) -> Any:
        """What the draft says, in the form that `say` takes."""
        value = draft.at(self.place)
        if value is None:
            value = _default(draft, self.place)
        if self.spread and isinstance(value, dict):
            return value["typical"]
        if self.kind == "several":
            return tuple(value or ())
        return value

    def change(self, draft: Draft, value: Any) -> dict[Place, Any]:
        """What to change in the draft for this value."""
        current = draft.at(self.place)
        if self.spread and isinstance(current, dict):
            scale = value / current["typical"] if current["typical"] else 1.0
            low, high = (_short(current[end] * scale) for end in ("low", "high"))
            value = {"low": min(low, value), "typical": value, "high": max(high, value)}
        if self.kind == "several":
            return {self.place: list(value) or None}
        return {self.place: value}

    def steps(self, draft: Draft) -> list[tuple[str, Any]]:
        """What a slider or a list offers, the draft's own value among it: what is shown, and the value."""
        own, values = self.value(draft), list(self.values)
        if self.kind in ("dial", "choice") and own not in values:
            if self.kind == "dial":
                values = sorted([*values, own], key=lambda value: (value is None, value))
            else:
                values.insert(0, own)
        return [(self.say(value), value) for value in values]

    def typed(self, text: str) -> Any:
        """Read what was typed.

        Raises
        ------
        ParameterError
            With the field's label and what can be written.
        """
        try:
            return self.read(text)
        except ParameterError as error:
            raise ParameterError(f"{self.label}: {error}") from None


def fields(draft: Draft, today_usd: float) -> list[Field]:
    """Everything that can be changed about this workload, in the order of a form.

    Parameters
    ----------
    today_usd
        What the system costs today, which sizes the steps of the budget [USD/month].
    """
    catalog = draft.catalog
    return [*_objectives(today_usd), *_where(draft, catalog), *_sizes(draft, catalog)]


def _objectives(today_usd: float) -> list[Field]:
    objectives, costs = "Objectives", "What an outage costs"
    budgets = sorted({_round(today_usd * part) for part in _BUDGETS})
    return [
        Field(objectives, "RPO", ("objectives", "rpo_s"), "dial", _TIMES, say_time, read_time, help="most writes lost"),
        Field(
            objectives, "RTO", ("objectives", "rto_s"), "dial", _TIMES[3:], say_time, read_time, help="longest outage"
        ),
        Field(
            objectives,
            "Probability",
            ("objectives", "probability"),
            "dial",
            _SHARES,
            say_share,
            read_share,
            help="with which RPO and RTO must each hold",
        ),
        Field(
            objectives,
            "Budget",
            ("objectives", "budget_usd_per_month"),
            "dial",
            (*budgets, None),
            say_usd,
            read_usd,
            help="largest bill, USD a month; none for no limit",
        ),
        Field(
            costs,
            "Outage",
            ("costs", "outage_usd_per_hour"),
            "dial",
            _USD,
            say_usd,
            _amount,
            spread=True,
            help="USD for an hour without service, typically; low and high move with it",
        ),
        Field(
            costs,
            "Lost writes",
            ("costs", "data_loss_usd_per_hour"),
            "dial",
            _USD,
            say_usd,
            _amount,
            spread=True,
            help="USD for an hour of writes lost, typically; low and high move with it",
        ),
    ]


def _where(draft: Draft, catalog: Catalog) -> list[Field]:
    home, regions = draft.workload.region, catalog.regions
    priced = sorted(set(catalog.prices.regions()) - {home}, key=lambda code: (regions.distance_km(home, code), code))
    return [
        Field(
            "Strategies",
            "Strategies",
            ("objectives", "strategies"),
            "several",
            STRATEGIES[1:],
            lambda strategy: STRATEGY_NAMES[strategy],
            help="none ticked means all",
        ),
        Field(
            "Regions",
            "Failover regions",
            ("objectives", "failover_regions"),
            "several",
            tuple(priced),
            lambda code: f"{code} · {regions[code].city}, {regions.distance_km(home, code):,.0f} km",
            help="none chosen means all; nearest first",
        ),
        Field(
            "Regions",
            "Residency",
            ("objectives", "residency"),
            "text",
            say=", ".join,
            read=read_words,
            help="countries data may lie in, such as US, CA, or EU; empty for anywhere",
        ),
    ]


def _sizes(draft: Draft, catalog: Catalog) -> list[Field]:
    workload, sizes = draft.workload, []
    if database := workload.database:
        group = "Database"
        if database.acu:
            for label, part in (("ACU at least", "min"), ("ACU on average", "average"), ("ACU at most", "max")):
                sizes.append(Field(group, label, ("database", "acu", part), "text", say=_plain, read=read_number))
        else:
            classes = _sold(catalog, f"instance/{database.engine}/", workload.region)
            sizes.append(Field(group, "Class", ("database", "class"), "choice", classes))
        sizes.append(Field(group, "Instances", ("database", "instances"), "text", say=str, read=read_whole))
        kinds = {"standard": "Standard", "io_optimized": "I/O-Optimized"}
        sizes.append(Field(group, "Storage", ("database", "storage_type"), "choice", tuple(kinds), kinds.__getitem__))
    if cache := workload.cache:
        group = "Cache"
        node_types = _sold(catalog, f"node/{cache.engine}/", workload.region)
        sizes.append(Field(group, "Node type", ("cache", "node_type"), "choice", node_types))
        sizes.append(Field(group, "Shards", ("cache", "shards"), "text", say=str, read=read_whole))
        replicas = ("cache", "replicas_per_shard")
        sizes.append(Field(group, "Replicas each", replicas, "text", say=str, read=read_whole, help="of each shard"))
    for at, service in enumerate(workload.services):
        group = f"Service {service.name}"
        sizes.append(Field(group, "Tasks", ("services", at, "tasks"), "text", say=str, read=read_whole))
        sizes.append(_TaskSize(group, "Task size", ("services", at), "choice", _task_sizes(), _say_task))
    return sizes


class _TaskSize(Field):
    """vCPU and memory of a task, which Fargate sells together."""

    def value(self, draft: Draft) -> tuple[float, float]:
        service = draft.at(self.place)
        return float(service["vcpu"]), float(service["memory_gib"])

    def change(self, draft: Draft, value: Any) -> dict[Place, Any]:  # noqa: ARG002
        vcpu, memory = (_short(part) for part in value)
        return {(*self.place, "vcpu"): vcpu, (*self.place, "memory_gib"): memory}


def _task_sizes() -> tuple[tuple[float, float], ...]:
    """For each vCPU the least memory that Fargate sells, twice that, and the most [GiB]."""
    return tuple(
        (float(vcpu), float(memory))
        for vcpu, (low, high, _) in FARGATE_MEMORY_GIB.items()
        for memory in (low, 2 * low, high)
    )


def _say_task(size: tuple[float, float]) -> str:
    return f"{size[0]:g} vCPU, {size[1]:g} GiB"


def _sold(catalog: Catalog, prefix: str, region: str) -> tuple[str, ...]:
    """Classes with a price in a region, by family and size."""
    names = {item.removeprefix(prefix).split("/")[0] for item in catalog.prices.items(prefix, region)}
    sizes = catalog.support.classes
    classes = [name for name in names if name in sizes]
    return tuple(sorted(classes, key=lambda name: (name.split(".")[1], sizes[name].vcpu, sizes[name].memory_gib, name)))


def _default(draft: Draft, place: Place) -> Any:
    """What holds where a file says nothing: the model's own value."""
    value: Any = draft.workload
    for part in place:
        name = "instance_class" if part == "class" else part
        value = value[name] if isinstance(name, int) else getattr(value, name)
    return value


def _amount(text: str) -> float:
    usd = read_usd(text)
    if usd is None:
        raise ParameterError(f"{text!r} is not an amount: write USD such as 15,000 or 15k")
    return usd


def _plain(value: float) -> str:
    return f"{value:g}"


def _short(value: float) -> float:
    """A number without digits that only arithmetic brought, whole where it is whole."""
    rounded = float(f"{value:.6g}")
    return int(rounded) if rounded == int(rounded) else rounded


def _round(usd: float) -> int:
    """Two digits of an amount [USD]."""
    return int(float(f"{usd:.2g}"))
