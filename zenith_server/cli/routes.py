"""`zenith-server routes`: what is answered where, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from zenith_server.cli.options import HERE, AsJson, Env, ProjectFolder
from zenith_server.cli.output import complain, print_json, print_table
from zenith_server.cli.usage import UsageError

if TYPE_CHECKING:
    from zenith_server.cli.explanation import Explanation
    from zenith_server.cli.findings import Findings
    from zenith_server.cli.rows import Row

Url = Annotated[str | None, Parameter(help="Tell what answers this URL, and why.")]
Method = Annotated[str, Parameter(help="The method for --url; GET if left out.")]
Diff = Annotated[
    tuple[str, str] | None,
    Parameter(help="Tell what the second version of the API answers otherwise than the first."),
]
Code = Annotated[bool, Parameter(help="With --url: print the code that runs for it.")]


def routes(
    project: ProjectFolder = HERE,
    *,
    url: Url = None,
    method: Method = "GET",
    code: Code = False,
    diff: Diff = None,
    env: Env = None,
    json: AsJson = False,
) -> int:
    """List the routes, tell what answers one URL, or compare two versions of the API."""
    from zenith_server.cli.findings import find

    if code and url is None:
        raise UsageError("--code prints the code behind one URL.\n\nAdd it: --url /path --code")
    findings = find(project, env)
    if code and url is not None:
        return _print_code(findings, url, method.upper())
    if diff is not None:
        return _print_difference(findings, *diff, json=json)
    if url is not None:
        return _print_explanation(findings, url, method.upper(), json=json)
    return _print_list(findings, json=json)


def _print_list(findings: Findings, *, json: bool) -> int:
    from zenith_server.cli.findings import tell_faults
    from zenith_server.cli.rows import rows_of

    rows = rows_of(findings)
    if json:
        print_json(rows)
    else:
        print_table(("METHODS", "PATTERN", "PLACE", "LAYERS"), map(_cells, rows))
    return tell_faults(findings)


def _cells(row: Row) -> tuple[str, str, str, str]:
    place = f"{row.file}:{row.line}" if row.line else row.file
    last = ", ".join(row.layers) if row.fault is None else f"broken: {row.fault}"
    return ", ".join(row.methods) or "?", row.pattern or "?", place, last


def _print_difference(findings: Findings, old: str, new: str, *, json: bool) -> int:
    from zenith_server.cli.findings import tell_faults
    from zenith_server.cli.version_diff import difference

    found = difference(findings, old, new)
    if json:
        print_json(found)
        return tell_faults(findings)
    told = [each for each in found if each.change != "inherited"]
    rows = [(each.change, each.method, each.pattern, _places(each.old, each.new)) for each in told]
    if rows:
        print_table(("CHANGE", "METHOD", "PATTERN", "PLACE"), rows)
    print(f"{len(found) - len(told)} of {new} are those of {old}.")
    return tell_faults(findings)


def _places(old: str, new: str) -> str:
    return f"{old} → {new}" if old and new else old or new


def _print_explanation(findings: Findings, url: str, method: str, *, json: bool) -> int:
    from zenith_server.cli.explanation import explain
    from zenith_server.cli.findings import tell_faults

    found = explain(findings, url, method)
    if json:
        print_json(found)
    else:
        _print_words(found)
    tell_faults(findings)
    return 0 if found.status < 300 else 1


def _print_words(found: Explanation) -> None:
    verdict = found.pattern if found.status < 300 else f"{found.status}"
    print(f"{found.request} → {verdict}\n{found.why}")
    width = max((len(step.segment) for step in found.steps), default=0)
    _print_section("Path", [f"{step.segment.ljust(width)}  {step.note}" for step in found.steps])
    _print_section("Values", [f"{name} = {value!r}" for name, value in found.values.items()])
    _print_section("Parameters", found.parameters)
    _print_section("Passes", found.layers)
    _print_section("Nearest", found.nearest)


def _print_section(title: str, lines: list[str] | tuple[str, ...]) -> None:
    if lines:
        print(f"\n{title}:", *lines, sep="\n  ")


def _print_code(findings: Findings, url: str, method: str) -> int:
    from zenith_server.cli.explanation import code_of

    code = code_of(findings, url, method)
    if code is None:
        complain(f"No handler was compiled for {method} {url}.")
        return 1
    print(code)
    return 0
