"""How many processor cores this process may use: what the system has, less what limits it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import ceil
from pathlib import Path, PurePosixPath


def usable_cores(filesystem: Path = Path("/")) -> int:
    """Return the number of cores that this process may use, at least 1.

    Counts the CPUs of the process's affinity mask and honours the CPU quota of its cgroups
    (version 2 `cpu.max`, version 1 `cpu.cfs_quota_us`), a part of a core counting as one.

    Args:
        filesystem: where `/` is.

    Source: https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files

    Example:
        >>> usable_cores() >= 1
        True
    """
    return max(1, min([_scheduled(), *(ceil(share) for share in _shares(filesystem))]))


def _scheduled() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _shares(filesystem: Path) -> Iterator[float]:
    groups = filesystem / "sys/fs/cgroup"
    for folder in _folders(filesystem):
        yield from _share(_words(groups / folder / "cpu.max"))
        yield from _share(
            _words(groups / "cpu" / folder / "cpu.cfs_quota_us")
            + _words(groups / "cpu" / folder / "cpu.cfs_period_us")
        )


def _folders(filesystem: Path) -> Iterator[PurePosixPath]:
    """Yield the cgroups of this process up to the root: a parent's quota limits its children."""
    yield PurePosixPath()
    for line in _words(filesystem / "proc/self/cgroup"):
        folder = PurePosixPath(line.split(":", 2)[-1].lstrip("/"))
        yield from (folder, *folder.parents[:-1])


def _share(words: list[str]) -> Iterator[float]:
    if len(words) == 2 and words[0].isdigit() and words[1].isdigit():
        yield int(words[0]) / int(words[1])


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:  # not there: not Linux, or the other version of cgroups
        return []
