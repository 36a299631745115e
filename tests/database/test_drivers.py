"""A driver that is missing or too old is told at once, with what to install."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from zenith_server.database.engines import Database
from zenith_server.errors import ProjectError


def refusal() -> str:
    with pytest.raises(ProjectError) as caught:
        Database("mysql://ann:s3cret@db/shop")
    return str(caught.value)


def test_a_driver_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncmy.connection", None)
    assert "asyncmy, the driver of MySQL and MariaDB, is not installed" in refusal()
    assert "pip install 'zenith-server[mysql]'" in refusal()
    assert "s3cret" not in refusal()


def test_a_driver_that_is_too_old_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    old = ModuleType("asyncmy.connection")
    old.__dict__["Connection"] = type("Connection", (), {})
    monkeypatch.setitem(sys.modules, "asyncmy.connection", old)
    assert "does not tell whether a connection is still open" in refusal()
    assert "Install a version from 0.2.18 on" in refusal()


def test_other_databases_need_no_driver_of_mysql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncmy.connection", None)
    assert Database("sqlite://").url.in_memory
