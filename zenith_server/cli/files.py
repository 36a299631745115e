"""`zenith-server files`: which file plays which part, and which plays none."""

from __future__ import annotations

from zenith_server.cli.options import HERE, AsJson, Env, ProjectFolder
from zenith_server.cli.output import complain, print_json, print_table


def files(project: ProjectFolder = HERE, *, env: Env = None, json: AsJson = False) -> int:
    """List which file plays which part, and which plays none."""
    from zenith_server.boot import manifest_of, plugins_of
    from zenith_server.cli.project import settings_in

    settings = settings_in(project, env)
    manifest = manifest_of(settings, plugins_of(settings))
    if json:
        print_json(manifest.as_json())
    else:
        parts = [(file.kind, file.relative, file.module) for file in manifest.files]
        skipped = [("-", file.relative, file.reason) for file in manifest.skipped]
        print_table(("PART", "FILE", "MODULE"), [*parts, *skipped])
    if manifest.faults:
        complain("\n" + "\n\n\n".join(map(str, manifest.faults)))
    return 1 if manifest.faults else 0
