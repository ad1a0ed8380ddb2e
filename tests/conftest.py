"""What many tests share: the embedded catalog, the bundled workloads, and their comparisons, each made once."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import terraform_cli
from emulator.server import Emulator, running
from global_database import FAILOVER, Database

from drkit.choice.compare import compare_topologies
from drkit.choice.comparison import Comparison
from drkit.facts.catalog import Catalog
from drkit.files.bundled import terraform_dir
from drkit.workload import file as workload_file
from drkit.workload.model import Workload

#: The samples that comparisons in tests are timed with: enough for a 95 % point, quick enough for every run.
SAMPLES = 4_000


# A shell starts what runs in the background deaf to Ctrl-C, which every process below would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def no_snapshot_of_the_user() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("DRKIT_SNAPSHOT", raising=False)
        yield


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog.load()


@pytest.fixture(scope="session")
def workloads() -> Mapping[str, Workload]:
    return {name: workload_file.read(name) for name in workload_file.bundled()}


@pytest.fixture(scope="session")
def comparisons(catalog: Catalog, workloads: Mapping[str, Workload]) -> Mapping[str, Comparison]:
    return {name: compare_topologies(workload, catalog, samples=SAMPLES) for name, workload in workloads.items()}


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> terraform_cli.Terraform:
    return terraform_cli.session_terraform(tmp_path_factory)


@pytest.fixture(scope="session")
def stack(terraform: terraform_cli.Terraform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the stack with its provider installed."""
    terraform_cli.require(terraform)
    folder = tmp_path_factory.mktemp("stack") / "terraform"
    shutil.copytree(terraform_dir(), folder, ignore=shutil.ignore_patterns(".terraform*"))
    done = terraform.run("init", "-input=false", "-no-color", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def emulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running(tmp_path_factory.mktemp("emulator") / "server.log") as aws:
        yield aws


@pytest.fixture
def aws(emulator_process: Emulator) -> Emulator:
    """An AWS account with nothing in it."""
    emulator_process.reset()
    return emulator_process


@pytest.fixture
def global_database(aws: Emulator) -> Database:
    return Database(aws)


@pytest.fixture
def replicated_database(global_database: Database) -> Database:
    """The global database with a secondary cluster, and an instance in both."""
    global_database.add_instance()
    global_database.add_secondary()
    global_database.add_instance(FAILOVER, "shop-failover")
    return global_database
