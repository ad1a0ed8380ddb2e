"""Options that several commands share, and how a table is printed."""

from __future__ import annotations

import datetime
import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drkit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    import pandas as pd

    from drkit.facts.catalog import Catalog

    Command = TypeVar("Command", bound=Callable[..., Any])

table_format = click.option(
    "--format",
    "style",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="table for people, csv and json for programs.",
)
snapshot_option = click.option(
    "--snapshot",
    metavar="NAME",
    help="Snapshot to use: a name of `drkit catalog list`, how one begins, latest, embedded, or a folder. "
    "DRKIT_SNAPSHOT sets it for every command.",
)
prices_option = click.option(
    "--prices",
    "own_prices",
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV of your own prices, laid over the snapshot and marked observed:user.",
)
seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Same seed, same figures."
)
samples_option = click.option(
    "--samples",
    type=click.IntRange(100, 1_000_000),
    default=20_000,
    show_default=True,
    help="Draws of the recovery simulation.",
)


def comparison_options(command: Command) -> Command:
    """Options of every command that compares topologies: ``seed, samples, snapshot, own_prices``."""
    for option in (prices_option, snapshot_option, samples_option, seed_option):
        command = option(command)
    return command


def _day(_: click.Context, __: click.Parameter, text: str | None) -> datetime.date:
    if text is None:
        return datetime.datetime.now(datetime.UTC).date()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise ParameterError(f"--today is {text!r}: write a day such as 2026-11-25") from error


today_option = click.option(
    "--today", metavar="DATE", callback=_day, help="Day that ages are counted to; today by default."
)


def load_catalog(snapshot: str | None, own_prices: Path | None = None) -> Catalog:
    """Load the snapshot that was asked for, with one's own prices over it."""
    from drkit.facts.catalog import Catalog

    return Catalog.load(snapshot, own_prices)


def print_table(frame: pd.DataFrame, style: str) -> None:
    """Print a table for people, or as CSV or JSON for programs."""
    if style == "csv":
        from drkit.outputs import to_csv

        click.echo(to_csv(frame), nl=False)
    elif style == "json":
        # JSON has no infinity, and null means not known: the loss of all data is written as a word.
        values = frame.astype(object).where(frame.ne(math.inf), "everything")
        click.echo(values.to_json(orient="records", indent=2, force_ascii=False))
    else:
        click.echo(frame.fillna("").to_string(index=False, max_colwidth=120))
