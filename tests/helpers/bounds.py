"""What `make test-lowest` and `make test-newest` run against.

``lowest`` prints the lowest versions that pyproject.toml allows, as constraints; ``newest-python`` prints the newest
Python on this machine that can be run.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Extras whose packages are drkit's own requirements; those of ``dev`` are tools.
EXTRAS = ("cluster", "explore", "sensitivity", "tables")


def lowest() -> list[str]:
    """``name==version`` for every package that drkit needs, at its lower bound."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = sum((project["optional-dependencies"][extra] for extra in EXTRAS), project["dependencies"])
    pins = []
    for requirement in wanted:
        name, bound = re.fullmatch(r"([\w.-]+)>=([\d.]+)(?:,<[\d.]+)?", requirement).groups()  # type: ignore[union-attr]
        pins.append(f"{name}=={bound}")
    return sorted(pins, key=str.lower)


def newest_python() -> str:
    """Path of the newest Python from 3.11 on: of those on the PATH and those that pyenv has."""
    found = [path for minor in range(11, 30) if (path := shutil.which(f"python3.{minor}"))]
    if pyenv := shutil.which("pyenv"):
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=True).stdout.strip()
        found += map(str, Path(root).glob("versions/3.*/bin/python3"))
    return max([*found, sys.executable], key=version_of)


def version_of(python: str) -> tuple[int, ...]:
    """Version of an interpreter; nothing where it does not run, as a shim without a version behind it."""
    code = "import sys; print(*sys.version_info[:3])"
    told = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False).stdout.split()
    return tuple(map(int, told))


if __name__ == "__main__":
    print("\n".join(lowest()) if sys.argv[1:] == ["lowest"] else newest_python())
