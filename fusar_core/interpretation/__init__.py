"""The whole way from a scene and an engine to an interpretation."""
