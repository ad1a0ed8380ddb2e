"""Writing tfvars and reading them."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from nasty_strings import NASTY_STRINGS

from drkit.errors import TfvarsError
from drkit.tfvars.hcl_reader import HclFile
from drkit.tfvars.hcl_writer import render

NAME_RULE = (
    "cannot name a Terraform variable: a name starts with a letter or _ and goes on with letters, digits, "
    "_ or -. Rename it."
)
TOO_EXACT = (
    "x has more than 154 digits or an exponent beyond 400: Terraform keeps 512 bits and would round it. "
    "Give it as a string."
)
NO_SUCH_VALUE = "which HCL has no value for: give a str, bool, int, float, Decimal, None, list, tuple or mapping."
SURROGATE = "which no UTF-8 file can hold: remove it or decode the text it came from correctly."
VALUES_ONLY = "but only plain values can stand here. Put text in quotes."
CORRECT = "Correct the line; a literal ${ or %{ without its closing brace can be written \\u0024{ or \\u0025{."

NUMBERS = [
    (0, "0"),
    (-1, "-1"),
    (-12, "-12"),
    (12345678901234567890, "12345678901234567890"),
    (1.5, "1.5"),
    (-0.25, "-0.25"),
    (-0.0, "0"),
    (1e21, "1e+21"),
    (1e-7, "1e-07"),
    (0.1, "0.1"),
    (Decimal("0.10"), "0.10"),
    (Decimal("1E+3"), "1E+3"),
    (Decimal("3.14159265358979323846"), "3.14159265358979323846"),
]


@pytest.mark.parametrize("text", NASTY_STRINGS)
def test_any_string_comes_back_as_it_was_written(text):
    variables = {"a": text, "b": [text, text], "c": {text: text, "in": {text: [text]}}}
    assert HclFile(render(variables)).values() == variables


@pytest.mark.parametrize(("number", "text"), NUMBERS)
def test_a_number_is_written_with_its_own_digits(number, text):
    assert render({"x": number}) == f"x = {text}\n"
    back = HclFile(f"x = {text}\n").values()["x"]
    assert Fraction(str(back)) == Fraction(str(number))


def test_numbers_are_read_as_int_float_or_decimal_without_loss():
    read = HclFile("a = 5\nb = 0.1\nc = 0.1234567890123456789\nd = 12345678901234567890\ne = 1e21\nf = -5").values()
    assert list(read.values()) == [5, 0.1, Decimal("0.1234567890123456789"), 12345678901234567890, 1e21, -5]
    assert [type(value) for value in read.values()] == [int, float, Decimal, int, float, int]


def test_words_and_odd_names_as_keys_are_quoted_and_plain_ones_are_not():
    text = render({"x": {"plain": 1, "for": 2, "true": 3, "": 4, "a b": 5, "${k}": 6, "a-b": 7, "e\u0301": 8}})
    assert text == (
        "x = {\n"
        "  plain       = 1\n"
        '  "for"       = 2\n'
        '  "true"      = 3\n'
        '  ""          = 4\n'
        '  "a b"       = 5\n'
        '  "\\u0024{k}" = 6\n'
        "  a-b         = 7\n"
        '  "e\\u0301"   = 8\n'
        "}\n"
    )


def test_text_is_laid_out_as_terraform_fmt_does():
    text = render(
        {
            "name": "shop",
            "failover_enabled": True,
            "primary": {"zones": ["a", "b"], "nat_gateways": 2, "empty": {}, "inner": {"x": None}, "y": []},
            "z": [{"a": 1}, {}],
            "long": ["x" * 60, "y" * 60],
            "last": None,
        },
        head="First line\n\nthird",
    )
    assert text == (
        "# First line\n"
        "#\n"
        "# third\n"
        "\n"
        'name             = "shop"\n'
        "failover_enabled = true\n"
        "\n"
        "primary = {\n"
        '  zones        = ["a", "b"]\n'
        "  nat_gateways = 2\n"
        "  empty        = {}\n"
        "  inner = {\n"
        "    x = null\n"
        "  }\n"
        "  y = []\n"
        "}\n"
        "\n"
        "z = [\n"
        "  {\n"
        "    a = 1\n"
        "  },\n"
        "  {},\n"
        "]\n"
        "\n"
        "long = [\n"
        f'  "{"x" * 60}",\n'
        f'  "{"y" * 60}",\n'
        "]\n"
        "\n"
        "last = null\n"
    )


def test_the_head_cannot_break_out_of_its_comment():
    head = "a\nb = 1\rc = 2\x0bd = 3\u2028e = 4\x85f = 5 \x00\x1b\ud800"
    text = render({"x": 1}, head=head)
    assert text == "# a\n# b = 1\n# c = 2\n# d = 3\n# e = 4\n# f = 5 \\u0000\\u001b\\ud800\n\nx = 1\n"
    assert HclFile(text).values() == {"x": 1}


def test_nothing_to_write_is_an_empty_file_or_a_comment():
    assert render({}) == ""
    assert render({}, head="only this") == "# only this\n"
    assert HclFile("").values() == HclFile("# only this\n").values() == {}


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"x": math.nan}, "x is nan, and HCL has finite numbers only: leave it out or give null."),
        ({"x": [1, -math.inf]}, "x[1] is -inf, and HCL has finite numbers only: leave it out or give null."),
        ({"x": Decimal("NaN")}, "x is NaN, and HCL has finite numbers only: leave it out or give null."),
        ({"x": 10**154}, TOO_EXACT),
        ({"x": Decimal("1e999")}, TOO_EXACT),
        ({"x": {"a": {1, 2}}}, f'x["a"] is a value of the Python type set, {NO_SUCH_VALUE}'),
        ({"x": {1: 2}}, "x has the key 1 (number), and HCL has string keys only: write it as one."),
        ({"x": "ab\ud800"}, f"x holds the lone surrogate U+D800 at character 3, {SURROGATE}"),
        ({"x": {"\udc80": 1}}, f"a key of x holds the lone surrogate U+DC80 at character 1, {SURROGATE}"),
        (
            {"x": {"é": 1, "e\u0301": 2}},
            "x has two keys that are the same to Terraform, 'e\\u0301' and '\\xe9': rename one.",
        ),
        ({"1x": 1}, f'"1x" (string) {NAME_RULE}'),
        ({"a b": 1}, f'"a b" (string) {NAME_RULE}'),
        ({"x\n": 1}, f'"x\\n" (string) {NAME_RULE}'),
        ({"é": 1}, f'"é" (string) {NAME_RULE}'),
        ({"": 1}, f'"" (string) {NAME_RULE}'),
    ],
)
def test_what_hcl_cannot_hold_is_refused(variables, message):
    with pytest.raises(TfvarsError) as caught:
        render(variables)
    assert str(caught.value) == message


def test_handwritten_tfvars_are_read_too():
    text = (
        "/* block */ // and line comments\n"
        'a = "$${x} and %%{y} \\t \\u00e9" # behind\r\n'
        "b = [1,\n  -2, # two\n  3,\n]\n"
        'c = { "k" : 1, for_each = 2, true = 3, in = 4\n d = 5 }\n'
        "d = <<EOT\n  raw \\n $${x}\nEOT\n"
        "e = (5)\n"
    )
    assert HclFile("\ufeff" + text).values() == {
        "a": "${x} and %{y} \t é",
        "b": [1, -2, 3],
        "c": {"k": 1, "for_each": 2, "true": 3, "in": 4, "d": 5},
        "d": "  raw \\n ${x}\n",
        "e": 5,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nb = = 2\n", f"line 2 is not HCL that python-hcl2 can read: b = = 2. {CORRECT}"),
        ("a = {", f"line 1 is not HCL that python-hcl2 can read: a = {{. {CORRECT}"),
        ('a = "cost $${"\n', f'line 1 is not HCL that python-hcl2 can read: a = "cost $${{". {CORRECT}'),
        (
            'a = "$${"\nb = "}"\n',
            "line 1: python-hcl2 cannot read $${ here. Write it \\u0024{.",
        ),
        ("a = eu-west-1\n", f"line 1: a is eu-west-1, {VALUES_ONLY}"),
        ("a = [\n  max(1),\n]\n", f"line 2: a[0] is a call of max, {VALUES_ONLY}"),
        ("a = { b = 1 + 2 }\n", f"line 1: a.b is an expression, {VALUES_ONLY}"),
        ("a = -true\n", f"line 1: a is an expression, {VALUES_ONLY}"),
        ("a = !1\n", "line 1: !1 is not a number, or longer than Python reads. Shorten it."),
        ("a = { (b) = 1 }\n", "line 1: a key is neither a name nor a text in quotes. Correct it."),
        ('a = "${b}"\n', "line 1: a text holds a template. Write a literal ${ as $${, and %{ as %%{."),
        ("a = <<EOT\n${b}\nEOT\n", "line 1: a heredoc holds a template. Write a text in quotes."),
        ('a = "\\q"\n', "line 1: \\q is not an escape of HCL. Write a backslash as two."),
        ("a = 1\na = 2\n", "line 2: a is given twice. Remove one."),
        ("a = 1\nb {\n}\n", "line 2: a block b stands where only name = value may. Remove it."),
    ],
)
def test_text_that_is_no_tfvars_is_refused_with_its_line(text, message):
    with pytest.raises(TfvarsError) as caught:
        HclFile(text, "x.tfvars").values()
    assert str(caught.value) == f"x.tfvars, {message}"
    assert isinstance(caught.value, ValueError)
