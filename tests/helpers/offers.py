"""Offers shaped like AWS's own: CSV and JSON, quoting, header, tiers, upfront fees; small ones and huge ones."""

from __future__ import annotations

import io
import itertools
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from drkit.facts.prices import PriceBook

DISCLAIMER = (
    "This pricing list is for informational purposes only. All prices are subject to the additional terms included "
    "in the pricing pages on http://aws.amazon.com. All Free Tier prices are also subject to the terms included at "
    "https://aws.amazon.com/free/"
)

PRICE_COLUMNS = (
    "SKU", "OfferTermCode", "RateCode", "TermType", "PriceDescription", "EffectiveDate", "StartingRange",
    "EndingRange", "Unit", "PricePerUnit", "Currency", "RelatedTo", "LeaseContractLength", "PurchaseOption",
    "OfferingClass", "Product Family",
)  # fmt: skip

#: Columns of products in the order of the RDS offer of 2026.
RDS_COLUMNS = (
    "serviceCode", "Location", "Location Type", "Instance Type", "Current Generation", "Instance Family", "vCPU",
    "Physical Processor", "Clock Speed", "Memory", "Storage", "Network Performance", "Processor Architecture",
    "Storage Media", "Volume Type", "Min Volume Size", "Max Volume Size", "Engine Code", "Database Engine",
    "Database Edition", "License Model", "Deployment Option", "Group", "Group Description", "usageType", "operation",
    "ACU", "Dedicated EBS Throughput", "Deployment Model", "Engine Major Version", "Engine Media Type",
    "Enhanced Networking Supported", "Extended Support Pricing Year", "Instance Type Family", "LimitlessPreview",
    "Normalization Size Factor", "Processor Features", "Region Code", "serviceName", "Unbundled Licensing",
    "Volume Name", "WindowsLicenseMultiplier",
)  # fmt: skip

ON_DEMAND = "JRTCKXETXF"
LEASES = (
    ("4NA7Y494T4", "1yr", "No Upfront"),
    ("HU7G6KETJZ", "1yr", "Partial Upfront"),
    ("6QCMYABX3D", "1yr", "All Upfront"),
    ("38NPMPTW36", "3yr", "Partial Upfront"),
    ("NQ3QZPMQV9", "3yr", "All Upfront"),
)


@dataclass(frozen=True)
class Term:
    """A term of a product: its code, for a reservation length and option, and (unit, usd, begin, end) rates."""

    rates: Sequence[tuple[str, str, str, str]]
    code: str = ON_DEMAND
    lease: str = ""
    option: str = ""
    offering: str = "standard"
    kind: str = ""

    @property
    def section(self) -> str:
        """The part of the offer it lies in: OnDemand, Reserved, or another one such as FlatRate."""
        return self.kind or ("Reserved" if self.lease else "OnDemand")


@dataclass(frozen=True)
class Product:
    """A product: SKU, family, attributes by column name, terms."""

    sku: str
    attributes: Mapping[str, str]
    terms: Sequence[Term]
    family: str = ""
    description: str = "per unit"


def on_demand(unit: str, usd: str) -> Term:
    return Term([(unit, usd, "0", "Inf")])


def tiered(unit: str, *tiers: tuple[str, str, str]) -> Term:
    """(usd, begin, end) of each tier."""
    return Term([(unit, usd, begin, end) for usd, begin, end in tiers])


def reserved(lease: str, option: str, hourly: str, upfront: str = "", offering: str = "standard") -> Term:
    code = next(code for code, length, how in LEASES if (length, how) == (lease, option))
    rates = [("Hrs", hourly, "0", "Inf")]
    if upfront:
        rates.insert(0, ("Quantity", upfront, "0", "Inf"))
    return Term(rates, code if offering == "standard" else code[::-1], lease, option, offering)


@dataclass
class Offer:
    """An offer of one region, written as CSV or JSON."""

    code: str
    products: Iterable[Product]
    version: str = "20261120195514"
    published: str = "2026-11-20T19:55:14Z"
    columns: Sequence[str] = field(default=())

    def csv(self, newline: str = "\n", bom: bool = False) -> bytes:
        text = io.StringIO(newline="")
        for line in self._csv_lines():
            text.write(line + newline)
        return (b"\xef\xbb\xbf" if bom else b"") + text.getvalue().encode()

    def json(self, indent: int | None = 2) -> bytes:
        text = io.StringIO()
        self.write_json(text, indent)
        return text.getvalue().encode()

    def _csv_lines(self) -> Iterator[str]:
        products = list(self.products) if not isinstance(self.products, Iterator) else self.products
        columns = self.columns or _columns(products)
        yield '"FormatVersion","v1.0"'
        yield f'"Disclaimer",{_quoted(DISCLAIMER)}'
        yield f'"Publication Date","{self.published}"'
        yield f'"Version","{self.version}"'
        yield f'"OfferCode","{self.code}"'
        yield ",".join(map(_quoted, (*PRICE_COLUMNS, *columns)))
        for product in products:
            yield from self._product_lines(product, columns)

    def _product_lines(self, product: Product, columns: Sequence[str]) -> Iterator[str]:
        tail = ",".join(_quoted(product.attributes.get(column, "")) for column in columns)
        for term in product.terms:
            kind = term.section
            for (unit, usd, begin, end), rate in zip(term.rates, _rate_codes(term), strict=True):
                head = (
                    product.sku, term.code, f"{product.sku}.{term.code}.{rate}", kind,
                    "Upfront Fee" if unit == "Quantity" else f"${usd} {product.description}", "2026-11-01", begin, end,
                    unit, usd, "USD", "", term.lease, term.option, term.offering if term.lease else "", product.family,
                )  # fmt: skip
                yield ",".join(map(_quoted, head)) + "," + tail

    def write_csv(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(line + "\n" for line in self._csv_lines())

    def write_json(self, file: io.TextIOBase, indent: int | None = 2) -> None:
        products = list(self.products)
        others = {term.section for product in products for term in product.terms} - {"OnDemand", "Reserved"}
        sections = ("OnDemand", "Reserved", *sorted(others))
        document = {
            "formatVersion": "v1.0",
            "disclaimer": DISCLAIMER,
            "offerCode": self.code,
            "version": self.version,
            "publicationDate": self.published,
            "products": {product.sku: _json_product(product) for product in products},
            "terms": {
                kind: {
                    product.sku: {
                        f"{product.sku}.{term.code}": json_term(product, term)
                        for term in product.terms
                        if term.section == kind
                    }
                    for product in products
                    if any(term.section == kind for term in product.terms)
                }
                for kind in sections
            },
            "attributesList": {},
        }
        separators = (",", " : ") if indent else (",", ":")
        file.writelines(json.JSONEncoder(indent=indent, separators=separators).iterencode(document))


def json_term(product: Product, term: Term) -> dict[str, object]:
    name = f"{product.sku}.{term.code}"
    return {
        "offerTermCode": term.code,
        "sku": product.sku,
        "effectiveDate": "2026-11-01T00:00:00Z",
        "priceDimensions": {
            f"{name}.{rate}": {
                "rateCode": f"{name}.{rate}",
                "description": "Upfront Fee" if unit == "Quantity" else f"${usd} {product.description}",
                "beginRange": begin,
                "endRange": end,
                "unit": unit,
                "pricePerUnit": {"USD": usd},
                "appliesTo": [],
            }
            for (unit, usd, begin, end), rate in zip(term.rates, _rate_codes(term), strict=True)
        },
        "termAttributes": {"LeaseContractLength": term.lease, "OfferingClass": term.offering,
                           "PurchaseOption": term.option} if term.lease else {},
    }  # fmt: skip


def query_api_document(product: Product, version: str = "20261120195514") -> str:
    """What one entry of the Price List Query API's ``PriceList`` is: JSON in a string."""
    terms: dict[str, dict[str, object]] = {}
    for term in product.terms:
        terms.setdefault(term.section, {})[f"{product.sku}.{term.code}"] = json_term(product, term)
    return json.dumps(
        {
            "product": _json_product(product),
            "serviceCode": product.attributes["serviceCode"],
            "terms": terms,
            "version": version,
            "publicationDate": "2026-11-20T19:55:14Z",
        }
    )


def _json_product(product: Product) -> dict[str, object]:
    attributes = {_json_name(name): value for name, value in product.attributes.items() if value}
    return {"sku": product.sku, "productFamily": product.family, "attributes": attributes}


def _json_name(column: str) -> str:
    if column in ("usageType", "serviceCode", "serviceName"):
        return column.lower()
    first, *rest = column.split(" ")
    return (first.lower() if first != "vCPU" else "vcpu") + "".join(word[:1].upper() + word[1:] for word in rest)


def _columns(products: Iterable[Product]) -> Sequence[str]:
    return tuple(dict.fromkeys(name for product in products for name in product.attributes))


def _quoted(text: str) -> str:
    # AWS quotes every value and leaves an empty one unquoted.
    return '"' + text.replace('"', '""') + '"' if text else ""


def _rate_codes(term: Term) -> Iterator[str]:
    known = {"Hrs": "6YS6EN2CT7", "Quantity": "2TG2D8R56U"}
    for at, (unit, *_) in enumerate(term.rates):
        yield known.pop(unit, "") or f"6YS6EN2CT{at}"


def sku(name: str) -> str:
    """A SKU of 16 characters, the same for the same name."""
    return "".join(random.Random(name).choices("ABCDEFGHJKMNPQRSTUVWXYZ23456789", k=16))


def region_product(
    offer: str, usage: str, term: Term | Sequence[Term], region: str = "us-east-1", family: str = "", **more: str
) -> Product:
    """A product of a region; ``more`` are attributes by column, spaces written as underscores."""
    attributes = {
        "serviceCode": offer,
        "Location": "US East (N. Virginia)",
        "Location Type": "AWS Region" if region else "AWS Edge Location",
        "usageType": usage,
        "operation": "",
        "Region Code": region,
    } | {name.replace("_", " "): value for name, value in more.items()}
    name = sku(f"{offer} {usage} {region} {sorted(more.items())}")
    return Product(name, attributes, [term] if isinstance(term, Term) else term, family)


def aurora_instance(
    name: str, engine: str, hourly: float, mode: str = "standard", region: str = "us-east-1", **more: str
) -> Product:
    """One Aurora class with on-demand price and every reservation that AWS sells."""
    optimized = mode == "io_optimized"
    usage = f"InstanceUsage{'IOOptimized' * optimized}:{name}"
    year = hourly * 8760
    leases = [
        reserved("1yr", "No Upfront", f"{hourly * 0.7:.10f}"),
        reserved("1yr", "Partial Upfront", f"{hourly * 0.33:.10f}", f"{year * 0.33:.4f}"),
        reserved("1yr", "All Upfront", "0.0000000000", f"{year * 0.65:.4f}"),
        reserved("3yr", "Partial Upfront", f"{hourly * 0.22:.10f}", f"{3 * year * 0.22:.4f}"),
        reserved("3yr", "All Upfront", "0.0000000000", f"{3 * year * 0.43:.4f}"),
    ]
    return region_product(
        "AmazonRDS", usage, [on_demand("Hrs", f"{hourly:.10f}"), *leases], region, "Database Instance",
        Instance_Type=name, Current_Generation="Yes", Instance_Family="Memory optimized", vCPU="2",
        Physical_Processor="AWS Graviton2", Memory="16 GiB",
        Storage="Aurora IO Optimization Mode" if optimized else "EBS Only", Network_Performance="Up to 10 Gigabit",
        Processor_Architecture="64-bit", Engine_Code="21" if engine == "Aurora PostgreSQL" else "16",
        Database_Engine=engine, License_Model="No license required", Deployment_Option="Single-AZ",
        operation="CreateDBInstance:0021" if engine == "Aurora PostgreSQL" else "CreateDBInstance:0016",
        Normalization_Size_Factor="4", serviceName="Amazon Relational Database Service", **more,
    )  # fmt: skip


def aurora_of(prices: PriceBook, region: str) -> Iterator[Product]:
    """Every Aurora class of a region at the prices of a snapshot, and what a cluster costs besides."""
    for engine, name in (("aurora-mysql", "Aurora MySQL"), ("aurora-postgresql", "Aurora PostgreSQL")):
        for item in prices.items(f"instance/{engine}/", region):
            _, _, cls, mode = item.split("/")
            yield aurora_instance(cls, name, prices.find("AmazonRDS", item, region).usd, mode, region)
    clusters = (
        ("Aurora:ServerlessV2Usage", "ACU-Hr", "cluster/serverless_v2_acu/standard", 1),
        ("Aurora:ServerlessV2IOOptimizedUsage", "ACU-Hr", "cluster/serverless_v2_acu/io_optimized", 1),
        ("Aurora:StorageUsage", "GB-Mo", "cluster/storage/standard", 1),
        ("Aurora:IO-OptimizedStorageUsage", "GB-Mo", "cluster/storage/io_optimized", 1),
        ("Aurora:StorageIOUsage", "IOs", "cluster/io/standard", 1_000_000),
        ("Aurora:ReplicatedWriteIO", "IOs", "cluster/global_replicated_write_io", 1_000_000),
        ("Aurora:BackupUsage", "GB-Mo", "cluster/backup", 1),
    )
    for usage, unit, item, per in clusters:
        usd = prices.find("AmazonRDS", item, region).usd / per
        yield region_product("AmazonRDS", usage, on_demand(unit, f"{usd:.10f}"), region, Database_Engine="Any")


def other_engines() -> Iterator[Product]:
    """Database instances that are not Aurora's, without end: what makes the real offer hundreds of megabytes."""
    engines = ("MySQL", "MariaDB", "PostgreSQL", "Oracle", "SQL Server", "Db2")
    options = ("Single-AZ", "Multi-AZ", "Multi-AZ (readable standbys)", "Multi-AZ (SQL Server Mirror)")
    for number in itertools.count():
        engine, option = engines[number % 6], options[number // 6 % 4]
        yield aurora_instance(
            f"db.r{number % 9}i.{number % 50}xlarge", engine, 0.5 + number % 97 / 100,
            Deployment_Model=f"c{number}", Volume_Name=option,
        )  # fmt: skip


def write_large(folder: Path, prices: PriceBook, megabytes: int, kind: str) -> Path:
    """The RDS offer of us-east-1 with every Aurora class, filled up with other engines to a size."""
    size, products = 0, list(aurora_of(prices, "us-east-1"))
    probe = Offer("AmazonRDS", [next(other_engines())], columns=RDS_COLUMNS)
    each = len(probe.csv() if kind == "csv" else probe.json()) - len(
        Offer("AmazonRDS", [], columns=RDS_COLUMNS).csv() if kind == "csv" else Offer("AmazonRDS", []).json()
    )
    count = (megabytes * 1_000_000 - size) // each
    others = list(itertools.islice(other_engines(), count))
    step = max(1, len(others) // len(products))
    mixed = [product for at, other in enumerate(others) for product in
             ((products.pop(), other) if products and at % step == 0 else (other,))]  # fmt: skip
    offer = Offer("AmazonRDS", [*mixed, *products], columns=RDS_COLUMNS)
    path = folder / f"index.{kind}"
    if kind == "csv":
        offer.write_csv(path)
    else:
        with path.open("w", encoding="utf-8") as file:
            offer.write_json(file)
    return path
