"""The engines: each a way to answer tasks about chips."""
