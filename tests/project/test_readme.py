"""The README's blocks run as they are written, one after the other, in one shell of a fresh clone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import terraform_cli
from offers import Offer, on_demand, region_product
from price_server import serving

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```$", README, re.M | re.S)

pytestmark = pytest.mark.slow


def clone(target: Path) -> None:
    """What a clone of the present state would have: every file that git knows or would take, as it is now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def set_up(target: Path) -> None:
    """The clone's own `.venv`, as `make` leaves it, but with the packages of the environment that runs the tests."""
    home = target / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    (site,) = home.glob("lib/python3*/site-packages")
    # The clone comes first: drkit is imported from there, as from an editable install.
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (site / "clone.pth").write_text("\n".join([str(target), *borrowed]))
    for script in filter(Path.is_file, (Path(sys.prefix) / "bin").iterdir()):
        head, _, rest = script.read_bytes().partition(b"\n")
        if re.fullmatch(rb"#!.*/python[\d.]*", head) and not (home / "bin" / script.name).exists():
            (home / "bin" / script.name).write_bytes(f"#!{home}/bin/python\n".encode() + rest)
            (home / "bin" / script.name).chmod(0o755)
    # Kernels and templates of Jupyter.
    (home / "share").symlink_to(Path(sys.prefix) / "share")
    (home / ".ready").touch()


@pytest.fixture
def price_lists() -> Iterator[str]:
    """The address of a server that stands in for AWS's price lists."""
    rows = [
        region_product("AmazonECS", f"USE1-Fargate-{usage}", on_demand("hours", usd))
        for usage, usd in (("vCPU-Hours:perCPU", "0.04048"), ("GB-Hours", "0.004445"))
    ]
    with serving() as server:
        server.publish({("AmazonECS", "us-east-1"): Offer("AmazonECS", rows)})
        yield server.url


def shell(kind: str, block: str) -> str:
    """A block as the shell's text; Python is given to the interpreter that the shell finds."""
    if kind == "python":
        return f"python - <<'END-OF-PYTHON'\n{block}END-OF-PYTHON\n"
    # This test is a part of `make test`: here make only tells what it would run.
    return re.sub(r"^make test\b", "make --dry-run test", block, flags=re.M)


def test_every_block_runs_as_written_in_one_shell_of_a_fresh_clone(
    tmp_path: Path, price_lists: str, terraform: terraform_cli.Terraform
) -> None:
    target = tmp_path / "drkit"
    clone(target)
    set_up(target)
    blocks = BLOCKS
    if not terraform.available:
        if os.environ.get("DRKIT_CI"):
            terraform_cli.require(terraform)
        blocks = [(kind, block) for kind, block in BLOCKS if "terraform init" not in block]
    script = tmp_path / "readme.sh"
    script.write_text("set -euo pipefail\n" + "\n".join(shell(kind, block) for kind, block in blocks))
    kept = ("HOME", "LANG", "PATH", "TMPDIR")
    environment = {name: os.environ[name] for name in kept if name in os.environ} | {
        "DRKIT_CACHE": str(tmp_path / "cache"),
        "DRKIT_PRICING_ENDPOINT": price_lists,
        "TF_CLI_CONFIG_FILE": terraform.config_file,
    }
    # Nothing of the environment that runs the tests is on the path: the README says where its commands come from.
    environment["PATH"] = os.pathsep.join(
        part for part in environment["PATH"].split(os.pathsep) if Path(part).resolve() != Path(sys.prefix, "bin")
    )
    done = subprocess.run(
        ["bash", "-x", str(script)],
        cwd=target,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    for name in ("out/article/design.html", "out/shop/shop.tfvars", "out/shop/report.html", "out/nightly/index.html"):
        assert (target / name).is_file(), name
    assert not terraform.available or re.search(r"Plan:\S* \d+ to add", done.stdout)


def test_every_block_is_of_a_kind_that_this_test_runs() -> None:
    opened = re.findall(r"^```(.*)$", README, re.M)[::2]
    assert [kind for kind, _ in BLOCKS] == opened
