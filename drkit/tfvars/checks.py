"""Check a tfvars file against a stack, without Terraform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drkit.errors import TfvarsError
from drkit.files.bundled import terraform_dir
from drkit.tfvars.declarations import misfits, read_declarations
from drkit.tfvars.hcl_reader import HclFile
from drkit.tfvars.rules import broken

if TYPE_CHECKING:
    from pathlib import Path


def check(path: Path, stack: Path | None = None) -> list[str]:
    """Check the names and types of a tfvars file, and for drkit's own stack what it allows of the values.

    Parameters
    ----------
    path
        The tfvars file.
    stack
        Folder with ``variables.tf``; None is the stack that ships with drkit.

    Returns
    -------
    list of str
        One sentence for each problem, with its line.

    Raises
    ------
    TfvarsError
        When the file or the stack cannot be read.
    """
    try:
        file = HclFile(path.read_text(encoding="utf-8"), str(path))
        values = file.values()
        declared = read_declarations(stack or terraform_dir())
    except OSError as error:
        raise TfvarsError(f"cannot read {error.filename or path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise TfvarsError(f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8") from error
    except RecursionError as error:
        raise TfvarsError(f"{path} has lists or objects nested more deeply than Python can follow") from error
    problems = list(misfits(values, declared))
    if has_own_rules(stack):
        wrong = {problem.path.partition(".")[0].partition("[")[0] for problem in problems}
        problems += broken({name: value for name, value in values.items() if name not in wrong})
    placed = sorted((file.line(problem.path), str(problem)) for problem in problems)
    return [f"{path}{f', line {line}' if line else ''}: {problem}" for line, problem in placed]


def has_own_rules(stack: Path | None) -> bool:
    """Whether drkit knows what a stack allows: it ships with drkit, or is a copy whose variables are unchanged."""
    own = terraform_dir() / "variables.tf"
    return stack is None or (stack / "variables.tf").read_bytes() == own.read_bytes()
