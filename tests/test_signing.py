"""The secret key: configured where people depend on it, made and kept elsewhere."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import Server
from zenith_server.environment import Environment, EnvironmentName
from zenith_server.errors import ProjectError
from zenith_server.settings import Settings, read_settings
from zenith_server.signing import SecretKey, signing_key

GIVEN = "0123456789abcdefghijklmnopqrstuvwxyz"
ASKS = {
    "services/tokens.py": """
        from zenith_server import SecretKey

        class Tokens:
            def __init__(self, key: SecretKey) -> None:
                self.key = key
    """,
    "routes/index.py": """
        from services.tokens import Tokens

        async def get(tokens: Tokens) -> dict[str, str]:
            return {"key": str(tokens.key)}
    """,
}

Configure = Callable[..., Settings]


@pytest.fixture
def settings(tmp_path: Path) -> Configure:
    def settings(name: EnvironmentName, environ: Mapping[str, str] | None = None) -> Settings:
        environment = Environment(name, "from the test")
        return read_settings(tmp_path, environment=environment, environ=environ or {})

    return settings


def test_a_configured_key_is_taken_as_it_is(settings: Configure, tmp_path: Path) -> None:
    assert signing_key(settings("development", {"SECRET_KEY": GIVEN}))() == GIVEN
    assert not (tmp_path / "data").exists()


def test_development_makes_a_key_and_keeps_it(settings: Configure, tmp_path: Path) -> None:
    first = signing_key(settings("development"))()
    assert len(first) >= 32
    assert signing_key(settings("development"))() == first
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["secret_key"]


def test_asking_for_the_key_writes_nothing_before_it_is_needed(
    settings: Configure, tmp_path: Path
) -> None:
    signing_key(settings("development"))
    assert not (tmp_path / "data").exists()


def test_only_the_owner_can_read_a_kept_key(settings: Configure, tmp_path: Path) -> None:
    signing_key(settings("development"))()
    assert stat.S_IMODE((tmp_path / "data" / "secret_key").stat().st_mode) == 0o600


def test_the_key_of_a_faster_process_is_not_replaced(
    settings: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "data" / "secret_key"
    file.parent.mkdir()
    file.write_text(GIVEN)
    answers = iter([False])
    real = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: next(answers, None) or real(path))
    assert signing_key(settings("development"))() == GIVEN


def test_a_key_that_cannot_be_kept_is_a_fault(settings: Configure, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(ProjectError, match="cannot be kept") as caught:
        signing_key(settings("development"))()
    assert "Or set SECRET_KEY." in str(caught.value)


@pytest.mark.parametrize("name", ["staging", "production"])
def test_nothing_signs_without_a_key_where_people_depend_on_it(
    settings: Configure, name: EnvironmentName
) -> None:
    with pytest.raises(ProjectError, match="SECRET_KEY is not set") as caught:
        signing_key(settings(name))
    assert "token_urlsafe" in str(caught.value)


def test_a_key_is_not_printed_by_accident() -> None:
    assert GIVEN not in repr({"key": SecretKey(GIVEN)})


async def test_a_key_is_not_sent_by_accident(serve: Server) -> None:
    route = """
        from zenith_server import SecretKey

        async def get(key: SecretKey) -> dict[str, SecretKey]:
            return {"key": key}
    """
    app = await serve({"routes/index.py": route}, "production", {"SECRET_KEY": GIVEN})
    answer = await app.get("/")
    assert (answer.status, GIVEN.encode() in answer.body) == (500, False)


async def test_a_service_gets_the_key_by_its_type(serve: Server) -> None:
    app = await serve(ASKS, "production", {"SECRET_KEY": GIVEN})
    assert (await app.get("/")).json() == {"key": GIVEN}


async def test_a_project_that_signs_does_not_start_in_production_without_a_key(
    serve: Server,
) -> None:
    with pytest.raises(ProjectError, match="SECRET_KEY is not set"):
        await serve(ASKS, "production")


async def test_a_handler_that_asks_for_the_key_itself_needs_one_too(serve: Server) -> None:
    route = """
        from zenith_server import SecretKey

        async def get(key: SecretKey) -> None: ...
    """
    with pytest.raises(ProjectError, match="SECRET_KEY is not set"):
        await serve({"routes/index.py": route}, "production")


async def test_a_project_that_signs_nothing_needs_no_key(serve: Server) -> None:
    app = await serve({"routes/index.py": "async def get(): return 1"}, "production")
    assert (await app.get("/")).json() == 1
