from __future__ import annotations

import re

import pytest

from tests.openapi.conftest import Describe


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("categories/[id].py", "get_category"),
        ("boxes/[id].py", "get_box"),
        ("news/[id].py", "get_news"),
        ("status/[id].py", "get_status"),
        ("glass/[id].py", "get_glass"),
        ("ties/[id].py", "get_tie"),
        ("users/[id]/keys/[key].py", "get_user_key"),
        ("api/v1/users/[id].py", "get_user"),
        ("[id].py", "get_root"),
        ("files/[...path].py", "get_files"),
    ],
)
async def test_one_of_many_is_called_by_its_noun(describe: Describe, file: str, name: str) -> None:
    takes = ", ".join(re.findall(r"\[\.*(\w+)\]", file))
    document = await describe({f"routes/{file}": f"async def get({takes}): ..."})
    [methods] = document["paths"].values()
    assert methods["get"]["operationId"] == name


async def test_many_are_listed(describe: Describe) -> None:
    document = await describe(
        {
            "routes/users.py": """
                from msgspec import Struct

                class Users(Struct):
                    users: list[str]

                async def get() -> Users: ...
                """,
            "routes/keys.py": "async def get() -> list[int]: ...",
            "routes/stats.py": "async def get() -> dict[str, int]: ...",
            "routes/feed.py": "async def get() -> list[int]: ...",
        }
    )
    names = [methods["get"]["operationId"] for methods in document["paths"].values()]
    assert names == ["get_feed", "list_keys", "get_stats", "list_users"]


async def test_names_that_meet_are_numbered_at_last(describe: Describe) -> None:
    document = await describe(
        {
            "routes/a-b.py": "async def get(): ...",
            "routes/a_b.py": "async def get(): ...",
            "routes/a.py": """
                from zenith_server import route

                @route.get("/b")
                async def get(): ...
                """,
        }
    )
    names = sorted(
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
    )
    assert len(set(names)) == len(names) == 4
    assert names[-1].endswith("_3")
