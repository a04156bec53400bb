"""Derives aef_statistics.npz from tables of real AlphaEarth vectors with land cover labels.

    python -m training.simulation.derive_statistics TABLE.csv …

Tables have columns A00…A63, dw_label (0–8, Dynamic World) and region. Only means and factors of covariances are kept,
no vector: how covers differ, how a region shifts them all, how vectors of one cover and region scatter.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fusar_core.domain.schema import EMBEDDING_BANDS as BANDS
from training.simulation.canvas import COVERS

STATISTICS = Path(__file__).with_name("aef_statistics.npz")
FACTORS, PLACE_FACTORS = 10, 8

Floats = npt.NDArray[np.float64]


def derive(
    vectors: Floats, cover: npt.NDArray[np.int64], region: npt.NDArray[np.str_]
) -> dict[str, npt.NDArray[np.float32]]:
    """Statistics of (N, 64) unit vectors with their cover (0–7) and region; every region counts the same.

    means: (8, 64). place: (F, 64), factors of what a region adds to all covers. own: (F, 64), of what it adds to one
    cover alone. within: (8, F, 64), of what is left within a cover and region; noise: (8,), scatter a band beside
    them. pooled, pooled_noise: the same over all covers. Factors are principal axes as long as the scatter along them.
    """
    regions, classes = np.unique(region), len(COVERS)
    cells = np.full((len(regions), classes, BANDS), np.nan)
    rest = []
    for c in range(classes):
        for i, r in enumerate(regions):
            some = vectors[(cover == c) & (region == r)]
            if len(some):
                cells[i, c] = some.mean(0)
                rest.append((c, some - cells[i, c]))
    means = np.nanmean(cells, axis=0)
    shifts = cells - means
    place = np.nanmean(shifts, axis=1)
    own = (shifts - place[:, None]).reshape(-1, BANDS)
    parts = [np.concatenate([r for k, r in rest if k == c]) for c in range(classes)]
    within, noise = zip(*(_split(p) for p in parts), strict=True)
    pooled, pooled_noise = _split(np.concatenate(parts))
    found = {
        "means": means, "place": _factors(place, PLACE_FACTORS),
        "own": _factors(own[np.isfinite(own).all(1)], PLACE_FACTORS),
        "within": np.stack(within), "noise": np.array(noise), "pooled": pooled, "pooled_noise": np.array(pooled_noise),
    }  # fmt: skip
    return {name: np.asarray(value, np.float32) for name, value in found.items()}


def _split(samples: Floats) -> tuple[Floats, float]:
    """Factors of centred samples, and the scatter a band that they leave."""
    factors = _factors(samples, FACTORS)
    left = (samples**2).sum() / len(samples) - (factors**2).sum()
    return factors, float(np.sqrt(max(left, 0.0) / BANDS))


def _factors(samples: Floats, count: int) -> Floats:
    """(count, 64): principal axes, each as long as the samples scatter along it; zeros where there are fewer."""
    _, scale, axes = np.linalg.svd(samples, full_matrices=False)
    found = axes[:count] * (scale[:count, None] / np.sqrt(len(samples)))
    return np.concatenate([found, np.zeros((count - len(found), BANDS))])


def main() -> None:
    """Reads the tables, derives, and writes the npz. Rows of covers that are not painted are left out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=STATISTICS)
    given = parser.parse_args()
    vectors, cover, region = [], [], []
    for table in given.tables:
        with open(table, encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                if int(row["dw_label"]) < len(COVERS):
                    vectors.append([float(row[f"A{i:02d}"]) for i in range(BANDS)])
                    cover.append(int(row["dw_label"]))
                    region.append(row["region"])
    found = derive(np.array(vectors), np.array(cover), np.array(region))
    np.savez_compressed(given.out, **found)  # type: ignore[arg-type]
    print(f"{given.out}: {len(vectors)} vectors, {given.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
