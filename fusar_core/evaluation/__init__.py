"""Engines scored on labelled data."""
