"""The tables in the stack's READMEs: ``python tests/helpers/stack_tables.py`` writes inputs and outputs anew.

``python tests/helpers/stack_tables.py out/stack_times.csv`` does so for the times too, as `make test` measured them.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from pathlib import Path

import hcl2

from drkit.tfvars.declarations import read_declarations

STACK = Path(__file__).resolve().parents[2] / "terraform"
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
    blocks = hcl2.loads((folder / "variables.tf").read_text(encoding="utf-8"))["variable"]
    described = {json.loads(name): json.loads(block["description"]) for one in blocks for name, block in one.items()}
    for name, variable in read_declarations(folder).items():
        kind = f"{variable.type}, nullable" if variable.nullable and variable.default is None else str(variable.type)
        kind += ", ephemeral" if variable.ephemeral else ""
        default = "required" if variable.required else f"`{json.dumps(variable.default)}`"
        lines.append(f"| `{name}` | {kind} | {default} | {described[name]} |")
    return "\n".join(lines) + "\n"


def _outputs(folder: Path) -> str:
    lines = ["| name | what |", "|---|---|"]
    for block in hcl2.loads((folder / "outputs.tf").read_text(encoding="utf-8"))["output"]:
        for label, output in block.items():
            lines.append(f"| `{json.loads(label)}` | {json.loads(output['description'])} |")
    return "\n".join(lines) + "\n"


def times(path: Path) -> str:
    """What each apply and destroy of the stack's lives took, and the first of everything else."""
    lines = ["| workload | run | seconds | of a processor | what it waits for, side by side added up [s] |"]
    lines.append("|---|---|---|---|---|")
    shown = set()
    with path.open(encoding="utf-8") as file:
        for workload, run, seconds, cpu, waits in csv.reader(file):
            kind = run.split()[0]
            if kind in ("show", "output", "state", "refused") or (kind not in ("apply", "destroy") and run in shown):
                continue
            shown.add(run)
            longest = ", ".join(
                wait.replace("_", " ").replace("=", " ") for wait in waits.split()[:3] if wait[-2:] != "=0"
            )
            lines.append(f"| {workload} | {run} | {float(seconds):.0f} | {float(cpu):.0f} | {longest} |")
    return "\n".join(lines) + "\n"


def main(measured: Path | None = None) -> None:
    for folder in FOLDERS:
        (folder / "README.md").write_text(readme(folder), encoding="utf-8")
    if measured:
        path = STACK / "README.md"
        marked = re.compile(r"(<!-- times -->\n).*?(<!-- end -->)", re.S)
        text = marked.sub(lambda m: m[1] + times(measured) + m[2], path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
