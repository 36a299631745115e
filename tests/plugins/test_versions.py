from __future__ import annotations

from datetime import date

import pytest

from tests.conftest import Server
from zenith_server.plugins.versions import headers_of
from zenith_server.settings import Version

USERS = {
    "routes/v1/users/index.py": "async def get() -> str: return 'v1'",
    "routes/v1/users/[id].py": """
        async def get(id: int) -> str: return f'v1 {id}'
        async def delete(id: int) -> None: ...
        """,
    "routes/v2/users/[id].py": "async def get(id: int) -> str: return f'v2 {id}'",
}
DEFAULT = {"zenith.yaml": "versions: {default: v1}"}
LEAVING = {
    "zenith.yaml": """
        versions:
          v1: {deprecated: 2026-11-01, sunset: 2027-05-01, link: "https://example.com/v2"}
        """
}
GUARD = """
    from zenith_server import Forbidden
    def before() -> None: raise Forbidden("{0}")
    """


async def test_a_newer_version_answers_what_it_does_not_override(serve: Server) -> None:
    app = await serve(USERS)
    assert (await app.get("/v2/users")).json() == "v1"
    assert (await app.get("/v2/users/7")).json() == "v2 7"
    assert (await app.get("/v1/users/7")).json() == "v1 7"


async def test_a_file_takes_the_place_of_the_older_one_whole(serve: Server) -> None:
    app = await serve(USERS)
    answer = await app.request("DELETE", "/v2/users/7")
    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD, OPTIONS")
    assert (await app.request("DELETE", "/v1/users/7")).status == 204


@pytest.mark.parametrize(
    ("guards", "old", "new"),
    [
        ({"routes/v1/users/_middleware.py": GUARD.format("v1")}, "v1", "v1"),
        ({"routes/v2/users/_middleware.py": GUARD.format("v2")}, None, "v2"),
        (
            {f"routes/{v}/users/_middleware.py": GUARD.format(v) for v in ("v1", "v2")},
            "v1",
            "v2",
        ),
    ],
)
async def test_a_guard_of_an_older_version_holds_until_a_newer_one_has_its_own(
    serve: Server, guards: dict[str, str], old: str | None, new: str
) -> None:
    app = await serve(USERS | guards)
    assert (await app.get("/v1/users/7")).status == (403 if old else 200)
    for url in ("/v2/users", "/v2/users/7"):
        answer = await app.get(url)
        assert (answer.status, answer.json()["detail"]) == (403, new)


async def test_errors_are_mapped_by_the_older_version_until_a_newer_one_does(
    serve: Server,
) -> None:
    failing = "async def get() -> str: raise KeyError('x')"
    mapping = "def lost(error: KeyError) -> tuple[str, int]: return '{0}', 404"
    app = await serve(
        {
            "routes/v1/a.py": failing,
            "routes/v1/_errors.py": mapping.format("v1"),
            "routes/v2/b.py": failing,
            "routes/v3/_errors.py": mapping.format("v3"),
            "routes/v3/c.py": failing,
        }
    )
    for url, said in {"/v1/a": "v1", "/v2/a": "v1", "/v2/b": "v1", "/v3/b": "v3"}.items():
        assert (await app.get(url)).json() == said


async def test_a_version_need_not_inherit_and_may_leave_out_urls(serve: Server) -> None:
    fresh = await serve(USERS | {"zenith.yaml": "versions: {v2: {inherit: no}}"})
    assert (await fresh.get("/v2/users")).status == 404
    less = await serve(USERS | {"zenith.yaml": "versions: {v2: {without: [/users]}}"})
    assert (await less.get("/v2/users")).status == 404
    assert (await less.get("/v2/users/7")).status == 200


async def test_a_header_chooses_where_the_url_does_not(serve: Server) -> None:
    app = await serve(USERS)
    answer = await app.get("/users/7", {"api-version": "v2"})
    assert answer.json() == "v2 7"
    assert (answer.header("api-version"), answer.header("vary")) == ("v2", "api-version")
    assert (await app.get("/v1/users/7", {"api-version": "v2"})).json() == "v1 7"


async def test_there_is_no_default_unless_one_is_set(serve: Server) -> None:
    assert (await (await serve(USERS)).get("/users/7")).status == 404
    answer = await (await serve(USERS | DEFAULT)).get("/users/7")
    assert (answer.json(), answer.header("api-version")) == ("v1 7", "v1")


async def test_the_chosen_version_alone_says_which_methods_there_are(serve: Server) -> None:
    app = await serve(USERS | DEFAULT)
    assert (await app.request("DELETE", "/users/7")).status == 204
    answer = await app.request("DELETE", "/users/7", {"api-version": "v2"})
    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD, OPTIONS")


async def test_a_slash_at_the_end_leads_to_the_url_without_a_version(serve: Server) -> None:
    answer = await (await serve(USERS | DEFAULT)).get("/users/?page=2")
    assert (answer.status, answer.header("location")) == (308, "/users?page=2")


@pytest.mark.parametrize(
    "given", [[("api-version", "v9")], [("api-version", v) for v in ("v1", "v2")]]
)
async def test_a_header_that_names_no_version_is_told_the_known_ones(
    serve: Server, given: list[tuple[str, str]]
) -> None:
    answer = await (await serve(USERS | DEFAULT)).get("/users", given)
    assert (answer.status, answer.json()["versions"]) == (400, ["v1", "v2"])
    assert answer.header("content-type") == "application/problem+json"


async def test_what_has_no_version_is_found_before_any_version(serve: Server) -> None:
    app = await serve(
        USERS | DEFAULT | {"routes/users/me.py": "async def get() -> str: return 'me'"}
    )
    answer = await app.get("/users/me", {"api-version": "v2"})
    assert (answer.json(), answer.header("api-version")) == ("me", None)


async def test_every_family_has_its_own_versions(serve: Server) -> None:
    app = await serve(
        {
            "routes/api/v1/a.py": "async def get() -> str: return 'api'",
            "routes/hooks/v1/a.py": "async def get() -> str: return 'hooks'",
            "zenith.yaml": "versions: {default: v1}",
        }
    )
    assert (await app.get("/api/a")).json() == "api"
    assert (await app.get("/hooks/a")).json() == "hooks"
    assert (await app.get("/a")).status == 404


async def test_a_version_that_is_leaving_says_so_in_every_answer(serve: Server) -> None:
    app = await serve(USERS | LEAVING)
    for url, headers in {
        "/v1/users": {},
        "/v1/nowhere": {},
        "/users": {"api-version": "v1"},
    }.items():
        answer = await app.get(url, headers)
        assert answer.header("deprecation") == "@1793491200"
        assert answer.header("sunset") == "Sat, 01 May 2027 00:00:00 GMT"
        assert [value for name, value in answer.headers if name == "link"] == [
            '<https://example.com/v2>; rel="deprecation"',
            '<https://example.com/v2>; rel="sunset"',
        ]
    assert (await app.get("/v2/users")).header("deprecation") is None


def test_a_day_means_its_beginning_in_utc() -> None:
    assert headers_of(Version(sunset=date(2026, 1, 1))) == [
        (b"sunset", b"Thu, 01 Jan 2026 00:00:00 GMT")
    ]


async def test_each_version_has_a_document_of_its_own(serve: Server) -> None:
    app = await serve(USERS | LEAVING)
    new = (await app.get("/v2/openapi.json")).json()
    assert list(new["paths"]) == ["/v2/users", "/v2/users/{id}"]
    assert new["info"]["version"] == "v2"
    assert new["paths"]["/v2/users"]["get"]["operationId"] == "get_users"
    assert "deprecated" not in new["paths"]["/v2/users"]["get"]
    old = (await app.get("/v1/openapi.json")).json()
    assert old["paths"]["/v1/users/{id}"]["delete"]["deprecated"] is True
    assert set((await app.get("/openapi.json")).json()["paths"]) == {*old["paths"], *new["paths"]}


async def test_the_page_offers_the_document_of_each_version(serve: Server) -> None:
    app = await serve(USERS, environ={"ZENITH_DOCS__UI": "true"})
    script = (await app.get("/docs/start.js")).body.decode()
    assert '[{"url": "v2/openapi.json", "name": "v2"}, {"url": "v1/openapi.json"' in script
    assert b"standalone-preset" in (await app.get("/docs")).body


async def test_a_version_in_a_day(serve: Server) -> None:
    app = await serve(
        {
            "routes/2026-01-01/a.py": "async def get() -> str: return 'old'",
            "routes/2026-11-01/b.py": "async def get() -> str: return 'new'",
        }
    )
    assert (await app.get("/2026-11-01/a")).json() == "old"
    assert (await app.get("/b", {"api-version": "2026-11-01"})).json() == "new"
    document = (await app.get("/2026-11-01/openapi.json")).json()
    ids = [methods["get"]["operationId"] for methods in document["paths"].values()]
    assert ids == ["get_a", "get_b"]


async def test_without_versions_there_is_nothing_that_chooses(serve: Server) -> None:
    app = await serve({"routes/a.py": "async def get() -> int: return 1"})
    plan = app.app.plan  # pyright: ignore[reportFunctionMemberAccess]
    assert plan.choices == ()
    assert "versions" not in [hook.name for hook in plan.hooks]
