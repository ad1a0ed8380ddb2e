"""Ask Terraform itself, where it is on this machine, whether it takes a tfvars file.

Only ``variables.tf`` is used: without resources Terraform needs no provider, no account and no network, and still
checks every type and validation.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from drkit.errors import DrkitError
from drkit.files.bundled import terraform_dir

#: Oldest Terraform that reads the stack's variables (ephemeral variables, write-only arguments).
OLDEST = (1, 11)

_SECONDS = 60


def refusals(path: Path, stack: Path | None = None, accepted: Path | None = None) -> list[str] | None:
    """What Terraform refuses about a tfvars file.

    Parameters
    ----------
    path
        The tfvars file.
    stack
        Folder with ``variables.tf``; None is the stack that ships with drkit.
    accepted
        Folder that remembers what Terraform took, so that equal variables are not asked about again; None for none.

    Returns
    -------
    list of str or None
        One text for each error, with its line in the tfvars file or in ``variables.tf``; empty when Terraform takes
        the file. None where no Terraform of 1.11 or newer is on the PATH.

    Raises
    ------
    DrkitError
        When Terraform does not answer.
    """
    program = shutil.which("terraform")
    if program is None or (version := _version(program)) < OLDEST:
        return None
    variables = (stack or terraform_dir()) / "variables.tf"
    known = accepted / _key(path, variables, f"{program} {version}") if accepted else None
    if known and known.exists():
        return []
    with tempfile.TemporaryDirectory(prefix="drkit-terraform-") as folder:
        shutil.copy(variables, folder)
        # Variables alone need no provider, no module and no backend, so there is nothing to initialise.
        planned = _run(program, folder, "plan", "-input=false", "-json", "-lock=false", f"-var-file={path.resolve()}")
    errors = []
    for line in planned.stdout.splitlines():
        diagnostic = json.loads(line).get("diagnostic", {}) if line.startswith("{") else {}
        if diagnostic.get("severity") == "error":
            told = " ".join(f"{diagnostic['summary']}: {diagnostic.get('detail', '')}".split())
            place = diagnostic.get("range")
            at = f"{Path(place['filename']).name}, line {place['start']['line']}: " if place else ""
            errors.append(at + told)
    if planned.returncode and not errors:
        raise DrkitError(f"terraform plan failed: {planned.stderr.strip() or planned.stdout.strip()}")
    if known and not errors:
        with contextlib.suppress(OSError):
            known.touch()
    return errors


def _key(path: Path, variables: Path, program: str) -> str:
    """What the answer rests on, as a name: all but the comment on top of the file, which tells when and why."""
    lines = path.read_bytes().splitlines(keepends=True)
    rest = itertools.dropwhile(lambda line: line.startswith(b"#"), lines)
    asked = sha256(program.encode() + b"\0" + sha256(variables.read_bytes()).digest() + b"".join(rest))
    return f"accepted-{asked.hexdigest()}"


@lru_cache(maxsize=4)
def _version(program: str) -> tuple[int, ...]:
    told = _run(program, ".", "version").stdout
    found = re.search(r"Terraform v(\d+)\.(\d+)", told)
    return tuple(map(int, found.groups())) if found else (0,)


def _run(program: str, folder: str, *words: str) -> subprocess.CompletedProcess[str]:
    # Offline unless asked: no look for a newer Terraform. Values come from the file alone, not from TF_VAR_ or TF_CLI_.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    environment["CHECKPOINT_DISABLE"] = "1"
    try:
        return subprocess.run(
            [program, *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DrkitError(f"terraform does not answer: {error}") from error
