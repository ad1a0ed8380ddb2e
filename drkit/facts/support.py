"""SupportMatrix: what is allowed where, why not, and the smallest legal step up."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from drkit.errors import UnsupportedError
from drkit.facts.prices import HOURS_PER_MONTH
from drkit.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from drkit.facts.prices import PriceBook
    from drkit.facts.snapshot import Snapshot

Service = Literal["aurora", "elasticache"]

_FEATURE = {"aurora": "Aurora Global Database", "elasticache": "ElastiCache Global Datastore"}
SERVERLESS = "db.serverless"


@dataclass(frozen=True)
class Support:
    """Whether something is legal, why not, and which rule says so."""

    supported: bool
    reason: str = ""
    source: str = ""

    def __bool__(self) -> bool:
        return self.supported


@dataclass(frozen=True)
class InstanceClass:
    """Size of an Aurora instance class or ElastiCache node type.

    ``memory_gib`` is the EC2 type's [GiB]; a cache node's usable memory is somewhat lower.
    """

    service: Service
    name: str
    vcpu: int
    memory_gib: float
    architecture: str
    burstable: bool


@dataclass(frozen=True)
class StepUp:
    """The smallest legal class at least as large in vCPU and memory, and what it adds a month for one instance."""

    wanted: str
    found: str
    extra_monthly_usd: float


class SupportMatrix:
    """Rules of Global Database and Global Datastore, for class x engine x version x region.

    Parameters
    ----------
    snapshot
        Rules, regions, class sizes and what is sold where.
    prices
        Used to order step-ups by price and to state their difference.
    """

    def __init__(self, snapshot: Snapshot, prices: PriceBook) -> None:
        self._prices = prices
        self._rules: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
        for row in snapshot.records("support_rules"):
            key = (row["service"], row["engine"], row["rule"])
            self._rules.setdefault(key, []).append((row["value"], row["source"]))
        self._regions = {
            (row["service"], row["engine"], row["region"]): row for row in snapshot.records("support_regions")
        }
        #: What AWS's API said of a class in a region, where that differs from the documented rule.
        self._flags: dict[tuple[str, str, str, str], tuple[bool, str]] = {}
        for (service, engine, rule), values in self._rules.items():
            for value, source in values if rule == "class_flag" else ():
                region, name, flag = value.split()
                self._flags[service, engine, region, name] = (flag == "yes", source)
        self._sold: dict[tuple[str, str, str], set[str]] = {}
        for service, engine, region, name, *_ in snapshot.tables["availability"]:
            self._sold.setdefault((service, engine, region), set()).add(name)
        self.classes = {
            row["class"]: InstanceClass(
                "aurora" if row["service"] == "aurora" else "elasticache",
                row["class"],
                int(row["vcpu"]),
                float(row["memory_gib"]),
                row["architecture"],
                row["burstable"] == "true",
            )
            for row in snapshot.records("classes")
        }
        # A thousand classes are asked about for a hundred region pairs, all of one engine's version.
        self._version = lru_cache(maxsize=4096)(self._version_accepted)
        self._class = lru_cache(maxsize=65_536)(self._class_accepted)
        self._stepped_up = lru_cache(maxsize=16_384)(self._step_up_or_reason)

    def figure(self, service: Service, rule: str, engine: str = "any") -> float:
        """Return a rule that is a number, in the unit that its name ends in: ``managed_rpo_min_s`` [s]."""
        return float(self._single_rule(service, rule, engine)[0])

    def sold(self, service: Service, engine: str, name: str, region: str) -> Support:
        """Whether AWS sells this class to this engine in this region at all."""
        if name == SERVERLESS:
            return Support(True)
        classes = self._sold.get((service, engine if service == "aurora" else "any", region))
        if classes is None:
            return Support(False, f"the snapshot does not say which classes {region} sells")
        if name not in classes:
            return Support(False, f"{name} is not sold for {engine} in {region}")
        return Support(True)

    def replicable(self, service: Service, engine: str, version: str, name: str, region: str | None = None) -> Support:
        """Whether a class can be a member of a Global Database or Global Datastore.

        Parameters
        ----------
        service
            ``aurora`` for Global Database, ``elasticache`` for Global Datastore.
        engine, version
            ``aurora-postgresql``, ``aurora-mysql``, ``redis`` or ``valkey``, and its version.
        name
            Instance class (``db.r6g.large``, ``db.serverless``) or node type (``cache.r7g.large``).
        region
            Also check this region; None checks class and version alone.

        Returns
        -------
        Support
            With the reason and the rule's source when it is refused.
        """
        for verdict in (
            self._class(service, engine, name, region),
            self._version(service, engine, version, region),
            self._region(service, engine, region) if region else Support(True),
            self.sold(service, engine, name, region) if region else Support(True),
        ):
            if not verdict:
                return verdict
        return Support(True)

    def forwards_writes(self, engine: str, version: str) -> Support:
        """Whether a secondary Aurora cluster can forward writes, which active/active needs."""
        return self._satisfies("aurora", engine, version, "write_forwarding", "write forwarding")

    def step_up(
        self,
        service: Service,
        engine: str,
        version: str,
        name: str,
        regions: tuple[str, ...],
        variant: str = "",
    ) -> StepUp:
        """Find the smallest legal class at least as large in vCPU and memory, in all the regions given.

        Smallest is cheapest in the first region; of equal prices the smaller in vCPU, memory and name.

        Parameters
        ----------
        name
            The class in use today.
        regions
            Regions that all must sell, support and price the class found.
        variant
            Aurora storage type, ``standard`` or ``io_optimized``.

        Raises
        ------
        UnsupportedError
            When the class is unknown, or nothing legal is large enough.
        """
        outcome = self._stepped_up(service, engine, version, name, regions, variant)
        if isinstance(outcome, str):
            raise UnsupportedError(outcome)
        return outcome

    def _step_up_or_reason(
        self, service: Service, engine: str, version: str, name: str, regions: tuple[str, ...], variant: str
    ) -> StepUp | str:
        """The step up, or the reason for none: a refusal takes the longest search, and many topologies share it."""
        try:
            return self._smallest_legal(service, engine, version, name, regions, variant)
        except UnsupportedError as error:
            return str(error)

    def _smallest_legal(
        self, service: Service, engine: str, version: str, name: str, regions: tuple[str, ...], variant: str
    ) -> StepUp:
        legal = self.replicable_everywhere(service, engine, version, name, regions)
        priced = [self._priced(service, engine, name, region, variant) for region in regions]
        # The bill reports a class without a price at home; where only the other region lacks one, a step up may help.
        if name == SERVERLESS or (legal and (all(priced) or not priced[0])):
            verdict = self.replicable(service, engine, version, name, regions[0])
            if not verdict:
                raise UnsupportedError(verdict.reason)
            return StepUp(name, name, 0.0)
        today = self.size(name)
        for region in regions:
            for verdict in (
                self._version(service, engine, version, region),
                self._region(service, engine, region),
            ):
                if not verdict:
                    raise UnsupportedError(verdict.reason)
        choices = sorted(
            (
                self._hourly(service, engine, candidate.name, regions[0], variant),
                candidate.vcpu,
                candidate.memory_gib,
                candidate.name,
            )
            for candidate in self.classes.values()
            if candidate.service == service
            and candidate.vcpu >= today.vcpu
            and candidate.memory_gib >= today.memory_gib
            and self.replicable_everywhere(service, engine, version, candidate.name, regions)
            and all(self._priced(service, engine, candidate.name, region, variant) for region in regions)
        )
        if not choices:
            raise UnsupportedError(
                f"no class legal for {_FEATURE[service]} in {' and '.join(regions)} is as large as {name} "
                f"({today.vcpu} vCPU, {today.memory_gib:g} GiB)"
            )
        *_, smallest = choices[0]
        return StepUp(name, smallest, self.extra_monthly_usd(service, engine, name, smallest, regions[0], variant))

    def extra_monthly_usd(
        self, service: Service, engine: str, name: str, replacement: str, region: str, variant: str = ""
    ) -> float:
        """What one instance of a class costs more than one of another on demand [USD/month]; NaN without a price."""
        if not all(self._priced(service, engine, class_name, region, variant) for class_name in (name, replacement)):
            return math.nan
        hourly = self._hourly(service, engine, replacement, region, variant)
        return (hourly - self._hourly(service, engine, name, region, variant)) * HOURS_PER_MONTH

    def replicable_everywhere(
        self, service: Service, engine: str, version: str, name: str, regions: tuple[str, ...]
    ) -> bool:
        """Whether :meth:`replicable` holds in every one of the regions."""
        return all(self.replicable(service, engine, version, name, region) for region in regions)

    def size(self, name: str) -> InstanceClass:
        """Return the size of a class, or raise UnsupportedError for an unknown one."""
        try:
            return self.classes[name]
        except KeyError:
            near = did_you_mean(name, self.classes, count=3)
            sentence = f"{name!r} is not a class of the snapshot"
            raise UnsupportedError(f"{sentence}; {near}" if near else sentence) from None

    def frame(
        self,
        service: Service | None = None,
        region: str | None = None,
        engine: str | None = None,
        version: str | None = None,
    ) -> pd.DataFrame:
        """Every class that is sold, by engine, version and region, with the verdict.

        Parameters
        ----------
        service, region, engine
            Keep the rows with this value.
        version
            Judge this engine version; without it each version line is judged at the oldest version that is
            legal in the region, and the verdict holds for the line's later versions too.

        Returns
        -------
        DataFrame
            Columns ``service, engine, engine_version, class, region, supported, reason``.
        """
        import pandas as pd

        rows = []
        for (sold_service, sold_engine, sold_region), names in sorted(self._sold.items()):
            if (service and sold_service != service) or (region and sold_region != region):
                continue
            kind: Service = "aurora" if sold_service == "aurora" else "elasticache"
            for sold_to in ["redis", "valkey"] if kind == "elasticache" else [sold_engine]:
                if engine and sold_to != engine:
                    continue
                for rule in [version] if version else self._oldest_versions(kind, sold_to, sold_region):
                    for name in sorted({*names, SERVERLESS} if kind == "aurora" else names):
                        verdict = self.replicable(kind, sold_to, rule, name, sold_region)
                        rows.append((kind, sold_to, rule, name, sold_region, verdict.supported, verdict.reason))
        columns = ["service", "engine", "engine_version", "class", "region", "supported", "reason"]
        return pd.DataFrame(rows, columns=columns)

    def _single_rule(self, service: str, rule: str, engine: str = "any") -> tuple[str, str]:
        (rule_row,) = self._rules[(service, engine, rule)]
        return rule_row

    def _class_accepted(self, service: Service, engine: str, name: str, region: str | None) -> Support:
        if flag := self._flags.get((service, engine, region or "", name)):
            legal, source = flag
            return Support(legal, "" if legal else f"{_FEATURE[service]} does not take {name} in {region}", source)
        burstable, source = self._single_rule(service, "class_burstable")
        if re.match(burstable, name):
            return Support(False, f"{name} is burstable, which {_FEATURE[service]} refuses", source)
        allowed, source = self._single_rule(service, "class_allowed")
        if not re.match(allowed, name):
            return Support(False, f"{name} is not of a family or size that {_FEATURE[service]} takes", source)
        return Support(True)

    def _version_accepted(self, service: Service, engine: str, version: str, region: str | None) -> Support:
        floor = self._regions.get((service, engine, region or ""), {}).get("floor", "")
        return self._satisfies(service, engine, version, "version", _FEATURE[service], floor.split())

    def _satisfies(
        self,
        service: Service,
        engine: str,
        version: str,
        rule: str,
        feature: str,
        own_floors: Sequence[str] = (),
    ) -> Support:
        rules = self._rules.get((service, engine, rule))
        if rules is None:
            return Support(False, f"{feature} does not take the engine {engine}")
        # A region's own floor takes the place of the engine's for that major version.
        stricter = {_major(condition) for condition in own_floors}
        conditions = [*(value for value, _ in rules if _major(value) not in stricter), *own_floors]
        parsed = parse_version(version)
        of_line = [condition for condition in conditions if _major(condition) == parsed[0]]
        newest = max(map(_major, conditions))
        # Global Datastore and write forwarding go on in every later line; Global Database lists each.
        if service == "elasticache" or (rule == "write_forwarding" and parsed[0] > newest):
            of_line = conditions
        for condition in of_line:
            required = parse_version(condition.lstrip(">="))
            if parsed == required or (condition.startswith(">=") and parsed >= required):
                return Support(True)
        return Support(False, f"{feature} takes {engine} {_floors(conditions)}, not {version}", rules[0][1])

    def _oldest_versions(self, service: Service, engine: str, region: str) -> list[str]:
        rules = [value for value, _ in self._rules[(service, engine, "version")]]
        own_floors = self._regions.get((service, engine, region), {}).get("floor", "").split()
        stricter = {_major(condition) for condition in own_floors}
        floors = [*(rule for rule in rules if _major(rule) not in stricter), *own_floors]
        return [floor.lstrip(">=") for floor in floors]

    def _region(self, service: Service, engine: str, region: str) -> Support:
        row = self._regions.get((service, engine if service == "aurora" else "any", region))
        supported = row["supported"] if row else "unknown"
        if supported == "yes":
            return Support(True)
        word = "is not offered in" if supported == "no" else "is not known to be offered in"
        return Support(False, f"{_FEATURE[service]} {word} {region}", row["source"] if row else "")

    def _item(self, service: Service, engine: str, name: str, variant: str) -> tuple[str, str]:
        if service == "aurora":
            return "AmazonRDS", f"instance/{engine}/{name}/{variant or 'standard'}"
        return "AmazonElastiCache", f"node/{engine}/{name}"

    def _priced(self, service: Service, engine: str, name: str, region: str, variant: str) -> bool:
        return self._prices.has(*self._item(service, engine, name, variant), region)

    def _hourly(self, service: Service, engine: str, name: str, region: str, variant: str) -> float:
        return self._prices.find(*self._item(service, engine, name, variant), region).usd


@lru_cache(maxsize=4096)
def _major(condition: str) -> int:
    return parse_version(condition.lstrip(">="))[0]


def _floors(conditions: Sequence[str]) -> str:
    return " or ".join(c[2:] + "+" * c.startswith(">=") for c in conditions)


@lru_cache(maxsize=4096)
def parse_version(version: str) -> tuple[int, ...]:
    """Comparable engine version: ``8.0.mysql_aurora.3.04.0`` is ``(3, 4, 0)``, ``15.4`` is ``(15, 4)``.

    Raises
    ------
    UnsupportedError
        When the text holds no version.
    """
    text = version.rsplit("mysql_aurora.", 1)[-1]
    if not re.fullmatch(r"\d+(\.\d+)*", text):
        raise UnsupportedError(f"{version!r} is not an engine version; give numbers such as 15.4")
    return tuple(map(int, text.split(".")))
