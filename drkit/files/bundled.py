"""Find what ships with drkit: data, notebooks and Terraform, in a checkout and in an installed wheel alike."""

from __future__ import annotations

from pathlib import Path

from drkit.errors import DrkitError

_PACKAGE = Path(__file__).parents[1]


def data_dir() -> Path:
    """Folder of the embedded snapshot, the assumptions and the example workloads."""
    return _find("data")


def notebooks_dir() -> Path:
    """Folder of the parameterized notebooks."""
    return _find("notebooks")


def terraform_dir() -> Path:
    """Folder of the multi-region Terraform stack."""
    return _find("terraform")


def _find(name: str) -> Path:
    # The wheel carries the folders inside the package; an editable install finds them beside it.
    for folder in (_PACKAGE / "bundled_files" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise DrkitError(f"drkit's own {name!r} folder is missing beside {_PACKAGE}: reinstall drkit")
