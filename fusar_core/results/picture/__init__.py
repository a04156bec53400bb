"""Pictures of results: the map of a scene and what it is drawn with."""
