"""HCL expressions have the value here that Terraform gives them, or no value at all."""

from fractions import Fraction

import pytest

from drkit.tfvars.hcl.expressions import Expression
from drkit.tfvars.hcl.values import EvaluationError, UnevaluableError, UnknownFunctionError

# Expressions over VAR, and what they are worth; test_tfvars_roundtrip asks Terraform for the same.
VAR = {
    "text": "eu-west-1",
    "number": 24,
    "fraction": 1.5,
    "yes": True,
    "nothing": None,
    "zones": ["eu-west-1a", "eu-west-1b"],
    "settings": {"b": {"size": 2}, "a": {"size": 1}},
}
VAR_TYPES = {
    "text": "string",
    "number": "number",
    "fraction": "number",
    "yes": "bool",
    "nothing": "string",
    "zones": "list(string)",
    "settings": "map(object({ size = number }))",
}
EXPRESSIONS = [
    ("1 + 2 * 3 - 4 / 2", 5),
    ("(1 + 2) * 3", 9),
    ("10 - 3 - 2", 5),
    ("7 % 3", 1),
    ("-7 % 3", -1),
    ("7 % -3", 1),
    ("-var.number", -24),
    ("5 / 2", 2.5),
    ("0.1 + 0.2 == 0.3", True),
    ("10 / 3 * 3 == 10", True),
    ('1 + "2"', 3),
    ("1e3", 1000),
    ("1 == 1.0", True),
    ('1 == "1"', False),
    ('true == "true"', False),
    ("true == 1", False),
    ("null == null", True),
    ("var.nothing == null", True),
    ('var.text != null && var.text == "eu-west-1"', True),
    ('5 > "4"', True),
    ("1 < 2 && 2 <= 2 || false", True),
    ("!false && !var.yes", False),
    ('"true" && true', True),
    ('true ? 1 : "a"', "1"),
    ('var.yes ? "a" : "b"', "a"),
    ("var.nothing == null ? true : length(var.nothing) > 3", True),
    ("true ? null : 3", None),
    ('"a${var.number}b${var.yes}"', "a24btrue"),
    ('"${1.50}"', 1.5),
    ('"x${1.50}"', "x1.5"),
    ('"$${var.text} %%{x} \\u0024{y} \\"q\\" \\\\"', '${var.text} %{x} ${y} "q" \\'),
    ('"5 $ and 100%"', "5 $ and 100%"),
    ("var.zones[0]", "eu-west-1a"),
    ("var.zones.1", "eu-west-1b"),
    ('var.settings["a"].size', 1),
    ("var.settings.b.size", 2),
    ("values(var.settings)[*].size", [1, 2]),
    ("var.nothing[*]", []),
    ('{ a = 1, (var.text) = 2, "c d" : 3 }', {"a": 1, "eu-west-1": 2, "c d": 3}),
    ("[for zone in var.zones : upper(zone)]", ["EU-WEST-1A", "EU-WEST-1B"]),
    ('[for i, zone in var.zones : i if endswith(zone, "b")]', [1]),
    ('[for name, one in var.settings : "${name}${one.size}"]', ["a1", "b2"]),
    ("{ for name, one in var.settings : name => one.size if one.size > 1 }", {"b": 2}),
    ('{ for one in [1, 2, 3] : one % 2 == 0 ? "even" : "odd" => one... }', {"odd": [1, 3], "even": [2]}),
    ('[for one in toset(["b", "a", "b"]) : one]', ["a", "b"]),
    ("alltrue([for one in var.settings : one.size >= 1])", True),
    ("alltrue([])", True),
    ("anytrue([])", False),
    ('contains(var.zones, "eu-west-1b")', True),
    ('contains(["1"], 1)', False),
    ("can(var.settings.c)", False),
    ("can(var.settings.a)", True),
    ('try(var.settings.c.size, "none")', "none"),
    ('can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.text))', True),
    ('can(regex("a$", "a\\n"))', False),
    ('regex("^(\\\\w+)-(\\\\w+)", var.text)', ["eu", "west"]),
    ('regex("(?P<area>[a-z]+)-", var.text)', {"area": "eu"}),
    ('regex("[0-9]", var.text)', "1"),
    ('regexall("[aeiou]", var.text)', ["e", "u", "e"]),
    ('length(regexall("x*", "axb"))', 3),
    ("length(var.zones) + length(var.settings) + length(var.text)", 13),
    ('length("a\\r\\nb")', 3),
    ("keys(var.settings)", ["a", "b"]),
    ("floor(-1.5)", -2),
    ("ceil(1.2)", 2),
    ("abs(-3)", 3),
    ('max(1, "2")', 2),
    ("min(3, 1.5, 2)", 1.5),
    ("sum([1, 2, 0.5])", 3.5),
    ("range(3)", [0, 1, 2]),
    ("range(3, 0)", [3, 2, 1]),
    ("range(1, 2, 0.5)", [1, 1.5]),
    ('distinct(["a", "b", "a"])', ["a", "b"]),
    ('tonumber("1e3")', 1000),
    ("tostring(1e21)", "1000000000000000000000"),
    ('tobool("true")', True),
    ("tostring(null)", None),
    ('coalesce("", "b")', "b"),
    ('coalesce(null, "a")', "a"),
    ('join(", ", var.zones)', "eu-west-1a, eu-west-1b"),
    ('join("-", [1, true])', "1-true"),
    ('split(",", "a,b,")', ["a", "b", ""]),
    ('split(",", "")', [""]),
    ('replace("a.b.c", ".", "-")', "a-b-c"),
    ('substr("eu-west-1a", 0, 9)', "eu-west-1"),
    ('trimspace(" a ")', "a"),
    ('trimprefix("eu-west", "eu-")', "west"),
    ('strcontains("abc", "b")', True),
    ('format("%s has %d%%, %v", "a", 5, true)', "a has 5%, true"),
    ("merge({ a = 1 }, null, { a = 2, b = 3 })", {"a": 2, "b": 3}),
    ("concat([1], [2, 3])", [1, 2, 3]),
    ("flatten([[1], [2, [3]]])", [1, 2, 3]),
    ('lookup({ a = 1 }, "b", 9)', 9),
    ("one([])", None),
    ('setsubtract(["b", "a", "c"], ["a"])', ["b", "c"]),
    ("max([1, 5, 3]...)", 5),
    ('cidrhost("10.0.1.2/16", 5)', "10.0.0.5"),
    ('cidrhost("10.0.0.0/16", -1)', "10.0.255.255"),
    ('cidrnetmask("10.0.0.0/12")', "255.240.0.0"),
    ('cidrsubnet("10.0.0.0/16", 4, 2)', "10.0.32.0/20"),
    ('can(cidrhost("10.0.0.0", 0))', False),
    ('<<-EOT\n    two\n      lines $${x}\n\n  \n\t   "end"\n  EOT\n', 'two\n  lines ${x}\n\n  \n"end"\n'),
]
# Expressions that fail, here and in Terraform.
FAILING = [
    ("null > 1", "null is not a number"),
    ('"a" < "b"', '"a" (string) is not a number'),
    ("var.settings.c", 'there is no attribute or key "c"'),
    ("var.zones[2]", "a list of 2 elements has no index 2"),
    ("var.nothing.a", "null is not a map or object"),
    ("var.nothing == null || length(var.nothing) > 3", "an argument of a function is null"),
    ("false && var.nothing.a", "null is not a map or object"),
    ("null ? 1 : 2", "null is not true or false"),
    ("1 ? 2 : 3", "1 (number) is not true or false"),
    ('"a${null}"', "null is not a string"),
    ('tobool("True")', '"True" (string) is not true or false'),
    ('tonumber("0x10")', '"0x10" (string) is not a number'),
    ("[for one in null : one]", "null has no elements"),
    ('{ for one in [1, 2] : "same" => one }', 'two elements have the key "same"'),
    ('regex("b", "a")', '"a" does not match b'),
    ("contains([null], null)", "an argument of a function is null"),
    ("length(5)", "5 (number) is not a list"),
    ('floor("1", 2)', "floor does not take 2 arguments"),
    ('cidrhost("10.0.0.0/33", 0)', '"10.0.0.0/33" (string) is not a CIDR prefix'),
    ('cidrhost("10.0.0.0/30", 4)', "the prefix 10.0.0.0/30 has no host number 4"),
    ('coalesce("", null)', "coalesce has no argument that is neither null nor empty"),
]
# Expressions that Terraform can work out and this evaluator does not, and says so.
UNEVALUABLE = [
    ("jsonencode([1])", "the function jsonencode is not known here"),
    ("can(jsonencode([1]))", "the function jsonencode is not known here"),
    ("local.zones", "local is not known here"),
    ("try(local.zones, 1)", "local is not known here"),
    ("[] == []", "comparing two collections depends on their types: compare their elements instead"),
    ('regex("(?i)a", "A")', "the pattern (?i)a uses syntax that is not known to mean the same in Python"),
    ('regex("[a&&b]", "a")', "the pattern [a&&b] uses syntax that is not known to mean the same in Python"),
    ('regex("[[:alpha:]]", "a")', "the pattern [[:alpha:]] uses syntax"),
    ('upper("ß")', "upper and lower case are worked out for ASCII only"),
    ('length("e\\u0301")', "the length of a string with letters outside Latin is not counted here"),
    ("tostring(1 / 3)", "1/3 has no finite decimal form to convert to a string"),
    ('coalesce(1, "a")', "a mixture of number and string would be converted to one type first"),
    ("1 / 0", "division by zero is no error in Terraform, but infinite"),
    ('"%{ if true }a%{ endif }"', "template if start is not worked out here"),
    ('cidrhost("010.0.0.0/8", 0)', '"010.0.0.0/8" (string) has leading zeros'),
]


def typed(value):
    """Make true differ from 1, and numbers of all Python types alike."""
    if isinstance(value, list | tuple):
        return [typed(item) for item in value]
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    return "number", Fraction(str(value))


@pytest.mark.parametrize(("text", "expected"), EXPRESSIONS)
def test_an_expression_has_terraforms_value(text, expected):
    assert typed(Expression.parse(text).evaluate({"var": VAR})) == typed(expected)


@pytest.mark.parametrize(("text", "message"), FAILING)
def test_an_expression_that_fails_in_terraform_fails(text, message):
    with pytest.raises(EvaluationError) as caught:
        Expression.parse(text).evaluate({"var": VAR})
    assert str(caught.value).startswith(message)
    assert Expression.parse(f"can({text})").evaluate({"var": VAR}) is False


@pytest.mark.parametrize(("text", "message"), UNEVALUABLE)
def test_an_expression_beyond_this_evaluator_is_not_guessed(text, message):
    with pytest.raises(UnevaluableError) as caught:
        Expression.parse(text).evaluate({"var": VAR})
    assert str(caught.value).startswith(message)


def test_an_unknown_function_is_named():
    with pytest.raises(UnknownFunctionError, match="provider::aws::arn_parse"):
        Expression.parse('provider::aws::arn_parse("x")').evaluate()
