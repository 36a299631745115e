from __future__ import annotations

import pytest

from zenith_server.errors import ProjectError
from zenith_server.manifest import ProjectFile
from zenith_server.names import Pattern, url_of
from zenith_server.versions import Family, families, faults_of, placed


def files(*names: str) -> list[ProjectFile]:
    return [ProjectFile("route", name, name) for name in names]


def places(family: Family, *names: str, without: tuple[str, ...] = ()) -> dict[str, list[str]]:
    urls: dict[str, Pattern] = {name: url_of(name) for name in names}
    found = placed(family, urls, {}, {"v2": without})
    return {file: [str(place.pattern) for place in each] for file, each in found.items()}


V12 = Family("routes", ("v1", "v2"))


def test_versions_are_sorted_as_numbers_and_days() -> None:
    names = [f"routes/v{n}/a.py" for n in (10, 9)]
    assert families(files(*names))[0].names == ("v9", "v10")
    days = ("routes/2026-11-01/a.py", "routes/2025-12-31/a.py")
    assert families(files(*days))[0].names == ("2025-12-31", "2026-11-01")


def test_only_the_first_folder_that_looks_like_a_version_is_one() -> None:
    found = families(files("routes/api/v1/v2/a.py", "routes/[id]/v1/a.py", "routes/vat/a.py"))
    assert found == (Family("routes/api", ("v1",)),)
    assert str(found[0].url("v1")) == "/api/v1"


def test_a_group_adds_nothing_to_the_url_of_a_version() -> None:
    assert str(Family("routes/(open)", ("v1",)).url("v1")) == "/v1"


def test_a_file_answers_in_newer_versions_until_one_has_its_url() -> None:
    assert places(V12, "routes/v1/a.py", "routes/v1/b.py", "routes/v2/(g)/b/index.py") == {
        "routes/v1/a.py": ["/v1/a", "/v2/a"],
        "routes/v1/b.py": ["/v1/b"],
        "routes/v2/(g)/b/index.py": ["/v2/b"],
    }


def test_a_parameter_of_another_name_takes_the_place_too() -> None:
    found = places(V12, "routes/v1/[id].py", "routes/v2/[slug].py")
    assert found == {"routes/v1/[id].py": ["/v1/{id}"], "routes/v2/[slug].py": ["/v2/{slug}"]}


def test_a_url_that_is_left_out_stays_out_of_later_versions() -> None:
    family = Family("routes", ("v1", "v2", "v3"))
    found = places(family, "routes/v1/[id].py", "routes/v3/b.py", without=("/{name}",))
    assert found["routes/v1/[id].py"] == ["/v1/{id}"]


def test_leaving_out_what_was_not_there_is_a_fault() -> None:
    with pytest.raises(ProjectError, match="v2 leaves out /b, which it does not inherit"):
        places(V12, "routes/v1/a.py", without=("/b",))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("v1", "v3"), "v3 follows v1, and v2 is missing"),
        (("2026-11-01", "v1"), "versions with numbers and versions with days"),
        (("2026-13-01",), "2026-13-01 is not a day"),
        (("v01",), "a zero before its number"),
    ],
)
def test_versions_without_an_order_are_a_fault(names: tuple[str, ...], message: str) -> None:
    (fault,) = faults_of(Family("routes", names))
    assert message in fault.what


def test_the_oldest_version_may_have_any_number() -> None:
    assert list(faults_of(Family("routes", ("v3", "v4")))) == []
