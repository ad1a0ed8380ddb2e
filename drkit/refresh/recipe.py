"""The recipe: which rows of an AWS offer drkit keeps, and what it calls them. Data, read from ``data/recipe``.

``offers.csv`` names the offers, ``recipe.csv`` says row by row what a usage type becomes, or why it is left out,
``savings_plans.csv`` names the Savings Plans, ``attributes.csv`` the attributes that are no news. The bulk files and
the Price List Query API are read by the same rows; adding a service is adding rows.
"""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from drkit.errors import SnapshotError
from drkit.files.bundled import data_dir

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

#: AWS puts a short code of the region before a usage type outside us-east-1: EUW2-InstanceUsage:db.r6g.large.
_REGION_PREFIX = r"(?:(?:[A-Z]{2,4}\d*|[a-z]{2}(?:-[a-z]+)+-\d)-)?"

_WORDS = re.compile(r"[^a-z0-9]")


def attribute(name: str) -> str:
    """One name for an attribute in CSV (``Database Engine``) and JSON (``databaseEngine``): ``databaseengine``."""
    return _WORDS.sub("", name.lower())


@dataclass(frozen=True)
class Condition:
    """``attribute=value|value``, ``!=``, or a search for a pattern, ``~`` and ``!~``."""

    attribute: str
    operator: str
    value: str

    def holds(self, attributes: Mapping[str, str]) -> bool:
        """Whether a product's attributes meet it; an absent attribute is empty."""
        value = attributes.get(self.attribute, "")
        if self.operator.endswith("~"):
            return (re.search(self.value, value) is not None) == (self.operator == "~")
        return (value in self.value.split("|")) == (self.operator == "=")


@dataclass(frozen=True)
class Rule:
    """One row of ``recipe.csv``: what becomes of a usage type of an offer.

    ``service`` and ``item`` are drkit's names, empty where the row says why something is left out. A price per
    ``unit`` is the offer's price times ``per``. ``free`` is a quantity that the whole account gets for nothing.
    """

    offer: str
    usage: re.Pattern[str]
    where: tuple[Condition, ...]
    service: str
    item: str
    region: str
    to_region: str
    offer_units: tuple[str, ...]
    unit: str
    per: int
    purchases: tuple[str, ...]
    free: str
    why: str

    @cached_property
    def told_apart_by(self) -> tuple[str, ...]:
        """Attributes without which its products cannot be told from others; one asked to be there may be absent."""
        return tuple(dict.fromkeys(condition.attribute for condition in self.where if condition.value))

    @cached_property
    def named_by(self) -> tuple[str, ...]:
        """Attributes that its item and regions are named by."""
        named = re.findall(r"\{(\w+)\}", f"{self.item}{self.region}{self.to_region}")
        return tuple(name for name in dict.fromkeys(named) if name not in self.usage.groupindex)


@dataclass(frozen=True)
class Source:
    """One row of ``offers.csv``: an offer, and the text that every line of interest contains.

    ``api_filters`` narrow the Price List Query API: field and value, ``{region}`` standing for the region asked for.
    """

    code: str
    scope: str
    needs: tuple[str, ...]
    needles: tuple[str, ...]
    api_filters: tuple[tuple[str, str], ...]
    what: str


@dataclass(frozen=True)
class SavingsPlan:
    """One row of ``savings_plans.csv``: a plan, what drkit calls the purchase, and the offers it discounts."""

    code: str
    purchase: str
    services: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """Offers, rules and Savings Plans, in the order of the files, and the attributes of products that are known."""

    sources: Mapping[str, Source]
    rules: Mapping[str, tuple[Rule, ...]]
    plans: tuple[SavingsPlan, ...]
    attributes: frozenset[str]
    digest: str

    def offers(self, services: Iterable[str] | None = None) -> list[str]:
        """Codes of the offers that hold these services' prices; None is all of them.

        Parameters
        ----------
        services
            drkit's service names or AWS's offer codes: AmazonVPC's NAT gateways are sold in the offer AmazonEC2.

        Raises
        ------
        SnapshotError
            When a service is unknown.
        """
        if services is None:
            return list(self.sources)
        names = {rule.service for rules in self.rules.values() for rule in rules if rule.service} | set(self.sources)
        wanted = set(services)
        if unknown := sorted(wanted - names):
            within = sorted(name for name in names if unknown[0].lower() in name.lower())
            near = f"did you mean {' or '.join(within)}? " if within else ""
            raise SnapshotError(
                f"no service is called {', '.join(unknown)}: {near}known are {', '.join(sorted(names))}"
            )
        if not wanted:
            raise SnapshotError(f"no service is named: known are {', '.join(sorted(names))}")
        return [
            code
            for code in self.sources
            if code in wanted or any(rule.service in wanted for rule in self.rules.get(code, ()))
        ]


@lru_cache(maxsize=4)
def load(folder: Path | None = None) -> Recipe:
    """Read the recipe.

    Parameters
    ----------
    folder
        Folder with the files; None is the one that ships with drkit.

    Raises
    ------
    SnapshotError
        When a file is missing or a row makes no sense, with its line.
    """
    folder = folder or data_dir() / "recipe"
    seen = hashlib.sha256()

    def rows(name: str) -> list[dict[str, str]]:
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            raise SnapshotError(f"cannot read {folder / name} ({error.strerror}): reinstall drkit") from error
        seen.update(content)
        return list(csv.DictReader(content.decode().splitlines()))

    sources = {row["offer"]: _source(row) for row in rows("offers.csv")}
    rules: dict[str, list[Rule]] = {code: [] for code in sources}
    for line, row in enumerate(rows("recipe.csv"), start=2):
        try:
            rules[row["offer"]].append(_rule(row))
        except (KeyError, ValueError, re.error) as error:
            raise SnapshotError(f"recipe.csv line {line} makes no sense ({error}): correct it") from error
    plans = tuple(
        SavingsPlan(row["plan"], row["purchase"], tuple(row["services"].split())) for row in rows("savings_plans.csv")
    )
    attributes = frozenset(row["attribute"] for row in rows("attributes.csv"))
    by_offer = {code: tuple(of_offer) for code, of_offer in rules.items()}
    return Recipe(sources, by_offer, plans, attributes, seen.hexdigest()[:16])


def _source(row: Mapping[str, str]) -> Source:
    filters = [tuple(each.split("=", 1)) for each in row["api_filters"].split(";") if each]
    if row["api_region"]:
        filters.insert(0, (row["api_region"], "{region}"))
    return Source(
        row["offer"],
        row["scope"],
        tuple(row["needs"].split()),
        tuple(row["needles"].split()),
        tuple((field, value) for field, value in filters),
        row["what"],
    )


def _rule(row: Mapping[str, str]) -> Rule:
    if not row["service"] and not row["why"]:
        raise ValueError("a row names a service, or says why something is left out")
    return Rule(
        offer=row["offer"],
        usage=re.compile(f"{_REGION_PREFIX}(?:{row['usage']})"),
        where=tuple(map(_condition, filter(None, row["where"].split(";")))),
        service=row["service"],
        item=row["item"],
        region=row["region"],
        to_region=row["to_region"],
        offer_units=tuple(row["offer_unit"].split("|")),
        unit=row["unit"],
        per=int(row["per"] or 1),
        purchases=tuple(row["purchases"].split()),
        free=row["free"],
        why=row["why"],
    )


def _condition(text: str) -> Condition:
    parts = re.fullmatch(r"(\w+)(!=|=|!~|~)(.*)", text)
    if parts is None:
        raise ValueError(f"{text!r} is no condition such as databaseengine=Aurora MySQL")
    return Condition(*parts.groups())
