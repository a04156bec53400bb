"""Reads radar (SAR) imagery: targets found, counted and located, as vector layers."""

__version__ = "0.1.0"
