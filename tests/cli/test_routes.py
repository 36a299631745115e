from __future__ import annotations

from tests.commands import HELLO, Command

USERS = {
    "routes/users/index.py": """
        async def get(): return []

        async def post(name: str): return name
    """,
    "routes/users/[id].py": "async def get(id: int): return id",
    "routes/users/me.py": "async def get(): return 'me'",
}


def test_the_list_shows_methods_pattern_place_and_layers(command: Command) -> None:
    ran = command("routes", files=USERS)
    assert ran.code == 0
    assert ran.lines[0] == ["METHODS", "PATTERN", "PLACE", "LAYERS"]
    users = next(line for line in ran.lines if "/users" in line)
    assert users[:4] == ["GET,", "POST", "/users", "routes/users/index.py:1"]
    assert "request_id" in " ".join(users[4:])


def test_json_has_an_object_for_each_pattern_and_file(command: Command) -> None:
    rows = {row["pattern"]: row for row in command("routes", "--json", files=USERS).json()}
    assert rows["/users"]["methods"] == ["GET", "POST"]
    assert (rows["/users"]["file"], rows["/users"]["line"]) == ("routes/users/index.py", 1)
    assert "request_id" in rows["/users"]["layers"]
    assert rows["/users"]["fault"] is None
    assert rows["/health/live"]["file"] == "plugin health"
    assert rows["/health/live"]["layers"] == []


def test_a_broken_file_is_marked_and_the_others_are_listed(command: Command) -> None:
    ran = command("routes", "--json", files={**USERS, "routes/users/me.py": "async def get(:"})
    rows = {row["pattern"]: row for row in ran.json()}
    assert rows["/users/me"]["fault"] == "routes/users/me.py cannot be imported"
    assert rows["/users/{id}"]["methods"] == ["GET"]
    assert ran.code == 1
    assert "routes/users/me.py:1" in ran.err


def test_a_broken_file_is_marked_in_the_table_too(command: Command) -> None:
    ran = command("routes", files={"routes/index.py": "1/0"})
    line = next(line for line in ran.out.splitlines() if "routes/index.py" in line)
    assert line.split("  ")[0] == "?"
    assert line.endswith("broken: routes/index.py cannot be imported")


def test_a_file_whose_name_is_no_url_has_no_pattern(command: Command) -> None:
    ran = command("routes", "--json", files={**HELLO, "routes/a b.py": "async def get(): ..."})
    row = next(row for row in ran.json() if row["file"] == "routes/a b.py")
    assert (row["pattern"], row["fault"]) == ("", '"a b" is not a URL segment')


def test_a_fault_elsewhere_leaves_the_list_complete(command: Command) -> None:
    files = {
        **HELLO,
        "models/user.py": """
            from sqlalchemy.orm import DeclarativeBase

            class Base(DeclarativeBase): ...
        """,
    }
    ran = command("routes", "--env", "production", files=files)
    assert ran.code == 0
    assert "It would not start: No database is configured; see zenith-server check." in ran.err


def test_a_url_is_explained_in_words(command: Command) -> None:
    ran = command("routes", "--url", "/users/7", files=USERS)
    assert ran.code == 0
    assert ran.out.splitlines()[:2] == [
        "GET /users/7 → /users/{id}",
        "get in routes/users/[id].py:1 answers.",
    ]
    assert "  7      parameter {id}" in ran.out
    assert "  id = 7" in ran.out


def test_a_url_is_explained_as_json(command: Command) -> None:
    ran = command("routes", "--url", "/users/me", "--method", "get", "--json", files=USERS)
    found = ran.json()
    assert (found["pattern"], found["place"]) == ("/users/me", "routes/users/me.py:1")
    assert found["steps"][1]["note"] == "fixed text, which comes before a parameter"


def test_a_url_without_an_answer_ends_with_one(command: Command) -> None:
    ran = command("routes", "--url", "/users", "--method", "delete", files=USERS)
    assert ran.code == 1
    assert ran.out.splitlines()[0] == "DELETE /users → 405"


def test_the_code_of_a_url_is_printed(command: Command) -> None:
    ran = command("routes", "--url", "/users/7", "--code", files=USERS)
    assert ran.code == 0
    assert ran.out.startswith("async def endpoint(scope, receive, send, values):")


def test_code_of_nothing_is_a_fault(command: Command) -> None:
    ran = command("routes", "--url", "/nowhere", "--code", files=USERS)
    assert (ran.code, ran.err) == (1, "No handler was compiled for GET /nowhere.\n")


def test_code_without_a_url_is_a_usage_error(command: Command) -> None:
    ran = command("routes", "--code", files=USERS)
    assert (ran.code, ran.err.splitlines()[0]) == (2, "--code prints the code behind one URL.")


VERSIONS = {
    "routes/v1/users.py": """
        async def get(): return []

        async def post(name: str): return name
    """,
    "routes/v1/tags.py": "async def get(): return []",
    "routes/v1/a.py": "async def get(): return 1",
    "routes/v2/users.py": "async def get(): return []",
    "routes/v2/b.py": "async def get(): return 1",
    "zenith.yaml": "versions: {default: v2, v2: {without: [/tags]}}",
}


def test_a_diff_tells_what_a_version_answers_otherwise(command: Command) -> None:
    ran = command("routes", "--diff", "v1", "v2", files=VERSIONS)
    assert ran.code == 0
    assert ran.lines[1:] == [
        ["added", "GET", "/b", "routes/v2/b.py:1"],
        ["removed", "GET", "/tags", "routes/v1/tags.py:1"],
        ["changed", "GET", "/users", "routes/v1/users.py:1", "→", "routes/v2/users.py:1"],
        ["removed", "POST", "/users", "routes/v1/users.py:3"],
        ["1", "of", "v2", "are", "those", "of", "v1."],
    ]


def test_a_diff_as_json_has_what_is_inherited_too(command: Command) -> None:
    rows = command("routes", "--diff", "v1", "v2", "--json", files=VERSIONS).json()
    assert [row["change"] for row in rows if row["pattern"] == "/a"] == ["inherited"]
    assert len(rows) == 5


def test_a_diff_with_a_version_that_is_none_names_the_known_ones(command: Command) -> None:
    ran = command("routes", "--diff", "v1", "v3", files=VERSIONS)
    assert ran.code != 0
    assert "There are: v1, v2." in ran.err


def test_a_url_without_a_version_is_explained_by_the_default(command: Command) -> None:
    found = command("routes", "--url", "/users", "--json", files=VERSIONS).json()
    assert (found["status"], found["pattern"]) == (200, "/v2/users")
    assert found["steps"][0]["note"] == "nothing there; looked for in /v2/users"
