"""What the Makefile, the hooks before a commit and the documents say about commands agrees."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z][a-z-]*):(?!=)", MAKEFILE, re.M))


def recipe(target: str) -> list[str]:
    """The commands of a target, with $(BIN) filled in."""
    (lines,) = re.findall(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.M)
    return [line.removeprefix("\t").removeprefix("@").replace("$(BIN)", ".venv/bin") for line in lines.splitlines()]


def test_the_hooks_before_a_commit_are_the_commands_of_make_lint() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repository,) = config["repos"]
    assert repository["repo"] == "local"
    assert [hook["entry"] for hook in repository["hooks"]] == recipe("lint")
    assert all(hook["language"] == "system" for hook in repository["hooks"])
    # Whole commands, as make runs them, whichever files a commit has.
    assert all(hook["always_run"] and not hook["pass_filenames"] for hook in repository["hooks"])


def test_every_target_that_a_document_names_is_there() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "data/README.md", ROOT / "terraform/README.md"]
    for path in (*documents, *(ROOT / "docs").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        code = "\n".join(re.findall(r"`([^`\n]+)`", text) + re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S))
        named = set(re.findall(r"^\s*make ([a-z][a-z-]*)", code, re.M))
        assert named <= TARGETS, f"{path.name}: make {', '.join(sorted(named - TARGETS))}"
