"""The check of IRIs is there, and its grammar is built when one is checked."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("rfc3987_syntax")

CHECK = """
import sys
from drkit.runs import iris
iris.put_off()
import jsonschema, nbformat
print("rfc3987_syntax" in sys.modules)
checks = jsonschema.Draft202012Validator.FORMAT_CHECKER
print([checks.conforms(text, "iri") for text in ("https://example.com/\u00fcber", "no iri")])
import rfc3987_syntax
print(rfc3987_syntax.is_valid_syntax("iri", "https://example.com"), rfc3987_syntax.__file__ is not None)
"""


def test_iris_are_checked_and_the_grammar_waits_until_then() -> None:
    told = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == ["False", "[True, False]", "True True"]
