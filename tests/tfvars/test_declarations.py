"""The variables that a stack declares are read, and values that do not have their types are told in a sentence."""

import pytest

from drkit.errors import TfvarsError
from drkit.tfvars.declarations import misfits, read_declarations

VARIABLES = """
# Comments do not matter.
variable "name" {
  type        = string
  description = "Prefix of \\"every\\" name."
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+$", var.name)) && !strcontains(var.name, "--")
    error_message = "name is \\"${var.name}\\", but it must be lower case."
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
}

variable "zones" {
  type    = tuple([string, number])
  default = ["a", 1]
}

variable "regions" {
  type    = set(string)
  default = null
}

variable "more" {
  default = null
}

variable "password" {
  type      = string
  ephemeral = true
}
"""


@pytest.fixture(scope="module")
def declared(tmp_path_factory):
    directory = tmp_path_factory.mktemp("stack")
    (directory / "variables.tf").write_text(VARIABLES, encoding="utf-8")
    return read_declarations(directory)


def problems(values, declared):
    return [str(problem) for problem in misfits(values, declared)]


def test_declarations_are_read_with_types_defaults_and_flags(declared):
    assert {name: str(variable.type) for name, variable in declared.items()} == {
        "name": "string",
        "tags": "map(string)",
        "services": "map(object)",
        "zones": "tuple",
        "regions": "set(string)",
        "more": "any",
        "password": "string",
    }
    assert [name for name, variable in declared.items() if variable.required] == ["name", "password"]
    assert [name for name, variable in declared.items() if not variable.nullable] == ["name", "tags"]
    assert [name for name, variable in declared.items() if variable.ephemeral] == ["password"]
    assert [declared[name].default for name in ("tags", "zones", "regions")] == [{}, ["a", 1], None]
    attributes = declared["services"].type.inner["*"].inner
    assert {name: kind.optional for name, kind in attributes.items()} == {
        "cpu_units": False,
        "command": True,
        "public": True,
    }


GOOD = {"name": "shop", "services": {"api": {"cpu_units": 256}}, "regions": ["eu-west-1", "eu-central-1"]}


def test_values_that_fit_have_no_problems(declared):
    assert problems(GOOD, declared) == []
    assert problems({"name": "shop", "services": None, "more": [{"any": "value"}]}, declared) == []
    assert problems(GOOD | {"services": {"api": {"cpu_units": 1.5, "public": None}}}, declared) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"servcies": {}}, "servcies is not a variable of the stack. Did you mean services?"),
        (
            {"qqq": {}},
            "qqq is not a variable of the stack. Known: more, name, password, regions, services, tags, zones.",
        ),
        ({"name": None}, "name is null, but a string is needed (nullable = false): give a value."),
        (
            {"tags": None},
            "tags is null, but a map(string) is needed (nullable = false): leave it out to take its default.",
        ),
        ({"name": 5}, "name is 5 (number), but a string is needed."),
        ({"name": {}}, "name is a map or object, but a string is needed."),
        ({"tags": ["a"]}, "tags is a list, but a map(string) is needed."),
        ({"tags": {"a b": True}}, 'tags["a b"] is true (bool), but a string is needed.'),
        ({"services": {"api": 5}}, "services.api is 5 (number), but an object is needed."),
        ({"services": {"api": {"cpu_units": "4"}}}, 'services.api.cpu_units is "4" (string), but a number is needed.'),
        ({"services": {"api": {"cpu_units": True}}}, "services.api.cpu_units is true (bool), but a number is needed."),
        (
            {"services": {"api": {"cpu_units": 256, "command": ["a", 1]}}},
            "services.api.command[1] is 1 (number), but a string is needed.",
        ),
        ({"services": {"api": {}}}, "services.api.cpu_units is missing: give a number."),
        (
            {"services": {"api": {"cpu_units": 256, "comand": []}}},
            "services.api.comand is not an attribute of services.api. Did you mean command?",
        ),
        ({"zones": ["a"]}, "zones has 1 elements, but 2 are needed."),
        ({"zones": ["a", "b"]}, 'zones[1] is "b" (string), but a number is needed.'),
        ({"regions": "eu-west-1"}, 'regions is "eu-west-1" (string), but a set(string) is needed.'),
    ],
)
def test_each_kind_of_problem_is_a_sentence(declared, change, sentence):
    assert problems(GOOD | change, declared) == [sentence]


def test_a_missing_value_is_a_problem_unless_it_has_a_default_or_is_ephemeral(declared):
    assert problems({}, declared) == ["name has no value and no default: give a string."]


NO_TYPE = "a type is none of Terraform's, which are string, number, bool, any, list(...)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('variable "a" {\n  type = strin\n}\n', f"line 2: {NO_TYPE}"),
        ('variable "a" {\n  type = list(string, bool)\n}\n', f"line 2: {NO_TYPE}"),
        ('variable "a" {\n  type = optional()\n}\n', f"line 2: {NO_TYPE}"),
        ('\nvariable "a" {\n  default = var.b\n}\n', "line 3: a.default is an expression, but only plain values can"),
        ('variable "a" {}\nvariable "a" {}\n', "line 2: a variable block needs one name, and each name once."),
        ('variable "a" {\n  type = \n}\n', "line 2 is not HCL that python-hcl2 can read"),
    ],
)
def test_a_bad_declaration_is_refused_with_its_line(tmp_path, text, message):
    (tmp_path / "variables.tf").write_text(text, encoding="utf-8")
    with pytest.raises(TfvarsError) as caught:
        read_declarations(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'variables.tf'}, {message}")


def test_a_directory_without_variables_is_named(tmp_path):
    with pytest.raises(TfvarsError, match=r"has no variables\.tf: name the directory of the Terraform stack"):
        read_declarations(tmp_path)
