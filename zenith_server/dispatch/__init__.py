"""From a plan to the ASGI app that finds the handler of each request."""
