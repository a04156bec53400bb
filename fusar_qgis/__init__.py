"""FUSAR for QGIS: targets in SAR scenes, found, counted, located and described as vector layers."""

from __future__ import annotations


def classFactory(iface):  # the name QGIS looks for
    """The plugin, as QGIS makes it."""
    from .plugin import FusarPlugin

    return FusarPlugin(iface)
