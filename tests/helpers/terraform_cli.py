"""Find a Terraform that can run here and an AWS provider for it, on any machine, online or not.

A session asks once, by `session_terraform`; its workers share the answer through a file in pytest's base
directory. Nothing is installed, and nothing is written outside that directory.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Write-only arguments keep the database's password out of the state; older versions cannot read the stack.
OLDEST_VERSION = (1, 11)
STACK = Path(__file__).resolve().parents[2] / "terraform"

_PROVIDER = Path("hashicorp") / "aws"
_SKIPPED_DIRECTORIES = frozenset({"/proc", "/sys", "/dev", "/run", "node_modules", ".git", ".terraform"})
_SEARCH_SECONDS = 30
_SEARCH_DEPTH = 12
# Settings of the caller's shell that would change what a run does.
_FOREIGN = re.compile(r"TF_(VAR_.*|CLI_ARGS.*|WORKSPACE|DATA_DIR|LOG.*|STATE_.*)")


@dataclass(frozen=True)
class Terraform:
    """A Terraform command line, or the reason why there is none.

    Parameters
    ----------
    executable
        Path of the program; empty where there is none that is new enough.
    config_file
        CLI configuration for every run; empty for none.
    available
        Whether the program and the AWS provider are here, so that ``terraform init`` of the stack works.
    reason
        What is missing, as a sentence; empty where nothing is.
    """

    executable: str = ""
    config_file: str = ""
    available: bool = False
    reason: str = ""

    def run(
        self,
        *args: str,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
        timeout_s: float = 600,
    ) -> subprocess.CompletedProcess[str]:
        """Run ``terraform ARGS`` in a directory; the exit status is the caller's to judge.

        Parameters
        ----------
        args
            Subcommand and options.
        cwd
            Directory of the configuration. Use a copy: runs leave files.
        env
            Variables on top of the environment, such as ``TF_VAR_database_password``.
        stdin
            Text for standard input.
        timeout_s
            Time after which the run is ended and `subprocess.TimeoutExpired` raised [s].
        """
        if not self.executable:
            raise RuntimeError(self.reason)
        return subprocess.run(
            [self.executable, *args],
            cwd=cwd,
            env={**_environment(self.config_file), **(env or {})},
            input="" if stdin is None else stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout_s,
            check=False,
        )


def session_terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Return the Terraform of this test session, looked for once and shared by all xdist workers."""
    base = tmp_path_factory.getbasetemp()
    scratch = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "terraform-cli"
    answer = scratch / "answer.json"
    try:
        scratch.mkdir()
    except FileExistsError:
        # Another worker, or an earlier fixture, is looking: wait for its answer.
        deadline = time.monotonic() + 600
        while not answer.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        return Terraform(**json.loads(answer.read_text(encoding="utf-8")))
    try:
        found = find(scratch)
    except Exception as error:
        found = Terraform(reason=f"Looking for Terraform failed: {error}")
        raise
    finally:
        beside = scratch / "answer.new"
        beside.write_text(json.dumps(asdict(found)), encoding="utf-8")
        beside.replace(answer)
    return found


def require(terraform: Terraform, *, provider: bool = True) -> None:
    """Skip the test with the reason where Terraform is missing; where ``DRKIT_CI=1`` says so, fail it.

    Parameters
    ----------
    terraform
        What `session_terraform` returned.
    provider
        Whether the test needs the AWS provider as well as the program.
    """
    if terraform.available or (terraform.executable and not provider):
        return
    if os.environ.get("DRKIT_CI") == "1":
        pytest.fail(f"{terraform.reason} DRKIT_CI=1 forbids to skip.", pytrace=False)
    pytest.skip(terraform.reason)


def find(scratch: Path, stack: Path = STACK) -> Terraform:
    """Look for Terraform and a way to its AWS provider: the configured one, the registry, a local mirror.

    Parameters
    ----------
    scratch
        An existing directory for trial runs and the CLI configuration.
    stack
        Directory whose ``versions.tf`` says which provider versions will do.
    """
    executable = shutil.which("terraform")
    if executable is None:
        return Terraform(reason="There is no terraform on PATH: install Terraform 1.11 or newer.")
    version = _version(executable)
    if version < OLDEST_VERSION:
        found = ".".join(map(str, version)) or "no version at all"
        return Terraform(reason=f"{executable} says {found}, but Terraform 1.11 or newer is needed: update it.")

    (scratch / "probe").mkdir()
    (scratch / "probe" / "versions.tf").write_text(_requirement(stack), encoding="utf-8")
    configured = _configured_file()
    for config_file in [configured, ""] if configured else [""]:
        terraform = Terraform(executable, config_file, available=True)
        if _initializes(terraform, scratch / "probe"):
            # What came from the registry serves all later runs of the session.
            return terraform if config_file else _mirrored(terraform, scratch, Path(".terraform", "providers"))
    for mirror in _mirrors():
        terraform = Terraform(executable, str(_configuration(scratch, mirror)), available=True)
        if _initializes(terraform, scratch / "probe"):
            return terraform
    return Terraform(
        executable,
        reason="terraform init finds no AWS provider: the registry cannot be reached, and no filesystem "
        "mirror on this machine holds a version the stack accepts. Set TF_CLI_CONFIG_FILE to a file that "
        "names one.",
    )


def _environment(config_file: str) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not _FOREIGN.fullmatch(name)}
    env.pop("TF_CLI_CONFIG_FILE", None)
    if config_file:
        env["TF_CLI_CONFIG_FILE"] = config_file
    return env | {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}


def _configured_file() -> str:
    """Return the file that ``TF_CLI_CONFIG_FILE`` names; a missing file counts as no setting."""
    named = os.environ.get("TF_CLI_CONFIG_FILE", "")
    return str(Path(named).resolve()) if named and Path(named).is_file() else ""


def _version(executable: str) -> tuple[int, ...]:
    with suppress(subprocess.SubprocessError, OSError, ValueError, KeyError):
        shown = subprocess.run(
            [executable, "version", "-json"],
            env=_environment(""),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        text = json.loads(shown.stdout)["terraform_version"]
        return tuple(int(part) for part in text.split("-")[0].split(".")[:2])
    return ()


def _requirement(stack: Path) -> str:
    """Return a configuration that needs the AWS provider in the versions that the stack accepts."""
    versions = stack / "versions.tf"
    text = versions.read_text(encoding="utf-8") if versions.is_file() else ""
    stated = re.search(r'"hashicorp/aws"\s+version\s*=\s*"([^"]+)"', text)
    constraint = stated[1] if stated else ">= 5.0"
    return (
        "terraform {\n  required_providers {\n"
        f'    aws = {{\n      source  = "hashicorp/aws"\n      version = "{constraint}"\n    }}\n  }}\n}}\n'
    )


def _initializes(terraform: Terraform, probe: Path) -> bool:
    """Try ``terraform init``; without network it fails at once, with a blocked one after a few seconds."""
    impatient = {"TF_REGISTRY_CLIENT_TIMEOUT": "5", "TF_REGISTRY_DISCOVERY_RETRY": "0"}
    shutil.rmtree(probe / ".terraform", ignore_errors=True)
    (probe / ".terraform.lock.hcl").unlink(missing_ok=True)
    try:
        done = terraform.run("init", "-backend=false", "-no-color", cwd=probe, env=impatient, timeout_s=300)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _mirrored(terraform: Terraform, scratch: Path, providers: Path) -> Terraform:
    """Return the same Terraform, taking the provider from where the trial put it, if it is there."""
    mirror = scratch / "probe" / providers
    if next(_roots_below(mirror, depth=1), None) is None:
        return terraform
    return Terraform(terraform.executable, str(_configuration(scratch, mirror)), available=True)


def _configuration(scratch: Path, mirror: Path) -> Path:
    """Write a CLI configuration that takes the AWS provider from a mirror, and only this one."""
    path = scratch / "terraform.rc"
    path.write_text(
        "provider_installation {\n"
        f"  filesystem_mirror {{\n    path    = {json.dumps(str(mirror))}\n"
        '    include = ["hashicorp/aws"]\n  }\n'
        '  direct {\n    exclude = ["hashicorp/aws"]\n  }\n}\n'
        "disable_checkpoint = true\n",
        encoding="utf-8",
    )
    return path


def _mirrors() -> Iterator[Path]:
    """Yield the roots of provider mirrors on this machine: usual places first, then wherever they are."""
    home = Path.home()
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    usual = [
        home / ".terraform.d" / "plugins",
        home / ".terraform.d" / "plugin-cache",
        Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "terraform" / "plugins",
        home / "Library" / "Application Support" / "io.terraform" / "plugins",
        *(Path(directory) / "terraform" / "plugins" for directory in shared.split(os.pathsep) if directory),
    ]
    seen = set()
    for place in usual:
        for root in _roots_below(place, depth=1):
            seen.add(root)
            yield root
    for root in _roots_below(Path(home.anchor), depth=_SEARCH_DEPTH):
        if root not in seen:
            yield root


def _roots_below(top: Path, depth: int) -> Iterator[Path]:
    """Yield directories that hold ``HOST/hashicorp/aws`` with a provider in it, unpacked or as an archive."""
    deadline = time.monotonic() + _SEARCH_SECONDS
    level = [top]
    for _ in range(depth):
        below: list[Path] = []
        for directory in level:
            if time.monotonic() > deadline:
                return
            children = list(_subdirectories(directory))
            if any(_holds_provider(child / _PROVIDER) for child in children):
                yield directory
            below += children
        level = below


def _subdirectories(directory: Path) -> Iterator[Path]:
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            # Links could lead round in circles; a mirror behind one is found where it really lies.
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False) and not {entry.name, entry.path} & _SKIPPED_DIRECTORIES:
                    yield Path(entry.path)


def _holds_provider(directory: Path) -> bool:
    with suppress(OSError):
        unpacked = any(directory.glob("*/*/terraform-provider-aws_*"))
        return unpacked or any(directory.glob("terraform-provider-aws_*.zip"))
    return False
