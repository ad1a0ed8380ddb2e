"""What a user installs: names, versions, and everything found away from the checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def requirement(text: str) -> tuple[str, str]:
    name, version = re.fullmatch(r"([A-Za-z0-9._-]+)(.*)", text.replace(" ", "")).groups()  # type: ignore[union-attr]
    return name.lower(), version


def test_environment_yml_names_the_packages_and_versions_of_pyproject() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    listed = dict(requirement(entry) for entry in environment["dependencies"] if isinstance(entry, str))
    assert listed.pop("python") == PROJECT["requires-python"]
    listed.pop("pip")
    extras = (PROJECT["optional-dependencies"][name] for name in ("explore", "sensitivity", "tables"))
    assert listed == dict(requirement(entry) for entry in sum(extras, PROJECT["dependencies"]))


def test_constraints_meet_the_requirements_and_name_no_address() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in lines)
    pinned = {requirement(line)[0].replace("_", "-") for line in lines}
    wanted = sum(PROJECT["optional-dependencies"].values(), PROJECT["dependencies"])
    assert {requirement(entry)[0].replace("_", "-") for entry in wanted} <= pinned | {"drkit"}


def test_the_pages_of_the_project_are_named() -> None:
    assert set(PROJECT["urls"]) == {"Documentation", "Source", "Changelog"}
    # Until drkit has a public home, all addresses are placeholders of one reserved host.
    assert all(url.startswith("https://drkit.example/") for url in PROJECT["urls"].values())


@pytest.mark.parametrize("module", ["matplotlib", "scipy", "boto3", "papermill", "pandas", "jupyterlab", "nbconvert"])
def test_import_drkit_does_not_import(module: str) -> None:
    code = f"import sys, drkit; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_pricing_a_workload_does_not_import_what_only_pictures_and_notebooks_need() -> None:
    code = (
        "import sys, drkit\n"
        "drkit.compare_topologies(drkit.read_workload('small-saas'), drkit.Catalog.load(), samples=200)\n"
        "sys.exit(bool({'matplotlib', 'scipy', 'boto3', 'papermill'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_public_name_is_there() -> None:
    import drkit

    assert [name for name in drkit.__all__ if not hasattr(drkit, name)] == []
    assert drkit.__version__ == PROJECT["version"]


def test_nothing_that_is_installed_imports_what_only_builds_the_data() -> None:
    importing = re.compile(r"^\s*(?:from|import)\s+(?:tools|tests)\b", re.MULTILINE)
    files = [*(ROOT / "drkit").rglob("*.py"), *(ROOT / "notebooks").glob("*.ipynb")]
    assert [str(path) for path in files if importing.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.slow
def test_the_wheel_works_away_from_the_checkout(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("drkit-*.whl")
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"drkit", f"drkit-{PROJECT['version']}.dist-info"}, "tools, tests and docs stay in the checkout"
    # The packages drkit needs come from the environment that runs the tests; drkit itself only from the wheel.
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    target = next((home / "lib").glob("python3*/site-packages"))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(wheel)]
    subprocess.run(install, check=True, cwd=tmp_path)
    packages = [path for path in sys.path if path.endswith("site-packages")]
    (target / "borrowed.pth").write_text("\n".join(packages))
    code = (
        "import drkit, drkit.files.bundled as b, sys\n"
        f"assert drkit.__file__.startswith({str(home)!r}), drkit.__file__\n"
        "for folder in (b.data_dir(), b.notebooks_dir(), b.terraform_dir()):\n"
        f"    assert str(folder).startswith({str(home)!r}), folder\n"
        "c = drkit.compare_topologies(drkit.read_workload('article'), drkit.Catalog.load(), samples=200)\n"
        "print(sorted(p.name for p in drkit.write_outputs(c, 'out', '2026-01-01').values()))\n"
        "drkit.figures.region_map(c)\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [str(home / "bin/python"), "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "['article.tfvars', 'bill.csv', 'comparison.csv', 'summary.json']\n"
    # Templates and kernels are no part of site-packages, which alone is borrowed.
    environment["JUPYTER_PATH"] = str(Path(sys.prefix) / "share/jupyter")
    # The command, its notebook and a kernel of this environment: the main job from an installed wheel.
    command = [str(home / "bin/python"), "-m", "drkit.cli", "design", "small-saas", "--out", "designed"]
    designed = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert designed.returncode == 0, designed.stderr
    assert (tmp_path / "designed/small-saas.tfvars").is_file()
    notebook = (tmp_path / "designed/design.ipynb").read_text()
    assert str(home) in notebook
    assert str(ROOT) + "/notebooks" not in notebook
    assert (target / "drkit/bundled_files/notebooks/04_design.ipynb").is_file()
    assert (target / "drkit/bundled_files/terraform/modules/multi-region/main.tf").is_file()
