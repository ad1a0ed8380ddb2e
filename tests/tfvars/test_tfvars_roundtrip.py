"""What is written is what drkit and Terraform read."""

import json
import unicodedata
from decimal import Decimal
from fractions import Fraction

import pytest
import terraform_cli
from fuzzing import examples
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from nasty_strings import NASTY_STRINGS

from drkit.tfvars.hcl_reader import HclFile
from drkit.tfvars.hcl_writer import render

MAPPINGS_FOR_TERRAFORM = 300

FRAGMENTS = st.sampled_from(
    ["${", "%{", "$${", "%%{", "}", "$", "%", '"', "\\", "\n", "\\u0024", "<<EOT", "~", "#", "é"]
)
# Unassigned characters are left out: Terraform and Python may know different versions of Unicode.
CHARACTERS = st.characters(exclude_categories=("Cs", "Cn"))
STRINGS = st.text(CHARACTERS, max_size=12) | st.lists(FRAGMENTS | st.text(CHARACTERS, max_size=2), max_size=6).map(
    "".join
)
NUMBERS = (
    st.integers()
    | st.integers(-(10**150), 10**150)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(-(10**20), 10**20, allow_nan=False, places=9)
)
SCALARS = st.none() | st.booleans() | NUMBERS | STRINGS


def without_equal_keys(pairs):
    """Keep one of the keys that are the same to Terraform."""
    return dict({unicodedata.normalize("NFC", key): (key, value) for key, value in pairs}.values())


def mappings(keys, values):
    return st.lists(st.tuples(keys, values), max_size=4).map(without_equal_keys)


VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | mappings(STRINGS, inner), max_leaves=12)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True)


def exact(value, *, composed=False):
    """Return a value whose equality tells true from 1, takes numbers as written, and knows no float."""
    if isinstance(value, list | tuple):
        return [exact(item, composed=composed) for item in value]
    if isinstance(value, dict):
        return {exact(key, composed=composed): exact(item, composed=composed) for key, item in value.items()}
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value) if composed else value
    return "number", Fraction(str(value))


@settings(max_examples=examples(250), deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=4), STRINGS)
def test_what_is_written_is_read_back_exactly(variables, head):
    back = HclFile(render(variables, head=head)).values()
    assert exact(back) == exact(variables)
    assert list(back) == list(variables)


@settings(max_examples=examples(100), deadline=None)
@given(mappings(STRINGS, st.floats(allow_nan=False, allow_infinity=False) | st.integers() | STRINGS))
def test_plain_python_values_come_back_equal(value):
    assert HclFile(render({"x": value})).values() == {"x": value}


def generated_mappings(count):
    found = []

    @settings(max_examples=examples(count), derandomize=True, database=None, phases=[Phase.generate], deadline=None)
    @given(mappings(STRINGS, VALUES))
    def collect(mapping):
        found.append(mapping)

    collect()
    return found


def outputs(terraform, directory, *options):
    """Apply a configuration without providers; return its output ``all``, with exact numbers."""
    applied = terraform.run("apply", "-auto-approve", "-no-color", *options, cwd=directory)
    assert applied.returncode == 0, applied.stderr
    printed = terraform.run("output", "-raw", "all", cwd=directory)
    return json.loads(printed.stdout, parse_int=Decimal, parse_float=Decimal)


@pytest.mark.terraform
@pytest.mark.slow
def test_terraform_reads_what_is_written_and_would_not_format_it_otherwise(terraform, tmp_path):
    terraform_cli.require(terraform, provider=False)
    values = [*generated_mappings(MAPPINGS_FOR_TERRAFORM), *NASTY_STRINGS, {"all": NASTY_STRINGS}]
    variables = {f"v{place}": value for place, value in enumerate(values)}
    head = "".join(text for text in NASTY_STRINGS)
    (tmp_path / "values.tfvars").write_text(render(variables, head=head), encoding="utf-8", newline="\n")
    declared = "".join(f'variable "{name}" {{\n  type = any\n}}\n' for name in variables)
    listed = ", ".join(f"{name} = var.{name}" for name in variables)
    (tmp_path / "main.tf").write_text(f'{declared}output "all" {{\n  value = jsonencode({{ {listed} }})\n}}\n')

    formatted = terraform.run("fmt", "-check", "-diff", "values.tfvars", cwd=tmp_path)
    assert formatted.returncode == 0, formatted.stdout + formatted.stderr

    seen = outputs(terraform, tmp_path, "-var-file=values.tfvars")
    assert len(seen) == len(variables) >= MAPPINGS_FOR_TERRAFORM
    for name, value in variables.items():
        assert exact(seen[name]) == exact(value, composed=True)
