"""Plugins run in order, each behind those that it names."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenith_server.errors import ProjectError
from zenith_server.manifest import ProjectFile
from zenith_server.plugin import Plugin, in_order, plugins_in

FILE = ProjectFile("plugin", "plugins/mine.py", "plugins.mine")
NAMES = st.sampled_from("abcdef")


def plugin(called: str, *behind: str) -> Plugin:
    kind = type(called, (Plugin,), {"name": called, "after": behind})
    made = kind()
    assert isinstance(made, Plugin)
    return made


def order(*plugins: Plugin) -> list[str]:
    return [each.name for each in in_order(plugins)]


def module(**values: object) -> ModuleType:
    made = ModuleType("plugins.mine")
    for name, value in values.items():
        if isinstance(value, type) and issubclass(value, Plugin):
            value.__module__ = "plugins.mine"
        setattr(made, name, value)
    return made


def test_plugins_stay_in_their_order_where_nothing_else_is_said() -> None:
    assert order(plugin("b"), plugin("a"), plugin("c")) == ["b", "a", "c"]


def test_a_plugin_runs_behind_those_that_it_names() -> None:
    assert order(plugin("a", "c", "b"), plugin("b", "c"), plugin("c")) == ["c", "b", "a"]


def test_a_plugin_that_takes_no_part_is_not_waited_for() -> None:
    assert order(plugin("a", "elsewhere")) == ["a"]


@given(st.dictionaries(NAMES, st.sets(NAMES), min_size=1))
def test_an_order_respects_every_wish_or_is_refused(wishes: dict[str, set[str]]) -> None:
    try:
        found = order(*(plugin(name, *sorted(behind)) for name, behind in wishes.items()))
    except ProjectError:
        return
    assert sorted(found) == sorted(wishes)
    for name, behind in wishes.items():
        assert all(found.index(other) < found.index(name) for other in behind & wishes.keys())


def test_plugins_that_wait_for_each_other_are_refused() -> None:
    with pytest.raises(ProjectError, match="Plugins wait for each other: a, b"):
        order(plugin("a", "b"), plugin("b", "a"), plugin("c"))


def test_two_plugins_of_one_name_are_refused_with_both_places() -> None:
    with pytest.raises(ProjectError) as caught:
        order(plugin("a"), plugin("a"))
    (fault,) = caught.value.faults
    assert fault.what == 'Two plugins are called "a"'
    assert len(fault.where) == 2


def test_a_plugin_does_nothing_by_itself() -> None:
    idle = plugin("idle")
    assert (list(idle.conventions()), list(idle.commands())) == ([], [])


def test_a_file_may_define_several_plugins_and_other_classes() -> None:
    kinds = [type(name, (Plugin,), {"name": name}) for name in ("a", "b")]
    private = type("_Base", (Plugin,), {})
    found = plugins_in(module(a=kinds[0], b=kinds[1], _Base=private, x=int, y=7), FILE)
    assert [each.name for each in found] == ["a", "b"]


def test_an_imported_plugin_is_not_run_again() -> None:
    own, other = (type(name, (Plugin,), {"name": name}) for name in ("own", "other"))
    made = module(own=own, other=other)
    other.__module__ = "plugins.another"
    assert [each.name for each in plugins_in(made, FILE)] == ["own"]


def test_a_file_without_a_plugin_is_refused() -> None:
    with pytest.raises(ProjectError, match=r"plugins/mine\.py has no plugin"):
        plugins_in(module(x=int), FILE)


def test_a_plugin_without_a_name_is_refused() -> None:
    with pytest.raises(ProjectError, match="The plugin Mine has no name"):
        plugins_in(module(Mine=type("Mine", (Plugin,), {})), FILE)
