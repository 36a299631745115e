from __future__ import annotations

import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import trustme

from tests.runner.program import settings_from
from zenith_server.errors import ProjectError
from zenith_server.runner import tls
from zenith_server.settings import Settings

Write = Callable[..., Settings]


@pytest.fixture
def pair(tmp_path: Path) -> Settings:
    """Settings with a certificate and its key in a project's folder."""
    issued = trustme.CA().issue_cert("localhost")
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    return with_files(tmp_path, "cert.pem", "key.pem")


def with_files(root: Path, certfile: str | None, keyfile: str | None = None) -> Settings:
    settings = settings_from(root, {})
    server = msgspec.structs.replace(settings.server, certfile=certfile, keyfile=keyfile)
    return msgspec.structs.replace(settings, server=server)


def complaint(settings: Settings) -> str:
    with pytest.raises(ProjectError) as raised:
        list(tls.warnings(settings))
    return str(raised.value)


def test_without_files_there_is_no_tls(tmp_path: Path) -> None:
    settings = with_files(tmp_path, None)
    assert tls.context(settings) is None
    assert list(tls.warnings(settings)) == []


def test_a_pair_is_taken_in_two_files_or_in_one(pair: Settings) -> None:
    for settings in (pair, with_files(pair.root, "both.pem")):
        made = tls.context(settings)
        assert made is not None
        assert made.minimum_version == ssl.TLSVersion.TLSv1_2
        assert list(tls.warnings(settings)) == []


def test_a_key_alone_is_explained(pair: Settings) -> None:
    text = complaint(with_files(pair.root, None, "key.pem"))
    assert text.startswith("There is a key and no certificate")


def test_a_file_that_is_not_there_is_named(pair: Settings) -> None:
    text = complaint(with_files(pair.root, "missing.pem", "key.pem"))
    assert text.startswith(f"There is no file {pair.root / 'missing.pem'}")
    assert "zenith-server dev --https" in text


def test_the_key_of_another_certificate_is_noticed(pair: Settings) -> None:
    other = trustme.CA().issue_cert("localhost")
    other.private_key_pem.write_to_path(str(pair.root / "other.pem"))
    text = complaint(with_files(pair.root, "cert.pem", "other.pem"))
    assert text.startswith("The key is not that of the certificate")


def test_a_file_that_is_no_certificate_is_noticed(pair: Settings) -> None:
    (pair.root / "cert.pem").write_text("nothing")
    assert complaint(pair).startswith("This is no certificate with its key")


def test_a_key_with_a_password_asks_nobody(pair: Settings) -> None:
    locked = pair.root / "locked.pem"
    command = ["openssl", "pkey", "-aes256", "-passout", "pass:secret", "-in"]
    subprocess.run([*command, pair.root / "key.pem", "-out", locked], check=True)
    text = complaint(with_files(pair.root, "cert.pem", "locked.pem"))
    assert "The key is encrypted" in text


@pytest.mark.parametrize(
    ("days", "what"), [(3.5, "ends in 3 days"), (-3.5, "ended 4 days ago"), (30, "")]
)
def test_a_certificate_that_ends_is_told(
    pair: Settings, monkeypatch: pytest.MonkeyPatch, days: float, what: str
) -> None:
    ends = tls.expiry(pair.root / "cert.pem")
    monkeypatch.setattr(time, "time", lambda: ends - days * 86400)
    assert [warning.what for warning in tls.warnings(pair)] == (
        [f"The certificate {what}"] if what else []
    )
