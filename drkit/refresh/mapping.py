"""Rates of an offer, by the recipe, to price rows in drkit's words; what was not understood is told, never guessed."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple

from drkit.errors import OfferError
from drkit.facts.prices import ON_DEMAND
from drkit.facts.snapshot import PriceKey
from drkit.refresh.rates import ON_DEMAND_TERM, RESERVED_TERM, Rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from drkit.refresh.recipe import Recipe, Rule

#: Hours of a year that a reservation is spread over; AWS's own effective hourly prices count so.
HOURS_PER_YEAR = 8760

_YEARS = {"1yr": 1, "3yr": 3, "1 yr": 1, "3 yr": 3}
_OPTIONS = {"No Upfront": "no_upfront", "Partial Upfront": "partial_upfront", "All Upfront": "all_upfront"}


class OfferPrice(NamedTuple):
    """A price of an offer: in drkit's unit [USD/unit], with the tier it holds for [unit] and AWS's rate code.

    ``per`` is how many of AWS's units are one of drkit's.
    """

    key: PriceKey
    unit: str
    usd: str
    tier_from: str
    tier_to: str
    sku: str
    per: int = 1


@dataclass
class Extract:
    """What an offer gave, and what it did not.

    Parameters
    ----------
    prices
        Price rows, each key and tier once.
    classes
        Class to vCPU and memory [GiB] as the offer tells them.
    left_out
        Reason to the number of products left out for it.
    not_understood
        Usage types that no row of the recipe speaks of, or whose unit or currency is another one.
    ambiguous
        Prices that several products, terms or rates give at different figures: none of them is taken.
    new_attributes
        Attributes of products that ``attributes.csv`` does not list; no price depends on them.
    """

    offer: str = ""
    region: str = ""
    prices: list[OfferPrice] = field(default_factory=list)
    classes: dict[str, tuple[str, str]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    not_understood: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)
    new_attributes: list[str] = field(default_factory=list)


class _Tier(NamedTuple):
    begin: Decimal
    end: Decimal | None
    usd: Decimal
    code: str


class _Part(NamedTuple):
    usd: Decimal
    code: str


#: A SKU and the code of one of its terms: a product may have several.
_Term = tuple[str, str]

_NO_PART = _Part(Decimal(0), "")

#: What the parts of a reservation are called, and which of them each way to pay needs.
_PARTS = {"hourly": "hourly rate", "upfront": "upfront fee"}
_NEEDED_PARTS = {"no": {"hourly"}, "partial": {"hourly", "upfront"}, "all": {"upfront"}}


class Mapper:
    """Takes the rates of one offer and gives price rows.

    Parameters
    ----------
    recipe, offer
        Whose rows for this offer are applied, the first that fits.
    region
        The region whose file is read: rates of other regions in it are left out. Empty takes every region.
    """

    def __init__(self, recipe: Recipe, offer: str, region: str = "") -> None:
        self.rules = recipe.rules[offer]
        self._known, self._new = recipe.attributes, set[str]()
        self.source = recipe.sources[offer]
        self.region = region
        self.extract = Extract(offer, region)
        self._decided: dict[str, tuple[Rule, PriceKey] | None] = {}
        self._tiers: dict[PriceKey, dict[_Term, set[_Tier]]] = defaultdict(lambda: defaultdict(set))
        self._leases: dict[PriceKey, dict[_Term, dict[str, set[_Part]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(set))
        )
        self._units: dict[PriceKey, Rule] = {}
        self._unknown: dict[str, None] = {}
        self._missing: dict[tuple[str, str], bool] = {}

    def take(self, rates: Iterable[Rate]) -> Extract:
        """Read all rates and finish.

        Raises
        ------
        OfferError
            When products that a row of the recipe speaks of lack an attribute that it reads, with its name.
        """
        for rate in rates:
            if rate.sku not in self._decided:
                self._decided[rate.sku] = self._decide(rate.product)
            if decided := self._decided[rate.sku]:
                self._add(rate, *decided)
        if missing := sorted({name for (usage, name), lacking in self._missing.items() if lacking}):
            raise OfferError(
                f"the price list {self.extract.offer} has no {', '.join(missing)} for products that the recipe tells "
                "apart by it: AWS changed the file, and drkit would mix up their prices"
            )
        for key in sorted({*self._tiers, *self._leases}):
            self._finish(key)
        self.extract.not_understood = sorted(self._unknown)
        self.extract.new_attributes = sorted(self._new)
        return self.extract

    def _decide(self, product: Mapping[str, str]) -> tuple[Rule, PriceKey] | None:
        self._new |= product.keys() - self._known
        usage, kind = product.get("usagetype", ""), product.get("locationtype", "AWS Region")
        # A global offer sells at edge locations; a region's file also lists its local zones and outposts.
        if kind not in ("AWS Region", "") and self.source.scope == "region":
            self.extract.left_out[kind] += 1
            return None
        for rule in self.rules:
            match = rule.usage.fullmatch(usage)
            if match is None:
                continue
            for name in rule.told_apart_by if rule.service else ():
                # A whole column is missing when no product with this usage type has it.
                column = (rule.usage.pattern, name)
                self._missing[column] = self._missing.get(column, True) and name not in product
            if not all(condition.holds(product) for condition in rule.where):
                continue
            if not rule.service:
                self.extract.left_out[rule.why] += 1
                return None
            if lacking := [name for name in rule.named_by if not product.get(name)]:
                self._unknown[f"usage type {usage} without {' and '.join(lacking)}"] = None
                return None
            return self._keyed(rule, {**product, **match.groupdict()})
        self._unknown[f"usage type {usage or '(none)'}" + f" of {product['productfamily']}" * bool(
            product.get("productfamily"))] = None  # fmt: skip
        return None

    def _keyed(self, rule: Rule, product: dict[str, str]) -> tuple[Rule, PriceKey] | None:
        words: defaultdict[str, str] = defaultdict(str, product)
        key = PriceKey(
            rule.service,
            rule.item.format_map(words),
            rule.region.format_map(words),
            rule.to_region.format_map(words),
            ON_DEMAND,
        )
        if self.region and key.region != self.region and self.source.scope == "region":
            self.extract.left_out["products of another region"] += 1
            return None
        if name := product.get("class"):
            memory = product.get("memory", "").removesuffix(" GiB").replace(",", "")
            if product.get("vcpu", "").isdigit() and memory.replace(".", "", 1).isdigit():
                self.extract.classes[name] = (product["vcpu"], memory)
        return rule, key

    def _add(self, rate: Rate, rule: Rule, key: PriceKey) -> None:
        if rate.currency != "USD":
            self._unknown[f"currency {rate.currency} of {key.item}"] = None
            return
        offer = self.extract.offer
        usd = number(rate.usd, f"the price of {rate.code}", offer)
        if rate.term == ON_DEMAND_TERM:
            if rate.unit not in rule.offer_units:
                self._unknown[f"unit {rate.unit} of {key.item}, where {' or '.join(rule.offer_units)} is known"] = None
                return
            begin = number(rate.begin or "0", f"the beginning of the range of {rate.code}", offer)
            end = None if rate.end in ("Inf", "") else number(rate.end, f"the end of the range of {rate.code}", offer)
            self._units[key] = rule
            self._tiers[key][_term(rate)].add(_Tier(begin, end, usd, rate.code))
        elif rate.term != RESERVED_TERM:
            self.extract.left_out[f"{rate.term or 'nameless'} terms"] += 1
        elif "reserved" in rule.purchases:
            self._add_reserved(rate, rule, key, usd)

    def _add_reserved(self, rate: Rate, rule: Rule, key: PriceKey, usd: Decimal) -> None:
        if rate.offering not in ("standard", ""):
            self.extract.left_out[f"{rate.offering} reservations"] += 1
            return
        years, option = _YEARS.get(rate.lease), _OPTIONS.get(rate.option)
        if years is None or option is None:
            self._unknown[f"reservation {rate.lease} {rate.option} of {key.item}"] = None
            return
        key = key._replace(purchase=f"reserved_{years}y_{option}")
        self._units[key] = rule
        part = "upfront" if rate.unit == "Quantity" else "hourly" if rate.unit in rule.offer_units else ""
        if not part:
            self._unknown[f"unit {rate.unit} of {key.item}, {key.purchase}"] = None
        # A part that was not understood is missing: the reservation is not taken without it.
        self._leases[key][_term(rate)][part].add(_Part(usd, rate.code))

    def _finish(self, key: PriceKey) -> None:
        rule = self._units[key]
        by_figures: dict[object, list[_Tier]] = {}
        terms: dict[object, _Term] = {}
        offered = self._on_demand(key, rule) if key in self._tiers else self._reserved(key)
        for term, tiers in offered:
            figures = tuple(self._row(key, rule, tier)[2:5] for tier in tiers)
            by_figures[figures], terms[figures] = tiers, term
        if len(by_figures) > 1:
            several = "products" if len({sku for sku, _ in terms.values()}) > 1 else "terms or rates"
            self.extract.ambiguous.append(
                f"{key.item} in {key.region}, {key.purchase}: {len(by_figures)} {several} at different prices "
                f"({', '.join(tiers[0].code for tiers in by_figures.values())})"
            )
            return
        for tiers in by_figures.values():
            self.extract.prices += (self._row(key, rule, tier) for tier in tiers)

    def _on_demand(self, key: PriceKey, rule: Rule) -> Iterator[tuple[_Term, list[_Tier]]]:
        for term, rates in sorted(self._tiers[key].items()):
            by_begin: dict[Decimal, dict[object, _Tier]] = defaultdict(dict)
            for tier in sorted(rates, key=lambda tier: tier.code):
                by_begin[tier.begin][tier.end, tier.usd] = tier
            if all(len(each) == 1 for each in by_begin.values()):
                if tiers := self._cleaned(rule, [tier for each in by_begin.values() for tier in each.values()]):
                    yield term, tiers
            else:  # Rates of one term that begin at the same quantity exclude each other.
                yield from ((term, [tier]) for each in by_begin.values() if len(each) > 1 for tier in each.values())

    def _reserved(self, key: PriceKey) -> Iterator[tuple[_Term, list[_Tier]]]:
        _, years, option, _ = key.purchase.split("_")
        for term, rates_of in sorted(self._leases[key].items()):
            if "" in rates_of:
                continue
            paid = {part for part, rates in rates_of.items() if any(rate.usd for rate in rates)}
            if missing := sorted(_NEEDED_PARTS[option] - paid):
                parts = " and ".join(_PARTS[part] for part in missing)
                self._unknown[f"reservation {term[1]} of {key.item}, {key.purchase}, without its {parts}"] = None
                continue
            for hourly in sorted(rates_of.get("hourly", {_NO_PART})):
                for upfront in sorted(rates_of.get("upfront", {_NO_PART})):
                    effective = hourly.usd + upfront.usd / (int(years[0]) * HOURS_PER_YEAR)
                    yield term, [_Tier(Decimal(0), None, round(effective, 6), hourly.code or upfront.code)]

    def _cleaned(self, rule: Rule, tiers: list[_Tier]) -> list[_Tier]:
        """Tiers by rising quantity, without AWS's free ones, which drkit does not deduct."""
        tiers = sorted(tiers, key=lambda tier: tier.begin)
        paid = [tier for tier in tiers if tier.usd > 0]
        if not paid:
            self.extract.left_out["free of charge"] += 1
            return []
        paid[0] = paid[0]._replace(begin=Decimal(0)) if tiers[0].begin == 0 else paid[0]
        if rule.free:
            free = Decimal(rule.free)
            paid[0] = paid[0]._replace(begin=free)
            paid.insert(0, _Tier(Decimal(0), free, Decimal(0), "account-wide free tier"))
        return paid

    def _row(self, key: PriceKey, rule: Rule, tier: _Tier) -> OfferPrice:
        whole = tier.begin == 0 and tier.end is None
        unit = rule.unit
        if key.purchase != ON_DEMAND:
            unit = f"{unit}-effective"
            usd = tier.usd
        else:
            usd = tier.usd * rule.per
        begin = "" if whole else plain(tier.begin / rule.per)
        end = "" if tier.end is None else plain(tier.end / rule.per)
        return OfferPrice(key, unit, plain(usd), begin, end, tier.code, rule.per)


def number(text: str, what: str, offer: str) -> Decimal:
    """A figure of a price list, finite and not below zero.

    Raises
    ------
    OfferError
        When it is none; ``what`` and ``offer`` say which.
    """
    try:
        figure = Decimal(text)
    except InvalidOperation:
        figure = Decimal("NaN")
    if not figure.is_finite() or figure < 0:
        raise OfferError(f"the price list {offer} is damaged: {what} is {text!r}")
    return figure


def _term(rate: Rate) -> _Term:
    # A rate code is SKU, term and rate, with dots between.
    return rate.sku, rate.code.rpartition(".")[0].rpartition(".")[2]


def plain(figure: Decimal) -> str:
    """A figure without exponent and without zeros at its end: ``0.0225``, ``10240``."""
    text = f"{figure.normalize():f}"
    return "0" if text in ("-0", "") else text
