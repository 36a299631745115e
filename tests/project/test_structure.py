"""What holds for every file of this repository."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "zenith_server"
TESTS = ROOT / "tests"
MAX_LINES = 400
MAX_FUNCTION_LINES = 60
FREE = {"project", "end_to_end", "errors", "benchmarks", "example_project", "docs"}

FORBIDDEN = {
    "somebody's folder": r"/(work|home|Users)/\w|/root/(?!\.cache)|/opt/v\d",
    "a package registry": r"index[-_]url|find-links",
    "unfinished work": r"\b(TODO|FIXME|XXX)\b",
    "a way round coverage": r"pragma: no (cover|branch)",
    "a bare type: ignore": r"#\s*type:\s*ignore(?!\[)",
}


def tracked() -> list[Path]:
    """Return the files that git knows, or would know once they are added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / name for name in done.stdout.split("\0") if name]
    return [file for file in files if file.is_file()]


def sources(folder: Path) -> list[Path]:
    return [file for file in tracked() if file.suffix == ".py" and folder in file.parents]


def relative(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def has_postponed_annotations(tree: ast.Module) -> bool:
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    return any(node.module == "__future__" for node in imports)


def has_code(tree: ast.Module) -> bool:
    """Tell whether there is more than a docstring, constants and names passed on."""
    plain = ast.Expr | ast.Assign | ast.Import | ast.ImportFrom
    return any(not isinstance(node, plain) for node in tree.body)


def test_every_file_is_short() -> None:
    files = [*sources(PACKAGE), *sources(TESTS)]
    lengths = {relative(file): len(file.read_text("utf-8").splitlines()) for file in files}
    assert {file: lines for file, lines in lengths.items() if lines > MAX_LINES} == {}


def test_every_function_is_short() -> None:
    found = [(file, node) for file in sources(PACKAGE) for node in functions(file)]
    long = [(file, node) for file, node in found if length(node) > MAX_FUNCTION_LINES]
    assert [f"{relative(file)}:{node.lineno} {node.name}" for file, node in long] == []


def test_nine_functions_in_ten_have_under_twenty_lines_of_code() -> None:
    lengths = sorted(
        sum(isinstance(part, ast.stmt) for part in ast.walk(node)) - 1
        for file in sources(PACKAGE)
        for node in functions(file)
    )
    assert lengths[len(lengths) * 9 // 10] < 20


def test_every_module_says_what_it_is_and_postpones_annotations() -> None:
    trees = {file: ast.parse(file.read_text("utf-8")) for file in sources(PACKAGE)}
    wrong = [
        relative(file)
        for file, tree in trees.items()
        if (tree.body and not ast.get_docstring(tree))
        or (has_code(tree) and not has_postponed_annotations(tree))
    ]
    assert wrong == []


def test_every_test_file_mirrors_a_module() -> None:
    strays = [
        relative(file)
        for file in sources(TESTS)
        if file.name.startswith("test_")
        and not FREE & set(file.relative_to(TESTS).parts)
        and not mirrored(file)
    ]
    assert strays == []


def mirrored(test: Path) -> bool:
    name = test.stem.removeprefix("test_")
    twin = PACKAGE / test.relative_to(TESTS).parent / name
    module = twin.with_name(f"{name}.py")
    return module.exists() or twin.with_name(f"__{name}__.py").exists() or twin.is_dir()


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_no_file_holds(kind: str) -> None:
    pattern = re.compile(FORBIDDEN[kind])
    files = [file for file in tracked() if file != Path(__file__).resolve()]
    texts = {file: file.read_text("utf-8", errors="replace") for file in files}
    found = {relative(file): pattern.search(text) for file, text in texts.items()}
    assert {file: match.group() for file, match in found.items() if match} == {}
