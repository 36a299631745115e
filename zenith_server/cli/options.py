"""The arguments and options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

HERE = Path()

ProjectFolder = Annotated[
    Path, Parameter(help="The folder of the project.", show_default=lambda _: "this folder")
]
Env = Annotated[
    str | None,
    Parameter(help="development, test, staging or production."),
]
AsJson = Annotated[bool, Parameter(help="Print JSON.")]
