"""Widgets of the plugin: dock, box tool, options page, set-up dialog."""
