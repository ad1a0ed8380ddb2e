"""docs/architecture.md describes the packages as they are, in the order that make lint holds them to."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
DRKIT = ROOT / "drkit"
CONTRACT = "drkit packages, bottom to top"


def rows() -> list[list[str]]:
    """The table of packages: name, purpose, main modules."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"^\| package \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.M)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def named() -> list[str]:
    return [row[0].strip("`") for row in rows()]


def layers() -> list[set[str]]:
    """The layers of import-linter's contract from the bottom to the top; one layer may have several packages."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (contract,) = [contract for contract in settings["contracts"] if contract["name"] == CONTRACT]
    assert contract["type"] == "layers"
    # import-linter reads them from the top down.
    return [set(re.findall(r"\w+", layer.replace("drkit.", ""))) for layer in reversed(contract["layers"])]


def test_the_table_has_every_package_and_no_other() -> None:
    there = {path.name for path in DRKIT.iterdir() if (path / "__init__.py").is_file()}
    there |= {path.stem for path in DRKIT.glob("*.py")} - {"__init__"}
    assert sorted(named()) == sorted(there)


def test_the_table_is_in_the_order_of_the_layers() -> None:
    assert sorted(named()) == sorted(name for layer in layers() for name in layer)
    place = {name: at for at, layer in enumerate(layers()) for name in layer}
    assert [place[name] for name in named()] == sorted(place.values())


def test_the_main_modules_are_there() -> None:
    for name, purpose, modules in rows():
        assert purpose, name
        for module in re.findall(r"`(\w+)`", modules):
            path = DRKIT / name.strip("`") / module
            assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file(), f"{name}: {module}"
