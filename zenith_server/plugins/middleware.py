"""`middleware/`: layers around the whole app, in the order of their file names."""

from __future__ import annotations

from collections.abc import Iterable

from zenith_server.dispatch.layering import layers_in
from zenith_server.draft import Draft
from zenith_server.errors import Fault, ProjectError
from zenith_server.manifest import Convention, ProjectFile
from zenith_server.plugin import Plugin


class Middleware(Plugin):
    """Turns the files of `middleware/` into layers: `10_tenant.py` inside `2_audit.py`."""

    name = "middleware"

    def conventions(self) -> Iterable[Convention]:
        """Return the files in `middleware/`."""
        return (Convention("middleware", "middleware", deep=False, meaning="whole-app layers"),)

    def setup(self, draft: Draft) -> None:
        """Add a layer for each."""
        for file, module in draft.modules("middleware"):
            try:
                layers = layers_in(module, file)
            except ProjectError as error:
                draft.faults.extend(error.faults)
            else:
                draft.layers.extend(layers)
                draft.faults.extend([] if layers else [_no_layer(file)])


def _no_layer(file: ProjectFile) -> Fault:
    return Fault(
        f"{file.relative} has no `middleware`",
        (file.relative,),
        "A file in middleware/ is one layer around the whole app.",
        (
            "Add: async def middleware(request, call_next): return await call_next(request)",
            "Or put an underscore before the file's name to keep it private.",
        ),
    )
