"""How the answers to single questions become features of the published layers."""

from __future__ import annotations

from fusar_core.domain.schema import ANSWERS, DETECTIONS
from fusar_core.interpretation.result import Inquiry
from fusar_core.results.rows import answer_fields, box_text, corners_of, edges, table_of
from fusar_core.results.tables import FeatureTable


def classified_box(inquiry: Inquiry) -> FeatureTable:
    """The detections layer with one feature: the box that was asked about, with its class.

    A class that could not be read from the answer is empty, with its parse_status; so is that of a box with nothing in
    it. The sides of a box that somebody drew are no sizes of a target.
    """
    box = edges(inquiry.extent)
    [answer] = inquiry.answers
    told = {
        "class": answer.value or "",
        "length_m": None,
        "width_m": None,
        "area_m2": None,
    }  # nobody measured the target
    return table_of(inquiry, DETECTIONS, [corners_of(box)], [answer_fields(answer) | told | {"px_bbox": box_text(box)}])


def asked(inquiry: Inquiry) -> FeatureTable:
    """The answers layer with one feature a chip."""
    places = [edges(answer.where) for answer in inquiry.answers]
    rows = [
        answer_fields(a) | {"question": a.question, "answer": a.value or "", "value": None, "px_bbox": box_text(place)}
        for a, place in zip(inquiry.answers, places, strict=True)
    ]
    return table_of(inquiry, ANSWERS, [corners_of(place) for place in places], rows)
