"""Commands about workloads: design one, compare its topologies, run a notebook, begin a new one."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drkit.cli.shared_options import comparison_options, load_catalog, print_table, snapshot_option, table_format
from drkit.errors import ParameterError, WorkloadError

if TYPE_CHECKING:
    from drkit.choice.comparison import Comparison


@click.command()
@click.argument("workload")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the outputs; out/WORKLOAD by default.",
)
@comparison_options
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
    snapshot: str | None,
    own_prices: Path | None,
    extra: tuple[tuple[str, str], ...],
) -> None:
    r"""Design one WORKLOAD: a YAML file or the name of a bundled workload.

    Leaves design.ipynb, design.html, NAME.tfvars, bill.csv, comparison.csv and summary.json in the folder.

    \b
    Examples:
      drkit design article --out out/article
      drkit design shop.yaml --out out/shop --samples 100000
    """
    from drkit.files.bundled import notebooks_dir
    from drkit.runs.design import run_design
    from drkit.runs.parameters import typed_parameter

    source = notebooks_dir() / "04_design.ipynb"
    reserved = {"workload", "out_dir", "seed", "samples", "snapshot"}
    if misused := sorted(reserved & {name for name, _ in extra}):
        raise ParameterError(
            f"-p {misused[0]} is not for `drkit design`: it has an argument or option for that, see --help"
        )
    parameters: dict[str, object] = {name: typed_parameter(source, name, text) for name, text in extra}
    parameters |= {"seed": seed, "samples": samples}
    if own_prices:
        from drkit.facts.own_prices import add_to_cache

        # The notebook runs in a kernel of its own: the prices go to it as a snapshot.
        snapshot = add_to_cache(load_catalog(snapshot).snapshot, own_prices)[0]
    if snapshot:
        parameters["snapshot"] = snapshot
    folder = out or Path("out") / Path(workload).stem
    start = time.monotonic()
    written = run_design(workload, folder, parameters, progress=sys.stderr.isatty())
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    chosen = summary["chosen"]
    click.echo(f"{chosen['topology_id']}: {chosen['monthly_usd']:,.2f} USD a month")
    click.echo("; ".join(chosen["misses"]) or "meets the objectives")
    click.echo(f"designed in {time.monotonic() - start:.1f} s:")
    for path in written:
        click.echo(f"  {path}")


@click.command()
@click.argument("notebook")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Executed notebook; NOTEBOOK.ipynb here.")
@click.option(
    "-p",
    "--parameter",
    "values",
    type=(str, str),
    multiple=True,
    metavar="NAME VALUE",
    help="A parameter of the notebook; can be given again.",
)
def run(notebook: str, out: Path | None, values: tuple[tuple[str, str], ...]) -> None:
    r"""Run one of drkit's notebooks, such as 03_rpo_rto, or any parameterized notebook, with checked parameters.

    \b
    Examples:
      drkit run 03_rpo_rto -p workload payments-br --out rpo.ipynb
      drkit run 01_catalog -p region eu-west-1
    """
    from drkit.runs.design import run_notebook
    from drkit.runs.parameters import find_notebook, typed_parameter

    source = find_notebook(notebook)
    target = out or Path(source.name)
    parameters = {name: typed_parameter(source, name, text) for name, text in values}
    run_notebook(source, target, parameters, progress=sys.stderr.isatty())
    click.echo(f"{target} written")


@click.command()
@click.argument("workload")
@click.option("--all", "everything", is_flag=True, help="Every topology, not the best of each strategy.")
@comparison_options
@table_format
def compare(
    workload: str,
    everything: bool,
    seed: int,
    samples: int,
    snapshot: str | None,
    own_prices: Path | None,
    style: str,
) -> None:
    r"""Compare the topologies of a WORKLOAD by cost, RTO, RPO and expected loss.

    The table shows the best of each strategy, and below it what is nearly as good as the choice and what would be
    regretted least; csv and json hold every topology, as comparison.csv does.

    \b
    Examples:
      drkit compare article
      drkit compare shop.yaml --format csv > comparison.csv
    """
    from drkit.choice.choices import near_optimal
    from drkit.choice.compare import compare_topologies
    from drkit.choice.why_not import not_sold_as_bought
    from drkit.workload import file as workload_file

    catalog = load_catalog(snapshot, own_prices)
    comparison = compare_topologies(workload_file.read(workload, catalog), catalog, seed, samples)
    frame = comparison.frame() if everything or style != "table" else comparison.best_of_each()
    print_table(frame, style)
    if style == "table" and not everything:
        click.echo("\n".join(["", *near_optimal(comparison).sentences(), _least_regret(comparison)]))
    if note := not_sold_as_bought(comparison.workload.commitments, comparison.rejected):
        click.echo(note, err=True)


def _least_regret(comparison: Comparison) -> str:
    least = comparison.named["least_regret"]
    if least is comparison.chosen:
        return "Over the uncertain inputs the choice would be regretted least."
    return f"Over the uncertain inputs {least.topology_id} would be regretted least."


@click.command()
@click.argument("workload")
@click.argument("drills", type=click.Path(path_type=Path))
@snapshot_option
@table_format
def calibrate(workload: str, drills: Path, snapshot: str | None, style: str) -> None:
    r"""Update the step times of a WORKLOAD by measured DRILLS, a CSV file with the columns date, step, seconds.

    Prints each figure before and after, and below the table the lines to put into the workload file.

    \b
    Example:
      drkit calibrate shop.yaml drills.csv
    """
    from drkit.facts.assumptions import Assumptions
    from drkit.recovery import calibration
    from drkit.workload import file as workload_file

    catalog = load_catalog(snapshot)
    system = workload_file.read(workload, catalog)
    assumptions = Assumptions(catalog.snapshot, system.assumptions)
    calibrated = calibration.calibrate(system, assumptions, calibration.read(drills, assumptions))
    print_table(calibrated.frame(), style)
    if style == "table":
        click.echo(f"\n{calibrated.yaml()}", nl=False)


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), default="workload.yaml")
def init(path: Path) -> None:
    r"""Write a commented workload file to PATH, for you to fill in. An existing file is never overwritten.

    The workload is named after the file.

    \b
    Example:
      drkit init shop.yaml
    """
    from drkit.files.bundled import data_dir

    text = (data_dir() / "starter.yaml").read_text(encoding="utf-8")
    name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")
    # A file name that cannot name a workload leaves the starter's own name, for the user to change.
    if re.fullmatch(r"[a-z][a-z0-9-]{2,23}", name):
        text = text.replace("name: my-shop", f"name: {name}", 1)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise WorkloadError(f"{path} exists: name another file, or remove it first") from None
    except OSError as error:
        raise WorkloadError(f"cannot write {path}: {error.strerror}") from error
    click.echo(f"{path} written; fill it in, then run: drkit design {path}")


@click.command()
def schema() -> None:
    r"""Print the JSON Schema of the workload file, for editors that check YAML while it is typed.

    \b
    Example:
      drkit schema > workload.schema.json
    """
    from drkit.workload import file as workload_file

    click.echo(workload_file.json_schema(), nl=False)
