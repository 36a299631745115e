from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from zenith_server.errors import ProjectError
from zenith_server.runner.control import Control, states


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # The path of a socket is short: see unix(7).
    with TemporaryDirectory(dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


async def test_whoever_asks_is_told_the_state(tmp_path: Path) -> None:
    control = Control(tmp_path, lambda: {"age": 1.0, "workers": []})
    await control.open()
    assert await asyncio.to_thread(states, tmp_path) == [{"age": 1.0, "workers": []}]
    control.close()
    assert states(tmp_path) == []


async def test_only_this_user_can_ask(tmp_path: Path) -> None:
    control = Control(tmp_path, dict)
    await control.open()
    assert control.path is not None
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (control.path, control.path.parent)]
    assert modes == [0o600, 0o700]
    control.close()


async def test_servers_of_other_projects_are_not_told(tmp_path: Path) -> None:
    control = Control(tmp_path / "one", lambda: {"age": 1.0})
    await control.open()
    assert await asyncio.to_thread(states, tmp_path / "other") == []
    control.close()


async def test_what_a_killed_server_left_is_removed(tmp_path: Path) -> None:
    control = Control(tmp_path, dict)
    await control.open()
    control._server.close()  # pyright: ignore[reportPrivateUsage]
    assert control.path is not None
    assert states(tmp_path) == []
    assert not control.path.exists()


async def test_a_folder_that_others_may_enter_is_not_used(
    tmp_path: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (runtime / "zenith-server").mkdir(mode=0o755)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "missing"))
    with pytest.raises(ProjectError, match="will not find this server"):
        await Control(tmp_path, dict).open()
