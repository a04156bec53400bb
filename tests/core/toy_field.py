"""A result field that nothing but this file knows: all that a new field has to bring.

python toy_field.py ARGUMENTS…    # the command `fusar`, whose detections say how many pixels wide they are
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from fusar_core.domain import schema

WIDE = schema.Field("pixels_wide", "px_wide", "real", "pixels along a row")


def register() -> None:
    """Makes the field known, as its lines in the schema and among the values would."""
    schema.DETECTIONS = replace(schema.DETECTIONS, fields=(*schema.DETECTIONS.fields, WIDE))
    schema.LAYERS = (schema.DETECTIONS, schema.GRID_CELLS, schema.ANSWERS)
    from fusar_core.results.features import DETECTION_VALUES

    DETECTION_VALUES[WIDE.name] = lambda told: told.target.detection.bbox[2] - told.target.detection.bbox[0]


if __name__ == "__main__":
    register()
    from fusar_core.cli import main

    main()
