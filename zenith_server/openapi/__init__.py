"""The description of an API: OpenAPI 3.1 from the signatures that the requests run through."""
