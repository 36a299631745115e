from __future__ import annotations

import json

from zenith_server.figures import GAUGE, Family, Sample, read, together

ORDERS = Family("orders", "counter", "Orders.", [Sample("orders_total", {"shop": "a"}, 2.0)])
MEMORY = Family("memory", GAUGE, "Bytes.", [Sample("memory", {}, 10.0)])


def test_counters_of_processes_are_added_up() -> None:
    (orders,) = together([("7", [ORDERS]), ("8", [ORDERS])])
    assert orders.samples == [Sample("orders_total", {"shop": "a"}, 4.0)]


def test_a_gauge_is_told_of_each_process() -> None:
    (memory,) = together([("7", [MEMORY]), ("8", [MEMORY])])
    assert [sample.labels for sample in memory.samples] == [{"pid": "7"}, {"pid": "8"}]


def test_of_a_process_that_ended_only_what_can_be_added_up_is_kept() -> None:
    assert [family.name for family in together([("", [ORDERS, MEMORY])])] == ["orders"]


def test_the_same_labels_in_another_order_are_the_same() -> None:
    one = ORDERS._replace(samples=[Sample("orders_total", {"a": "1", "b": "2"}, 1.0)])
    two = ORDERS._replace(samples=[Sample("orders_total", {"b": "2", "a": "1"}, 1.0)])
    (orders,) = together([("7", [one]), ("8", [two])])
    assert [sample.value for sample in orders.samples] == [2.0]


def test_families_travel_as_json() -> None:
    assert read(json.loads(json.dumps([ORDERS, MEMORY]))) == [ORDERS, MEMORY]
