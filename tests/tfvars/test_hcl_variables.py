"""Values are checked against the variables that a stack declares, and each problem is a sentence."""

import math

import pytest

from drkit.tfvars import hcl
from drkit.tfvars.hcl.values import HclError

VARIABLES = """
# Comments do not matter.
variable "name" {
  type        = string
  description = "Prefix of \\"every\\" name."
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name)) && !strcontains(var.name, "--")
    error_message = "name is \\"${var.name}\\", but it must be 3 to 24 characters long. Rename it."
  }
}

variable "tags" {
  type     = map(string)
  default  = {}
  nullable = false
}

variable "services" {
  type = map(object({
    cpu_units = number # of 1024 a vCPU
    command   = optional(list(string), ["serve"])
    public    = optional(bool)
  }))
  default = {}

  validation {
    condition = alltrue([
      for name, service in var.services :
      contains([256, 512, 1024], service.cpu_units) && length(service.command) > 0
    ])
    error_message = "services have the wrong cpu_units or no command: ${join(", ", keys(var.services))}."
  }
}

variable "zones" {
  type    = tuple([string, number])
  default = ["a", 1]
}

variable "regions" {
  type    = set(string)
  default = null

  validation {
    condition     = var.regions == null ? true : length(var.regions) == 2
    error_message = "regions must be two."
  }
}

variable "password" {
  type      = string
  ephemeral = true
  sensitive = true
}
"""


@pytest.fixture(scope="module")
def variables(tmp_path_factory):
    directory = tmp_path_factory.mktemp("stack")
    (directory / "variables.tf").write_text(VARIABLES, encoding="utf-8")
    return hcl.read_variables(directory)


def problems(values, variables):
    return [(problem.kind, problem.path, str(problem)) for problem in hcl.check(values, variables)]


def test_declarations_are_read_with_types_defaults_and_flags(variables):
    assert list(variables) == ["name", "tags", "services", "zones", "regions", "password"]
    assert [str(variable.type) for variable in variables.values()] == [
        "string",
        "map(string)",
        "map(object({ cpu_units = number, command = list(string), public = bool }))",
        "tuple([string, number])",
        "set(string)",
        "string",
    ]
    assert variables["name"].default is hcl.MISSING
    assert variables["name"].description == 'Prefix of "every" name.'
    assert [variable.nullable for variable in variables.values()] == [False, False, True, True, True, True]
    assert variables["regions"].default is None
    assert variables["zones"].default == ["a", 1]
    assert (variables["password"].ephemeral, variables["password"].sensitive) == (True, True)
    command = variables["services"].type.element.attributes["command"]
    assert (command.optional, command.default) == (True, ["serve"])
    assert variables["regions"].validations[0].condition.text == "var.regions == null ? true : length(var.regions) == 2"


GOOD = {"name": "shop", "services": {"api": {"cpu_units": 256}}, "regions": ["eu-west-1", "eu-central-1"]}


def test_values_that_fit_have_no_problems(variables):
    assert hcl.check(GOOD, variables) == []
    assert hcl.check({"name": "shop", "services": None} | {"services": {}}, variables) == []


@pytest.mark.parametrize(
    ("change", "kind", "path", "message"),
    [
        ({"servcies": {}}, "unknown", "servcies", "is not a variable of the stack. Did you mean services?"),
        (
            {"qqq": {}},
            "unknown",
            "qqq",
            "is not a variable of the stack. Known: name, password, regions, services, tags, zones.",
        ),
        ({"name": None}, "null", "name", "is null, but a string is needed (nullable = false): give a value."),
        (
            {"tags": None},
            "null",
            "tags",
            "is null, but a map(string) is needed (nullable = false): leave it out to take its default.",
        ),
        ({"name": 5}, "type", "name", "is 5 (number), but a string is needed."),
        ({"tags": ["a"]}, "type", "tags", "is a list, but a map(string) is needed."),
        ({"tags": {"a b": True}}, "type", 'tags["a b"]', "is true (bool), but a string is needed."),
        (
            {"services": {"api": {"cpu_units": "4"}}},
            "type",
            'services["api"].cpu_units',
            'is "4" (string), but a number is needed.',
        ),
        (
            {"services": {"api": {"cpu_units": True}}},
            "type",
            'services["api"].cpu_units',
            "is true (bool), but a number is needed.",
        ),
        (
            {"services": {"api": {"cpu_units": math.nan}}},
            "type",
            'services["api"].cpu_units',
            "is nan (number), but a number is needed.",
        ),
        (
            {"services": {"api": {"cpu_units": 256, "command": ["a", 1]}}},
            "type",
            'services["api"].command[1]',
            "is 1 (number), but a string is needed.",
        ),
        ({"services": {"api": {}}}, "missing", 'services["api"].cpu_units', "is missing: give a number."),
        (
            {"services": {"api": {"cpu_units": 256, "comand": []}}},
            "unknown",
            'services["api"].comand',
            'is not an attribute of services["api"]. Did you mean command?',
        ),
        ({"zones": ["a"]}, "type", "zones", "has 1 elements, but 2 are needed: tuple([string, number])."),
        (
            {"name": "Shop"},
            "validation",
            "name",
            'is "Shop", but it must be 3 to 24 characters long. Rename it.',
        ),
        (
            {"name": "a--b"},
            "validation",
            "name",
            'is "a--b", but it must be 3 to 24 characters long. Rename it.',
        ),
        (
            {"services": {"web": {"cpu_units": 300}, "api": {"cpu_units": 256}}},
            "validation",
            "services",
            "have the wrong cpu_units or no command: api, web.",
        ),
        (
            {"services": {"api": {"cpu_units": 256, "command": []}}},
            "validation",
            "services",
            "have the wrong cpu_units or no command: api.",
        ),
        ({"regions": ["a", "a"]}, "validation", "regions", "must be two."),
        (
            {"services": None},
            "unchecked",
            "services",
            "is not checked by the condition alltrue([ for name, service in var.services : "
            "contains([256, 512, 1024], service.cpu_units) && length(service.command) > 0 ]), "
            "which fails: null has no elements. Ask terraform plan.",
        ),
    ],
)
def test_each_kind_of_problem_is_a_sentence(variables, change, kind, path, message):
    found = problems(GOOD | change, variables)
    assert found == [(kind, path, f"{path} {message}")]


def test_a_missing_value_is_a_problem_unless_it_has_a_default_or_is_ephemeral(variables):
    assert problems({}, variables) == [
        ("missing", "name", "name has no value and no default: give a string."),
    ]


def test_a_validation_that_cannot_be_worked_out_is_unchecked_not_passed(tmp_path):
    (tmp_path / "variables.tf").write_text(
        'variable "a" {\n  type = string\n  validation {\n    condition = jsonencode(var.a) != "x"\n'
        '    error_message = "no"\n  }\n  validation {\n    condition = var.a != var.b\n'
        '    error_message = "no"\n  }\n}\nvariable "b" {\n  type = string\n}\n',
        encoding="utf-8",
    )
    unchecked = "a is not checked by the condition"
    reason = "which cannot be worked out here"
    assert problems({"a": "1", "b": 2}, hcl.read_variables(tmp_path)) == [
        ("type", "b", "b is 2 (number), but a string is needed."),
        (
            "unchecked",
            "a",
            f'{unchecked} jsonencode(var.a) != "x", {reason}: the function jsonencode is not known here. '
            "Ask terraform plan.",
        ),
        (
            "unchecked",
            "a",
            f"{unchecked} var.a != var.b, {reason}: var.b has no usable value here. Ask terraform plan.",
        ),
    ]


def test_a_message_that_does_not_start_with_the_name_gets_it():
    assert str(hcl.Problem("validation", "a", "It is wrong.")) == "a: It is wrong."


def test_validations_see_strings_as_terraform_does(tmp_path):
    (tmp_path / "variables.tf").write_text(
        'variable "a" {\n  type = string\n  validation {\n    condition = var.a == "\\u00e9"\n'
        '    error_message = "no"\n  }\n}\n',
        encoding="utf-8",
    )
    assert problems({"a": "e\u0301"}, hcl.read_variables(tmp_path)) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'variable "a" {\n  type = strin\n}\n',
            "line 1: the variable a cannot be read: identifier is not a type",
        ),
        (
            'variable "a" {\n  type = list(string, bool)\n}\n',
            "line 1: the variable a cannot be read: function call",
        ),
        (
            '\nvariable "a" {\n  default = var.b\n}\n',
            "line 2: the variable a cannot be read: var is not known here",
        ),
        (
            'variable "a" {}\nvariable "a" {}\n',
            "line 2: a variable block needs one name, and each name once.",
        ),
        (
            'variable "a" {\n  validation {\n    condition = true\n  }\n}\n',
            "a validation needs a condition and an",
        ),
        ('variable "a" {\n  type = \n}\n', "line 2 is not HCL that python-hcl2 can read"),
    ],
)
def test_a_bad_declaration_is_refused_with_its_line(tmp_path, text, message):
    (tmp_path / "variables.tf").write_text(text, encoding="utf-8")
    with pytest.raises(HclError) as caught:
        hcl.read_variables(tmp_path)
    assert message in str(caught.value)


def test_a_directory_without_variables_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"has no variables\.tf: name the directory of the Terraform stack"):
        hcl.read_variables(tmp_path)
