"""The command line: a thin layer over the functions that a notebook calls.

Exit codes: 0 done, 1 something was found wrong (``tfvars check``) or failed, 2 the user's input is wrong.
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drkit import __version__
from drkit.errors import (
    DrkitError,
    ParameterError,
    PriceError,
    SnapshotError,
    TfvarsError,
    UnsupportedError,
    WorkloadError,
)

if TYPE_CHECKING:
    import pandas as pd

    from drkit.catalog import Catalog

_USER_ERRORS = (ParameterError, PriceError, SnapshotError, TfvarsError, UnsupportedError, WorkloadError)


class _Group(click.Group):
    """Turns drkit's errors into sentences on standard error and the right exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DrkitError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(2 if isinstance(error, _USER_ERRORS) else 1)
        except BrokenPipeError:
            # `drkit prices show | head` closes the pipe early: that is no failure.
            sys.stderr.close()
            ctx.exit(0)


_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_format = click.option(
    "--format",
    "style",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="table for people, csv and json for programs.",
)
_snapshot = click.option(
    "--snapshot",
    type=click.Path(path_type=Path),
    help="Snapshot folder to use instead of the one embedded in drkit.",
)
_seed = click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Same seed, same figures."
)
_samples = click.option(
    "--samples",
    type=click.IntRange(100, 1_000_000),
    default=20_000,
    show_default=True,
    help="Draws of the recovery simulation.",
)


@click.group(cls=_Group, context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="drkit")
def main() -> None:
    r"""Design, price and time how a system survives losing its AWS region.

    \b
    Start here:
      drkit init shop.yaml              write a commented workload to fill in
      drkit design shop.yaml --out out  notebook, report, bill, comparison, tfvars
      drkit design article --out out    the same for a bundled workload
    """


@main.command()
@click.argument("workload")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the outputs; out/WORKLOAD by default.",
)
@_seed
@_samples
@_snapshot
@click.option(
    "-p",
    "--parameter",
    "extra",
    type=(str, str),
    multiple=True,
    metavar="NAME VALUE",
    help="Any other parameter of the notebook 04_design; can be given again.",
)
def design(
    workload: str,
    out: Path | None,
    seed: int,
    samples: int,
    snapshot: Path | None,
    extra: tuple[tuple[str, str], ...],
) -> None:
    r"""Design one WORKLOAD: a YAML file or the name of a bundled workload.

    Leaves design.ipynb, design.html, NAME.tfvars, bill.csv, comparison.csv and summary.json in the folder.

    \b
    Examples:
      drkit design article --out out/article
      drkit design shop.yaml --out out/shop --samples 100000
    """
    from drkit.bundled import notebooks_dir
    from drkit.design import run_design, typed_parameter

    source = notebooks_dir() / "04_design.ipynb"
    own = {"workload", "out_dir", "seed", "samples", "snapshot"}
    if given := sorted(own & {name for name, _ in extra}):
        raise ParameterError(
            f"-p {given[0]} is not for `drkit design`: it has an argument or option for that, see --help"
        )
    parameters: dict[str, object] = {name: typed_parameter(source, name, text) for name, text in extra}
    parameters |= {"seed": seed, "samples": samples}
    if snapshot:
        parameters["snapshot"] = str(snapshot)
    folder = out or Path("out") / Path(workload).stem
    start = time.monotonic()
    written = run_design(workload, folder, parameters, progress=sys.stderr.isatty())
    told = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    chosen = told["chosen"]
    click.echo(f"{chosen['topology_id']}: {chosen['monthly_usd']:,.2f} USD a month")
    click.echo("; ".join(chosen["misses"]) or "meets the objectives")
    click.echo(f"designed in {time.monotonic() - start:.1f} s:")
    for path in written:
        click.echo(f"  {path}")


@main.command()
@click.argument("notebook")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Executed notebook; NOTEBOOK.ipynb here.")
@click.option(
    "-p",
    "--parameter",
    "given",
    type=(str, str),
    multiple=True,
    metavar="NAME VALUE",
    help="A parameter of the notebook; can be given again.",
)
def run(notebook: str, out: Path | None, given: tuple[tuple[str, str], ...]) -> None:
    r"""Run one of drkit's notebooks, such as 03_rpo_rto, or any parameterized notebook, with checked parameters.

    \b
    Examples:
      drkit run 03_rpo_rto -p workload payments-br --out rpo.ipynb
      drkit run 01_catalog -p region eu-west-1
    """
    from drkit.design import find_notebook, run_notebook, typed_parameter

    source = find_notebook(notebook)
    target = out or Path(source.name)
    parameters = {name: typed_parameter(source, name, text) for name, text in given}
    run_notebook(source, target, parameters, progress=sys.stderr.isatty())
    click.echo(f"{target} written")


@main.command()
@click.argument("workload")
@click.option("--all", "everything", is_flag=True, help="Every topology, not the best of each strategy.")
@_seed
@_samples
@_snapshot
@_format
def compare(workload: str, everything: bool, seed: int, samples: int, snapshot: Path | None, style: str) -> None:
    r"""Compare the topologies of a WORKLOAD by cost, RTO, RPO and expected loss.

    The table shows the best of each strategy; csv and json hold every topology, as comparison.csv does.

    \b
    Examples:
      drkit compare article
      drkit compare shop.yaml --format csv > comparison.csv
    """
    from drkit import workload_file
    from drkit.compare import compare_topologies

    catalog = _catalog(snapshot)
    comparison = compare_topologies(workload_file.read(workload, catalog), catalog, seed, samples)
    frame = comparison.frame() if everything or style != "table" else comparison.best_of_each()
    _print(frame, style)


@main.command()
@click.argument("workload")
@click.argument("drills", type=click.Path(path_type=Path))
@_snapshot
@_format
def calibrate(workload: str, drills: Path, snapshot: Path | None, style: str) -> None:
    r"""Update the step times of a WORKLOAD by measured DRILLS, a CSV file with the columns date, step, seconds.

    Prints each figure before and after, and below the table the lines to put into the workload file.

    \b
    Example:
      drkit calibrate shop.yaml drills.csv
    """
    from drkit import drills as measured
    from drkit import workload_file
    from drkit.assumptions import Assumptions

    catalog = _catalog(snapshot)
    known = workload_file.read(workload, catalog)
    assumptions = Assumptions(catalog.snapshot, known.assumptions)
    calibration = measured.calibrate(known, assumptions, measured.read(drills, assumptions))
    _print(calibration.frame(), style)
    if style == "table":
        click.echo(f"\n{calibration.yaml()}", nl=False)


@main.group()
def prices() -> None:
    """Prices of the snapshot."""


@prices.command("show")
@click.option("--service", help="AWS service code, such as AmazonRDS.")
@click.option("--region", help="Region code, such as us-east-1.")
@click.option("--item", help="Item, such as alb/hour; a * at its end matches every item that begins so.")
@_snapshot
@_format
def prices_show(service: str | None, region: str | None, item: str | None, snapshot: Path | None, style: str) -> None:
    r"""Print price rows: where, how much, since when, from where, how known.

    \b
    Examples:
      drkit prices show --region eu-west-1 --item 'cluster/*'
      drkit prices show --format csv > prices.csv
    """
    _print(_catalog(snapshot).prices.frame(service, region, item), style)


@main.group()
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
@_snapshot
@_format
def support_show(
    service: Any,
    engine: str | None,
    engine_version: str | None,
    region: str | None,
    snapshot: Path | None,
    style: str,
) -> None:
    r"""Print for every class that is sold whether it can be replicated to another region, and why not.

    \b
    Examples:
      drkit support show --service aurora --region sa-east-1
      drkit support show --engine aurora-postgresql --engine-version 15.4 --format csv
    """
    catalog = _catalog(snapshot)
    if region is not None and region not in catalog.prices.regions():
        known = ", ".join(catalog.prices.regions())
        raise UnsupportedError(f"--region is {region!r}: the snapshot knows what is sold in {known}")
    frame = catalog.support.frame(service, region, engine, engine_version)
    if frame.empty:
        raise UnsupportedError(f"{service} does not run {engine}: leave out --service or name an engine of it")
    _print(frame, style)


@main.group()
def tfvars() -> None:
    """Variables of the Terraform stack."""


@tfvars.command("check")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--stack",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder with variables.tf; drkit's own stack by default.",
)
@click.pass_context
def tfvars_check(ctx: click.Context, path: Path, stack: Path | None) -> None:
    r"""Check a tfvars file against types and validations of the stack.

    drkit reads the stack's variables.tf by itself; where Terraform 1.11 or newer is on the PATH, it is asked
    too. Neither needs an account, a provider or a network.

    \b
    Example:
      drkit tfvars check out/article/article.tfvars
    """
    from drkit import terraform
    from drkit import tfvars as variables

    problems = variables.check(path, stack)
    refused = None if problems else terraform.refusals(path, stack)
    for problem in [*problems, *(refused or [])]:
        click.echo(problem)
    if problems or refused:
        ctx.exit(1)
    click.echo(f"{path} fits the stack, " + ("Terraform agrees" if refused == [] else "Terraform was not asked"))


@main.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), default="workload.yaml")
def init(path: Path) -> None:
    r"""Write a commented workload to PATH, to be filled in. An existing file is never overwritten.

    \b
    Example:
      drkit init shop.yaml
    """
    from drkit.bundled import data_dir

    text = (data_dir() / "starter.yaml").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise WorkloadError(f"{path} exists: name another file, or remove it first") from None
    except OSError as error:
        raise WorkloadError(f"cannot write {path}: {error.strerror}") from error
    click.echo(f"{path} written; fill it in, then run: drkit design {path}")


@main.command()
def schema() -> None:
    r"""Print the JSON Schema of the workload file, for editors that check YAML while it is typed.

    \b
    Example:
      drkit schema > workload.schema.json
    """
    from drkit import workload_file

    click.echo(workload_file.json_schema(), nl=False)


def _catalog(snapshot: Path | None) -> Catalog:
    from drkit.catalog import Catalog

    return Catalog.load(snapshot)


def _print(frame: pd.DataFrame, style: str) -> None:
    if style == "csv":
        from drkit.outputs import to_csv

        click.echo(to_csv(frame), nl=False)
    elif style == "json":
        # JSON has no infinity, and null means not known: the loss of all data is told in a word.
        told = frame.astype(object).where(frame.ne(math.inf), "everything")
        click.echo(told.to_json(orient="records", indent=2, force_ascii=False))
    else:
        click.echo(frame.fillna("").to_string(index=False, max_colwidth=120))


if __name__ == "__main__":
    main()
