from __future__ import annotations

from tests.commands import HELLO, Command

FILES = {
    **HELLO,
    "zenith.yaml": "layers: {request_id: false}",
    "middleware/10_tenant.py": "def middleware(app): return app",
}


def test_each_layer_says_whether_it_is_on_and_why(command: Command) -> None:
    rows = {row["layer"]: row for row in command("layers", "--json", files=FILES).json()}
    assert rows["request_id"] == {
        "layer": "request_id",
        "on": False,
        "why": "zenith.yaml:1",
        "about": "one id in the answer, the log and each problem",
    }
    assert rows["hosts"]["why"] == "default of test"
    assert rows["middleware/10_tenant.py"]["why"] == "middleware/10_tenant.py:1"


def test_the_table_shows_the_same(command: Command) -> None:
    ran = command("layers", "--env", "production", files=FILES)
    assert ran.code == 0
    assert ["hosts", "on", "default", "of", "production"] in [line[:5] for line in ran.lines]
    assert ["request_id", "off", "zenith.yaml:1"] in [line[:3] for line in ran.lines]


def test_faults_are_told_behind_the_table(command: Command) -> None:
    ran = command("layers", files={**HELLO, "middleware/1_broken.py": "1/0"})
    assert ran.code == 1
    assert "middleware/1_broken.py cannot be imported" in ran.err
    assert ran.lines[0] == ["LAYER", "STATE", "WHY", "ABOUT"]
