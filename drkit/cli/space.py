"""Command about the whole design space of a workload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import yaml

from drkit.cli.shared_options import comparison_options, load_catalog, print_table, table_format
from drkit.errors import ParameterError
from drkit.files import yaml_text

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("workload")
@click.option("--where", metavar="CONDITION", help='Rows to keep, such as "monthly_usd < 3000 and not headless".')
@click.option("--meeting", is_flag=True, help="Only rows that meet the objectives.")
@click.option("--frontier", is_flag=True, help="Only rows that none of those kept beats in cost, RTO, RPO and loss.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Rows to print, cheapest first."
)
@click.option(
    "-r",
    "--range",
    "ranges",
    type=(str, str),
    multiple=True,
    metavar="NAME VALUES",
    help="Values a decision may take, such as -r db_classes '[db.r6g.large, db.r7g.large]'; can be given again.",
)
@comparison_options
@table_format
def space(
    workload: str,
    where: str | None,
    meeting: bool,
    frontier: bool,
    limit: int,
    ranges: tuple[tuple[str, str], ...],
    seed: int,
    samples: int,
    snapshot: str | None,
    own_prices: Path | None,
    style: str,
) -> None:
    r"""Every topology of a WORKLOAD at every legal size: classes, counts, tasks, commitments, regions, strategies.

    Ranges by name, see --range: primary_regions, failover_regions, strategies, db_classes, db_instances,
    db_storage_types, acu, cache_node_types, cache_replicas, task_scales, architectures, db_purchases,
    cache_purchases, compute_purchases, in_failover_region; headroom 4 takes classes up to 4 times today's, smaller
    true takes smaller ones too.

    \b
    Examples:
      drkit space article --frontier
      drkit space shop.yaml --where "strategy == 'warm_standby' and monthly_usd < 3000"
      drkit space shop.yaml -r primary_regions '[us-east-1, us-west-2]' --meeting --format csv
    """
    from drkit.report.space import shortlist
    from drkit.space.space import design_space
    from drkit.workload import file as workload_file

    catalog = load_catalog(snapshot, own_prices)
    values = {name: _value(name, text) for name, text in ranges}
    full_space = design_space(workload_file.read(workload, catalog), catalog, seed, samples, **values)
    rows = full_space.where(where) if where else full_space.rows
    rows = rows.meeting() if meeting else rows
    rows = rows.frontier() if frontier else rows
    printed = rows.cheapest(min(limit, len(rows))) if len(rows) else rows
    if style != "table":
        frame = printed.frame()
        names = frame.select_dtypes("category").columns
        print_table(frame.astype(dict.fromkeys(names, object)).reset_index(), style)
    elif len(printed):
        print_table(shortlist(printed, limit), style)
    summary = f"{len(rows):,} of {len(full_space):,} topologies kept"
    click.echo(f"{summary}, the {len(printed):,} cheapest printed" if len(printed) < len(rows) else summary, err=True)


def _value(name: str, text: str) -> object:
    try:
        return yaml_text.load(text)
    except yaml.YAMLError as error:
        raise ParameterError(f"-r {name} {text!r} cannot be read: write a value, or several as [one, two]") from error
