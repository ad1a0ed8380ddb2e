"""Memory of processes that fork and are forked. What glibc's allocator is told, other allocators are not asked."""

from __future__ import annotations

import ctypes
import gc

_libc = ctypes.CDLL(None)
#: Numbers of malloc.h, and the largest block that may come from the heap [B].
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _LARGEST = -1, -2, -3, 1 << 25


def settle() -> None:
    """Before forks: what is here is here for good, and what is free is nobody's.

    Children then copy nothing to count references or to look for cycles, and no page that only holds what was freed.
    """
    gc.collect()
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)
    gc.freeze()


def keep() -> None:
    """Have memory that is freed used again: a kernel lives for one run, and each page that it asks for anew costs."""
    if hasattr(_libc, "mallopt"):
        for name, value in ((_M_MMAP_THRESHOLD, _LARGEST), (_M_TRIM_THRESHOLD, 1 << 30), (_M_TOP_PAD, _LARGEST)):
            _libc.mallopt(name, value)
