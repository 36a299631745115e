"""Zenith Server: a folder of Python files becomes a production API server.

Names are imported when they are first used, so that a command like `--version` loads no library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.datastructures import UploadFile as UploadFile
    from starlette.requests import Request as Request
    from starlette.responses import Response as Response
    from starlette.websockets import WebSocket as WebSocket

    from zenith_server.application import Zenith as Zenith
    from zenith_server.database.columns import private as private
    from zenith_server.database.engines import Database as Database
    from zenith_server.database.model import Model as Model
    from zenith_server.database.pages import Page as Page
    from zenith_server.database.pages import Slice as Slice
    from zenith_server.database.session import Session as Session
    from zenith_server.draft import Draft as Draft
    from zenith_server.handlers.files import FileResponse as FileResponse
    from zenith_server.manifest import Convention as Convention
    from zenith_server.markers import DB as DB
    from zenith_server.markers import Accepted as Accepted
    from zenith_server.markers import Body as Body
    from zenith_server.markers import Cookie as Cookie
    from zenith_server.markers import Created as Created
    from zenith_server.markers import Depends as Depends
    from zenith_server.markers import Form as Form
    from zenith_server.markers import Header as Header
    from zenith_server.markers import Inject as Inject
    from zenith_server.markers import Query as Query
    from zenith_server.markers import Security as Security
    from zenith_server.markers import Status as Status
    from zenith_server.plugin import Command as Command
    from zenith_server.plugin import Plugin as Plugin
    from zenith_server.problems import BadRequest as BadRequest
    from zenith_server.problems import Conflict as Conflict
    from zenith_server.problems import ContentTooLarge as ContentTooLarge
    from zenith_server.problems import Forbidden as Forbidden
    from zenith_server.problems import Gone as Gone
    from zenith_server.problems import HTTPException as HTTPException
    from zenith_server.problems import InternalServerError as InternalServerError
    from zenith_server.problems import MethodNotAllowed as MethodNotAllowed
    from zenith_server.problems import NotAcceptable as NotAcceptable
    from zenith_server.problems import NotFound as NotFound
    from zenith_server.problems import PreconditionFailed as PreconditionFailed
    from zenith_server.problems import ServiceUnavailable as ServiceUnavailable
    from zenith_server.problems import TooManyRequests as TooManyRequests
    from zenith_server.problems import Unauthorized as Unauthorized
    from zenith_server.problems import UnprocessableContent as UnprocessableContent
    from zenith_server.problems import UnsupportedMediaType as UnsupportedMediaType
    from zenith_server.problems import ValidationError as ValidationError
    from zenith_server.router import Router as Router
    from zenith_server.router import body_limit as body_limit
    from zenith_server.router import conditional as conditional
    from zenith_server.router import hidden as hidden
    from zenith_server.router import route as route
    from zenith_server.service import Service as Service
    from zenith_server.settings import Settings as Settings
    from zenith_server.signing import SecretKey as SecretKey
    from zenith_server.version import __version__ as __version__

_PLACES = {
    "application": ("Zenith",),
    "database.columns": ("private",),
    "database.engines": ("Database",),
    "database.model": ("Model",),
    "database.pages": ("Page", "Slice"),
    "database.session": ("Session",),
    "draft": ("Draft",),
    "manifest": ("Convention",),
    "markers": (
        *("DB", "Accepted", "Body", "Cookie", "Created", "Depends", "Form", "Header"),
        *("Inject", "Query", "Security", "Status"),
    ),
    "plugin": ("Command", "Plugin"),
    "problems": (
        *("BadRequest", "Conflict", "ContentTooLarge", "Forbidden", "Gone", "HTTPException"),
        *("InternalServerError", "MethodNotAllowed", "NotAcceptable", "NotFound"),
        *("PreconditionFailed", "ServiceUnavailable", "TooManyRequests", "Unauthorized"),
        *("UnprocessableContent", "UnsupportedMediaType", "ValidationError"),
    ),
    "handlers.files": ("FileResponse",),
    "router": ("Router", "body_limit", "conditional", "hidden", "route"),
    "service": ("Service",),
    "settings": ("Settings",),
    "signing": ("SecretKey",),
    "version": ("__version__",),
}
_FOREIGN = {
    "Request": "starlette.requests",
    "Response": "starlette.responses",
    "UploadFile": "starlette.datastructures",
    "WebSocket": "starlette.websockets",
}
_MODULES = _FOREIGN | {
    name: f"zenith_server.{module}" for module, names in _PLACES.items() for name in names
}

__all__ = sorted(_MODULES)  # noqa: PLE0605 # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    """Import a public name at its first use (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return [*globals(), *_MODULES]
