"""Django (ASGI), with its ORM on psycopg's pool; it has no asyncpg, so there is no raw form."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import models
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path

from tests.benchmarks.contenders.techempower.shared import (
    ADDED,
    POOL,
    TEMPLATES,
    URL,
    number,
    numbers,
)

where = urlsplit(URL)
settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    MIDDLEWARE=[],
    USE_TZ=True,
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [TEMPLATES]}],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": where.path[1:],
            "USER": where.username or "",
            "PASSWORD": where.password or "",
            "HOST": where.hostname,
            "PORT": where.port or 5432,
            "OPTIONS": {"pool": {"min_size": 0, "max_size": POOL}},
        }
    },
)
app = get_asgi_application()


class World(models.Model):
    id = models.IntegerField(primary_key=True)
    random_number = models.IntegerField(db_column="randomnumber")

    class Meta:
        app_label = "techempower"
        db_table = "world"


class Fortune(models.Model):
    id = models.IntegerField(primary_key=True)
    message = models.CharField(max_length=2048)

    class Meta:
        app_label = "techempower"
        db_table = "fortune"


def shown(world: Any) -> dict[str, int]:
    return {"id": world.id, "randomNumber": world.random_number}


async def json(_: HttpRequest) -> HttpResponse:
    return JsonResponse({"message": "Hello, World!"})


async def plaintext(_: HttpRequest) -> HttpResponse:
    return HttpResponse("Hello, World!", content_type="text/plain; charset=utf-8")


async def db(_: HttpRequest) -> HttpResponse:
    return JsonResponse(shown(await World.objects.aget(pk=number())))


async def found(request: HttpRequest) -> list[Any]:
    wanted = numbers(request.GET.get("queries", ""))
    return [await World.objects.aget(pk=each) for each in wanted]


async def queries(request: HttpRequest) -> HttpResponse:
    return JsonResponse([shown(world) for world in await found(request)], safe=False)


async def fortunes(request: HttpRequest) -> HttpResponse:
    rows = [row async for row in Fortune.objects.all()]
    rows.append(Fortune(id=0, message=ADDED))
    rows.sort(key=lambda row: row.message)
    return render(request, "fortunes.html", {"fortunes": rows})


async def updates(request: HttpRequest) -> HttpResponse:
    worlds = await found(request)
    for world in worlds:
        world.random_number = number()
    worlds.sort(key=lambda world: world.id)
    await World.objects.abulk_update(worlds, ["random_number"])
    return JsonResponse([shown(world) for world in worlds], safe=False)


urlpatterns = [
    path("json", json),
    path("plaintext", plaintext),
    path("db", db),
    path("queries", queries),
    path("fortunes", fortunes),
    path("updates", updates),
]
