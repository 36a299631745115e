from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from zenith_server.errors import ProjectError
from zenith_server.runner import local_certificate as module
from zenith_server.runner.local_certificate import local_certificate


def test_a_certificate_is_made_once_and_its_key_is_private(tmp_path: Path) -> None:
    certificate, key = local_certificate(tmp_path)
    made = certificate.read_bytes()
    assert local_certificate(tmp_path) == (certificate, key)
    assert certificate.read_bytes() == made
    assert key.stat().st_mode & 0o777 == 0o600


def test_one_that_ends_soon_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, _ = local_certificate(tmp_path)
    made = certificate.read_bytes()
    ends = module.expiry(certificate)
    monkeypatch.setattr(time, "time", lambda: ends - 3600)
    local_certificate(tmp_path)
    assert certificate.read_bytes() != made


def test_without_trustme_the_line_that_installs_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(ProjectError, match=r"pip install 'zenith-server\[https\]'"):
        local_certificate(tmp_path)


def test_a_folder_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(ProjectError, match="cannot be kept"):
        local_certificate(tmp_path)
