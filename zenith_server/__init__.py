"""Zenith Server: a folder of Python files becomes a production API server."""
