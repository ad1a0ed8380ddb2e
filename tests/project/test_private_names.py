"""drkit uses nothing that its dependencies keep private: such names change without notice."""

from __future__ import annotations

from pathlib import Path

import private_names
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_no_private_name_of_a_dependency_is_used() -> None:
    found = private_names.in_files(private_names.modules_and_notebooks(ROOT))
    told = [f"{path.relative_to(ROOT)}:{line}: {what}" for path, names in found.items() for line, what in names]
    assert not told, "use what the dependency documents instead:\n" + "\n".join(told)


@pytest.mark.parametrize(
    "source",
    [
        "import numpy._core",
        "import matplotlib._afm as afm",
        "from numpy import _core",
        "from matplotlib._afm import AFM",
        "from papermill.engines import _private as public",
        "import numpy as np\nnp._core.multiarray",
        "import os\nos._wrap_close",
        "def drawn(renderer):\n    renderer._draw()",
        "def drawn(axis):\n    axis.label._text = 'x'",
        "def drawn(axis):\n    del axis._text",
        "ready()._layout",
        "kernels[0]._client",
        "value.__mangled",
        "class Picture:\n    def drawn(self, canvas):\n        return canvas._renderer",
        "class Picture:\n    def drawn(self):\n        return self.canvas._renderer",
        "from matplotlib.axis import Axis\nclass Mine(Axis):\n    def a(self):\n        return self._majloc",
        "from matplotlib.axis import Axis\nclass Mine(Axis):\n    def a(self):\n        return super()._update_ticks()",
        "from matplotlib.axis import Axis\nclass Mine(Axis):\n    def _update_ticks(self):\n        pass",
        "import matplotlib.axis\nclass Mine(matplotlib.axis.Axis):\n    def _update_ticks(self):\n        pass",
        "class Draws:\n    pass\ndef first(draws: Draws, canvas):\n    return canvas._renderer",
        "class Draws:\n    pass\ndraws = Draws()\ndraws = other()\ndraws._rows",
        "class Draws:\n    pass\ndraws = Draws()\ndef drawn(draws):\n    return draws._rows",
        "def _update_ticks(self):\n    return self._ticks",
        "from matplotlib.axis import Axis\nclass Mine(Axis):\n    def a(self):\n        return getattr(self, '_majloc')",
        "type(axis)._update_ticks",
        "getattr(axis, '_update_ticks')",
        "getattr(axis, '_' 'update', None)",
        "setattr(axis, '_ticks', [])",
        "hasattr(axis, '_ticks')",
        "delattr(axis, '_ticks')",
        "object.__setattr__(axis, '_ticks', [])",
        "from operator import attrgetter\nattrgetter('axes._ticks')",
        "from operator import methodcaller\nmethodcaller('_draw')",
        "vars(axis)['_ticks']",
        "axis.__dict__['_ticks']",
        "import importlib\nimportlib.import_module('matplotlib._afm')",
        "__import__('_ctypes')",
        "import sys\nsys.modules['iris'] = None",
        "import sys\ndel sys.modules['iris']",
        "import sys as system\nsystem.modules['iris'] = None",
        "from sys import modules\nmodules['iris'] = None",
        "import sys\nsys.modules.update(iris=None)",
        "import sys\nsys.modules.pop('iris')",
        "import builtins\nbuiltins.get_ipython = None",
        "from matplotlib.axes import Axes\nAxes.draw = None",
        "import matplotlib.axes as axes\naxes.Axes.draw = None",
        "import matplotlib\nsetattr(matplotlib, 'rcParams', {})",
        "import papermill\npapermill.execute_notebook('a', 'b', _quick=True)",
    ],
)
def test_the_checker_finds(source: str) -> None:
    assert private_names.in_source(source), source


@pytest.mark.parametrize(
    "source",
    [
        "from drkit.facts import _tables",
        "from . import _tables",
        "import drkit.facts.prices\ndrkit.facts.prices._found",
        "from drkit.facts import prices\nprices._found",
        "class Draws:\n    def rows(self):\n        return self._rows",
        "class Draws:\n    @classmethod\n    def of(cls, rows):\n        made = cls()\n        made._rows = rows\n        return made",
        "class Draws:\n    def __eq__(self, other):\n        return isinstance(other, Draws) and other._rows == self._rows",
        "class Draws:\n    def joined(self, other: Draws) -> Draws:\n        return other._rows",
        "class Draws:\n    def joined(self, other: 'Draws | None') -> Draws:\n        return other._rows",
        "class Draws:\n    def set(self):\n        object.__setattr__(self, '_rows', 1)",
        "from copy import copy\nclass Draws:\n    def again(self):\n        new = copy(self)\n        new._rows = 1",
        "class Base:\n    pass\nclass Draws(Base):\n    def a(self):\n        return super()._rows",
        "class Draws:\n    pass\nDraws._cache",
        "class Draws:\n    def a(self):\n        return type(self)._cache",
        "from threading import Thread\nclass Mine(Thread):\n    def __init__(self):\n        self._rows = 1\n    def a(self):\n        return self._rows",
        "from typing import NamedTuple\nclass Row(NamedTuple):\n    usd: float\nrow._replace(usd=1)\nrow._asdict()\nRow._fields",
        "from pandas import DataFrame\nclass Table(DataFrame):\n    @property\n    def _constructor(self):\n        return Table",
        "import sys\nsys.argv = ['kernel']",
        "frame._repr_html_()",
        "hasattr(value, '_repr_markdown_')",
        "value.__class__.__name__",
        "import os\nos._exit(0)",
        "import sys\nsys.modules.get('matplotlib')",
        "import sys\n'matplotlib' in sys.modules",
        "import matplotlib\nmatplotlib.rcParams['a'] = 1",
        "for _ in range(3):\n    pass",
        "%load_ext autoreload\n!ls\nx = 1",
    ],
)
def test_the_checker_accepts(source: str) -> None:
    assert private_names.in_source(source) == []


def test_the_checker_names_the_line_and_reads_notebooks(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(
        '{"cells": [{"cell_type": "markdown", "source": ["a._b"]},'
        ' {"cell_type": "code", "source": ["%matplotlib inline\\n", "x = 1"]},'
        ' {"cell_type": "code", "source": ["figure._draw()"]}]}'
    )
    assert private_names.in_files([path]) == {path: [(3, "figure._draw")]}
