"""How raster files are opened, georeferenced and read: what stands behind `SarScene`."""
