"""The tables of inputs and outputs in the stack's READMEs: ``python tests/stack_tables.py`` writes them anew."""

from __future__ import annotations

import json
import re
from pathlib import Path

import hcl2

from drkit import hcl

STACK = Path(__file__).resolve().parents[1] / "terraform"
FOLDERS = [STACK, STACK / "modules" / "multi-region", STACK / "modules" / "single-region"]

_MARKED = re.compile(r"(<!-- (inputs|outputs) -->\n).*?(<!-- end -->)", re.S)


def readme(folder: Path) -> str:
    """The README of a folder with its tables as the folder's code has them."""
    tables = {"inputs": _inputs(folder), "outputs": _outputs(folder)}
    text = (folder / "README.md").read_text(encoding="utf-8")
    found = _MARKED.sub(lambda m: f"{m[1]}{tables[m[2]]}{m[3]}", text)
    assert len(_MARKED.findall(text)) == len(tables), f"{folder.name}/README.md lacks a marked table"
    return found


def _inputs(folder: Path) -> str:
    lines = ["| name | type | default | what |", "|---|---|---|---|"]
    for name, variable in hcl.read_variables(folder).items():
        kind = re.sub(r"object\(\{.*\}\)", "object", str(variable.type))
        kind += ", nullable" if variable.nullable and variable.default in (None, hcl.MISSING) else ""
        kind += ", ephemeral" if variable.ephemeral else ""
        default = "required" if variable.default is hcl.MISSING else f"`{json.dumps(variable.default)}`"
        lines.append(f"| `{name}` | {kind} | {default} | {variable.description} |")
    return "\n".join(lines) + "\n"


def _outputs(folder: Path) -> str:
    lines = ["| name | what |", "|---|---|"]
    for block in hcl2.loads((folder / "outputs.tf").read_text(encoding="utf-8"))["output"]:
        for label, output in block.items():
            lines.append(f"| `{json.loads(label)}` | {json.loads(output['description'])} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    for folder in FOLDERS:
        (folder / "README.md").write_text(readme(folder), encoding="utf-8")


if __name__ == "__main__":
    main()
