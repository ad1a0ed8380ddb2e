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
    r"""Check a tfvars file against the stack.

    drkit checks names and types against the stack's variables.tf, and values against the rules of its own stack. Where
    Terraform 1.11 or newer is on the PATH, it is asked too; only it can check the validations of a stack that was
    edited. Neither needs an account, a provider or a network.

    \b
    Example:
      drkit tfvars check out/article/article.tfvars
    """
    from drkit.tfvars import checks, terraform

    problems = checks.check(path, stack)
    refusals = None if problems else terraform.refusals(path, stack)
    if sentences := problems or refusals:
        click.echo("\n".join(sentences))
        click.echo(f"Found by {'drkit; Terraform was not asked' if problems else 'Terraform'}.", err=True)
        ctx.exit(1)
    sentence = f"{path} fits the stack: checked by drkit"
    if refusals is None:
        sentence += ", and not by Terraform, since no Terraform 1.11 or newer is on the PATH"
        if not checks.has_own_rules(stack):
            sentence += ". The validations of this stack were not checked: it differs from drkit's own"
    else:
        sentence += ", and Terraform agrees"
    click.echo(sentence + ".")
