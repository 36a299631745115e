"""The project's code is imported under one name a file, from its own folder, whatever is around."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from unittest import mock

import pytest

from tests.projects import write_project
from zenith_server.errors import Fault, ProjectError
from zenith_server.finder import ProjectFinder
from zenith_server.load import enter, load, relative_of, take_back_variables
from zenith_server.manifest import Convention, Manifest
from zenith_server.scan import scan

Project = Callable[[Mapping[str, str]], Path]
Loader = Callable[[str], ModuleType]

FOLDERS = ("routes", "models", "services", "jobs", "plugins")
CONVENTIONS = (
    *(Convention(folder, folder) for folder in FOLDERS),
    Convention("app", "", "app.py", deep=False),
)


@pytest.fixture(autouse=True)
def tidy() -> Iterator[None]:
    """Leave the process as it was, whichever project a test entered."""
    modules, path, finders = dict(sys.modules), list(sys.path), list(sys.meta_path)
    yield
    take_back_variables()
    sys.path[:], sys.meta_path[:] = path, finders
    for name, module in tuple(sys.modules.items()):
        if name not in modules:
            del sys.modules[name]
        elif module is not modules[name]:  # of a project that an earlier test in here had
            sys.modules[name] = modules[name]
    sys.modules |= {name: module for name, module in modules.items() if name not in sys.modules}


@pytest.fixture
def entered(project: Project) -> Callable[[Mapping[str, str]], Loader]:
    """Return a function that enters a project and returns the loader of its files."""

    def enter_project(files: Mapping[str, str]) -> Loader:
        return enter_folder(project(files))

    return enter_project


def enter_folder(root: Path, variables: Mapping[str, str] | None = None) -> Loader:
    manifest = scan(root, CONVENTIONS)
    enter(manifest, variables or {})
    return lambda relative: load_one(manifest, relative)


def load_one(manifest: Manifest, relative: str) -> ModuleType:
    file = next(file for file in manifest.files if file.relative == relative)
    return load(file, manifest.root)


def fault_of(loader: Loader, relative: str) -> Fault:
    with pytest.raises(ProjectError) as caught:
        loader(relative)
    (fault,) = caught.value.faults
    return fault


Enter = Callable[[Mapping[str, str]], Loader]


# --- names ---


def test_a_file_is_one_module_however_it_is_imported(entered: Enter) -> None:
    loader = entered({"models/user.py": "class User: ..."})
    from_load = loader("models/user.py")
    assert importlib.import_module("models.user") is from_load
    assert from_load.__name__ == "models.user"


def test_files_of_a_group_and_beside_it_are_two_modules(entered: Enter) -> None:
    loader = entered({"routes/(admin)/settings.py": "x = 1", "routes/settings.py": "x = 2"})
    assert loader("routes/(admin)/settings.py").x == 1
    assert loader("routes/settings.py").x == 2


def test_a_module_in_brackets_knows_its_real_file(entered: Enter) -> None:
    module = entered({"routes/users/[id].py": ""})("routes/users/[id].py")
    assert module.__file__ is not None
    assert module.__file__.endswith("routes/users/[id].py")


def test_a_handler_in_brackets_can_be_patched_by_its_dotted_name(entered: Enter) -> None:
    module = entered({"routes/users/[id].py": "def get(): return 1"})("routes/users/[id].py")
    with mock.patch(f"{module.__name__}.get", return_value=2):
        assert module.get() == 2
    assert module.get() == 1


def test_a_bracket_file_and_the_folder_of_its_name_both_load(entered: Enter) -> None:
    loader = entered({"routes/[id].py": "x = 1", "routes/[id]/posts.py": "x = 2"})
    assert (loader("routes/[id].py").x, loader("routes/[id]/posts.py").x) == (1, 2)


def test_a_private_file_beside_bracket_files_is_imported_relatively(entered: Enter) -> None:
    loader = entered(
        {
            "routes/[org]/(admin)/_sums.py": "total = 3",
            "routes/[org]/(admin)/[id].py": "from ._sums import total",
        }
    )
    assert loader("routes/[org]/(admin)/[id].py").total == 3


def test_a_file_beside_a_folder_of_its_name_is_a_package_too(entered: Enter) -> None:
    loader = entered(
        {
            "routes/users.py": "from routes.users._shared import x",
            "routes/users/_shared.py": "x = 1",
            "routes/users/index.py": "from routes.users import x",
        }
    )
    assert loader("routes/users/index.py").x == 1


def test_a_file_keeps_its_names_beside_files_in_the_folder_of_its_name(entered: Enter) -> None:
    loader = entered(
        {"routes/users.py": "def get(): return 1", "routes/users/get.py": "def get(): return 2"}
    )
    assert loader("routes/users/get.py").get() == 2
    assert loader("routes/users.py").get() == 1


def test_a_module_in_a_folder_is_an_attribute_of_the_folder(entered: Enter) -> None:
    loader = entered({"routes/users.py": "", "routes/users/posts.py": ""})
    assert loader("routes/users/posts.py") is loader("routes/users.py").posts


def test_a_marker_of_a_package_is_respected(entered: Enter) -> None:
    loader = entered({"models/__init__.py": "BASE = 1", "models/a.py": "from models import BASE"})
    assert loader("models/a.py").BASE == 1


def test_a_folder_without_markers_is_a_package(entered: Enter) -> None:
    loader = entered(
        {"services/mail/send.py": "x = 1", "routes/index.py": "from services.mail.send import x"}
    )
    assert loader("routes/index.py").x == 1


def test_a_project_module_that_does_not_exist_is_not_found(entered: Enter) -> None:
    entered({"models/a.py": ""})
    with pytest.raises(ModuleNotFoundError, match=r"models\.b"):
        importlib.import_module("models.b")


# --- where from ---


def test_the_project_folder_is_first_on_the_import_path_and_once(project: Project) -> None:
    root = project({"models/a.py": ""})
    enter_folder(root)
    enter_folder(root)
    assert sys.path[0] == str(root)
    assert sys.path.count(str(root)) == 1


def test_no_folder_inside_the_project_is_on_the_import_path(project: Project) -> None:
    root = project({"models/types.py": "raise RuntimeError", "models/a.py": "import types"})
    enter_folder(root)("models/a.py")
    assert [entry for entry in sys.path if entry.startswith(f"{root}/")] == []


def test_the_current_directory_does_not_matter(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = write_project(tmp_path / "elsewhere", {"models/a.py": "x = 'wrong'"})
    monkeypatch.chdir(elsewhere)
    assert enter_folder(project({"models/a.py": "x = 'right'"}))("models/a.py").x == "right"


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_wins_over_an_installed_package_of_its_name(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    installed = write_project(
        tmp_path / "site", {f"{folder}/__init__.py": "", f"{folder}/a.py": ""}
    )
    monkeypatch.syspath_prepend(str(installed))
    loader = enter_folder(project({f"{folder}/a.py": "x = 1"}))
    assert loader(f"{folder}/a.py").x == 1


def test_a_package_of_the_same_name_that_is_already_imported_is_said(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = write_project(tmp_path / "site", {"jobs/__init__.py": ""})
    monkeypatch.syspath_prepend(str(installed))
    importlib.import_module("jobs")
    fault = fault_of(enter_folder(project({"jobs/a.py": ""})), "jobs/a.py")
    assert fault.what == "jobs/a.py cannot be imported as jobs.a"
    assert fault.where == ("jobs/a.py", f"{installed}/jobs/__init__.py")


def test_a_built_in_module_of_the_same_name_is_said(entered: Enter) -> None:
    loader = entered({"app.py": ""})
    sys.modules["app"] = ModuleType("app")
    assert "built-in module app" in fault_of(loader, "app.py").where


def test_a_library_of_the_projects_own_environment_is_not_its_code(project: Project) -> None:
    root = project({"routes/index.py": ""})
    library = root / ".venv/lib/python3/site-packages/lib.py"
    assert relative_of(str(library), root) is None
    assert relative_of(str(root / "routes/index.py"), root) == "routes/index.py"
    assert relative_of("/elsewhere/index.py", root) is None


# --- several projects ---


def test_the_next_project_has_its_own_modules(tmp_path: Path) -> None:
    files = {"models/user.py": "from tools import x", "routes/[id].py": "x = __file__"}
    one = write_project(tmp_path / "one", {**files, "tools.py": "x = 1"})
    two = write_project(tmp_path / "two", {**files, "tools.py": "x = 2"})
    loader = enter_folder(one)
    assert (loader("models/user.py").x, loader("routes/[id].py").x) == (1, f"{one}/routes/[id].py")
    loader = enter_folder(two)
    assert (loader("models/user.py").x, loader("routes/[id].py").x) == (2, f"{two}/routes/[id].py")
    assert str(one) not in sys.path


def test_the_same_project_keeps_its_modules(project: Project) -> None:
    root = project({"models/user.py": ""})
    assert enter_folder(root)("models/user.py") is enter_folder(root)("models/user.py")


def test_libraries_inside_a_project_folder_are_not_forgotten_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = write_project(
        tmp_path / "one",
        {"models/a.py": "import somelib", "venv/lib/site-packages/somelib/__init__.py": ""},
    )
    monkeypatch.syspath_prepend(str(one / "venv/lib/site-packages"))
    enter_folder(one)("models/a.py")
    library = sys.modules["somelib"]
    enter_folder(write_project(tmp_path / "two", {"models/a.py": ""}))
    assert sys.modules["somelib"] is library
    assert "models.a" not in sys.modules


def test_there_is_one_finder_at_a_time(tmp_path: Path) -> None:
    for name in ("one", "two", "two"):
        enter_folder(write_project(tmp_path / name, {"models/a.py": ""}))
    finders = [finder for finder in sys.meta_path if isinstance(finder, ProjectFinder)]
    assert [finder.root.name for finder in finders] == ["two"]


def test_the_variables_of_a_project_are_where_every_program_looks(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZT_SET", "outside")
    monkeypatch.delenv("ZT_NEW", raising=False)
    enter_folder(project({"models/a.py": ""}), {"ZT_SET": "inside", "ZT_NEW": "inside"})
    assert (os.environ["ZT_SET"], os.environ["ZT_NEW"]) == ("outside", "inside")


def test_the_variables_of_a_project_end_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZT_NEW", raising=False)
    enter_folder(write_project(tmp_path / "one", {"models/a.py": ""}), {"ZT_NEW": "1"})
    enter_folder(write_project(tmp_path / "two", {"models/a.py": ""}))
    assert "ZT_NEW" not in os.environ


def test_a_variable_that_somebody_changed_stays(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZT_NEW", raising=False)
    enter_folder(project({"models/a.py": ""}), {"ZT_NEW": "1"})
    monkeypatch.setenv("ZT_NEW", "2")
    take_back_variables()
    assert os.environ["ZT_NEW"] == "2"


# --- what goes wrong ---


def test_an_error_is_told_by_the_last_line_of_the_project_that_ran(entered: Enter) -> None:
    loader = entered(
        {
            "routes/index.py": "from services.mail import send",
            "services/mail.py": """
                import json
                SETTINGS = json.loads("{")
            """,
        }
    )
    fault = fault_of(loader, "routes/index.py")
    assert fault.what == "routes/index.py cannot be imported"
    assert fault.where == ("services/mail.py:2", "routes/index.py")
    assert fault.why.startswith("JSONDecodeError: ")
    assert fault.why.endswith('SETTINGS = json.loads("{")')


def test_a_syntax_error_is_told_with_its_line(entered: Enter) -> None:
    loader = entered({"models/a.py": "", "routes/index.py": "x = 1\ndef get(:\n"})
    fault = fault_of(loader, "routes/index.py")
    assert fault.where == ("routes/index.py:2",)
    assert fault.why == "SyntaxError: invalid syntax\n    def get(:"


def test_a_missing_library_is_told_with_the_command_that_installs_it(entered: Enter) -> None:
    fault = fault_of(entered({"models/a.py": "import zt_missing.part"}), "models/a.py")
    assert "pip install zt_missing." in fault.fixes[0]


def test_a_misspelt_file_of_the_project_is_no_library(entered: Enter) -> None:
    loader = entered({"models/user.py": "", "routes/index.py": "from models.usr import User"})
    fault = fault_of(loader, "routes/index.py")
    assert fault.fixes == ("Check the name: models.usr would be models/usr.py.",)


def test_a_file_that_exits_does_not_end_the_server(entered: Enter) -> None:
    fault = fault_of(entered({"models/a.py": "import sys; sys.exit(3)"}), "models/a.py")
    assert fault.why.startswith("SystemExit: 3")


def test_a_fault_of_ours_that_an_import_meets_is_told_with_its_line(entered: Enter) -> None:
    text = """
        from zenith_server import route

        @route.get("/a b")
        def export(): ...
    """
    fault = fault_of(entered({"routes/index.py": text}), "routes/index.py")
    assert fault.what == '"a b" is not a URL segment'
    assert fault.where[0] == "routes/index.py:3"


def test_a_null_byte_in_a_file_has_a_place(entered: Enter) -> None:
    fault = fault_of(entered({"models/a.py": "\0"}), "models/a.py")
    assert fault.where[0].startswith("models/a.py")
