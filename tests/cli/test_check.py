from __future__ import annotations

from tests.commands import HELLO, Command

BROKEN = {
    "routes/a.py": "import nowhere_at_all",
    "routes/b.py": "async def get(missing: object): return 1",
    "routes/c/index.py": "async def fetch(): return 1",
    "routes/c.py": "async def get(): return 1",
}


def test_a_project_without_faults_is_counted(command: Command) -> None:
    ran = command("check", files={**HELLO, "services/mail.py": "class Mail: ..."})
    assert (ran.code, ran.out, ran.err) == (0, "1 route, 1 service: no faults\n", "")


def test_all_faults_are_told_at_once(command: Command) -> None:
    ran = command("check", files=BROKEN)
    assert ran.code == 1
    assert "routes/a.py cannot be imported" in ran.err
    assert "routes/b.py:1" in ran.err
    assert "Two files answer /c\n" in ran.err
    assert ran.err.splitlines()[-1].startswith("1 route: ")


def test_handlers_are_not_blamed_for_a_broken_service(command: Command) -> None:
    files = {
        "services/mail.py": "import nowhere_at_all\nclass Mail: ...",
        "routes/index.py": """
            from zenith_server import Session
            async def get(other: object): return 1
        """,
    }
    ran = command("check", files=files)
    assert "services/mail.py cannot be imported" in ran.err
    assert ran.err.endswith(": 1 fault\n")


def test_warnings_do_not_count_as_faults(command: Command) -> None:
    ran = command("check", "--env", "production", files=HELLO)
    assert ran.code == 0
    assert ran.err.startswith("warning: Requests for any host name are answered\n")


def test_json_has_counts_faults_and_warnings(command: Command) -> None:
    found = command("check", "--json", "--env", "production", files=HELLO).json()
    assert (found["ok"], found["counts"]) == (True, {"route": 1})
    assert found["faults"] == []
    assert found["warnings"][0]["what"] == "Requests for any host name are answered"


def test_json_tells_faulty_settings_too(command: Command) -> None:
    ran = command("check", "--json", files={**HELLO, "zenith.yaml": "server: {prot: 1}"})
    assert ran.code == 1
    assert ran.json()["faults"][0]["where"] == ["zenith.yaml:1"]


def test_faulty_settings_are_told_in_words(command: Command) -> None:
    ran = command("check", files={**HELLO, "zenith.yaml": "server: {prot: 1}"})
    assert (ran.code, ran.err.splitlines()[1]) == (1, "  at zenith.yaml:1")


def test_a_broken_plugin_does_not_hide_other_faults(command: Command) -> None:
    ran = command("check", files={**BROKEN, "plugins/mine.py": "import nowhere_at_all"})
    assert "plugins/mine.py cannot be imported" in ran.err
    assert "routes/a.py cannot be imported" in ran.err
