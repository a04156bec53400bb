"""The link to the engine: a child process in an environment of its own, spoken to over stdin and stdout."""
