"""Packages that only a part of drkit needs, and the sentence where one of them is missing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from drkit.errors import MissingPackageError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def needs(extra: str, what: str) -> Iterator[None]:
    """Import packages of an extra within this block.

    Parameters
    ----------
    extra
        Name of the extra in ``pyproject.toml``.
    what
        What needs it, as the subject of a sentence: ``drkit serve``.

    Raises
    ------
    MissingPackageError
        When a package is not installed; the sentence says how to install it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"{what} needs the package {error.name}, which is not installed: pip install 'drkit[{extra}]'"
        ) from error
