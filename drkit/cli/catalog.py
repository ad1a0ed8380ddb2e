"""Commands about snapshots: refresh, list, compare, check, prune."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drkit.cli.shared_options import load_catalog, print_table, snapshot_option, table_format, today_option

if TYPE_CHECKING:
    import datetime

    from drkit.refresh.refresh import PriceSource, Refreshed


@click.group()
def catalog() -> None:
    """Snapshots of prices and rules: refresh, compare, verify."""


@catalog.command("refresh")
@click.option("--regions", metavar="CODES", help="Regions, separated by commas, or all; those priced today by default.")
@click.option("--services", metavar="NAMES", help="Services or offers, separated by commas; all by default.")
@click.option(
    "--source",
    "where",
    type=click.Choice(["bulk", "api"]),
    default="bulk",
    show_default=True,
    help="bulk: AWS's public files, no account needed. api: the Price List Query API, with credentials.",
)
@click.option(
    "--offer-format",
    type=click.Choice(["csv", "json"]),
    default="csv",
    show_default=True,
    help="Which of the bulk files to read; both hold the same.",
)
@click.option("--support", "flags", is_flag=True, help="Also ask RDS and ElastiCache what they support: credentials.")
@click.option(
    "--endpoint",
    envvar="DRKIT_PRICING_ENDPOINT",
    metavar="URL",
    help="Where the price lists lie, instead of AWS. [env: DRKIT_PRICING_ENDPOINT]",
)
@click.option("--ca-bundle", envvar="AWS_CA_BUNDLE", metavar="FILE", help="Certificates to trust. [env: AWS_CA_BUNDLE]")
@click.option("--profile", metavar="NAME", help="Profile of the AWS configuration, for --source api and --support.")
@click.option(
    "--api-region",
    default="us-east-1",
    show_default=True,
    metavar="REGION",
    help="Region whose Price List API is asked: us-east-1, eu-central-1 or ap-south-1.",
)
@click.option("--base", metavar="NAME", help="Snapshot to lay the new prices over; the newest by default.")
@click.pass_context
def refresh_catalog(
    ctx: click.Context,
    regions: str | None,
    services: str | None,
    where: str,
    offer_format: str,
    flags: bool,
    endpoint: str | None,
    ca_bundle: str | None,
    profile: str | None,
    api_region: str,
    base: str | None,
) -> None:
    r"""Read AWS's price lists and write a new snapshot into the cache, whole or not at all.

    Interrupted, it goes on where it was. Older snapshots stay. Use the new one with --snapshot latest.

    \b
    Examples:
      drkit catalog refresh
      drkit catalog refresh --regions us-east-1,eu-west-1 --services AmazonRDS,AmazonElastiCache
      drkit catalog refresh --source api --support --profile audit
    """
    from drkit.refresh.refresh import refresh
    from drkit.words import count

    try:
        with _progress() as progress:
            source: PriceSource
            if where == "api":
                from drkit.refresh.download import certificates
                from drkit.refresh.price_list_api import PriceListApi

                # The variable names the place of the bulk files; AWS_ENDPOINT_URL is what the APIs heed.
                explicit = ctx.get_parameter_source("endpoint") is click.core.ParameterSource.COMMANDLINE
                certificates(ca_bundle)
                source = PriceListApi(profile, endpoint if explicit else None, ca_bundle, api_region=api_region)
            else:
                source = _bulk(endpoint, offer_format, ca_bundle, progress.bytes)
            support = None
            if flags:
                from drkit.refresh.support_api import tables

                def support(snapshot: Any, codes: Any) -> Any:
                    return tables(snapshot, codes, profile, ca_bundle)

            refreshed = refresh(source, _listed(regions), _listed(services), base, None, progress.say, support)
    except KeyboardInterrupt:
        click.echo(
            "interrupted: every snapshot is as it was, and what has arrived is kept; "
            "run the same command again to go on",
            err=True,
        )
        ctx.exit(1)
    _tell(refreshed)
    click.echo(
        f"{count(refreshed.read, 'price list')} read; use it with --snapshot {refreshed.name} or DRKIT_SNAPSHOT=latest"
    )
    click.echo(f"every change: drkit catalog diff {refreshed.base} {refreshed.name}")
    click.echo(f"what deserves a look: drkit catalog verify --snapshot {refreshed.name}")


@catalog.command("list")
@table_format
def list_snapshots(style: str) -> None:
    r"""List the snapshots that --snapshot takes: the embedded one, then those of the cache from old to new.

    \b
    Example:
      drkit catalog list
    """
    import pandas as pd

    from drkit.facts import cache

    rows = [(*info[:-1], str(info.path)) for info in cache.snapshots()]
    print_table(pd.DataFrame(rows, columns=list(cache.SnapshotInfo._fields)), style)


@catalog.command()
@click.argument("old")
@click.argument("new", default="latest")
@table_format
def diff(old: str, new: str, style: str) -> None:
    r"""Compare the prices of two snapshots: added, removed, up or down, and by how much.

    \b
    Examples:
      drkit catalog diff embedded
      drkit catalog diff 2026-10-01 2026-11-25 --format csv
    """
    from drkit.facts import cache, snapshot, snapshot_diff

    changes = snapshot_diff.between(snapshot.load(cache.find(old)), snapshot.load(cache.find(new)))
    if style == "table":
        for line in snapshot_diff.summary(changes):
            click.echo(line)
        if not changes:
            return
    print_table(snapshot_diff.frame(changes), style)


@catalog.command("verify")
@snapshot_option
@click.option(
    "--max-age",
    type=click.IntRange(min=1),
    default=400,
    show_default=True,
    metavar="DAYS",
    help="Age from which a price is called old.",
)
@today_option
@click.option("--strict", is_flag=True, help="Warnings and old prices fail too.")
@table_format
@click.pass_context
def verify_snapshot(
    ctx: click.Context, snapshot: str | None, max_age: int, today: datetime.date, strict: bool, style: str
) -> None:
    r"""Check a snapshot: what cannot be right, what is missing where, what is old, what nobody has observed.

    Exit code 1 when a price cannot be right; with --strict also for warnings and old prices.

    \b
    Examples:
      drkit catalog verify
      drkit catalog verify --snapshot latest --strict --max-age 90
    """
    from collections import Counter

    from drkit.facts import verify

    findings = verify.verify(load_catalog(snapshot), today.isoformat(), max_age)
    print_table(verify.frame(findings), style)
    counts = Counter(finding.kind for finding in findings)
    texts = [f"{counts[kind]} {kind}" for kind in (verify.ERROR, verify.WARNING, verify.GAP, verify.OLD)]
    click.echo(f"{', '.join(texts)}, {counts[verify.NOT_OBSERVED]} groups of prices not observed", err=True)
    fatal = {verify.ERROR} | ({verify.WARNING, verify.OLD} if strict else set())
    if any(counts[kind] for kind in fatal):
        ctx.exit(1)


@catalog.command()
@click.argument("own_prices", type=click.Path(dir_okay=False, path_type=Path))
@snapshot_option
def overlay(own_prices: Path, snapshot: str | None) -> None:
    r"""Write a snapshot to the cache that is another one with your OWN_PRICES over it, marked observed:user.

    The CSV has the columns service,item,region and usd or percent; an item may end in *, a region may be *.

    \b
    Example:
      drkit catalog overlay negotiated.csv --snapshot latest
    """
    from drkit.facts.own_prices import add_to_cache

    name, path = add_to_cache(load_catalog(snapshot).snapshot, own_prices)
    click.echo(f"snapshot {name} in {path}; use it with --snapshot {name}")


@catalog.command()
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="How many of the newest stay, and as many with own prices over them.",
)
def prune(keep: int) -> None:
    r"""Remove older snapshots from the cache. The embedded one always stays.

    \b
    Example:
      drkit catalog prune --keep 1
    """
    from drkit.facts import cache

    removed = cache.prune(keep)
    for entry in removed:
        click.echo(f"{entry.name} removed")
    remaining = len(cache.snapshots()) - 1
    click.echo(f"{len(removed)} removed, {remaining} left in {cache.snapshots_dir()}")


def _bulk(endpoint: str | None, kind: str, ca_bundle: str | None, progress: Any) -> PriceSource:
    from drkit.facts import cache
    from drkit.refresh import recipe
    from drkit.refresh.bulk import ENDPOINT, BulkFiles
    from drkit.refresh.download import Downloader

    folder = cache.cache_dir()
    downloader = Downloader(endpoint or ENDPOINT, folder / "downloads", progress, ca_bundle=ca_bundle)
    return BulkFiles(recipe.load(), downloader, folder / "offers", kind)


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else text.replace(",", " ").split()


def _tell(refreshed: Refreshed) -> None:
    from drkit.facts import snapshot_diff

    for note in refreshed.notes:
        click.echo(note, err=True)
    click.echo(f"snapshot {refreshed.name}, laid over {refreshed.base}, in {refreshed.path}")
    for line in snapshot_diff.summary(refreshed.changed):
        click.echo(f"  {line}")


class _progress:  # noqa: N801 - reads as a verb where it is used
    """Sentences and a bar of bytes on standard error, the bar only for people."""

    def __enter__(self) -> _progress:
        self._bar: Any = None
        self._name = ""
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def say(self, sentence: str) -> None:
        self._close()
        click.echo(sentence, err=True)

    def bytes(self, name: str, done: int, size: int) -> None:
        if not sys.stderr.isatty():
            return
        if name != self._name:
            from tqdm import tqdm

            self._close()
            self._name = name
            self._bar = tqdm(total=size or None, desc=name, unit="B", unit_scale=True, leave=False, file=sys.stderr)
        self._bar.update(done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar, self._name = None, ""
