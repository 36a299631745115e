"""A folder becomes a manifest without importing anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from zenith_server.errors import ProjectError
from zenith_server.manifest import Convention, Manifest
from zenith_server.scan import scan

Project = Callable[[Mapping[str, str]], Path]

CONVENTIONS = (
    Convention("route", "routes"),
    Convention("guard", "routes", "_middleware.py"),
    Convention("layer", "middleware", deep=False),
    Convention("app", "", "app.py", deep=False),
    Convention("sql", "queries", "q_*.sql"),
)


def files(manifest: Manifest) -> dict[str, str]:
    return {file.relative: file.kind for file in manifest.files}


def reasons(manifest: Manifest) -> dict[str, str]:
    return {file.relative: file.reason for file in manifest.skipped}


def whats(manifest: Manifest) -> list[str]:
    return [fault.what for fault in manifest.faults]


def test_each_file_has_the_part_of_its_folder(project: Project) -> None:
    root = project({"routes/users/[id].py": "", "middleware/cors.py": "", "app.py": ""})
    assert files(scan(root, CONVENTIONS)) == {
        "app.py": "app",
        "middleware/cors.py": "layer",
        "routes/users/[id].py": "route",
    }


def test_an_exact_name_wins_over_a_pattern(project: Project) -> None:
    root = project({"routes/(admin)/_middleware.py": ""})
    assert files(scan(root, CONVENTIONS)) == {"routes/(admin)/_middleware.py": "guard"}


def test_a_pattern_can_have_a_head_and_a_tail(project: Project) -> None:
    root = project({"queries/q_a.sql": "", "queries/q_a.txt": "", "queries/a.sql": ""})
    assert files(scan(root, CONVENTIONS)) == {"queries/q_a.sql": "sql"}


def test_files_are_in_natural_order(project: Project) -> None:
    root = project({f"middleware/{name}.py": "" for name in ("10_b", "2_a", "1", "01")})
    found = [file.relative for file in scan(root, CONVENTIONS).of("layer")]
    assert found == [f"middleware/{name}.py" for name in ("01", "1", "2_a", "10_b")]


def test_no_file_is_imported_while_a_project_is_scanned(project: Project) -> None:
    root = project({"routes/broken.py": "this is not Python", "app.py": "raise SystemExit"})
    assert len(scan(root, CONVENTIONS).files) == 2


@pytest.mark.parametrize(
    ("relative", "reason"),
    [
        ("routes/_shared.py", "private: it can be imported and has no part of its own"),
        ("routes/_lib/sums.py", "private: it can be imported and has no part of its own"),
        ("routes/_lib/_middleware.py", "private: it can be imported and has no part of its own"),
        ("routes/__init__.py", "packages need no marker here"),
        ("routes/.index.py", "hidden"),
        ("routes/notes.md", "not a Python file"),
        ("middleware/deeper/one.py", "no convention looks here"),
        ("setup.py", "no convention looks here"),
    ],
)
def test_a_file_without_a_part_is_listed_with_the_reason(
    project: Project, relative: str, reason: str
) -> None:
    assert reasons(scan(project({relative: ""}), CONVENTIONS)) == {relative: reason}


@pytest.mark.parametrize("relative", ["routes/__pycache__/x.py", "routes/.git/x.py", "docs/x.py"])
def test_hidden_and_foreign_folders_are_not_entered(project: Project, relative: str) -> None:
    manifest = scan(project({relative: ""}), CONVENTIONS)
    assert (manifest.files, manifest.skipped, manifest.faults) == ((), (), ())


def test_the_one_dotted_folder_with_a_meaning_in_urls_is_entered(project: Project) -> None:
    manifest = scan(project({"routes/.well-known/change-password.py": ""}), CONVENTIONS)
    assert len(manifest.of("route")) == 1


@pytest.mark.parametrize(
    ("relative", "what"),
    [
        ("App.py", "App.py is written in another case than app.py"),
        (
            "routes/_Middleware.py",
            "routes/_Middleware.py is written in another case than routes/_middleware.py",
        ),
        ("Routes/index.py", "Routes is written in another case than routes"),
    ],
)
def test_a_special_name_in_another_case_is_a_fault(
    project: Project, relative: str, what: str
) -> None:
    assert whats(scan(project({relative: ""}), CONVENTIONS)) == [what]


def test_a_file_that_hides_a_module_of_python_is_a_fault(project: Project) -> None:
    manifest = scan(project({"types.py": ""}), CONVENTIONS)
    assert whats(manifest) == ["types.py hides Python's own module types"]


def test_below_the_project_a_file_may_be_called_like_a_module_of_python(project: Project) -> None:
    assert scan(project({"routes/types.py": ""}), CONVENTIONS).faults == ()


@pytest.mark.parametrize("link", ["routes/evil.py", "routes/evil", "routes", "app.py"])
def test_a_link_out_of_the_project_is_a_fault_and_not_a_file(
    project: Project, tmp_path: Path, link: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.py").touch()
    root = project({} if link == "routes" else {"routes/index.py": ""})
    (root / link).symlink_to(outside / "secret.py" if link.endswith(".py") else outside)
    manifest = scan(root, CONVENTIONS)
    assert whats(manifest) == [f"{link} is a link that leads out of the project"]
    assert link not in str(files(manifest))


def test_a_link_inside_the_project_is_a_file_like_any_other(project: Project) -> None:
    root = project({"routes/old.py": ""})
    (root / "routes/new.py").symlink_to("old.py")
    assert set(files(scan(root, CONVENTIONS))) == {"routes/old.py", "routes/new.py"}


def test_a_link_to_a_folder_above_itself_is_a_fault_and_not_a_circle(project: Project) -> None:
    root = project({"routes/index.py": ""})
    (root / "routes/again").symlink_to(root / "routes")
    manifest = scan(root, CONVENTIONS)
    assert whats(manifest) == ["routes/again is a link to a folder that it lies in"]
    assert set(files(manifest)) == {"routes/index.py"}


def test_a_link_to_nothing_is_a_fault(project: Project) -> None:
    root = project({"routes/index.py": ""})
    (root / "routes/gone.py").symlink_to(root / "routes/missing.py")
    assert whats(scan(root, CONVENTIONS)) == ["routes/gone.py is a link to nothing"]


def test_the_lock_of_an_editor_is_hidden(project: Project) -> None:
    root = project({"routes/index.py": ""})
    (root / "routes/.#index.py").symlink_to("ada@host.4711")
    assert reasons(scan(root, CONVENTIONS)) == {"routes/.#index.py": "hidden"}


def test_a_project_may_itself_be_reached_by_a_link(project: Project, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(project({"routes/index.py": ""}))
    manifest = scan(link, CONVENTIONS)
    assert (len(manifest.files), manifest.faults) == (1, ())


def test_a_missing_folder_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="nowhere"):
        scan(tmp_path / "nowhere", CONVENTIONS)


def test_a_file_is_no_project(project: Project) -> None:
    with pytest.raises(ProjectError, match=r"app\.py"):
        scan(project({"app.py": ""}) / "app.py", CONVENTIONS)


def test_a_manifest_is_plain_values_for_machines(project: Project) -> None:
    root = project({"app.py": "", "routes/_x.py": ""})
    assert scan(root, CONVENTIONS).as_json() == {
        "root": str(root),
        "files": [{"kind": "app", "relative": "app.py", "module": "app"}],
        "skipped": [
            {
                "relative": "routes/_x.py",
                "reason": "private: it can be imported and has no part of its own",
            }
        ],
    }
