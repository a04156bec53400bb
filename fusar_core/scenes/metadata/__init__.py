"""Where facts about an acquisition come from: names of products, files beside the raster, orbits."""
