from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.projects import write_project
from zenith_server.cores import usable_cores


@pytest.fixture(autouse=True)
def sixteen_scheduled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(16)), raising=False)


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 16),
        ({"sys/fs/cgroup/cpu.max": "max 100000"}, 16),
        ({"sys/fs/cgroup/cpu.max": "400000 100000"}, 4),
        ({"sys/fs/cgroup/cpu.max": "150000 100000"}, 2),
        ({"sys/fs/cgroup/cpu.max": "10000 100000"}, 1),
        ({"sys/fs/cgroup/cpu.max": "9900000 100000"}, 16),
        (
            {
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            },
            3,
        ),
        (
            {
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            },
            16,
        ),
        (
            {
                "proc/self/cgroup": "0::/apps.slice/shop.service",
                "sys/fs/cgroup/apps.slice/cpu.max": "200000 100000",
                "sys/fs/cgroup/apps.slice/shop.service/cpu.max": "800000 100000",
            },
            2,
        ),
    ],
    ids=["no limit", "max", "four", "a part counts", "at least one", "more than there are",
         "version 1", "version 1 without a limit", "a parent's limit"],
)  # fmt: skip
def test_the_smallest_limit_counts(tmp_path: Path, files: dict[str, str], cores: int) -> None:
    assert usable_cores(write_project(tmp_path, files)) == cores


def test_without_an_affinity_mask_the_processors_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert usable_cores(tmp_path) == 3
