"""The command line: a thin layer over the functions that a notebook calls.

Exit codes: 0 done, 1 something was found wrong (``tfvars check``, ``catalog verify``) or failed, 2 the user's input
is wrong.
"""

from __future__ import annotations

import sys
from typing import Any

import click

from drkit.cli import batch, differences, facts, reports, serving, space, terraform, workloads
from drkit.cli.catalog import catalog
from drkit.errors import (
    DrkitError,
    MissingPackageError,
    OfferError,
    ParameterError,
    PriceError,
    SnapshotError,
    TfvarsError,
    UnsupportedError,
    WorkloadError,
)
from drkit.files.versions import __version__

_USER_ERRORS = (
    MissingPackageError,
    ParameterError,
    PriceError,
    SnapshotError,
    TfvarsError,
    UnsupportedError,
    WorkloadError,
)


class _Group(click.Group):
    """Turns drkit's errors into sentences on standard error and the right exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DrkitError as error:
            click.echo(f"Error: {error}", err=True)
            # A file of AWS that changed is nobody's input.
            ctx.exit(2 if isinstance(error, _USER_ERRORS) and not isinstance(error, OfferError) else 1)
        except BrokenPipeError:
            # `drkit prices show | head` closes the pipe early: that is no failure.
            sys.stderr.close()
            ctx.exit(0)


_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


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


for command in (
    workloads.design,
    workloads.run,
    batch.batch,
    workloads.compare,
    space.space,
    differences.diff,
    reports.report,
    serving.serve,
    workloads.calibrate,
    catalog,
    facts.prices,
    facts.support,
    terraform.tfvars,
    workloads.init,
    workloads.schema,
):
    main.add_command(command)


def _keep_lines(command: click.Command) -> None:
    # Docstrings are raw, as linters want them: click's mark for lines that stay as they are is a control character.
    command.help = (command.help or "").replace("\\b", "\b")
    for inner in getattr(command, "commands", {}).values():
        _keep_lines(inner)


_keep_lines(main)
