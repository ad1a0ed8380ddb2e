"""The command that explains the difference between two designs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from drkit.cli.shared_options import comparison_options, load_catalog, print_table, table_format
from drkit.errors import ParameterError

if TYPE_CHECKING:
    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option

_TODAY = "today"


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B", required=False)
@click.option(
    "--of",
    "what",
    type=click.Choice(["cost", "rto", "rpo"]),
    help="What to explain; a table shows all three, csv and json hold cost by default.",
)
@comparison_options
@table_format
def diff(
    before: str,
    after: str | None,
    what: str | None,
    seed: int,
    samples: int,
    snapshot: str | None,
    own_prices: Path | None,
    style: str,
) -> None:
    r"""Explain the difference between A and B: cost by price and quantity, RTO by step, RPO by store.

    Each is WORKLOAD, WORKLOAD:TOPOLOGY or WORKLOAD:TOPOLOGY@SNAPSHOT. TOPOLOGY is today, chosen (the default),
    best_recovery, cheapest, smallest_change, least_regret, a strategy, or a topology_id of `drkit compare --all`.
    Without B, A is compared with today.

    What only one bill has is quantity, and so is another item in one's place; a price counts at the new quantity.

    \b
    Examples:
      drkit diff article
      drkit diff article article:warm_standby
      drkit diff article:best_recovery --of rto
      drkit diff shop.yaml shop-larger.yaml --format csv
      drkit diff article@embedded article@latest --of cost
    """
    from drkit.choice.difference import explain_difference
    from drkit.report import choice

    reader = _Reader(seed, samples, snapshot, own_prices)
    ends = [reader.side(before), reader.side(after)] if after else [reader.side(before, _TODAY), reader.side(before)]
    difference = explain_difference(ends[0].option, ends[1].option)
    if style != "table":
        frames = {"cost": difference.cost, "rto": difference.recovery, "rpo": difference.losses}
        print_table(frames[what or "cost"](), style)
        return
    click.echo(f"from {ends[0]}\nto   {ends[1]}\n")
    tables = {"cost": choice.cost_table, "rto": choice.recovery_table, "rpo": choice.losses_table}
    for (name, table), sentence in zip(tables.items(), difference.sentences(), strict=True):
        if what in (None, name):
            click.echo(f"{sentence}\n")
            frame = table(difference)
            if len(frame):
                print_table(frame, style)
                click.echo()


class _Side(NamedTuple):
    """One side of a difference."""

    comparison: Comparison
    option: Option

    def __str__(self) -> str:
        date = self.comparison.catalog.snapshot.date
        return f"{self.comparison.workload.name}:{self.option.topology_id}, snapshot {date}"


class _Reader:
    """Reads what A and B name; a workload under one snapshot is compared once."""

    def __init__(self, seed: int, samples: int, snapshot: str | None, own_prices: Path | None) -> None:
        self._draws = seed, samples
        self._snapshot, self._prices = snapshot, own_prices
        self._comparisons: dict[tuple[str, str | None], Comparison] = {}

    def side(self, text: str, instead: str = "") -> _Side:
        """What a text such as ``shop.yaml:warm_standby@latest`` names, or another topology of the same workload.

        Raises
        ------
        ParameterError
            When the workload has no such topology.
        """
        workload, topology, snapshot = _parts(text)
        comparison = self._comparison(workload, snapshot or self._snapshot)
        return _Side(comparison, _option(comparison, instead or topology or "chosen"))

    def _comparison(self, workload: str, snapshot: str | None) -> Comparison:
        from drkit.choice.compare import compare_topologies
        from drkit.workload import file as workload_file

        key = workload, snapshot
        if key not in self._comparisons:
            catalog = load_catalog(snapshot, self._prices)
            self._comparisons[key] = compare_topologies(workload_file.read(workload, catalog), catalog, *self._draws)
        return self._comparisons[key]


def _parts(text: str) -> tuple[str, str, str]:
    """Workload, topology and snapshot; a path that exists is a workload, whatever characters it has."""
    rest, snapshot = text, ""
    if "@" in rest and not Path(rest).exists():
        rest, _, snapshot = rest.partition("@")
    if ":" in rest and not Path(rest).exists():
        workload, _, topology = rest.rpartition(":")
        return workload, topology, snapshot
    return rest, "", snapshot


def _option(comparison: Comparison, topology: str) -> Option:
    from drkit.topology.strategies import STRATEGIES
    from drkit.words import did_you_mean

    if topology == _TODAY:
        return comparison.today
    if topology == "chosen":
        return comparison.chosen
    for option in comparison.options:
        if option.topology_id == topology:
            return option
    if topology in comparison.strategies:
        return comparison.strategies[topology]
    names = ("best_recovery", "cheapest", "smallest_change", "least_regret")
    if topology in names:
        return comparison.named[topology]
    reasons = [
        rejected.rejected_because
        for rejected in comparison.rejected
        if topology in (rejected.topology_id, rejected.strategy)
    ]
    if reasons:
        # The reason of most regions is that of the workload; a single region may lack a price or an engine.
        reason = Counter(reasons).most_common(1)[0][0]
        raise ParameterError(f"{topology} is not possible for {comparison.workload.name}: {reason}")
    choices = [_TODAY, "chosen", *names, *STRATEGIES[1:], *(option.topology_id for option in comparison.options)]
    hint = did_you_mean(topology, choices) or f"name one of {', '.join(choices[:11])}, or a topology_id"
    raise ParameterError(
        f"{comparison.workload.name} has no topology {topology!r}: {hint} (`drkit compare "
        f"{comparison.workload.name} --all` lists them)"
    )
