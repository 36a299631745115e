"""The part of a handler's function that reads what the client sends."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from zenith_server.errors import Fault, ProjectError
from zenith_server.handlers.input_faults import Refused
from zenith_server.handlers.inputs import Reader, reader
from zenith_server.handlers.request import body_reader, read_cookies, read_query
from zenith_server.handlers.signature import MISSING, Input
from zenith_server.plan import Origin
from zenith_server.problems import ValidationError, nothing_at

if TYPE_CHECKING:
    from zenith_server.handlers.code import HandlerCode

# Most numbers in URLs are small ones, and these are looked up.
SMALL = {str(number): number for number in range(1000)}
# What is a number beyond doubt, whoever writes numbers; the reader knows the others.
_DIGITS = "{0}.isdecimal() and {0}.isascii() and {0} >= '1' and len({0}) < 19"
_IN_PIECES = "message['type'] != 'http.request' or message.get('more_body', False)"


def inputs(code: HandlerCode, wanted: list[Input]) -> dict[str, str]:
    """Write the reading of inputs, those of the path apart; return their variables."""
    if not wanted:
        return {}
    sources = {p.source: _source(code, p.source) for p in wanted}
    readers = {p.argument: _reader(code, p) for p in wanted}
    found = {p.argument: code.variable(p.argument) for p in wanted}
    code.line("try:")
    code.depth += 1
    for p in wanted:
        _read_input(code, p, readers[p.argument], found[p.argument], sources[p.source])
    code.depth -= 1
    pairs = [(readers[p.argument], p.source) for p in wanted]
    explain = code.name(functools.partial(_explain, pairs), "explain")
    given = ", ".join(f"{source}={variable}" for source, variable in sources.items())
    code.line(f"except {code.name(Refused, 'Refused')}:")
    code.line(f"    raise {explain}({given}) from None")
    return found


def _read_input(code: HandlerCode, p: Input, reader: Reader, variable: str, source: str) -> None:
    """Write the reading of one input; what is plain is read without a call."""
    read = f"{variable} = {code.name(reader.read, f'read_{p.argument}')}({source})"
    if not reader.form:
        code.line(read)
        return
    code.line(f"{variable} = {source}.get({p.key!r})")
    branch = "if"
    if reader.default is not MISSING:
        code.line(f"if {variable} is None:")
        code.line(f"    {variable} = {reader.default!r}")
        branch = "elif"
    code.line(f"{branch} {variable}.__class__ is not str:")
    code.line(f"    {read}")
    if reader.form == "digits":
        _number(code, variable, "elif")
        code.line("else:")
        code.line(f"    {read}")


def _number(code: HandlerCode, variable: str, branch: str) -> None:
    """Write the reading of text that is plainly a number."""
    small = code.name(SMALL, "SMALL")
    code.line(f"{branch} {variable} in {small}:")
    code.line(f"    {variable} = {small}[{variable}]")
    code.line(f"elif {_DIGITS.format(variable)}:")
    code.line(f"    {variable} = int({variable})")


def path(code: HandlerCode, parameter: Input) -> str:
    """Write the reading of a part of the path; return its variable."""
    code.taken.add(parameter.key)
    item = f"values[{code.known.path.index(parameter.key)}]"
    reader = _reader(code, parameter)
    variable = code.variable(parameter.argument)
    code.line(f"{variable} = {item}")
    if reader.form == "text":
        return variable
    if reader.form == "digits":
        _number(code, variable, "if")
        code.line("else:")
    code.depth += reader.form == "digits"
    read_it = code.name(reader.read, f"read_{parameter.argument}")
    code.line("try:")
    code.line(f"    {variable} = {read_it}({variable})")
    code.line(f"except {code.name(Refused, 'Refused')}:")
    code.line(f"    raise {code.name(nothing_at, 'nothing_at')}(scope['path']) from None")
    code.depth -= reader.form == "digits"
    return variable


def _reader(code: HandlerCode, parameter: Input) -> Reader:
    try:
        return reader(parameter, refuse_unknown=code.injection.refuse_unknown)
    except (TypeError, ValueError, NameError, AttributeError) as error:
        raise ProjectError(_unreadable(parameter, code.origin, error)) from error


def _source(code: HandlerCode, source: str) -> str:
    """Write the reading of a part of the request, once; return its variable."""
    if source == "header":
        return "scope"
    if source not in code.sources:
        code.sources.add(source)
        _read(code, source)
    return source


def _read(code: HandlerCode, source: str) -> None:
    if source == "query":
        code.line(f"query = {code.name(read_query, 'read_query')}(scope)")
    elif source == "cookie":
        code.line(f"cookie = {code.name(read_cookies, 'read_cookies')}(scope)")
    elif source == "form":
        opener = code.name(code.injection.open_form, "open_form")
        code.open(f"async with {opener}(scope, receive) as form:")
    else:
        limit = code.injection.json_limit
        pieces = code.name(body_reader(limit), "read_body")
        # Nearly every body comes whole, with the first message.
        code.line("message = await receive()")
        code.line("body = message.get('body', b'')")
        code.line(f"if {_IN_PIECES} or len(body) > {limit}:")
        code.line(f"    body = await {pieces}(scope, receive, message)")
        code.line("body = (scope, body)")


def _explain(pairs: list[tuple[Reader, str]], **sources: Any) -> ValidationError:
    """Read every input once more and collect what is wrong with each."""
    faults = [fault for reader, source in pairs for fault in reader.faults(sources[source])]
    return ValidationError(faults)


def _unreadable(parameter: Input, origin: Origin, error: Exception) -> Fault:
    return Fault(
        f'The type of "{parameter.argument}" cannot be read from a request',
        (str(origin),),
        str(error),
        ("Use a type that msgspec or pydantic can read.",),
    )
