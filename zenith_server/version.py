"""The version of the package, alone in its file so that `--version` imports nothing else."""

__version__ = "0.3.0"
