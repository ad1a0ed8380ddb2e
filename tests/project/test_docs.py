"""Documents cannot rot: what they name exists, what they show is what comes out."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
import stack_tables
import yaml
from click.testing import CliRunner
from pydantic import BaseModel

import drkit
from drkit.cli import main
from drkit.facts import verify
from drkit.files.bundled import data_dir, notebooks_dir
from drkit.workload import file as workload_file
from drkit.workload.model import Workload

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DECISIONS = ROOT / "docs/decisions"
DOCUMENTS = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md")),
        *ROOT.glob("docs/**/*.md"),
        ROOT / "terraform/README.md",
        *ROOT.glob("terraform/modules/*/README.md"),
    ]
)
each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def test_the_readme_names_every_command_workload_and_notebook() -> None:
    commands = {
        f"{name} {sub}" if isinstance(command, type(main)) or hasattr(command, "commands") else name
        for name, command in main.commands.items()
        for sub in (getattr(command, "commands", None) or [""])
    }
    assert commands
    assert [name for name in sorted(commands) if f"drkit {name.strip()}" not in README] == []
    assert [name for name in workload_file.bundled() if f"| `{name}` |" not in README] == []
    assert [path.stem for path in notebooks_dir().glob("*.ipynb") if f"| `{path.stem}` |" not in README] == []


def test_the_readmes_python_gives_what_its_comments_say() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.S)
    names: dict[str, object] = {}
    exec(block.split("comparison.chosen.topology_id")[0], names)
    for line in block.splitlines():
        if shown := re.fullmatch(r"(comparison\..*?)  # ('.*'|[\d.]+)", line):
            assert repr(eval(shown.group(1), names)) == shown.group(2), line


@each_document
def test_every_link_and_picture_of_the_documents_is_there(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


@each_document
def test_every_dotted_name_of_the_documents_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for name in set(re.findall(r"(?<![\w/.-])drkit(?:\.[A-Za-z_]\w*)+", text)) - {"drkit.example"}:
        assert resolves(name), f"{path.name} names {name}"


def resolves(name: str) -> bool:
    """Whether a dotted name can be imported, or is an attribute of what can."""
    first, *rest = name.split(".")
    found: object = importlib.import_module(first)
    for at, part in enumerate(rest):
        if not hasattr(found, part):
            try:
                importlib.import_module(".".join([first, *rest[: at + 1]]))
            except ImportError:
                return False
        found = getattr(found, part)
    return True


def test_a_dotted_name_that_moved_is_found() -> None:
    assert resolves("drkit.facts.prices.PriceBook")
    assert resolves("drkit.value.frame")
    assert not resolves("drkit.bundled")
    assert not resolves("drkit.facts.prices.NoSuchName")


@each_document
def test_every_file_that_a_document_names_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    ours = "drkit|tests|tools|data|notebooks|terraform|docs|modules"
    for name in set(re.findall(rf"(?<![\w/.-])(?:{ours})/[\w./*-]*\w", text)):
        # Names such as NN_name.ipynb stand for any.
        if "NN_" not in name:
            assert list(ROOT.glob(name)) or list(path.parent.glob(name)), f"{path.name} names {name}"


def test_every_decision_is_in_the_index_and_has_its_three_parts() -> None:
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")
    records = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")
    rows = re.findall(r"^\| \[(\d{4})\]\((.+?)\) \| (.+?) \|$", index, re.M)
    titles = [path.read_text(encoding="utf-8").splitlines()[0] for path in records]
    assert [(f"# {number} {title}", name) for number, name, title in rows] == list(
        zip(titles, (path.name for path in records), strict=True)
    )
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"^## (.+)$", text, re.M) == ["Context", "Decision", "Consequences"], path.name
        assert len(text.splitlines()) <= 30, f"{path.name} is longer than a record should be"


@pytest.mark.slow
def test_the_documents_show_what_their_python_gives() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs/build.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_readme_counts_the_rows_of_the_snapshot() -> None:
    assert f"{len(drkit.Catalog.load().prices.frame()):,} rows" in README


def test_the_report_of_gaps_is_what_verify_finds() -> None:
    text = (data_dir() / "README.md").read_text(encoding="utf-8")
    table = verify.gaps_by_region(drkit.Catalog.load("embedded"))
    rows = [f"| {' | '.join(map(str, row))} |" for row in (table.columns, *table.itertuples(index=False))]
    assert [row for row in rows if row not in text] == []


def fields(model: type[BaseModel], path: str = "") -> set[str]:
    found = set()
    for name, field in model.model_fields.items():
        here = f"{path}.{field.alias or name}".lstrip(".")
        found.add(here)
        for inner in workload_file._models(field.annotation):
            if inner.__name__ != "Quantity":
                found |= fields(inner, here)
    return found


def test_the_starter_shows_every_key_of_a_workload_and_nothing_else() -> None:
    text = (data_dir() / "starter.yaml").read_text(encoding="utf-8")
    # Keys that are commented out count as shown; their lines are as they would be written.
    shown = re.sub(r"^(\s*)# (?=\w+: )", r"\1", text, flags=re.M)
    keys = set(re.findall(r"(?<![\w'])(\w+):", shown))
    wanted = {name.rsplit(".", 1)[-1] for name in fields(Workload)}
    assert wanted - keys == set()
    assert all(field.description for field in Workload.model_fields.values())
    assert yaml.safe_load(text)["schema"] == 1


def test_make_help_lists_every_target_that_is_meant_for_people() -> None:
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.M)
    assert len(targets) >= 10
    assert all(f"make {target}" in told for target in targets)


@pytest.mark.parametrize("folder", stack_tables.FOLDERS, ids=lambda folder: folder.name)
def test_the_stacks_readmes_list_inputs_and_outputs_as_they_are(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert text == stack_tables.readme(folder), "python tests/helpers/stack_tables.py writes the tables anew"
    assert text.count("| `") > 15


def test_the_assumptions_are_all_used() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "drkit").rglob("*.py"))
    for name in (line.split(",")[0] for line in (data_dir() / "assumptions.csv").read_text().splitlines()[1:]):
        assert re.search(rf"[\"']{name.removesuffix('_s')}", code), f"nothing uses {name}"


def test_every_command_of_the_readme_is_understood() -> None:
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.S))
    for line in re.findall(r"^drkit (.*?)(?:\s+#.*| >.*)?$", blocks, re.M):
        words = [word.strip("'") for word in line.split()]
        groups = [word for word in words[:2] if word.isidentifier()]
        result = CliRunner().invoke(
            main, [*groups[: 1 + (groups[0] in {"catalog", "prices", "support", "tfvars"})], "--help"]
        )
        assert result.exit_code == 0, line
        for option in (word for word in words if word.startswith("--")):
            assert option in result.output, f"{line}: {option}"


@pytest.mark.parametrize("module", ["drkit"])
def test_doctests(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "doctest", str(Path(drkit.__file__))], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout.decode()
