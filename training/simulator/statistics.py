"""Derives aef_statistics.npz from tables of real AlphaEarth vectors with land cover labels.

    python -m training.simulator.statistics TABLE.csv … --out training/simulator/aef_statistics.npz

Only means and covariance factors are kept, no vector: how classes of land cover differ, and how places of one class do.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

COVERS = 9
FACTORS = 12


def derive(vectors: npt.NDArray[np.float64], cover: npt.NDArray[np.int64], region: npt.NDArray[np.str_]) -> dict:
    """From (N, 64) unit vectors, their cover 0–8 and region: `means` (9, 64); `place` (F, 64), factors of what a region
    adds to every class; `within` (F, 64), factors of what is left inside a class and region; `noise`, its scatter."""
    means = np.stack([vectors[cover == c].mean(0) for c in range(COVERS)])
    centred = vectors - means[cover]
    cells = [(r, c) for r in np.unique(region) for c in range(COVERS)]
    shift = {rc: centred[(region == rc[0]) & (cover == rc[1])].mean(0) for rc in cells}
    rest = centred - np.stack([shift[r, c] for r, c in zip(region, cover, strict=True)])
    place = _factors(np.stack(list(shift.values())), 4)
    within = _factors(rest, FACTORS)
    noise = np.sqrt((rest**2).sum() / len(rest) - (within**2).sum()) / 8
    return {k: np.float32(v) for k, v in {"means": means, "place": place, "within": within, "noise": noise}.items()}


def _factors(samples: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    """(count, 64): principal axes, each as long as the samples scatter along it."""
    _, scale, axes = np.linalg.svd(samples, full_matrices=False)
    return axes[:count] * (scale[:count, None] / np.sqrt(len(samples)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("aef_statistics.npz"))
    given = parser.parse_args()
    vectors, cover, region = [], [], []
    for table in given.tables:
        with open(table, encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                vectors.append([float(row[f"A{i:02d}"]) for i in range(64)])
                cover.append(int(row["dw_label"]))
                region.append(row["region"])
    np.savez_compressed(given.out, **derive(np.array(vectors), np.array(cover), np.array(region)))
    print(given.out, given.out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
