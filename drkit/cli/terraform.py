"""Commands about the variables of the Terraform stack."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
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
    from drkit.tfvars import terraform
    from drkit.tfvars import tfvars as variables

    problems = variables.check(path, stack)
    refused = None if problems else terraform.refusals(path, stack)
    for problem in [*problems, *(refused or [])]:
        click.echo(problem)
    if problems or refused:
        ctx.exit(1)
    click.echo(f"{path} fits the stack, " + ("Terraform agrees" if refused == [] else "Terraform was not asked"))
