"""The stack takes the tfvars: planned without an account, tested with mocked providers, refused where drkit refuses."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import terraform_cli

from drkit import hcl, tfvars, workload_file
from drkit.bundled import terraform_dir
from drkit.catalog import Catalog
from drkit.compare import Comparison, Option, compare_topologies
from drkit.terraform import refusals

pytestmark = [pytest.mark.slow, pytest.mark.terraform]

Plan = list[tuple[str, str, dict[str, Any]]]

WORKLOADS = list(workload_file.bundled())
#: The provider wants some credentials even when it calls nobody.
NOBODY = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="session")
def stack(terraform: terraform_cli.Terraform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the stack with its provider installed."""
    terraform_cli.require(terraform)
    folder = tmp_path_factory.mktemp("stack") / "terraform"
    shutil.copytree(terraform_dir(), folder)
    done = terraform.run("init", "-input=false", "-no-color", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def compared() -> dict[str, Comparison]:
    catalog = Catalog.load()
    return {name: compare_topologies(workload_file.read(name), catalog, samples=1000) for name in WORKLOADS}


def plan(terraform: terraform_cli.Terraform, stack: Path, text: str, path: Path) -> tuple[int, str]:
    path.write_text(text, encoding="utf-8")
    done = terraform.run("plan", "-input=false", "-no-color", "-lock=false", f"-var-file={path}", cwd=stack, env=NOBODY)
    return done.returncode, done.stdout + done.stderr


def planned(
    terraform: terraform_cli.Terraform, stack: Path, option: Option, comparison: Comparison, path: Path
) -> Plan:
    """Resources of the plan that an option's tfvars give, as (address, type, values)."""
    path.write_text(tfvars.text(comparison, option, "2026-01-01"), encoding="utf-8")
    saved = path.with_suffix(".plan")
    done = terraform.run(
        "plan", "-input=false", "-no-color", "-lock=false", f"-var-file={path}", f"-out={saved}", cwd=stack, env=NOBODY
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Warning" not in done.stdout
    shown = terraform.run("show", "-json", str(saved), cwd=stack)
    assert shown.returncode == 0, shown.stderr
    modules = [json.loads(shown.stdout)["planned_values"]["root_module"]]
    found = []
    while modules:
        module = modules.pop()
        found += [(r["address"], r["type"], r["values"]) for r in module.get("resources", []) if r["mode"] == "managed"]
        modules += module.get("child_modules", [])
    return found


def differences(plan: Plan, option: Option, comparison: Comparison) -> list[str]:
    """What would be built other than what was priced, region by region."""
    topology, workload = option.topology, comparison.workload
    told = []

    def expect(what: str, found: object, priced: object) -> None:
        if found != priced:
            told.append(f"{what}: planned {found}, priced {priced}")

    def of(kind: str, role: str) -> list[dict[str, Any]]:
        return [v for a, t, v in plan if t == kind and (f"module.{role}_region" in a or re.search(rf"\.{role}\b", a))]

    for site in topology.sites:
        role = site.role
        expect(f"{role} NAT gateways", len(of("aws_nat_gateway", role)), site.nat_gateways)
        expect(f"{role} load balancers", len(of("aws_lb", role)), int(site.load_balancer))
        endpoints = [v for v in of("aws_vpc_endpoint", role) if v["vpc_endpoint_type"] == "Interface"]
        expect(f"{role} interface endpoints", len(endpoints), len(site.interface_endpoints))
        tasks = {v["name"]: v["desired_count"] for v in of("aws_ecs_service", role)}
        expect(f"{role} tasks", sorted(tasks.values()), sorted(count for *_, count in site.tasks))
        sizes = sorted((v["cpu"], v["memory"]) for v in of("aws_ecs_task_definition", role))
        priced = sorted((str(round(s.vcpu * 1024)), str(round(s.memory_gib * 1024))) for s in workload.services)
        expect(f"{role} task sizes", sizes, priced)
        instances = of("aws_rds_cluster_instance", role)
        count = site.database_instances if site.database_cluster else 0
        expect(f"{role} database instances", len(instances), count)
        expect(
            f"{role} database classes",
            {v["instance_class"] for v in instances},
            {site.database_class} if count else set(),
        )
        clusters = of("aws_rds_cluster", role)
        expect(f"{role} database clusters", len(clusters), int(site.database_cluster))
        kinds = {"aurora-iopt1" if site.storage_type == "io_optimized" else None}
        expect(f"{role} database storage", {v.get("storage_type") for v in clusters}, kinds if clusters else set())
        for scaling in (v["serverlessv2_scaling_configuration"] for v in clusters):
            lowest = [block["min_capacity"] for block in scaling]
            expect(
                f"{role} lowest ACU",
                lowest,
                [site.serverless_min_acu] if workload.database and workload.database.acu else [],
            )
        groups = of("aws_elasticache_replication_group", role)
        expect(f"{role} cache groups", len(groups), int(site.cache_group))
        for group in groups:
            replicas = (
                group["replicas_per_node_group"]
                if workload.cache and workload.cache.shards > 1
                else group["num_cache_clusters"] - 1
            )
            expect(f"{role} cache replicas", replicas, site.cache_replicas_per_shard)
        lag = int(role == "failover" and site.database_cluster)
        alarms = [v for a, t, v in plan if t == "aws_cloudwatch_metric_alarm" and role in a]
        expect(
            f"{role} alarms",
            len(alarms) + (0 if role == "primary" else lag * all("lag" not in v["alarm_name"] for v in alarms)),
            site.alarms + lag,
        )
        buckets = [b for b in workload.buckets if role == "primary" or b.replicate]
        expect(f"{role} buckets", len(of("aws_s3_bucket", role)), len(buckets))
        expect(f"{role} repositories", len(of("aws_ecr_repository", role)), len(workload.services))
    kinds_built = [t for _, t, _ in plan]
    expect("keys", kinds_built.count("aws_kms_key") + kinds_built.count("aws_kms_replica_key"), len(topology.sites))
    secrets = [v for _, t, v in plan if t == "aws_secretsmanager_secret"]
    expect("secrets", len(secrets), len(workload.secrets))
    expect(
        "secret replicas",
        sum(len(v.get("replica") or []) for v in secrets),
        len(workload.secrets) * (len(topology.sites) - 1),
    )
    checks = sum(site.load_balancer for site in topology.sites) if topology.failover and workload.dns.zone else 0
    expect("health checks", kinds_built.count("aws_route53_health_check"), checks)
    expect("distributions", kinds_built.count("aws_cloudfront_distribution"), int(workload.cloudfront is not None))
    expect("global clusters", kinds_built.count("aws_rds_global_cluster"), int(topology.replicates_database))
    expect(
        "global caches", kinds_built.count("aws_elasticache_global_replication_group"), int(topology.replicates_cache)
    )
    return told


@pytest.mark.parametrize("name", WORKLOADS)
def test_terraform_plans_what_was_priced_for_the_choice_of_every_bundled_workload(
    name: str, terraform: terraform_cli.Terraform, stack: Path, compared: dict[str, Comparison], tmp_path: Path
) -> None:
    comparison = compared[name]
    plan = planned(terraform, stack, comparison.chosen, comparison, tmp_path / f"{name}.tfvars")
    assert len(plan) > 100
    assert differences(plan, comparison.chosen, comparison) == []


@pytest.mark.parametrize(
    "strategy", ["single_region", "backup_restore", "warm_standby", "hot_standby", "active_active"]
)
def test_terraform_plans_what_was_priced_for_every_other_strategy(
    strategy: str, terraform: terraform_cli.Terraform, stack: Path, compared: dict[str, Comparison], tmp_path: Path
) -> None:
    comparison = compared["article"]
    option = comparison.today if strategy == "single_region" else comparison.strategies[strategy]
    plan = planned(terraform, stack, option, comparison, tmp_path / "a.tfvars")
    assert differences(plan, option, comparison) == []
    if strategy == "warm_standby":
        # The comparison can fail: against another option's quantities it names what differs.
        told = differences(plan, comparison.strategies["hot_standby"], comparison)
        assert any(text.startswith("failover tasks") for text in told)


def test_terraform_refuses_with_the_sentence_that_drkit_gave_before(
    terraform: terraform_cli.Terraform, stack: Path, compared: dict[str, Comparison], tmp_path: Path
) -> None:
    comparison = compared["article"]
    good = tfvars.variables(comparison.chosen.topology, comparison.workload, comparison.catalog)
    database, dns = good["database"], good["dns"]
    assert isinstance(database, dict)
    assert isinstance(dns, dict)
    wrong = {
        "burstable": good | {"database": database | {"instance_class": "db.t4g.medium"}},
        "same region twice": good | {"failover_region": good["primary_region"], "failover": good["primary"]},
        "no such routing": good | {"dns": dns | {"routing": "nearest"}, "strategy": "tepid_standby"},
    }
    for name, values in wrong.items():
        path = tmp_path / "wrong.tfvars"
        code, told = plan(terraform, stack, hcl.render(values), path)
        assert code == 1
        said = " ".join(told.replace("│", " ").split())
        problems = hcl.check(hcl.read(path.read_text()), hcl.read_variables(terraform_dir()))
        assert problems, name
        for problem in problems:
            assert " ".join(problem.message.split()) in said, name


def test_terraform_is_asked_without_provider_account_or_network(
    terraform: terraform_cli.Terraform, compared: dict[str, Comparison], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terraform_cli.require(terraform, provider=False)
    monkeypatch.setenv("TF_VAR_name", "from-the-environment")
    comparison = compared["small-saas"]
    path = tmp_path / "small.tfvars"
    path.write_text(tfvars.text(comparison, comparison.chosen, "2026-01-01"), encoding="utf-8")
    assert refusals(path) == []
    path.write_text(path.read_text().replace('strategy = "pilot_light"', 'strategy = "tepid"'), encoding="utf-8")
    (refused,) = refusals(path) or []
    assert 'strategy is "tepid", but it must be single_region' in refused
    path.write_text('name = "shop"\n')
    assert any("No value for required variable" in problem for problem in refusals(path) or [])


def test_every_validation_of_the_stack_is_checked_by_drkit_too(compared: dict[str, Comparison], tmp_path: Path) -> None:
    for name, comparison in compared.items():
        for option in (comparison.today, comparison.chosen, *comparison.strategies.values()):
            path = tmp_path / f"{name}.tfvars"
            path.write_text(tfvars.text(comparison, option, "2026-01-01"), encoding="utf-8")
            assert tfvars.check(path) == []


def test_the_stack_is_formatted_and_valid(terraform: terraform_cli.Terraform, stack: Path) -> None:
    formatted = terraform.run("fmt", "-check", "-recursive", "-no-color", cwd=stack)
    assert formatted.returncode == 0, formatted.stdout
    valid = terraform.run("validate", "-no-color", cwd=stack)
    assert valid.returncode == 0, valid.stdout + valid.stderr
    assert valid.stdout.strip() == "Success! The configuration is valid."


def test_the_stacks_own_tests_pass(terraform: terraform_cli.Terraform, stack: Path) -> None:
    done = terraform.run("test", "-no-color", cwd=stack, env=NOBODY)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"Success! (\d+) passed, 0 failed", done.stdout)
    assert passed and int(passed.group(1)) >= 14, done.stdout


def test_no_secret_is_among_the_variables_drkit_writes(compared: dict[str, Comparison]) -> None:
    stack_variables = hcl.read_variables(terraform_dir())
    ephemeral = {name for name, variable in stack_variables.items() if variable.ephemeral or variable.sensitive}
    assert ephemeral == {"database_password"}
    for comparison in compared.values():
        values = tfvars.variables(comparison.chosen.topology, comparison.workload, comparison.catalog)
        assert not ephemeral & set(values)
