"""zenith.yaml: its entries with their lines, and whatever is wrong with it.

The file is read as a tree of nodes rather than as values: nodes know their line, and the text of a
scalar means what its setting says instead of what YAML guesses (`off` is no boolean here).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

from yaml import (
    MappingNode,
    Mark,
    MarkedYAMLError,
    Node,
    SafeLoader,
    ScalarNode,
    SequenceNode,
    YAMLError,
)

from zenith_server.environment import ENVIRONMENTS, SHORT_FORMS, EnvironmentName
from zenith_server.errors import Fault, ProjectError, suggestion
from zenith_server.secrets import masked_line
from zenith_server.settings.entries import Entry
from zenith_server.settings.value import KEYS, SECTIONS, unknown_setting

FILE = "zenith.yaml"
MOST_NODES = 20_000

_NULL = "tag:yaml.org,2002:null"
_PLUGIN_NAME = re.compile(r"[a-z][a-z0-9_]*")

_BLOCKS: dict[str, EnvironmentName] = {name: name for name in ENVIRONMENTS}

Found = Iterator[Entry | Fault]


class Loader(Protocol):
    """What is used of a YAML loader."""

    def get_single_node(self) -> Node | None:
        """Return the tree of the only document, or None for an empty file."""
        ...

    def construct_object(self, node: Node, deep: bool = False) -> object:
        """Return the value of a node; refuse tags that stand for code."""
        ...


def read_yaml(file: Path) -> Found:
    """Yield what zenith.yaml says, the blocks of all environments included, and its faults.

    Args:
        file: the file, which exists.
    """
    try:
        source = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        yield Fault(f"{FILE} cannot be read", (FILE,), f"{error}.", ("Save it as UTF-8 text.",))
        return
    try:
        yield from _read(SafeLoader(source))
    except MarkedYAMLError as error:
        yield _broken(source, error)
    except (YAMLError, ValueError) as error:
        yield Fault(f"{FILE} is not valid YAML", (FILE,), str(error))
    except RecursionError:
        yield Fault(f"{FILE} is nested too deeply", (FILE,), fixes=("Flatten it.",))


def _read(loader: Loader) -> Found:
    top = loader.get_single_node()
    if top is None:
        return
    _weight(top, {})
    yield from _duplicates(top)
    loader.construct_object(top, deep=True)  # refuses unknown tags, and resolves each `<<` below
    yield from _document(loader, top)


def _document(loader: Loader, top: Node) -> Found:
    for key, node in _pairs(FILE, top):
        if _text(key) == "environments":
            yield from _collected(_environments(loader, node))
        else:
            yield from _collected(_section(loader, key, node, None))


def _environments(loader: Loader, block: Node) -> Found:
    for key, node in _pairs("environments", block):
        name = _BLOCKS.get(_text(key))
        if name is None:
            yield _unknown_environment(key)
            continue
        for inner, section in _pairs(f"environments.{name}", node):
            yield from _collected(_section(loader, inner, section, name))


def _section(loader: Loader, key: ScalarNode, node: Node, only_in: EnvironmentName | None) -> Found:
    name = _text(key)
    if name == "plugins":
        yield from _plugins(loader, node, only_in)
    elif name == "databases":
        for inner, block in _pairs(name, node):
            yield from _settings(loader, f"databases.{_text(inner)}", block, only_in)
    elif name == "versions":
        yield from _versions(loader, node, only_in)
    elif name in SECTIONS or name == "layers":
        yield from _settings(loader, name, node, only_in)
    elif name in KEYS:
        yield _dotted(key)
    else:
        yield unknown_setting(name, (_at(key),))


def _settings(loader: Loader, section: str, block: Node, only_in: EnvironmentName | None) -> Found:
    for key, node in _pairs(section, block):
        raw = _raw(loader, node)
        if raw not in (None, ""):
            yield Entry(f"{section}.{_text(key)}", raw, _at(key), only_in)


def _versions(loader: Loader, block: Node, only_in: EnvironmentName | None) -> Found:
    for key, node in _pairs("versions", block):
        name = _text(key)
        if isinstance(node, MappingNode):
            yield from _settings(loader, f"versions.{name}", node, only_in)
        elif node.tag != _NULL:
            yield Entry(f"versions.{name}", _raw(loader, node), _at(key), only_in)


def _plugins(loader: Loader, block: Node, only_in: EnvironmentName | None) -> Found:
    if isinstance(block, SequenceNode):
        named = [(node, None) for node in cast("list[Node]", block.value)]
    else:
        named = _pairs("plugins", block)
    for key, node in named:
        name = _plugin_name(key)
        yield Entry(f"plugins.{name}", {}, _at(key), only_in)
        for inner, value in _pairs(f"plugins.{name}", node):
            place = f"plugins.{name}.{_text(inner)}"
            yield Entry(place, _value(loader, value), _at(inner), only_in)


def _collected(found: Found) -> Found:
    try:
        yield from found
    except ProjectError as error:
        yield from error.faults


def _pairs(name: str, node: Node | None) -> Iterator[tuple[ScalarNode, Node]]:
    if node is None or node.tag == _NULL:
        return
    if not isinstance(node, MappingNode):
        raise ProjectError(_not_a_mapping(name, node))
    yield from cast("list[tuple[ScalarNode, Node]]", node.value)


def _raw(loader: Loader, node: Node) -> object:
    if isinstance(node, ScalarNode):
        return None if node.tag == _NULL else _text(node)
    parts = cast("list[Node]", node.value) if isinstance(node, SequenceNode) else [node]
    texts = [part for part in parts if isinstance(part, ScalarNode) and part.tag != _NULL]
    if len(texts) < len(parts):
        return _value(loader, node)
    return tuple(_text(part) for part in texts)


def _plugin_name(node: Node) -> str:
    name = _text(node) if isinstance(node, ScalarNode) else ""
    if _PLUGIN_NAME.fullmatch(name):
        return name
    raise ProjectError(
        Fault(
            f'"{name}" is not the name of a plugin',
            (_at(node),),
            "A plugin's name has small letters, digits and underscores.",
            ("Write `plugins: [auth, cache]`, or `plugins:` with a mapping for each name.",),
        )
    )


def _weight(node: Node, sizes: dict[int, int]) -> int:
    """Return the number of nodes below, aliases followed; refuse bombs and loops."""
    size = sizes.get(id(node))
    if size is None:
        sizes[id(node)] = MOST_NODES  # a node met again before it is measured contains itself
        size = 1 + sum(_weight(child, sizes) for child in _children(node))
        sizes[id(node)] = size
    if size >= MOST_NODES:
        raise MarkedYAMLError(
            problem="too much to read once aliases are followed", problem_mark=node.start_mark
        )
    return size


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [each for pair in cast("list[tuple[Node, Node]]", node.value) for each in pair]
    return cast("list[Node]", node.value) if isinstance(node, SequenceNode) else []


def _duplicates(node: Node) -> Iterator[Fault]:
    if isinstance(node, MappingNode):
        seen: dict[str, Node] = {}
        for key, _ in cast("list[tuple[Node, Node]]", node.value):
            first = seen.setdefault(_text(key), key)
            if first is not key:
                yield _twice(_text(key), first, key)
    for child in _children(node):
        yield from _duplicates(child)


def _value(loader: Loader, node: Node) -> object:
    return loader.construct_object(node, deep=True)


def _text(node: Node) -> str:
    return str(cast("object", node.value))


def _at(node: Node) -> str:
    return f"{FILE}:{node.start_mark.line + 1}"


def _twice(key: str, first: Node, second: Node) -> Fault:
    return Fault(
        f'"{key}" is given twice',
        (_at(first), _at(second)),
        "YAML would silently take the last one.",
        ("Remove one of the two, or merge them.",),
    )


def _dotted(key: ScalarNode) -> Fault:
    section, _, name = _text(key).partition(".")
    return Fault(
        f'"{_text(key)}" is written with a dot',
        (_at(key),),
        "In this file a setting stands below its section.",
        (f"Write `{section}:`, and `{name}:` indented on the line below it.",),
    )


def _not_a_mapping(name: str, node: Node) -> Fault:
    return Fault(
        f"{name} is not a mapping",
        (_at(node),),
        "It holds names and their values.",
        ("Write each as `name: value` on a line of its own, indented below its section.",),
    )


def _unknown_environment(key: ScalarNode) -> Fault:
    name = _text(key)
    meant = SHORT_FORMS.get(name.lower())
    hint = f' Did you mean "{meant}"?' if meant else suggestion(name, ENVIRONMENTS)
    return Fault(
        f'environments has a block for "{name}", which is not an environment.{hint}',
        (_at(key),),
        fixes=(f"Name it one of {', '.join(ENVIRONMENTS)}.",),
    )


def _broken(source: str, error: MarkedYAMLError) -> Fault:
    mark = cast("Mark", error.problem_mark)  # PyYAML and we always say where
    lines = source.splitlines()
    line = masked_line(lines[mark.line].strip()) if mark.line < len(lines) else "(end of file)"
    return Fault(
        f"{FILE} is not valid YAML: {error.problem}",
        (f"{FILE}:{mark.line + 1}:{mark.column + 1}",),
        f"The line is: {line}",
        ("Correct that line, or the one before it; often it is indentation, a colon or a quote.",),
    )
