raise LookupError("no battery")
