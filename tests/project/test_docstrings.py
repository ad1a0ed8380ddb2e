"""Public functions that take plain numbers say in which unit, in brackets, as the formulas of this field are written."""

from __future__ import annotations

import ast
from pathlib import Path

DRKIT = Path(__file__).parents[2] / "drkit"
#: Numbers without a unit of their own: points of any space, a likeness of texts, settings of a command.
UNITLESS = {"on_frontier", "on_frontier_of_groups", "did_you_mean", "batch"}
NUMBERS = {"float", "float | None", "Samples", "Array", "npt.ArrayLike", "npt.NDArray[np.float64]"}


def takes_numbers(function: ast.FunctionDef) -> bool:
    arguments = [*function.args.args, *function.args.kwonlyargs]
    return any(each.annotation is not None and ast.unparse(each.annotation) in NUMBERS for each in arguments)


def test_functions_of_plain_numbers_name_the_unit() -> None:
    silent = []
    for path in sorted(DRKIT.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        scopes = [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
        for function in (node for scope in scopes for node in scope.body if isinstance(node, ast.FunctionDef)):
            if function.name.startswith("_") or function.name in UNITLESS or not takes_numbers(function):
                continue
            text = ast.get_docstring(function)
            if text is not None and "[" not in text:
                silent.append(f"{path.relative_to(DRKIT)}:{function.lineno} {function.name}")
    assert silent == []
