"""Django (ASGI), without middleware; its forms do not read JSON, so there is no body."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_GET

CASES = ("json", "params", "missing", "method")
urlpatterns: list[Any] = []


@require_GET
async def hello(_: Any) -> HttpResponse:
    return JsonResponse({"message": "Hello, world!"})


async def params(request: Any, id: int) -> HttpResponse:
    page, q = int(request.GET.get("page", 1)), request.GET.get("q", "")
    return JsonResponse({"id": id, "page": page, "q": q})


async def dynamic(_: Any, id: int) -> HttpResponse:
    return JsonResponse({"id": id})


def make(routes: int = 0) -> Any:
    """Return the app."""
    for number in range(routes):
        urlpatterns.append(path(f"static{number}", hello))
        urlpatterns.append(path(f"dynamic{number}/<int:id>", dynamic))
    if not routes:
        urlpatterns.extend([path("json", hello), path("items/<int:id>", params)])
    module = sys.modules[__name__].__name__
    settings.configure(ROOT_URLCONF=module, ALLOWED_HOSTS=["localhost"], MIDDLEWARE=[])
    return get_asgi_application()
