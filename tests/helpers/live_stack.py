"""A copy of the Terraform stack that a test really applies: to the emulator, with what each step did and took."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import terraform_cli
from emulator.server import Emulator

from drkit.files.bundled import terraform_dir
from drkit.tfvars import hcl_writer

Values = Mapping[str, Any]

#: Only what an emulator needs and AWS does not; the shipped stack stays free of test switches.
_OVERRIDE = "\n".join(
    f"""provider "aws" {{
  alias             = "{alias}"
  max_retries       = 3
  s3_use_path_style = true
}}
"""
    for alias in ("primary", "failover")
)

#: Import blocks for the next apply.
IMPORTS = "imports.tf"

PASSWORD = "only-for-these-tests"


@dataclass(frozen=True)
class Step:
    """What one run of Terraform took.

    Parameters
    ----------
    name
        init, validate, plan, apply or destroy, and what for.
    seconds, cpu_seconds
        Time on the wall, and of the processors [s].
    waits
        Resource type -> seconds its resources took, those side by side added up.
    """

    name: str
    seconds: float
    cpu_seconds: float
    waits: Mapping[str, float] = field(default_factory=dict)


class TerraformError(AssertionError):
    """Terraform refused or failed; the text is what it said, in one line."""


@dataclass
class LiveStack:
    """The stack in a folder of its own, bound to one emulator.

    Parameters
    ----------
    terraform
        The command line to run.
    folder
        An empty folder.
    aws
        The account to build in.
    """

    terraform: terraform_cli.Terraform
    folder: Path
    aws: Emulator
    steps: list[Step] = field(default_factory=list)
    _outputs: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shutil.copytree(terraform_dir(), self.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".terraform*"))
        (self.folder / "emulator_override.tf").write_text(_OVERRIDE, encoding="utf-8")
        self._run("init", "init", "-input=false")
        self._run("validate", "validate")

    def plan(self, values: Values, name: str = "plan") -> dict[str, str]:
        """What an apply would do: address -> create, update, replace, delete or import; empty for "No changes"."""
        saved = str(self.folder / "saved.plan")
        self._run(name, "plan", "-input=false", "-lock=false", f"-out={saved}", self._write(values))
        shown = json.loads(self._run("show", "show", "-json", saved))
        changes = {change["address"]: change["change"] for change in shown.get("resource_changes", [])}
        found = {address: _verb(change) for address, change in changes.items()}
        outputs = [name for name, change in shown.get("output_changes", {}).items() if change["actions"] != ["no-op"]]
        return {address: verb for address, verb in found.items() if verb} | {
            f"output.{name}": "update" for name in outputs
        }

    def apply(self, values: Values, name: str) -> dict[str, str]:
        """Build what the values say; return what was done, as `plan` does."""
        return self._carried_out(name, "apply", values)

    def destroy(self, values: Values) -> dict[str, str]:
        """Take everything down; return what was done."""
        return self._carried_out("destroy", "destroy", values)

    def output(self, name: str) -> Any:
        """An output of the stack, as the last apply left it."""
        if not self._outputs:
            self._outputs = json.loads(self._run("output", "output", "-json"))
        return self._outputs[name]["value"]

    def state_of(self, address: str) -> Any:
        """Attributes of one resource instance of the root, as the state has them."""
        state = json.loads(self._run("state", "show", "-json"))
        return next(r["values"] for r in state["values"]["root_module"]["resources"] if r["address"] == address)

    def promote(self) -> list[str]:
        """Give the primary region up as the README says; return the AWS CLI calls that this asks for."""
        before, after = self.folder / "before.tfstate", self.folder / "promoted.tfstate"
        before.write_text(self._run("state", "state", "pull"), encoding="utf-8")
        told = subprocess.run(
            [sys.executable, "promote.py", before.name, "--state", after.name, "--imports", IMPORTS],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        self._run("state", "state", "push", str(after))
        return [line.strip() for line in told.splitlines() if line.startswith("  aws ")]

    def take_over(self, address: str, identifier: str) -> None:
        """Write an import block, as the README does where something was made by hand."""
        with (self.folder / IMPORTS).open("a", encoding="utf-8") as file:
            file.write(f'import {{\n  to = {address}\n  id = "{identifier}"\n}}\n')

    def forget_imports(self) -> None:
        """Delete the import blocks: they are for one apply."""
        (self.folder / IMPORTS).unlink()

    def _carried_out(self, name: str, command: str, values: Values) -> dict[str, str]:
        told = self._run(name, command, "-input=false", "-auto-approve", "-json", self._write(values))
        done, waits = {}, {}
        for event in map(json.loads, told.splitlines()):
            if event["type"] == "apply_complete":
                hook = event["hook"]
                done[hook["resource"]["addr"]] = hook["action"]
                kind = hook["resource"]["resource_type"]
                waits[kind] = waits.get(kind, 0) + hook["elapsed_seconds"]
        self._outputs = {}
        self.steps[-1] = Step(name, self.steps[-1].seconds, self.steps[-1].cpu_seconds, waits)
        return done

    def _write(self, values: Values) -> str:
        path = self.folder / "live.tfvars"
        path.write_text(hcl_writer.render(dict(values)), encoding="utf-8")
        return f"-var-file={path}"

    def _run(self, name: str, *words: str) -> str:
        environment = {**self.aws.environment(), "TF_VAR_database_password": PASSWORD}
        start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        done = self.terraform.run(*words, cwd=self.folder, env=environment, timeout_s=900)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.steps.append(Step(name, time.monotonic() - start, cpu))
        if done.returncode:
            raise TerraformError(" ".join(_errors(done.stdout.splitlines(), done.stderr).split()))
        return done.stdout


def figures(workload: str, steps: Iterable[Step]) -> str:
    """The times as CSV lines: ``workload,step,seconds,cpu_seconds,longest_waits``."""
    lines = []
    for step in steps:
        longest = sorted(step.waits.items(), key=lambda item: -item[1])[:5]
        waits = " ".join(f"{kind.removeprefix('aws_')}={seconds:.0f}" for kind, seconds in longest)
        lines.append(f"{workload},{step.name},{step.seconds:.1f},{step.cpu_seconds:.1f},{waits}")
    return "\n".join(lines)


def _verb(change: Mapping[str, Any]) -> str:
    actions = tuple(change["actions"])
    if change.get("importing"):
        return "import" if actions == ("no-op",) else f"import and {actions[0]}"
    return {("no-op",): "", ("read",): "", ("create",): "create", ("update",): "update", ("delete",): "delete"}.get(
        actions, "replace"
    )


def _errors(lines: Iterable[str], stderr: str) -> str:
    told = []
    for line in lines:
        event = json.loads(line) if line.startswith("{") else {}
        diagnostic = event.get("diagnostic", {})
        if diagnostic.get("severity") == "error":
            told.append(f"{diagnostic['summary']} {diagnostic.get('detail', '')}")
    return "\n".join(told) or stderr.replace("│", " ")
