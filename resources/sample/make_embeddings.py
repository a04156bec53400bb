"""Makes harbour_aef_2024.tif: AlphaEarth-like embeddings of the sample scene, drawn from statistics of real ones.

    .venv/bin/python resources/sample/make_embeddings.py [--out DIR]

64 bands of int8 codes on an 80 m grid, as the public data set encodes them, so that `--prior harbour_aef_2024.tif`
reads it like any raster of embeddings. Ships leave no trace; piers, breakwaters, tanks and the platform do.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import rasterio
import shapely
from affine import Affine
from rasterio.features import rasterize

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from layout import SIDE_M, build
from make_sample import CRS, SEED, Frame

from fusar_core.domain.grid import Grid
from fusar_core.prior.aef.quantisation import NODATA, encode
from training.simulation.canvas import BUILT, CROPS, FLOODED, TREES, WATER
from training.simulation.embeddings import EmbeddingField

STEP_M = 80.0
YEAR = 2024
SIDE = round(SIDE_M / STEP_M)


def make(out: Path) -> None:
    """Writes the raster into a folder."""
    harbour = build(SEED)
    local = Affine(STEP_M, 0, 0, 0, STEP_M, 0)

    def burnt(*shapes: shapely.Geometry) -> np.ndarray:
        return rasterize(list(shapes), (SIDE, SIDE), transform=local, all_touched=True).astype(bool)

    cover = np.full((SIDE, SIDE), CROPS, np.uint8)
    cover[burnt(harbour.forest)] = TREES
    cover[burnt(harbour.river.buffer(150))] = FLOODED
    cover[burnt(*(block for block, _ in harbour.blocks), *harbour.yards, *harbour.sheds, *harbour.tanks)] = BUILT
    water = rasterize([harbour.water], (SIDE, SIDE), transform=local).astype(bool)
    cover[water] = WATER
    fixed = [*(line.buffer(40) for line in (*harbour.breakwaters, *harbour.jetties))]
    fixed += [shape.buffer(60) for what, shape in harbour.not_ships if what != "buoy"]
    frame = Frame.at_centre()
    transform = Affine(STEP_M, 0, frame.east, 0, -STEP_M, frame.north)
    grid = Grid(SIDE, SIDE, transform, None)
    field = EmbeddingField(grid, cover, burnt(*fixed), SEED)
    column, row = np.meshgrid(np.arange(SIDE) + 0.5, np.arange(SIDE) + 0.5)
    codes = encode(field.at(column.ravel(), row.ravel())).T.reshape(-1, SIDE, SIDE)
    with rasterio.open(
        out / f"harbour_aef_{YEAR}.tif", "w", driver="GTiff", height=SIDE, width=SIDE, count=len(codes), dtype="int8",
        nodata=NODATA, crs=CRS, transform=transform, compress="deflate", zlevel=9, tiled=True, interleave="band",
    ) as raster:  # fmt: skip
        raster.write(codes)
        raster.update_tags(
            TIFFTAG_IMAGEDESCRIPTION="Simulated embeddings of an invented harbour, from statistics of AlphaEarth",
            YEAR=str(YEAR),
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the embeddings of the sample scene.")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent, help="folder (default: this one)")
    make(parser.parse_args().out)
