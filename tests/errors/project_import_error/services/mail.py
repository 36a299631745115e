import json

SETTINGS = json.loads("{")


def send() -> None:
    pass
