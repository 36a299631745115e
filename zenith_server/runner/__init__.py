"""The runner: a supervisor that holds the socket and workers that serve the project on it."""
