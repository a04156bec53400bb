"""The values that everything else speaks of: rasters, windows, chips, anchors, answers; no files, no engines."""
