"""The spatio-temporal prior of a scene: anchors from AlphaEarth embeddings."""
