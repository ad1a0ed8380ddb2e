"""The uncertain quantities behind a bill, and how far each of them moves it.

A bill is priced at typical quantities. Here it is priced again with one quantity at its low and at its high end; in
between, the change is taken as straight on either side of the typical figure, which it is but for tiers of prices.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import numpy as np
from pydantic import BaseModel

from drkit.bill.biller import Biller
from drkit.facts.assumptions import Assumptions
from drkit.stats.quantity import Quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from drkit.bill.lines import Bill
    from drkit.bill.quantities import Purchase, Purchases
    from drkit.choice.options import Evaluation, Option
    from drkit.facts.assumptions import Figure
    from drkit.stats.draws import Draws
    from drkit.topology.site import Link, Site
    from drkit.workload.model import Workload

Buyer = TypeVar("Buyer", bound=Hashable)

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

    def bills(self, comparison: Evaluation, value: float) -> Biller:
        """What prices topologies with this quantity known to be ``value`` [its unit]."""
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

    def sample(self, draws: Draws) -> npt.NDArray[np.float64]:
        """Change of the monthly bill for each draw [USD/month]; beyond the ends it stays at the end's."""
        return np.interp(draws.known(self.input.name, self.input.figure), self.values, self.changes_usd)


def bill_inputs(comparison: Evaluation) -> list[BillInput]:
    """Every uncertain quantity of the workload, and every assumption that some bill names."""
    quantities = [
        BillInput(_SHARED.get(path, ".".join(("workload", *path))), quantity, path)
        for path, quantity in _quantities(comparison.workload, ())
        if not quantity.certain
    ]
    named = {name for option in comparison.options for line in option.bill.lines for name in line.assumption.split()}
    figures = ((name, comparison.assumptions[name]) for name in sorted(named))
    return quantities + [BillInput(name, figure, ()) for name, figure in figures if figure.low < figure.high]


def moves(comparison: Evaluation, option: Option, quantities: list[BillInput]) -> list[Move]:
    """How each quantity moves one option's bill; those that do not are left out."""
    moving, typical = [], option.bill.monthly_usd
    for quantity in quantities:
        values = (quantity.figure.low, quantity.figure.typical, quantity.figure.high)
        ends = [quantity.bills(comparison, value).bill(option.topology).monthly_usd - typical for value in values[::2]]
        if any(ends):
            moving.append(Move(quantity, values, (ends[0], 0.0, ends[1])))
    return moving


def priced_with(comparison: Evaluation, quantity: BillInput, value: float) -> list[Bill]:
    """The bill of every option, in their order, with one quantity known to be ``value`` [its unit]."""
    biller = quantity.bills(comparison, value)
    return [biller.bill(option.topology) for option in comparison.options]


def changes_usd(
    comparison: Evaluation, options: Sequence[Option], quantities: Sequence[BillInput]
) -> npt.NDArray[np.float64]:
    """How far each quantity at its low and at its high end moves each option's bill [USD/month].

    Only purchases that differ from the usual ones are priced: the figures of whole bills in a fraction of the time.

    Returns
    -------
    array
        Shape ``(quantities, 2, options)``.
    """
    usual = Biller(comparison.workload, comparison.catalog, comparison.assumptions)
    topologies = [option.topology for option in options]
    sites = _Bought(usual, (site for topology in topologies for site in topology.sites), _by_site, _any_site)
    links = _Bought(usual, (topology.link for topology in topologies), _by_link, _any_link)
    primary = [sites.place[topology.primary] for topology in topologies]
    failover = [sites.place[topology.failover] if topology.failover else sites.nowhere for topology in topologies]
    between = [links.place[topology.link] for topology in topologies]
    changes = np.zeros((len(quantities), 2, len(options)))
    for at, quantity in enumerate(quantities):
        for end, value in enumerate((quantity.figure.low, quantity.figure.high)):
            purchases = quantity.bills(comparison, value).purchases
            of_site, of_link = sites.extra_usd(purchases), links.extra_usd(purchases)
            changes[at, end] = of_site[primary] + of_site[failover] + of_link[between]
    return changes


class _Bought(Generic[Buyer]):
    """What sites or links buy. Those of one kind buy the same amounts, in other regions and at other prices.

    Parameters
    ----------
    biller
        Buys as usual, and knows the prices.
    buyers
        Sites or links, without duplicates.
    buy
        What a buyer buys.
    kind
        A buyer without its region.
    """

    def __init__(
        self,
        biller: Biller,
        buyers: Iterable[Buyer],
        buy: Callable[[Purchases, Buyer], Iterable[Purchase]],
        kind: Callable[[Buyer], Buyer],
    ) -> None:
        self._biller, self._buy = biller, buy
        self._buyers = list(dict.fromkeys(buyers))
        self._usual = [list(buy(biller.purchases, buyer)) for buyer in self._buyers]
        self._kinds: dict[Buyer, list[int]] = {}
        for at, buyer in enumerate(self._buyers):
            self._kinds.setdefault(kind(buyer), []).append(at)
        #: Places of the buyers in the result of `extra_usd`; the last, always 0, is for a buyer that does not exist.
        self.place = {buyer: at for at, buyer in enumerate(self._buyers)}
        self.nowhere = len(self._buyers)

    def extra_usd(self, purchases: Purchases) -> npt.NDArray[np.float64]:
        """What each buyer pays more for other purchases than for the usual ones [USD/month]."""
        extra = np.zeros(self.nowhere + 1)
        for places in self._kinds.values():
            first = places[0]
            # A quantity of the workload decides how much is bought, never whether.
            both = zip(self._usual[first], self._buy(purchases, self._buyers[first]), strict=True)
            moved = [(line, now.quantity, now.start) for line, (was, now) in enumerate(both) if was != now]
            for place in places if moved else ():
                usual = self._usual[place]
                now = [usual[line]._replace(quantity=much, start=start) for line, much, start in moved]
                extra[place] = _usd(self._biller, now) - _usd(self._biller, (usual[line] for line, *_ in moved))
        return extra


def _by_site(purchases: Purchases, site: Site) -> Iterator[Purchase]:
    return purchases.site(site)


def _any_site(site: Site) -> Site:
    return replace(site, region="")


def _by_link(purchases: Purchases, link: Link) -> Iterator[Purchase]:
    yield from purchases.replication(link)
    yield from purchases.everywhere(link)


def _any_link(link: Link) -> Link:
    return link._replace(failover_region="")


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
