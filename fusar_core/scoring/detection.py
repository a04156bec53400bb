"""Detection: all boxes of a category, matched one to one with the true ones, counted over all images.

Boxes are (x1, y1, x2, y2) in chip pixels with continuous coordinates (area = width · height, no +1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusar_core.scoring.intervals import (
    Estimate,
    FloatArray,
    Proportion,
    estimate,
    percentile_interval,
    resampled_counts,
)

IOU_THRESHOLDS = (0.25, 0.5, 0.75)

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class DetectionCase:
    """One image and category after matching.

    targets: true boxes. hits: (P, 3) bool, whether each prediction found a target at each of `IOU_THRESHOLDS`. scores:
    (P,) float64, None when the engine gave none. unparsable: the answer was no list of boxes (then P is 0).
    """

    targets: int
    hits: BoolArray
    scores: FloatArray | None
    unparsable: bool = False

    @property
    def predictions(self) -> int:
        """Boxes that were claimed, P; 0 also where the answer could not be parsed."""
        return len(self.hits)


@dataclass(frozen=True)
class DetectionAtIou:
    """Micro-averaged metrics at one IoU threshold.

    precision and recall with Wilson intervals over boxes, f1 and ap with bootstrap intervals over cases, which keep the
    boxes of an image together. precision is None without predictions, recall and ap without targets; f1 is 1 when there
    was nothing to find and nothing was claimed. ap is also None when a prediction has no score.
    """

    iou: float
    precision: Proportion
    recall: Proportion
    f1: Estimate
    ap: Estimate | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON; `ap` is null where a prediction has no score, and values are null where undefined."""
        return {
            "iou": self.iou,
            "precision": self.precision.as_dict(),
            "recall": self.recall.as_dict(),
            "f1": self.f1.as_dict(),
            "ap": self.ap.as_dict() if self.ap else None,
        }


@dataclass(frozen=True)
class DetectionScore:
    """n: cases, i.e. images × categories, those without targets among them."""

    n: int
    targets: int
    predictions: int
    unparsable: int
    at: tuple[DetectionAtIou, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON, with an entry of `at` for each IoU threshold."""
        return {
            "n": self.n,
            "targets": self.targets,
            "predictions": self.predictions,
            "unparsable": self.unparsable,
            "at": [a.as_dict() for a in self.at],
        }


def as_boxes(boxes: npt.ArrayLike) -> FloatArray:
    """Any sequence of boxes, also an empty one, as (N, 4) float64."""
    return np.asarray(boxes, float).reshape(-1, 4)


def clip_boxes(boxes: npt.ArrayLike, width: float, height: float) -> FloatArray:
    """(N, 4) boxes cut at the edges of the chip; one that lies outside keeps no area."""
    return np.clip(as_boxes(boxes), 0.0, [width, height, width, height])


def areas(boxes: FloatArray) -> FloatArray:
    """(N,) areas; 0 for degenerate boxes: no extent, corners the wrong way round, or coordinates that are NaN."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return np.where((sides > 0).all(1), sides.prod(1), 0.0)


def iou_matrix(truth: FloatArray, predicted: FloatArray) -> FloatArray:
    """(P, T) intersection over union of every prediction with every true box; 0 for degenerate boxes."""
    low = np.maximum(predicted[:, None, :2], truth[None, :, :2])
    high = np.minimum(predicted[:, None, 2:], truth[None, :, 2:])
    shared = np.clip(high - low, 0.0, None).prod(2)
    predicted_area, truth_area = areas(predicted)[:, None], areas(truth)[None]
    usable = (predicted_area > 0) & (truth_area > 0)
    return np.where(usable, shared / np.where(usable, predicted_area + truth_area - shared, 1.0), 0.0)


def match_case(
    truth: npt.ArrayLike,
    predicted: npt.ArrayLike | None,
    scores: Sequence[float] | None,
    width: float,
    height: float,
) -> DetectionCase:
    """Matches the predictions of one image and category with its true boxes, one to one.

    truth, predicted: (N, 4), clipped to the chip here; predicted is None when the answer could not be parsed. True
    boxes without area inside the chip are left out. Predictions without any stay: each claims a target, falsely.

    Greedy, as COCO does it: predictions by descending score, each takes the free target with which its IoU is highest.
    Among predictions of equal score, and all when there are no scores, the pair with the higher IoU goes first, then
    the smaller coordinates: the order of the lists never matters. A duplicate of a found target is a false alarm.
    Raises ValueError for scores that are not finite, or not as many as predictions.
    """
    true_boxes = clip_boxes(truth, width, height)
    true_boxes = true_boxes[areas(true_boxes) > 0]
    boxes = clip_boxes([] if predicted is None else predicted, width, height)
    confidence = None if scores is None else np.asarray(scores, float)
    if confidence is not None and (confidence.shape != (len(boxes),) or not np.isfinite(confidence).all()):
        raise ValueError(f"scores must be {len(boxes)} finite numbers, got {scores!r}")
    ious = iou_matrix(true_boxes, boxes)
    hits = [_greedy(ious, true_boxes, boxes, confidence, threshold) for threshold in IOU_THRESHOLDS]
    return DetectionCase(len(true_boxes), np.stack(hits, 1), confidence, unparsable=predicted is None)


def _greedy(
    ious: FloatArray, truth: FloatArray, predicted: FloatArray, scores: FloatArray | None, threshold: float
) -> BoolArray:
    """(P,) bool: which predictions get a target."""
    hit = np.zeros(len(predicted), bool)
    taken = np.zeros(len(truth), bool)
    p, t = np.nonzero(ious >= threshold)
    score = np.zeros(len(p)) if scores is None else scores[p]
    # lexsort: the last key is the first in rank.
    order = np.lexsort((*truth[t].T[::-1], *predicted[p].T[::-1], -ious[p, t], -score))
    for i, j in zip(p[order], t[order], strict=True):
        if not hit[i] and not taken[j]:
            hit[i] = taken[j] = True
    return hit


def f1_statistic(sums: FloatArray) -> FloatArray:
    """(R,) F1 from (R, 3) found, predictions, targets; 1 when there are neither predictions nor targets."""
    found, predictions, targets = sums.T
    claims = predictions + targets
    return np.asarray(np.divide(2 * found, claims, np.ones(len(sums)), where=claims > 0))


def score_detection(cases: Sequence[DetectionCase]) -> DetectionScore:
    """Micro precision, recall, F1 and AP over all cases; categories are pooled."""
    targets = sum(c.targets for c in cases)
    predictions = sum(c.predictions for c in cases)
    ap = _average_precisions(cases)
    at = []
    for k, iou in enumerate(IOU_THRESHOLDS):
        table = np.array([(c.hits[:, k].sum(), c.predictions, c.targets) for c in cases], float).reshape(-1, 3)
        found = int(table[:, 0].sum())
        f1 = estimate(table, f1_statistic)
        at.append(DetectionAtIou(iou, Proportion(found, predictions), Proportion(found, targets), f1, ap[k]))
    return DetectionScore(len(cases), targets, predictions, sum(c.unparsable for c in cases), tuple(at))


def _average_precisions(cases: Sequence[DetectionCase]) -> list[Estimate | None]:
    """AP at each threshold with bootstrap intervals; None where scores are missing or there are no targets.

    AP is the area under the precision envelope over recall, exact at every recall ("continuous", as PASCAL VOC since
    2010; COCO samples the same curve at 101 recalls). Predictions of equal score enter together, so that their order in
    the list cannot matter.
    """
    nothing: list[Estimate | None] = [None] * len(IOU_THRESHOLDS)
    if not any(c.targets for c in cases) or any(c.scores is None and c.predictions for c in cases):
        return nothing
    scores = np.concatenate([c.scores if c.scores is not None else np.empty(0) for c in cases])
    order = np.argsort(-scores, kind="stable")
    case = np.repeat(np.arange(len(cases)), [c.predictions for c in cases])[order]
    hits = np.concatenate([c.hits for c in cases])[order].astype(float)
    last_of_score = np.append(np.diff(scores[order]) != 0, True)[: len(order)]
    targets = np.array([c.targets for c in cases], float)

    def average_precision(counts: FloatArray) -> FloatArray:
        total = float(counts @ targets)
        if not total:
            return np.full(len(IOU_THRESHOLDS), math.nan)
        weight = counts[case][:, None]
        found = np.cumsum(weight * hits, 0)[last_of_score]
        claimed = np.cumsum(weight, 0)[last_of_score]
        precision = found / np.maximum(claimed, 1.0)
        envelope = np.maximum.accumulate(precision[::-1], 0)[::-1]
        steps = np.diff(found / total, axis=0, prepend=0.0)
        return np.asarray((steps * envelope).sum(0))

    values = average_precision(np.ones(len(cases)))
    resampled = np.array([average_precision(c) for block in resampled_counts(len(cases)) for c in block])
    return [
        Estimate(float(value), len(cases), percentile_interval(column))
        for value, column in zip(values, resampled.T, strict=True)
    ]
