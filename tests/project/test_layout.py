"""Where things lie: few files beside the packages, tests in the same folders, modules that are read in one sitting."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DRKIT = ROOT / "drkit"

#: Folders of tests/ that test something else than one package of drkit, or serve the tests.
BESIDE = {"bench", "compatible", "emulator", "helpers", "project", "stack", "tools"}

#: A module that needs more lines than this is two ideas.
LINES = 400
#: Modules that are longer: at most so many lines, and why. Figures here only ever go down.
LONGER: dict[str, tuple[int, str]] = {}


def packages() -> set[str]:
    return {path.parent.name for path in DRKIT.glob("*/__init__.py")}


def imported(path: Path) -> set[str]:
    """Top-level packages that a module imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])
    return found


def test_few_files_lie_beside_the_packages() -> None:
    flat = sorted(path.name for path in DRKIT.iterdir() if path.is_file())
    assert len(flat) <= 8, f"move a module to the package it belongs to: {flat}"


def test_the_tests_lie_in_the_folders_of_the_packages() -> None:
    files = (path.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("*") if path.is_file())
    folders = {path.parts[0] for path in files if len(path.parts) > 1 and "__pycache__" not in path.parts}
    assert folders - BESIDE == packages()


def test_modules_are_read_in_one_sitting() -> None:
    lines = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in DRKIT.rglob("*.py")}
    allowed = {name: most for name, (most, _) in LONGER.items()}
    longer = {name: count for name, count in lines.items() if count > allowed.get(name, LINES)}
    assert not longer, f"split what is over {LINES} lines: {longer}"
    done = [name for name in LONGER if lines.get(name, 0) <= LINES]
    assert not done, f"no longer over {LINES} lines, take it from LONGER: {done}"


@pytest.mark.slow
@pytest.mark.parametrize("other", ["tools", "tests", "conftest"])
def test_the_library_imports_neither_tools_nor_tests(other: str) -> None:
    assert [str(path.relative_to(ROOT)) for path in DRKIT.rglob("*.py") if other in imported(path)] == []
