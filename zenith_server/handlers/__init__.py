"""From the signature of a handler to the function that serves its requests."""
