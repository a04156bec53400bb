"""Measurements of speed and memory: `python -m benchmarks`; never part of the tests."""
