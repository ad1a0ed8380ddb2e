"""What many tests share: the embedded catalog, the bundled workloads, and their comparisons, each made once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
import terraform_cli

from drkit import workload_file
from drkit.catalog import Catalog
from drkit.compare import Comparison, compare_topologies
from drkit.workload import Workload

#: The samples that comparisons in tests are timed with: enough for a 95 % point, quick enough for every run.
SAMPLES = 4_000


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
