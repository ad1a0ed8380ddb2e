"""The uncertain quantities behind a bill, and how far each of them moves it.

A bill is priced at typical quantities. Here it is priced again with one quantity at its low and at its high end; in
between, the change is taken as straight on either side of the typical figure, which it is but for tiers of prices.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from pydantic import BaseModel

from drkit.assumptions import Assumptions
from drkit.bill import Biller
from drkit.quantity import Quantity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from drkit.assumptions import Figure
    from drkit.bill import Bill
    from drkit.compare import Comparison, Option
    from drkit.draws import Draws
    from drkit.quantities import Purchase, Purchases
    from drkit.topology import Link, Site
    from drkit.workload import Workload

    Array = npt.NDArray[np.float64]

#: A quantity's place in the workload, by field names and by the names of services and buckets.
Path = tuple[str, ...]

#: What recovery calls the same quantity, so that both take the same sample of it.
_SHARED: Mapping[Path, str] = {("database", "storage_gib"): "workload.storage_gib"}


class BillInput(NamedTuple):
    """One uncertain quantity that bills may depend on.

    Parameters
    ----------
    name
        ``workload.`` and its place, or the name of an assumption.
    figure
        Its low, typical and high, in its own unit.
    path
        Its place in the workload; empty for an assumption.
    """

    name: str
    figure: Figure | Quantity
    path: Path

    def bills(self, comparison: Comparison, value: float) -> Biller:
        """What prices topologies with this quantity known to be ``value``."""
        workload, assumptions = comparison.workload, comparison.assumptions
        certain = Quantity(low=value, typical=value, high=value)
        if self.path:
            workload = _with(workload, self.path, certain)
        else:
            assumptions = Assumptions(comparison.catalog.snapshot, {**workload.assumptions, self.name: certain})
        return Biller(workload, comparison.catalog, assumptions)


class Move(NamedTuple):
    """How one quantity moves the monthly bill: its low, typical and high, and the change there [USD/month]."""

    input: BillInput
    values: tuple[float, float, float]
    changes_usd: tuple[float, float, float]

    def sample(self, draws: Draws) -> Array:
        """Change of the monthly bill for each draw [USD/month]; beyond the ends it stays at the end's."""
        return np.interp(draws.known(self.input.name, self.input.figure), self.values, self.changes_usd)


def bill_inputs(comparison: Comparison) -> list[BillInput]:
    """Every uncertain quantity of the workload, and every assumption that some bill names."""
    found = [
        BillInput(_SHARED.get(path, ".".join(("workload", *path))), quantity, path)
        for path, quantity in _quantities(comparison.workload, ())
        if not quantity.certain
    ]
    named = {name for option in comparison.options for line in option.bill.lines for name in line.assumption.split()}
    figures = ((name, comparison.assumptions[name]) for name in sorted(named))
    return found + [BillInput(name, figure, ()) for name, figure in figures if figure.low < figure.high]


def moves(comparison: Comparison, option: Option, known: list[BillInput]) -> list[Move]:
    """How each quantity moves one option's bill; those that do not are left out."""
    found, typical = [], option.bill.monthly_usd
    for one in known:
        values = (one.figure.low, one.figure.typical, one.figure.high)
        ends = [one.bills(comparison, value).bill(option.topology).monthly_usd - typical for value in values[::2]]
        if any(ends):
            found.append(Move(one, values, (ends[0], 0.0, ends[1])))
    return found


def priced_with(comparison: Comparison, one: BillInput, value: float) -> list[Bill]:
    """The bill of every option, in their order, with one quantity known."""
    biller = one.bills(comparison, value)
    return [biller.bill(option.topology) for option in comparison.options]


def changes_usd(comparison: Comparison, options: Sequence[Option], known: Sequence[BillInput]) -> Array:
    """How far each quantity at its low and at its high end moves each option's bill [USD/month].

    Only what is bought otherwise than usual is priced: the same figures as from whole bills, in a fraction of the time.

    Returns
    -------
    array
        Shape ``(quantities, 2, options)``.
    """
    usual = Biller(comparison.workload, comparison.catalog, comparison.assumptions)
    topologies = [option.topology for option in options]
    sites = list(dict.fromkeys(site for topology in topologies for site in topology.sites))
    links = list(dict.fromkeys(topology.link for topology in topologies))
    place = {known: at for known_ones in (sites, links) for at, known in enumerate(known_ones)}
    primary = [place[topology.primary] for topology in topologies]
    # A place behind the last site, where nothing is bought, stands for the site that a single region does not have.
    failover = [place[topology.failover] if topology.failover else len(sites) for topology in topologies]
    between = [place[topology.link] for topology in topologies]
    of_sites, of_links = _Sites(usual, sites), _Links(usual, links)
    found = np.zeros((len(known), 2, len(options)))
    for at, one in enumerate(known):
        for end, value in enumerate((one.figure.low, one.figure.high)):
            other = one.bills(comparison, value).purchases
            by_site, by_link = of_sites.dearer(other), of_links.dearer(other)
            found[at, end] = by_site[primary] + by_site[failover] + by_link[between]
    return found


class _Sites:
    """What is bought in some sites; those that differ in the region alone buy the same, each at its own prices."""

    def __init__(self, biller: Biller, sites: Sequence[Site]) -> None:
        self._biller = biller
        self._kinds: dict[Site, list[tuple[int, str]]] = {}
        for at, site in enumerate(sites):
            self._kinds.setdefault(replace(site, region=""), []).append((at, site.region))
        self._usual = {kind: list(biller.purchases.site(kind)) for kind in self._kinds}
        self._count = len(sites)

    def dearer(self, other: Purchases) -> Array:
        """What each site pays more for other purchases than for the usual ones [USD/month], and 0 for no site."""
        found = np.zeros(self._count + 1)
        for kind, places in self._kinds.items():
            was, now = _moved(self._usual[kind], list(other.site(kind)))
            for at, region in places if was or now else ():
                found[at] = _usd(self._biller, _in(region, now)) - _usd(self._biller, _in(region, was))
        return found


class _Links:
    """What some links buy; those that differ in the failover region alone move together or not at all."""

    def __init__(self, biller: Biller, links: Sequence[Link]) -> None:
        self._biller = biller
        self._kinds: dict[Link, list[tuple[int, Link, list[Purchase]]]] = {}
        for at, link in enumerate(links):
            bought = _bought(biller.purchases, link)
            self._kinds.setdefault(link._replace(failover_region=""), []).append((at, link, bought))
        self._count = len(links)

    def dearer(self, other: Purchases) -> Array:
        """What each link pays more for other purchases than for the usual ones [USD/month]."""
        found = np.zeros(self._count)
        for (at, link, usual), *others in self._kinds.values():
            if usual == (now := _bought(other, link)):
                continue
            found[at] = _dearer(self._biller, usual, now)
            for at, link, usual in others:
                found[at] = _dearer(self._biller, usual, _bought(other, link))
        return found


def _bought(purchases: Purchases, link: Link) -> list[Purchase]:
    return [*purchases.replication(link), *purchases.everywhere(link)]


def _in(region: str, purchases: Iterable[Purchase]) -> Iterator[Purchase]:
    return (bought._replace(region=region) for bought in purchases)


def _dearer(biller: Biller, usual: list[Purchase], other: list[Purchase]) -> float:
    """What is paid more for other purchases than for the usual ones [USD/month]."""
    was, now = _moved(usual, other)
    return _usd(biller, now) - _usd(biller, was)


def _moved(usual: list[Purchase], other: list[Purchase]) -> tuple[list[Purchase], list[Purchase]]:
    """Purchases that differ, as they were and as they are."""
    if len(usual) != len(other):
        return usual, other
    moved = [(was, now) for was, now in zip(usual, other, strict=True) if was != now]
    return [was for was, _ in moved], [now for _, now in moved]


def _usd(biller: Biller, purchases: Iterable[Purchase]) -> float:
    return math.fsum(line.monthly_usd for line in biller.priced(purchases, {}))


def _quantities(model: BaseModel, path: Path) -> Iterator[tuple[Path, Quantity]]:
    """Quantities below a model with their places; objectives, costs and own assumptions are no quantities of a bill."""
    for field in type(model).model_fields:
        value = getattr(model, field)
        if isinstance(value, Quantity):
            yield (*path, field), value
        elif isinstance(value, BaseModel) and field not in ("objectives", "costs"):
            yield from _quantities(value, (*path, field))
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, BaseModel):
                    yield from _quantities(item, (*path, field, str(getattr(item, "name", ""))))


def _with(model: Workload, path: Path, value: Quantity) -> Workload:
    """The workload with one quantity in another's place."""
    changed = _replaced(model, path, value)
    assert isinstance(changed, type(model))
    return changed


def _replaced(model: BaseModel, path: Path, value: Quantity) -> BaseModel:
    field, *rest = path
    inner = getattr(model, field)
    new: object = value
    if isinstance(inner, list):
        name, *below = rest
        new = [_replaced(item, tuple(below), value) if getattr(item, "name", "") == name else item for item in inner]
    elif rest:
        new = _replaced(inner, tuple(rest), value)
    return model.model_copy(update={field: new})
