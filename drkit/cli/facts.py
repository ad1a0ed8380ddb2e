"""Commands that show what drkit knows: prices and what is supported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from drkit.cli.shared_options import (
    load_catalog,
    prices_option,
    print_table,
    snapshot_option,
    table_format,
    today_option,
)
from drkit.errors import UnsupportedError

if TYPE_CHECKING:
    import datetime
    from pathlib import Path


@click.group()
def prices() -> None:
    """Prices of the snapshot."""


@prices.command("show")
@click.option("--service", help="AWS service code, such as AmazonRDS.")
@click.option("--region", help="Region code, such as us-east-1.")
@click.option("--item", help="Item, such as alb/hour; a * at its end matches every item that begins so.")
@snapshot_option
@prices_option
@table_format
def prices_show(
    service: str | None,
    region: str | None,
    item: str | None,
    snapshot: str | None,
    own_prices: Path | None,
    style: str,
) -> None:
    r"""Print price rows: where, how much, since when, from where, how known.

    \b
    Examples:
      drkit prices show --region eu-west-1 --item 'cluster/*'
      drkit prices show --format csv > prices.csv
    """
    print_table(load_catalog(snapshot, own_prices).prices.frame(service, region, item), style)


@prices.command("explain")
@click.argument("region")
@click.argument("item")
@click.option("--service", default="", help="AWS service code, where two services have an item of that name.")
@click.option("--to-region", default="", help="For transfer: the region it goes to.")
@click.option("--purchase", default="on_demand", show_default=True, help="How it is bought.")
@today_option
@snapshot_option
@prices_option
@table_format
def prices_explain(
    region: str,
    item: str,
    service: str,
    to_region: str,
    purchase: str,
    today: datetime.date,
    snapshot: str | None,
    own_prices: Path | None,
    style: str,
) -> None:
    r"""Explain the price of ITEM in REGION: which row, from where, how old, and what else was near.

    \b
    Examples:
      drkit prices explain us-east-1 instance/aurora-postgresql/db.r6g.large/standard
      drkit prices explain eu-west-1 inter_region --to-region eu-west-2
    """
    from drkit.facts import price_origin

    catalog = load_catalog(snapshot, own_prices)
    explanation = price_origin.explain(catalog, region, item, service, to_region, purchase, today.isoformat())
    if style == "table":
        click.echo("\n".join(explanation.sentences()))
    else:
        print_table(price_origin.frame(explanation), style)


@click.group()
def support() -> None:
    """What Global Database and Global Datastore take."""


@support.command("show")
@click.option("--service", type=click.Choice(["aurora", "elasticache"]), help="One of the two services.")
@click.option(
    "--engine",
    type=click.Choice(["aurora-postgresql", "aurora-mysql", "redis", "valkey"]),
    help="One engine.",
)
@click.option("--engine-version", help="Judge this version; else the oldest legal one of each line.")
@click.option("--region", help="Region code, such as us-east-1.")
@snapshot_option
@table_format
def support_show(
    service: Any,
    engine: str | None,
    engine_version: str | None,
    region: str | None,
    snapshot: str | None,
    style: str,
) -> None:
    r"""Print for every class that is sold whether it can be replicated to another region, and why not.

    \b
    Examples:
      drkit support show --service aurora --region sa-east-1
      drkit support show --engine aurora-postgresql --engine-version 15.4 --format csv
    """
    catalog = load_catalog(snapshot)
    if region is not None and region not in catalog.prices.regions():
        regions = ", ".join(catalog.prices.regions())
        raise UnsupportedError(f"--region is {region!r}: the snapshot knows what is sold in {regions}")
    frame = catalog.support.frame(service, region, engine, engine_version)
    if frame.empty:
        raise UnsupportedError(f"{service} does not run {engine}: leave out --service or name an engine of it")
    print_table(frame, style)
