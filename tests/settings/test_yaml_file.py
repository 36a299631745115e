from __future__ import annotations

from pathlib import Path

import pytest

from tests.settings.conftest import FaultFinder, Reader

BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)
)


def test_an_empty_file_is_fine(read: Reader) -> None:
    assert read({"zenith.yaml": "# nothing yet\n"}).server.port == 8000


def test_the_line_of_a_value_is_known(read: Reader) -> None:
    settings = read({"zenith.yaml": "# ours\nserver:\n  # too\n  port: 9000\n"})
    assert (settings.server.port, settings.origin("server.port")) == (9000, "zenith.yaml:4")


def test_words_that_yaml_takes_for_booleans_keep_their_meaning(read: Reader) -> None:
    assert read({"zenith.yaml": "migrations: {on_start: off}"}).migrations.on_start == "off"


def test_an_empty_value_counts_as_not_set(read: Reader) -> None:
    text = "server:\n  port:\n  host: ''\ndatabase: ~\n"
    assert read({"zenith.yaml": text}).server.port == 8000


def test_an_empty_list_counts_as_set(read: Reader) -> None:
    assert read({"zenith.yaml": "cors: {methods: []}"}).cors.methods == ()


def test_a_list_may_be_written_as_text(read: Reader) -> None:
    text = "security: {allowed_hosts: 'a.example, b.example'}"
    assert read({"zenith.yaml": text}).security.allowed_hosts == ("a.example", "b.example")


def test_the_block_of_the_environment_wins_wherever_it_stands(read: Reader) -> None:
    text = """
        environments:
          production: {server: {port: 80}}
          test: {server: {port: 1}}
        server: {port: 9000}
    """
    settings = read({"zenith.yaml": text}, "production")
    assert (settings.server.port, settings.origin("server.port")) == (80, "zenith.yaml:2")
    assert settings.explain("server.port")[0].overridden[0].origin == "zenith.yaml:4"


def test_anchors_and_merges_work(read: Reader) -> None:
    text = """
        environments:
          staging: &deployed
            logging: {level: warning}
            server: {port: 81}
          production:
            <<: *deployed
            server: {port: 80}
    """
    settings = read({"zenith.yaml": text}, "production")
    assert (settings.logging.level, settings.server.port) == ("warning", 80)


def test_plugins_are_a_list_of_names(read: Reader) -> None:
    assert read({"zenith.yaml": "plugins: [auth, cache]"}).plugins == {"auth": {}, "cache": {}}


def test_plugins_are_a_mapping_with_values_of_any_kind(read: Reader) -> None:
    text = """
        plugins:
          cache:
          auth: {ttl: 5, issuers: [a, {b: c}]}
        environments:
          test: {plugins: {auth: {ttl: 9}}}
    """
    auth = {"ttl": 9, "issuers": ["a", {"b": "c"}]}
    assert read({"zenith.yaml": text}, "test").plugins == {"cache": {}, "auth": auth}


def test_layers_are_switched_by_name(read: Reader) -> None:
    text = "layers: {compression: no, https_redirect: on}"
    assert read({"zenith.yaml": text}).layers == {"compression": False, "https_redirect": True}


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        ("servr: {port: 1}", 'There is no setting "servr". Did you mean "server"?', "1"),
        ("server.port: 1", '"server.port" is written with a dot', "1"),
        ("port: 1", 'There is no setting "port". Did you mean "server.port"?', "1"),
        ("server:\n  prt: 1", 'There is no setting "server.prt". Did you mean "server.port"?', "2"),
        ("server: 8000", "server is not a mapping", "1"),
        ("[a]", "zenith.yaml is not a mapping", "1"),
        ("just text", "zenith.yaml is not a mapping", "1"),
        ("environments: {test: 4}", "environments.test is not a mapping", "1"),
        ("plugins: {auth: yes}", "plugins.auth is not a mapping", "1"),
        ("plugins: [a.b]", '"a.b" is not the name of a plugin', "1"),
        ("plugins: [[a]]", '"" is not the name of a plugin', "1"),
        (
            "server: {port: [{a: 1}]}",
            "server.port is a nested value, not a whole number from 0 to 65535",
            "1",
        ),
        ("cors: {origins: {a: 1}}", "cors.origins is a nested value, not a list of origins", "1"),
        ("layers: {cors: perhaps}", 'layers.cors is "perhaps", not true or false', "1"),
        ("database: {url: [secret]}", "database.url is not text", "1"),
        (
            "environments: {prod: {}}",
            'environments has a block for "prod", which is not an environment. Did you mean "produ',
            "1",
        ),
        (
            "environments: {tests: {}}",
            'environments has a block for "tests", which is not an environment. Did you mean "te',
            "1",
        ),
        ("environments:\n  test:\n    server: {port: x}", 'server.port is "x"', "3"),
    ],
)
def test_a_fault_is_named_with_its_line(
    faults: FaultFinder, text: str, what: str, where: str
) -> None:
    [fault] = faults({"zenith.yaml": text}, "production")
    assert fault.what.startswith(what)
    assert fault.where == (f"zenith.yaml:{where}",)


def test_a_key_given_twice_is_refused_with_both_lines(faults: FaultFinder) -> None:
    [fault] = faults({"zenith.yaml": "server: {port: 1}\nserver: {host: a}\n"})
    assert fault.what == '"server" is given twice'
    assert fault.where == ("zenith.yaml:1", "zenith.yaml:2")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("server:\n  port: 80: 80\n", "zenith.yaml:2:11"),
        ("server: [", "zenith.yaml:1:10"),
        ("a: 1\n---\nb: 2\n", "zenith.yaml:2:1"),
        ("server: {host: !!python/object:os.system x}", "zenith.yaml:1:16"),
        ("server: {host: !env HOST}", "zenith.yaml:1:16"),
        ("? {a: b}\n: c\n", "zenith.yaml:1:3"),
        (f"plugins:\n  auth:\n    a: &a [*a]\n{BOMB}", "zenith.yaml:3:8"),
        (BOMB, "zenith.yaml:9:5"),
    ],
    ids=["colon", "bracket", "two documents", "code", "own tag", "key", "loop", "bomb"],
)
def test_what_is_no_yaml_is_named_with_line_and_column(
    faults: FaultFinder, text: str, where: str
) -> None:
    [fault] = faults({"zenith.yaml": text})
    assert fault.what.startswith("zenith.yaml is not valid YAML: ")
    assert fault.where == (where,)
    assert "The line is: " in fault.why


def test_the_line_that_is_broken_is_shown_without_its_password(faults: FaultFinder) -> None:
    text = 'database: {url: "postgres://ann:s3cret@db/app"\nsecret_key: s3cret: s3cret\n'
    [fault] = faults({"zenith.yaml": text})
    assert "s3cret" not in str(fault)


@pytest.mark.parametrize(
    "text", ["server: {host: \x00}", "plugins: {auth: {since: 2026-99-99}}", "[" * 20_000]
)
def test_what_cannot_be_read_at_all_is_one_fault(faults: FaultFinder, text: str) -> None:
    [fault] = faults({"zenith.yaml": text})
    assert fault.where == ("zenith.yaml",)


def test_a_file_that_is_no_text_is_one_fault(faults: FaultFinder, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project/zenith.yaml").write_bytes(b"server: \xff\xfe\n")
    [fault] = faults()
    assert fault.what == "zenith.yaml cannot be read"


def test_the_other_spelling_of_the_file_name_is_not_ignored_silently(faults: FaultFinder) -> None:
    [fault] = faults({"zenith.yml": "server: {port: 1}"})
    assert fault.what == "zenith.yml is not read"
