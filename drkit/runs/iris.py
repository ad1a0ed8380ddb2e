"""Checks of IRIs that wait until somebody asks for one.

papermill and nbformat import jsonschema, which imports ``rfc3987_syntax`` where it is installed, and that builds a
grammar of international addresses: one second, for a check that no notebook needs.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_GRAMMAR = "rfc3987_syntax"


def put_off() -> None:
    """Import jsonschema with a stand-in for the grammar, which is imported at the first check of an IRI."""
    if {_GRAMMAR, "jsonschema"} & sys.modules.keys() or not find_spec(_GRAMMAR):
        return
    stand_in: Any = ModuleType(_GRAMMAR)
    stand_in.is_valid_syntax = _is_valid_syntax
    sys.modules[_GRAMMAR] = stand_in
    try:
        importlib.import_module("jsonschema")
    finally:
        del sys.modules[_GRAMMAR]


def _is_valid_syntax(rule: str, text: str) -> bool:
    return bool(importlib.import_module(_GRAMMAR).is_valid_syntax(rule, text))
