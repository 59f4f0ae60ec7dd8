"""The C library's allocator, and what it does with buffers as large as photos."""

from __future__ import annotations

import ctypes
import os

M_TRIM_THRESHOLD = -1
M_TOP_PAD = -2
M_MMAP_THRESHOLD = -3
"""Parameters of mallopt(3), by the numbers of glibc's malloc.h."""

LARGEST_KEPT_BYTES = 1 << 30
"""Buffers up to this size come from memory that the process keeps: of every photo that fits the
heaps of its threads, 64 MiB each. Larger ones are mapped, and given back, as ever."""
HEAP_BYTES = 64 << 20
"""A thread's second heap would go back to the kernel whenever it is empty, and come anew with the
next file that is encoded. This much unused memory, all that a heap has, is to be kept."""
ALLOCATOR_VARIABLES = (
    "GLIBC_TUNABLES",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_TOP_PAD_",
)


def keep_freed_memory() -> None:
    """Let glibc keep the memory of freed pixel buffers instead of mapping each buffer anew.

    By default every buffer over 32 MiB is new to the kernel, which clears it page by page: 7,000
    page faults and a twelfth of the CPU time of a 12-megapixel photo. The peak grows by a tenth.
    Whoever sets the allocator's own variables has their will, and so has another C library.
    """
    if any(variable in os.environ for variable in ALLOCATOR_VARIABLES):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT_BYTES)
        mallopt(M_TRIM_THRESHOLD, LARGEST_KEPT_BYTES)
        mallopt(M_TOP_PAD, HEAP_BYTES)
