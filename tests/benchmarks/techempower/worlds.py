"""What the routes share: a row as it is answered, and which rows are asked for."""

from random import randint, sample

import msgspec

ROWS = 10_000


class WorldOut(msgspec.Struct, rename="camel"):
    id: int
    random_number: int


def number() -> int:
    return randint(1, ROWS)


def numbers(queries: str) -> list[int]:
    """Return as many numbers as were asked for, 1 to 500, each once."""
    wanted = int(queries) if queries.isdecimal() else 1
    return sample(range(1, ROWS + 1), min(max(wanted, 1), 500))
