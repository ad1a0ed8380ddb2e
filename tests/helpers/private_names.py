"""Find private names of dependencies in Python: names that start with an underscore and belong to another package.

The check is by syntax alone. What it cannot tell apart it reports: a private attribute is accepted only on ``self``, ``cls``,
a class of the same module, a value that is visibly an instance of one, or a module of drkit.
"""

from __future__ import annotations

import ast
import importlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

#: Public, although they start with an underscore: methods of named tuples, what IPython asks a result for, and what
#: pandas documents for subclasses.
PUBLIC = frozenset(
    [
        "_",
        "_asdict",
        "_constructor",
        "_fields",
        "_make",
        "_replace",
        "_ipython_display_",
        "_repr_html_",
        "_repr_markdown_",
        "_repr_mimebundle_",
        "_repr_png_",
        "_repr_svg_",
    ]
)
#: Functions of the standard library's documentation that are written so.
_DOCUMENTED = {("os", "_exit")}

#: Functions that take an attribute's name as text, and the position of the name.
_BY_TEXT = {
    "getattr": 1,
    "setattr": 1,
    "hasattr": 1,
    "delattr": 1,
    "__setattr__": 1,
    "__getattribute__": 1,
    "attrgetter": 0,
    "methodcaller": 0,
}
_IMPORTS_BY_TEXT = {"import_module", "__import__", "find_spec"}


class Found(NamedTuple):
    """A private name, and where it stands."""

    line: int
    what: str


def is_private(name: str) -> bool:
    """Whether a name is private by Python's convention; ``__init__`` and the like are not."""
    return name.startswith("_") and name not in PUBLIC and not (name.startswith("__") and name.endswith("__"))


def in_source(source: str, package: str = "drkit") -> list[Found]:
    """Private names of other packages in a module's source, in the order of their lines.

    Parameters
    ----------
    source
        Python; lines that begin with ``%`` or ``!`` are IPython's and are skipped.
    package
        The package whose own private names may be used.
    """
    lines = ["" if line.lstrip().startswith(("%", "!")) else line for line in source.split("\n")]
    visitor = _Visitor(package)
    visitor.read(ast.parse("\n".join(lines)))
    return sorted(set(visitor.found))


def in_notebook(path: Path) -> list[Found]:
    """The same for the code cells of a notebook, as if they stood one below the other."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return in_source("\n".join(code))


def in_files(paths: Iterable[Path]) -> dict[Path, list[Found]]:
    """The same for modules and notebooks; files without a finding are left out."""
    read = {
        path: in_notebook(path) if path.suffix == ".ipynb" else in_source(path.read_text("utf-8")) for path in paths
    }
    return {path: found for path, found in read.items() if found}


class _Visitor(ast.NodeVisitor):
    def __init__(self, package: str) -> None:
        self.package = package
        self.found: list[Found] = []
        self.imported: dict[str, str] = {}
        self.classes: set[str] = set()
        #: Names that hold objects of the module's own classes, by function from the outermost to the innermost.
        self.scopes: list[set[str]] = [set()]
        #: The classes around the present line: base classes from other packages, and private names given in it.
        self.around: list[tuple[list[str], set[str]]] = []

    def read(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            self._learn(node)
        self.visit(tree)

    def _learn(self, node: ast.AST) -> None:
        """What is imported, and which classes the module has."""
        if isinstance(node, ast.Import):
            for name in node.names:
                self.imported[name.asname or name.name.split(".")[0]] = (
                    name.name if name.asname else name.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            origin = self.package if node.level else node.module or ""
            self.imported |= {name.asname or name.name: f"{origin}.{name.name}" for name in node.names}
        elif isinstance(node, ast.ClassDef):
            self.classes.add(node.name)

    def _report(self, node: ast.AST, what: str) -> None:
        self.found.append(Found(getattr(node, "lineno", 0), what))

    def _ours(self, module: str) -> bool:
        return module.split(".")[0] == self.package

    # Imports ----------------------------------------------------------------------------------------------------------

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            self._module(node, name.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level or self._ours(module):
            return
        self._module(node, module)
        for name in node.names:
            if is_private(name.name) and (module, name.name) not in _DOCUMENTED:
                self._report(node, f"from {module} import {name.name}")

    def _module(self, node: ast.AST, module: str) -> None:
        if not self._ours(module) and any(is_private(part) for part in module.split(".")):
            self._report(node, f"import {module}")

    # Attributes -------------------------------------------------------------------------------------------------------

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if is_private(node.attr) and not self._may(node):
            self._report(node, ast.unparse(node))
        if isinstance(node.ctx, ast.Store | ast.Del) and self._foreign_name(node.value):
            self._report(node, f"{ast.unparse(node)} = ... changes another package")
        self.generic_visit(node)

    def _may(self, node: ast.Attribute) -> bool:
        value = node.value
        if isinstance(value, ast.Name) and (self.imported.get(value.id, ""), node.attr) in _DOCUMENTED:
            return True
        return self._holds(value, node.attr)

    def _holds(self, value: ast.expr, name: str) -> bool:
        """Whether a private name is the module's own on this value."""
        if isinstance(value, ast.Name) and value.id in ("self", "cls") and self.around:
            # What a class of another package keeps private stays so in a class that is made from it.
            bases, given = self.around[-1]
            return not bases or name in given
        return self._own(value)

    def _own(self, value: ast.expr) -> bool:
        """Whether an expression is visibly the module's own object, or a module of drkit."""
        if isinstance(value, ast.Name):
            if value.id in ("self", "cls"):
                # Outside of a class it is whatever the function is given to.
                return bool(self.around)
            if value.id in self.classes or value.id in self.scopes[-1]:
                return True
            return value.id in self.imported and self._ours(self.imported[value.id])
        if isinstance(value, ast.Call):
            called = value.func
            if isinstance(called, ast.Name):
                if called.id == "super":
                    return bool(self.around) and not self.around[-1][0]
                same = ("copy.copy", "copy.deepcopy", "dataclasses.replace")
                if called.id == "type" or self.imported.get(called.id) in same:
                    return bool(value.args) and self._own(value.args[0])
                return called.id == "cls" or called.id in self.classes
            # object.__new__(cls), and a class method that makes an instance: Draws.read(...).
            return isinstance(called, ast.Attribute) and (
                (called.attr == "__new__" and bool(value.args) and self._own(value.args[0]))
                or (
                    isinstance(called.value, ast.Name) and (called.value.id in self.classes or called.value.id == "cls")
                )
            )
        if isinstance(value, ast.Attribute):
            # drkit.facts.prices._name, and self.__class__._name
            return (value.attr == "__class__" and self._own(value.value)) or self._ours(self._dotted(value))
        return False

    def _dotted(self, value: ast.expr) -> str:
        if isinstance(value, ast.Name):
            return self.imported.get(value.id, "")
        if isinstance(value, ast.Attribute):
            start = self._dotted(value.value)
            return f"{start}.{value.attr}" if start else ""
        return ""

    def _foreign_name(self, value: ast.expr) -> bool:
        """Whether this is a module, class or function that was imported from another package."""
        origin = self._dotted(value)
        # sys is the interpreter's own state: argv, stdout and excepthook are there to be set.
        return bool(origin) and not self._ours(origin) and origin != "sys"

    # Names as text, and the table of modules --------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name == "isinstance" and len(node.args) == 2 and self._is_own_type(node.args[1]):
            self._bind(node.args[:1], own=True)
        if name in _BY_TEXT:
            self._by_text(node, _BY_TEXT[name])
        if name in _IMPORTS_BY_TEXT and node.args and isinstance(first := node.args[0], ast.Constant):
            self._module(node, str(first.value))
        if (
            isinstance(node.func, ast.Attribute)
            and self._modules(node.func.value)
            and name not in ("get", "items", "keys", "values")
        ):
            self._report(node, f"sys.modules.{name}(...)")
        if self._foreign_name(node.func):
            for keyword in node.keywords:
                if keyword.arg and is_private(keyword.arg):
                    self._report(node, f"{ast.unparse(node.func)}({keyword.arg}=...)")
        self.generic_visit(node)

    def _by_text(self, node: ast.Call, place: int) -> None:
        texts = node.args[place : place + 1] if place else node.args
        for text in texts:
            if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
                continue
            private = any(is_private(part) for part in text.value.split("."))
            if private and not (place and self._holds(node.args[0], text.value)):
                self._report(node, ast.unparse(node))
        if (
            place
            and isinstance(node.func, ast.Name)
            and node.func.id in ("setattr", "delattr")
            and node.args
            and self._foreign_name(node.args[0])
        ):
            self._report(node, f"{ast.unparse(node)} changes another package")

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Store | ast.Del) and self._modules(node.value):
            self._report(node, f"{ast.unparse(node)} = ...")
        key = node.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and is_private(key.value):
            inner = node.value
            if isinstance(inner, ast.Attribute) and inner.attr == "__dict__" and not self._own(inner.value):
                self._report(node, ast.unparse(node))
            if isinstance(inner, ast.Call) and getattr(inner.func, "id", "") == "vars" and not self._own(inner.args[0]):
                self._report(node, ast.unparse(node))
        self.generic_visit(node)

    def _modules(self, value: ast.expr) -> bool:
        return self._dotted(value) == "sys.modules"

    # Classes ----------------------------------------------------------------------------------------------------------

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        bases = [name for base in node.bases if (name := self._base(base))]
        given = _given(node)
        for name in sorted(given):
            if taken := [base for base in bases if _has(base, name)]:
                self._report(node, f"{node.name}.{name} overrides {taken[0]}.{name}")
        self.around.append((bases, given))
        self.generic_visit(node)
        self.around.pop()

    def _base(self, base: ast.expr) -> str:
        """The dotted name of a base class from another package; empty for our own and those of the language."""
        name = self._dotted(base.value if isinstance(base, ast.Subscript) else base)
        return "" if not name or self._ours(name) or name.split(".")[0] in ("typing", "abc", "enum") else name

    # What a function's names are --------------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        own = {argument.arg for argument in arguments if self._is_own_type(argument.annotation)}
        self.scopes.append(self.scopes[-1] - {argument.arg for argument in arguments} | own)
        self.generic_visit(node)
        self.scopes.pop()

    def _is_own_type(self, annotation: ast.expr | None) -> bool:
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            annotation = ast.parse(annotation.value, mode="eval").body
        if isinstance(annotation, ast.BinOp):
            sides = [side for side in (annotation.left, annotation.right) if getattr(side, "value", "") is not None]
            return all(self._is_own_type(side) for side in sides)
        return isinstance(annotation, ast.Name) and (annotation.id in self.classes or annotation.id == "Self")

    def visit_Assign(self, node: ast.Assign) -> None:
        self._bind(node.targets, self._own(node.value))
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._bind([node.target], self._is_own_type(node.annotation))
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._bind([node.target], self._own(node.value))
        self.generic_visit(node)

    def _bind(self, targets: Iterable[ast.expr], own: bool) -> None:
        for target in targets:
            if isinstance(target, ast.Name):
                (self.scopes[-1].add if own else self.scopes[-1].discard)(target.id)


def _given(node: ast.ClassDef) -> set[str]:
    """Private names that a class gives itself: methods, class attributes, and what is set on ``self``."""
    names = {inner.name for inner in node.body if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)}
    for inner in ast.walk(node):
        if (
            isinstance(inner, ast.Attribute)
            and isinstance(inner.ctx, ast.Store)
            and getattr(inner.value, "id", "") == "self"
        ):
            names.add(inner.attr)
    for inner in node.body:
        targets = (
            inner.targets
            if isinstance(inner, ast.Assign)
            else [inner.target]
            if isinstance(inner, ast.AnnAssign)
            else []
        )
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {name for name in names if is_private(name)}


def _has(base: str, name: str) -> bool:
    """Whether a class of another package has this attribute."""
    module, _, rest = base.rpartition(".")
    return hasattr(getattr(importlib.import_module(module), rest, None), name)


def modules_and_notebooks(root: Path) -> Iterator[Path]:
    """Every module of drkit and every notebook."""
    yield from sorted((root / "drkit").rglob("*.py"))
    yield from sorted((root / "notebooks").glob("*.ipynb"))
