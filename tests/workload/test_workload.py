"""Workload files: every mistake gets its line and a sentence, and all mistakes are said at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from drkit.errors import WorkloadError
from drkit.facts.catalog import Catalog
from drkit.files import yaml_text
from drkit.workload import file as workload_file

GOOD = """\
schema: 1
name: probe
region: us-east-1
account_id: '123456789012'
services:
  - name: web
    tasks: 6
    vcpu: 1
    memory_gib: 2
    architecture: x86_64
    arm64_ready: false
    image_gib: 0.8
  - name: worker
    tasks: 2
    vcpu: 0.5
    memory_gib: 1
load_balancer:
  new_connections_per_second: 40
  active_connections: 2500
  processed_gib_per_hour: 1.2
database:
  engine: aurora-postgresql
  version: '15.4'
  class: db.r6g.large
  instances: 2
  storage_gib: {low: 180, typical: 250, high: 400}
  reads_per_second: 300
  writes_per_second: 120
  managed_rpo_s: 20
cache:
  engine: redis
  version: '7.1'
  node_type: cache.m6g.large
  shards: 1
  replicas_per_shard: 1
buckets:
  - name: uploads
    storage_gib: 600
    objects: 900_000
  - name: static
    storage_gib: 4
    objects: 3_000
cloudfront:
  geography: Japan
  egress_gib_per_month: 900
  https_requests_per_month: 30_000_000
network:
  zones: 2
  nat_gateways: per_zone
dns:
  zone: api.example.com
  ttl_s: 60
secrets: [database, mail]
backups:
  retention_days: 14
operations:
  decision_s: {low: 300, typical: 600, high: 1800}
  log_retention_days: 30
objectives:
  rpo_s: 0
  rto_s: 3600
  probability: 0.95
  residency: [US]
costs:
  outage_usd_per_hour: 5_000
  data_loss_usd_per_hour: 10_000
"""

QUANTITY = "give one number, or low, typical and high"

# What is written, what stands there instead, the line, and the sentence.
MISTAKES = {
    "schema": ("schema: 1", "schema: 2", 1, "schema is 2: allowed are 1"),
    "capitals in a name": (
        "name: probe",
        "name: Probe",
        2,
        "name is 'Probe': name: 3 to 24 lower case letters, digits, single hyphens; prefixes every resource",
    ),
    "short name": (
        "name: probe",
        "name: ab",
        2,
        "name is 'ab': name: 3 to 24 lower case letters, digits, single hyphens; prefixes every resource",
    ),
    "number as name": (
        "name: probe",
        "name: 12",
        2,
        "name is 12: give text, in quotes if it looks like a number "
        "(name: 3 to 24 lower case letters, digits, single hyphens; prefixes every resource)",
    ),
    "region by its place": (
        "region: us-east-1",
        "region: Virginia",
        3,
        "region is 'Virginia': region it runs in today, such as us-east-1",
    ),
    "account without quotes": (
        "account_id: '123456789012'",
        "account_id: 123456789012",
        4,
        "account_id is 123456789012: give text, in quotes if it looks like a number "
        "(AWS account, 12 digits in quotes; with it `terraform plan` needs no credentials)",
    ),
    "no tasks": (
        "tasks: 6",
        "tasks: 0",
        7,
        "services[0].tasks is 0: give a number of at least 1 (tasks that run in the region today)",
    ),
    "half a task": (
        "tasks: 6",
        "tasks: 2.5",
        7,
        "services[0].tasks is 2.5: give a whole number, without quotes (tasks that run in the region today)",
    ),
    "tasks in words": (
        "tasks: 2",
        "tasks: two",
        14,
        "services[1].tasks is 'two': give a whole number, without quotes (tasks that run in the region today)",
    ),
    "vcpu that Fargate lacks": (
        "vcpu: 1",
        "vcpu: 3",
        8,
        "services[0].vcpu is 3: Fargate sells 0.25, 0.5, 1, 2, 4, 8 and 16 vCPU "
        "(vCPU of a task: 0.25, 0.5, 1, 2, 4, 8 or 16)",
    ),
    "memory that Fargate lacks": (
        "memory_gib: 2",
        "memory_gib: 9",
        6,
        "services[0]: memory_gib is 9: with 1 vCPU Fargate sells 2 to 8 in steps of 1 GiB",
    ),
    "memory below zero": (
        "memory_gib: 2",
        "memory_gib: -1",
        9,
        "services[0].memory_gib is -1: give a number above 0 "
        "(memory of a task [GiB]; Fargate allows certain sizes for each vCPU)",
    ),
    "architecture": (
        "architecture: x86_64",
        "architecture: x86",
        10,
        "services[0].architecture is 'x86': allowed are 'x86_64', 'arm64'",
    ),
    "neither true nor false": (
        "arm64_ready: false",
        "arm64_ready: maybe",
        11,
        "services[0].arm64_ready is 'maybe': give true or false",
    ),
    "image of nothing": (
        "image_gib: 0.8",
        "image_gib: 0",
        12,
        "services[0].image_gib is 0: give a number above 0 "
        "(size of the image, compressed [GiB]; without it an assumption)",
    ),
    "slip in a key": (
        "  active_connections: 2500",
        "  active_connections: 2500\n  procesed_gib_per_hour: 1",
        20,
        "load_balancer.procesed_gib_per_hour is not a key of a workload: did you mean processed_gib_per_hour?",
    ),
    "key of nothing": (
        "dns:",
        "dns:\n  zzz: 1",
        51,
        "dns.zzz is not a key of a workload: known are zone, queries_per_month, fast_health_checks, ttl_s",
    ),
    "engine": (
        "engine: aurora-postgresql",
        "engine: postgres",
        22,
        "database.engine is 'postgres': allowed are 'aurora-postgresql', 'aurora-mysql'",
    ),
    "version without quotes": (
        "version: '15.4'",
        "version: 15.4",
        23,
        "database.version is 15.4: give text, in quotes if it looks like a number "
        "(engine version, quoted: '15.4', '8.0.mysql_aurora.3.04.0')",
    ),
    "version in words": (
        "version: '15.4'",
        "version: latest",
        23,
        "database.version is 'latest': engine version, quoted: '15.4', '8.0.mysql_aurora.3.04.0'",
    ),
    "class without db": (
        "class: db.r6g.large",
        "class: r6g.large",
        24,
        "database.class is 'r6g.large': instance class such as db.r6g.large; or give acu",
    ),
    "neither class nor acu": (
        "  class: db.r6g.large\n",
        "",
        21,
        "database: give either class or acu, not both and not neither",
    ),
    "class and acu": (
        "instances: 2",
        "instances: 2\n  acu: {min: 1, average: 2, max: 4}",
        21,
        "database: give either class or acu, not both and not neither",
    ),
    "acu out of order": (
        "class: db.r6g.large",
        "acu: {min: 8, average: 4, max: 16}",
        24,
        "database.acu: min must not be above average, nor average above max",
    ),
    "more instances than Aurora takes": (
        "instances: 2",
        "instances: 16",
        25,
        "database.instances is 16: give a number of at most 15 (instances in the region today, writer included)",
    ),
    "low above typical": (
        "{low: 180, typical: 250, high: 400}",
        "{low: 300, typical: 250, high: 400}",
        26,
        "database.storage_gib: low must not be above typical, nor typical above high",
    ),
    "typical above high": (
        "{low: 180, typical: 250, high: 400}",
        "{low: 100, typical: 500, high: 400}",
        26,
        "database.storage_gib: low must not be above typical, nor typical above high",
    ),
    "no typical": (
        "{low: 180, typical: 250, high: 400}",
        "{low: 180, high: 400}",
        26,
        "database.storage_gib.typical is missing: cluster volume in use [GiB]",
    ),
    "list in a figure's place": (
        "{low: 180, typical: 250, high: 400}",
        "[180, 250, 400]",
        26,
        f"database.storage_gib is [180, 250, 400]: {QUANTITY} (cluster volume in use [GiB])",
    ),
    "figure in quotes": (
        "{low: 180, typical: 250, high: 400}",
        "'250'",
        26,
        f"database.storage_gib is '250': {QUANTITY} (cluster volume in use [GiB])",
    ),
    "figure left out": (
        "{low: 180, typical: 250, high: 400}",
        "",
        26,
        f"database.storage_gib is None: {QUANTITY} (cluster volume in use [GiB])",
    ),
    "yes in a figure's place": (
        "outage_usd_per_hour: 5_000",
        "outage_usd_per_hour: yes",
        65,
        f"costs.outage_usd_per_hour is True: {QUANTITY} (cost of an hour without service [USD/h])",
    ),
    "figure below zero": (
        "new_connections_per_second: 40",
        "new_connections_per_second: -40",
        18,
        "load_balancer.new_connections_per_second is -40: give a number of at least 0 "
        "(new connections [1/s], monthly average)",
    ),
    "one of three figures below zero": (
        "{low: 180, typical: 250, high: 400}",
        "{low: -180, typical: 250, high: 400}",
        26,
        "database.storage_gib.low is -180: give a number of at least 0 (cluster volume in use [GiB])",
    ),
    "managed RPO below what AWS takes": (
        "managed_rpo_s: 20",
        "managed_rpo_s: 19",
        29,
        "database.managed_rpo_s is 19: give a number of at least 20 "
        "(Aurora PostgreSQL: block commits when every secondary lags more than this [s])",
    ),
    "no shards": (
        "shards: 1",
        "shards: 0",
        34,
        "cache.shards is 0: give a number of at least 1 (shards (node groups))",
    ),
    "node type without cache": (
        "node_type: cache.m6g.large",
        "node_type: m6g.large",
        33,
        "cache.node_type is 'm6g.large': node type such as cache.m6g.large",
    ),
    "zones": ("zones: 2", "zones: 4", 48, "network.zones is 4: allowed are 2, 3"),
    "NAT": (
        "nat_gateways: per_zone",
        "nat_gateways: two",
        49,
        "network.nat_gateways is 'two': allowed are 'none', 'single', 'per_zone'",
    ),
    "a list of one without hyphen": (
        "secrets: [database, mail]",
        "secrets: database",
        53,
        "secrets is 'database': give a list, each entry after a hyphen",
    ),
    "days logs are not kept": (
        "log_retention_days: 30",
        "log_retention_days: 31",
        58,
        "operations.log_retention_days is 31: allowed are 1, 3, 5, 7, 14, 30, 60, 90, 180, 365",
    ),
    "decision missing": (
        "  decision_s: {low: 300, typical: 600, high: 1800}\n",
        "",
        56,
        "operations.decision_s is missing: time for people to decide to fail over [s]; often the largest step",
    ),
    "RTO of nothing": (
        "rto_s: 3600",
        "rto_s: 0",
        61,
        "objectives.rto_s is 0: give a number above 0 (most time without service [s])",
    ),
    "probability of one": (
        "probability: 0.95",
        "probability: 1",
        62,
        "objectives.probability is 1: give a number below 1 (probability with which RPO and RTO must each hold)",
    ),
    "country in small letters": (
        "residency: [US]",
        "residency: [US, eu]",
        63,
        "objectives.residency[1] is 'eu': "
        "countries data may lie in as ISO 3166 codes in capitals, or EU; empty allows all",
    ),
    "text in a block's place": (
        "backups:\n  retention_days: 14",
        "backups: none",
        54,
        "backups is 'none': give keys and values (retention_days, copy_interval_hours, copy_retention_days)",
    ),
    "key given twice": ("  ttl_s: 60", "  ttl_s: 60\n  ttl_s: 61", 53, "dns.ttl_s is given twice: keep one"),
    "block given twice": (
        "region: us-east-1",
        "region: us-east-1\nregion: us-east-2",
        4,
        "region is given twice: keep one",
    ),
}


def _errors(text: str) -> list[str]:
    with pytest.raises(WorkloadError) as caught:
        workload_file.parse(text, "w.yaml")
    return str(caught.value).splitlines()


def test_the_good_one_is_good() -> None:
    assert workload_file.parse(GOOD).database.storage_gib.typical == 250  # type: ignore[union-attr]


@pytest.mark.slow
@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_gets_its_line_and_one_sentence(case: str) -> None:
    old, new, line, sentence = MISTAKES[case]
    assert GOOD.count(old) >= 1
    assert _errors(GOOD.replace(old, new, 1)) == [
        f"w.yaml:{line}: {sentence}",
        "1 error: correct the file and run again",
    ]


def test_all_mistakes_are_said_at_once_in_the_order_of_lines() -> None:
    text = GOOD
    chosen = ["no tasks", "engine", "zones", "RTO of nothing", "number as name"]
    for case in chosen:
        old, new, *_ = MISTAKES[case]
        text = text.replace(old, new, 1)
    expected = sorted((MISTAKES[case][2], MISTAKES[case][3]) for case in chosen)
    assert _errors(text) == [
        *(f"w.yaml:{line}: {sentence}" for line, sentence in expected),
        "5 errors: correct the file and run again",
    ]


@pytest.mark.parametrize("value", [".inf", "-.inf", ".nan"])
def test_a_figure_without_a_value_is_one_error(value: str) -> None:
    errors = _errors(GOOD.replace("new_connections_per_second: 40", f"new_connections_per_second: {value}"))
    assert len(errors) == 2
    assert errors[0].startswith("w.yaml:18: load_balancer.new_connections_per_second is ")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("name: static", "name: uploads", "buckets names uploads twice: names must differ"),
        ("name: worker", "name: web", "services names web twice: names must differ"),
        ("[database, mail]", "[mail, mail]", "secrets names mail twice: names must differ"),
        (
            "nat_gateways: per_zone",
            "interface_endpoints: [logs, ecr.api, logs]",
            "network names logs twice: names must differ",
        ),
    ],
)
def test_names_that_clash_are_refused(old: str, new: str, sentence: str) -> None:
    (error, _) = _errors(GOOD.replace(old, new))
    assert error.endswith(sentence)


def test_managed_rpo_belongs_to_postgresql() -> None:
    text = GOOD.replace("aurora-postgresql", "aurora-mysql").replace("'15.4'", "8.0.mysql_aurora.3.08.0")
    assert "managed_rpo_s works with aurora-postgresql only" in _errors(text)[0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "w.yaml:1: a workload is a mapping of keys"),
        ("- a\n", "w.yaml:1: a workload is a mapping of keys"),
        ("hello\n", "w.yaml:1: a workload is a mapping of keys"),
        ("a: [\n", "this is not YAML"),
        ("a: b: c\n", "w.yaml:1: this is not YAML: mapping values are not allowed here"),
        ("a: *nothing\n", "w.yaml:1: this is not YAML: found undefined alias"),
        ("? [1, 2]\n: 3\n", "w.yaml:1: this is not YAML: found unhashable key"),
        ("a: !!python/object:os.system x\n", "w.yaml:1: this is not YAML: could not determine a constructor"),
        ("a: 2024-13-45\n", "w.yaml: this is not YAML: month must be in 1..12"),
        ("a: \x00\n", "this is not YAML"),
        (GOOD + "---\n" + GOOD, "this is not YAML: but found another document"),
        ("a: &a [*a]\n", "w.yaml"),
        ("[" * 5000, "w.yaml: this is nested too deeply for a workload"),
        ("[" * 200_000 + "]" * 200_000, "w.yaml: this is nested too deeply for a workload"),
        ("- " * 100_000, "w.yaml: this is nested too deeply for a workload"),
        (GOOD + "extra: &x {y: *x}\n", "w.yaml"),
    ],
)
def test_what_is_no_workload_at_all_is_said_in_a_sentence(text: str, sentence: str) -> None:
    assert sentence in _errors(text)[0]


@pytest.mark.parametrize(
    "text",
    [
        *(path.read_text(encoding="utf-8") for path in workload_file.bundled().values()),
        "a: 010\nb: 1_000\nc: 12:30:45\nd: on\ne: ~\nf: 2024-01-02\ng: 1e3\nh: .inf\n",
        "a: &x {b: 1}\nc: {<<: *x, d: 2}\ne: |\n  one\n  two\nf: >\n  one\n  two\n",
        'é: \'ü\'\n"\\u00e9": "\\x41"\n',
    ],
)
def test_yaml_is_what_pyyaml_reads_and_writes(text: str) -> None:
    known = yaml.safe_load(text)
    assert repr(yaml_text.load(text)) == repr(known)
    assert yaml.safe_load(yaml_text.dump(known)) == known
    assert list(yaml.safe_load(yaml_text.dump(known))) == list(known)


def test_nothing_but_braces_lists_what_is_missing() -> None:
    missing = {line.split(": ")[1].split(" is missing")[0] for line in _errors("{}")[:-1]}
    assert missing == {"name", "region", "services", "load_balancer", "operations", "objectives", "costs"}


def test_a_number_becomes_a_certain_quantity_and_three_an_uncertain_one() -> None:
    workload = workload_file.parse(GOOD)
    database = workload.database
    assert database is not None
    assert database.reads_per_second.certain
    assert database.reads_per_second.mean == 300
    assert not database.storage_gib.certain
    # (180 + 250 + 400) / 3
    assert database.storage_gib.mean == pytest.approx(276.6667, abs=1e-4)


@pytest.mark.parametrize(
    ("vcpu", "memory", "sold"),
    [
        (0.25, 0.5, True),
        (0.25, 1, True),
        (0.25, 1.5, False),
        (0.25, 2, True),
        (0.25, 4, False),
        (0.5, 4, True),
        (0.5, 5, False),
        (1, 1, False),
        (1, 8, True),
        (2, 16, True),
        (2, 4.5, False),
        (4, 30, True),
        (4, 31, False),
        (8, 20, True),
        (8, 22, False),
        (16, 120, True),
        (16, 36, False),
    ],
)
def test_fargate_sells_certain_sizes(vcpu: float, memory: float, sold: bool) -> None:
    text = GOOD.replace("vcpu: 1\n    memory_gib: 2", f"vcpu: {vcpu}\n    memory_gib: {memory}")
    if sold:
        workload_file.parse(text)
    else:
        assert "Fargate sells" in _errors(text)[0]


def test_anchors_and_merge_keys_are_read_and_their_errors_have_a_line() -> None:
    text = GOOD.replace("  - name: web\n", "  - &web\n    name: web\n").replace(
        "  - name: worker\n    tasks: 2\n    vcpu: 0.5\n    memory_gib: 1\n",
        "  - <<: *web\n    name: worker\n",
    )
    workload = workload_file.parse(text)
    assert [(s.name, s.tasks, s.memory_gib) for s in workload.services] == [("web", 6, 2), ("worker", 6, 2)]
    errors = _errors(text.replace("tasks: 6", "tasks: 0"))
    # once where it stands, once where it is taken over
    assert errors[:2] == [
        "w.yaml:8: services[0].tasks is 0: give a number of at least 1 (tasks that run in the region today)",
        "w.yaml:14: services[1].tasks is 0: give a number of at least 1 (tasks that run in the region today)",
    ]


def test_an_alias_stands_for_what_it_names() -> None:
    text = GOOD.replace("storage_gib: 600", "storage_gib: &size 600").replace("storage_gib: 4", "storage_gib: *size")
    assert [bucket.storage_gib.typical for bucket in workload_file.parse(text).buckets] == [600, 600]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match=r"cannot read .*none\.yaml: No such file or directory"):
        workload_file.read(tmp_path / "none.yaml")
    with pytest.raises(WorkloadError, match="Is a directory"):
        workload_file.read(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    with pytest.raises(WorkloadError, match=r"latin\.yaml is not UTF-8 text \(byte 9\)"):
        workload_file.read(tmp_path / "latin.yaml")


def test_an_unknown_name_lists_the_bundled_ones_with_a_hint() -> None:
    with pytest.raises(WorkloadError, match=r"there is no file 'artcle', .*article, eu-shop.*did you mean article\?"):
        workload_file.read("artcle")


BUNDLED = ("article", "eu-shop", "media-house", "payments-br", "small-saas")


def test_five_workloads_are_bundled() -> None:
    assert tuple(workload_file.bundled()) == BUNDLED


@pytest.mark.parametrize("name", BUNDLED)
def test_every_bundled_workload_loads_by_name_and_by_path(name: str) -> None:
    workload = workload_file.read(name)
    assert workload.name == name
    assert workload == workload_file.read(workload_file.bundled()[name])
    assert workload.description


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    loaded = json.loads(workload_file.json_schema())
    Draft202012Validator.check_schema(loaded)
    return Draft202012Validator(loaded)


@pytest.mark.parametrize("name", [*BUNDLED, "good"])
def test_the_json_schema_accepts_what_drkit_accepts(name: str, schema: Draft202012Validator) -> None:
    text = GOOD if name == "good" else workload_file.bundled()[name].read_text(encoding="utf-8")
    assert [error.message for error in schema.iter_errors(yaml.safe_load(text))] == []


#: What a JSON Schema cannot say: figures that depend on one another, and YAML's own mistakes.
BEYOND_SCHEMA = {
    "memory that Fargate lacks",
    "vcpu that Fargate lacks",
    "image of nothing",
    "neither class nor acu",
    "class and acu",
    "acu out of order",
    "low above typical",
    "typical above high",
    "key given twice",
    "block given twice",
}


@pytest.mark.parametrize("case", [case for case in MISTAKES if case not in BEYOND_SCHEMA])
def test_the_json_schema_refuses_what_drkit_refuses(case: str, schema: Draft202012Validator) -> None:
    old, new, *_ = MISTAKES[case]
    data = yaml.safe_load(GOOD.replace(old, new, 1))
    assert list(schema.iter_errors(data))


def test_the_json_schema_takes_one_number_or_three(schema: Draft202012Validator) -> None:
    data = yaml.safe_load(GOOD)
    for figure, good in (
        (250, True),
        (0.5, True),
        ({"low": 1, "typical": 2, "high": 3}, True),
        ({"low": 1, "high": 3}, False),
        ({"low": 1, "typical": 2, "high": 3, "mean": 2}, False),
        ("250", False),
        (None, False),
        (-1, False),
    ):
        data["database"]["storage_gib"] = figure
        assert schema.is_valid(data) is good, figure


def test_every_key_is_described(schema: Draft202012Validator) -> None:
    def undescribed(node: dict[str, object], path: str) -> list[str]:
        properties = node.get("properties", {})
        assert isinstance(properties, dict)
        return [f"{path}.{key}" for key, value in properties.items() if not value.get("description")]

    found = undescribed(schema.schema, "workload")
    for name, definition in schema.schema["$defs"].items():
        if name != "Quantity":
            found += undescribed(definition, name)
    assert found == []


def test_what_only_the_catalog_knows_is_told_with_its_line_beside_what_the_schema_knows(catalog: Catalog) -> None:
    text = """schema: 1
name: shop
region: us-east-9
services: [{name: web, tasks: 0, vcpu: 1, memory_gib: 2}]
load_balancer: {new_connections_per_second: 1, active_connections: 1, processed_gib_per_hour: 0.1}
cache: {engine: redis, version: '7.1', node_type: cache.m6g.big}
network: {nat_gateways: none, interface_endpoints: [logs]}
operations: {decision_s: 60}
objectives: {rpo_s: 0, rto_s: 600, residency: [ZZ]}
costs: {outage_usd_per_hour: 10, data_loss_usd_per_hour: 1}
assumptions: {verify: 3}
"""
    with pytest.raises(WorkloadError) as caught:
        workload_file.parse(text, "shop.yaml", catalog)
    lines = [line.split(": ", 1) for line in str(caught.value).splitlines()[:-1]]
    assert [place for place, _ in lines] == [f"shop.yaml:{at}" for at in (3, 4, 6, 7, 9, 11)]
    assert [said.split(" ")[0].rstrip(":") for _, said in lines] == [
        "region", "services[0].tasks", "cache.node_type", "network.nat_gateways", "objectives.residency",
        "assumptions.verify",
    ]  # fmt: skip
    # Without a catalog only the schema speaks.
    with pytest.raises(WorkloadError, match="1 error"):
        workload_file.parse(text, "shop.yaml")


def test_data_of_the_wrong_shape_is_left_to_the_schema(catalog: Catalog) -> None:
    text = "region: [1]\nnetwork: 3\nobjectives: {failover_regions: x, residency: [{a: 1}]}\nassumptions: [verify]\n"
    with pytest.raises(WorkloadError) as caught:
        workload_file.parse(text, "w.yaml", catalog)
    assert "w.yaml:1: region is [1]: give text" in str(caught.value)
