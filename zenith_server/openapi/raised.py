"""Which exceptions a handler may raise: those in its code and docstring, and in what it calls."""

from __future__ import annotations

import ast
import builtins
import inspect
import site
import sys
import sysconfig
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from msgspec import Struct, field

from zenith_server import problems
from zenith_server.handlers.schema import plain
from zenith_server.openapi.docstring import doc_of
from zenith_server.problems import HTTPException


class Raised(Struct, frozen=True):
    """An exception that may end a request.

    Args:
        exception: its class.
        text: when that happens, where the code or a docstring tells it.
        status: the status of a plain `HTTPException`.
        early: whether that is before the route is known, so that its own mappings do not count.
    """

    exception: type[Exception]
    text: str = ""
    status: int | None = None
    early: bool = False


class Sources(Struct):
    """Reads functions of the project, each once; what is installed is not looked into."""

    _files: dict[str, dict[int, ast.AST]] = field(default_factory=dict[str, dict[int, ast.AST]])
    _found: dict[Any, tuple[Raised, ...]] = field(default_factory=dict[Any, tuple[Raised, ...]])

    def raised(self, call: Callable[..., Any], owner: type[Any] | None = None) -> list[Raised]:
        """Return what a call may raise, with what the functions that it calls may raise.

        Args:
            call: a function of the project.
            owner: the class of its `self`.
        """
        seen: dict[Any, None] = {}
        return list(dict.fromkeys(self._all(_function(call), owner, seen)))

    def _all(
        self, function: FunctionType | None, owner: type[Any] | None, seen: dict[Any, None]
    ) -> Iterator[Raised]:
        if function is None or function in seen or not _is_own(function):
            return
        seen[function] = None
        names = _Names(function, owner)
        yield from _documented(function, names)
        for node in ast.walk(self._tree(function)):
            if isinstance(node, ast.Raise) and node.exc is not None:
                yield from _raise(node.exc, names)
            elif isinstance(node, ast.Call):
                yield from _deeper(node.func)
                called, its_owner = names.called(node.func)
                yield from self._all(_function(called), its_owner, seen)

    def _tree(self, function: FunctionType) -> ast.AST:
        """The function's part of its file; an empty one where there is no source."""
        name = function.__code__.co_filename
        if name not in self._files:
            self._files[name] = _functions(name)
        return self._files[name].get(function.__code__.co_firstlineno, ast.Pass())


class _Names(Struct):
    """What the names in a function stand for."""

    function: FunctionType
    owner: type[Any] | None

    def value(self, node: ast.AST) -> Any:
        """The global, or an attribute of one, that an expression names."""
        if isinstance(node, ast.Name):
            own: dict[str, Any] = getattr(self.function, "__globals__", {})
            places = (own, vars(problems), vars(builtins))
            return next((place[node.id] for place in places if node.id in place), None)
        if isinstance(node, ast.Attribute):
            value = self.value(node.value)
            is_holder = isinstance(value, ModuleType) or inspect.isclass(value)
            return getattr(value, node.attr, None) if is_holder else None
        return None

    def called(self, node: ast.AST) -> tuple[Any, type[Any] | None]:
        """What a call calls, and the class whose method that is."""
        if isinstance(node, ast.Attribute):
            cls = self.type(node.value)
            if cls is not None:
                return getattr(cls, node.attr, None), cls
        return self.value(node), None

    def type(self, node: ast.AST) -> type[Any] | None:
        """The class of a parameter, of `self`, or of an attribute that `__init__` was given."""
        if isinstance(node, ast.Name):
            return self.owner if node.id == "self" else _class(_hints(self.function).get(node.id))
        if isinstance(node, ast.Attribute):
            cls = self.type(node.value)
            given = {**_hints(cls.__init__), **_hints(cls)} if cls is not None else {}
            return _class(given.get(node.attr))
        return None


def _raise(node: ast.expr, names: _Names) -> Iterator[Raised]:
    arguments = node.args if isinstance(node, ast.Call) else []
    kind = names.value(node.func if isinstance(node, ast.Call) else node)
    if not inspect.isclass(kind) or not issubclass(kind, Exception):
        return
    constants = [each.value for each in arguments if isinstance(each, ast.Constant)]
    status = constants.pop(0) if kind is HTTPException and constants else None
    text = constants[0] if constants and isinstance(constants[0], str) else ""
    yield Raised(kind, text, status if isinstance(status, int) else None)


_DEEPER: Mapping[str, str] = {
    **dict.fromkeys(("one", "scalar_one", "get_one"), "sqlalchemy.exc.NoResultFound"),
    **dict.fromkeys(("find_or_404", "first_or_404"), "zenith_server.problems.NotFound"),
}
"""What methods raise of libraries that are not looked into, by their names."""


def _deeper(called: ast.expr) -> Iterator[Raised]:
    if isinstance(called, ast.Attribute) and called.attr in _DEEPER:
        module, _, name = _DEEPER[called.attr].rpartition(".")
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None:
            yield Raised(kind)


def shows(kind: type[Exception]) -> bool:
    """Whether the code of a project shows where an exception is raised.

    It does for the project's own, and for those of which it is known what raises them.
    """
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    is_known = f"{kind.__module__}.{kind.__qualname__}" in _DEEPER.values()
    return is_known or (file is not None and _is_projects(kind.__module__, file))


def _documented(function: FunctionType, names: _Names) -> Iterator[Raised]:
    for name, text in doc_of(function).raises.items():
        kind = names.value(ast.parse(name, mode="eval").body) if _is_dotted(name) else None
        if inspect.isclass(kind) and issubclass(kind, Exception):
            yield Raised(kind, text)


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _functions(file: str) -> dict[int, ast.AST]:
    """The functions of a file by the line at which Python says that they begin."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):  # made at run time, or changed since
        return {}
    found = [node for node in ast.walk(tree) if isinstance(node, _FUNCTION)]
    return {min([node.lineno, *(d.lineno for d in node.decorator_list)]): node for node in found}


_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def _function(call: Any) -> FunctionType | None:
    if inspect.isclass(call):
        call = call.__init__
    elif not inspect.isroutine(call) and call is not None:
        call = type(call).__call__ if callable(call) else None
    call = inspect.unwrap(call) if callable(call) else None
    call = getattr(call, "__func__", call)
    return call if isinstance(call, FunctionType) else None


def _hints(call: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(call)
    except (NameError, TypeError, AttributeError):  # the start does not need this one's
        return {}


def _class(annotation: Any) -> type[Any] | None:
    kind, _ = plain(annotation)
    return kind if inspect.isclass(kind) else None


def _is_own(function: FunctionType) -> bool:
    """Whether it belongs to a project, and not to Python, to a library or to this server."""
    return _is_projects(function.__module__, function.__code__.co_filename)


def _is_projects(module: str, file: str) -> bool:
    is_ours = module.partition(".")[0] == __name__.partition(".")[0]
    return not is_ours and not file.startswith(_INSTALLED)


_INSTALLED = tuple(
    {
        *(path for name, path in sysconfig.get_paths().items() if name.endswith("lib")),
        *site.getsitepackages(),
        site.getusersitepackages(),
    }
)
