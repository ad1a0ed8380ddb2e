"""A lock file that one process at a time holds."""

from __future__ import annotations

import os
import re
import stat
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def held(path: Path, busy: Callable[[str], Exception], refused: Callable[[str], Exception]) -> Iterator[None]:
    """Hold a lock file while the block runs; the system releases it when the process is killed.

    Where the operating system has no such locks (Windows), nothing is locked.

    Parameters
    ----------
    path
        The lock file, made when missing, with its folder. It stays afterwards.
    busy
        Makes the error to raise when another process holds the lock, from who that is, such as ``process 4711``.
    refused
        Makes the error to raise when the file cannot be opened, or is not a lock, from the reason.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _opened(path)
    except OSError as error:
        raise refused(error.strerror or str(error)) from error
    with file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:
            pass
        except BlockingIOError:
            raise busy(file.read(64) or "another process") from None
        except OSError as error:
            raise refused(error.strerror or str(error)) from error
        file.truncate(0)
        file.write(f"process {os.getpid()}")
        file.flush()
        yield


def _opened(path: Path) -> IO[str]:
    """Open a lock file. A link to another file, or a file that holds anything else, must never be written over."""
    if path.is_symlink():
        raise OSError(None, f"{path} is a link: remove it")
    # Checked again as it is opened: the link may have been put there in between.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    about = os.fstat(descriptor)
    if stat.S_ISREG(about.st_mode) and about.st_nlink == 1:
        file = os.fdopen(descriptor, "r+", errors="replace")
        if re.fullmatch(r"(process \d+)?", file.read(64)):
            file.seek(0)
            return file
        file.close()
    else:
        os.close(descriptor)
    raise OSError(None, f"{path} is not a lock file of drkit: remove or rename it")
