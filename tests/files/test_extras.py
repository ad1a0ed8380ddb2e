"""A package that only a part of drkit needs: where it is missing, a sentence says how to install it."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from drkit.files.extras import needs

#: Stands for an environment without a package: its import fails as that of one that is not installed.
WITHOUT = """
import sys, importlib.abc
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
from drkit.cli import main
main()
"""


def run(package: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = WITHOUT.format(package=package)
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_missing_package_is_a_sentence_of_the_command_and_a_users_error() -> None:
    done = run("voila", "serve", "--port", "0")
    assert done.returncode == 2, done.stderr
    assert done.stderr == (
        "Error: drkit serve needs the package voila, which is not installed: pip install 'drkit[explore]'\n"
    )


def test_in_a_notebook_it_is_an_import_error_with_the_same_sentence() -> None:
    sentence = r"a map needs the package no_such_package.*pip install 'drkit\[maps\]'"
    with pytest.raises(ImportError, match=sentence), needs("maps", "a map"):
        importlib.import_module("no_such_package")


@pytest.mark.slow
@pytest.mark.parametrize("package", ["voila", "ipywidgets", "itables", "SALib"])
def test_comparing_needs_none_of_them(package: str) -> None:
    done = run(package, "compare", "small-saas", "--samples", "200")
    assert done.returncode == 0, done.stderr
    assert "pilot_light" in done.stdout
