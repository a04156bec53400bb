"""Detection: one-to-one matching, micro precision, recall, F1 and AP, also against a slow reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusar_core.scoring.detection import (
    IOU_THRESHOLDS,
    DetectionCase,
    DetectionScore,
    iou_matrix,
    match_case,
    score_detection,
)
from fusar_core.scoring.intervals import Proportion

SIDE = 100

Box = tuple[float, float, float, float]
edges = st.tuples(*[st.integers(-3, 12)] * 4).map(lambda b: tuple(10.0 * v for v in b))
boxes = st.lists(edges, max_size=5)
scored = st.lists(st.tuples(edges, st.integers(0, 4).map(lambda s: s / 4)), max_size=6)
images = st.lists(st.tuples(boxes, scored), min_size=1, max_size=4)


def case(truth: list[Box], predicted: list[Box] | None, scores: list[float] | None = None) -> DetectionCase:
    return match_case(truth, predicted, scores, SIDE, SIDE)


def cases_of(drawn: list[tuple[list[Box], list[tuple[Box, float]]]]) -> list[DetectionCase]:
    return [case(truth, [b for b, _ in predicted], [s for _, s in predicted]) for truth, predicted in drawn]


def found(one: DetectionCase) -> list[int]:
    return [int(v) for v in one.hits.sum(0)]


def numbers(score: DetectionScore) -> list[tuple]:
    return [(a.precision, a.recall, a.f1.value, a.ap.value if a.ap else None) for a in score.at]


# --- one image -------------------------------------------------------------------------------------------------------


def test_iou_worked_by_hand() -> None:
    truth = np.array([[0, 0, 10, 10]], float)
    predicted = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [0, 0, 10, 5], [10, 0, 20, 10], [50, 50, 60, 60]], float)
    assert iou_matrix(truth, predicted).ravel() == pytest.approx([1, 50 / 150, 50 / 100, 0, 0])


def test_thresholds_are_reached_by_equality() -> None:
    assert found(case([(0, 0, 10, 10)], [(0, 0, 10, 5)])) == [1, 1, 0]  # IoU 0.5


def test_a_duplicate_of_a_found_target_is_a_false_alarm() -> None:
    score = score_detection([case([(0, 0, 10, 10)], [(0, 0, 10, 10)] * 3)])
    assert score.at[0].precision == Proportion(1, 3)
    assert score.at[0].recall == Proportion(1, 1)
    assert score.at[0].f1.value == pytest.approx(0.5)


def test_one_box_over_two_targets_finds_one_of_them() -> None:
    assert found(case([(0, 0, 10, 10), (10, 0, 20, 10)], [(0, 0, 20, 10)])) == [1, 1, 0]


def test_two_equal_true_boxes_need_two_predictions() -> None:
    twins: list[Box] = [(0, 0, 10, 10)] * 2
    assert found(case(twins, twins[:1])) == [1, 1, 1]
    assert found(case(twins, twins)) == [2, 2, 2]


def test_the_higher_score_chooses_first_even_with_the_lower_iou() -> None:
    truth: list[Box] = [(0, 0, 10, 10)]
    close, loose = (0.0, 0.0, 10.0, 9.0), (0.0, 0.0, 10.0, 6.0)
    assert case(truth, [close, loose], [0.1, 0.9]).hits[:, 1].tolist() == [False, True]
    assert case(truth, [close, loose], [0.9, 0.1]).hits[:, 1].tolist() == [True, False]
    assert case(truth, [loose, close]).hits[:, 1].tolist() == [False, True]  # no scores: by IoU
    # At 0.75 the loose box is no candidate, and the target is left to the close one.
    assert case(truth, [close, loose], [0.1, 0.9]).hits[:, 2].tolist() == [True, False]


def test_a_prediction_takes_the_free_target_it_fits_best() -> None:
    truth: list[Box] = [(0, 0, 10, 10), (4, 0, 14, 10)]
    one = case(truth, [(4, 0, 14, 10), (1, 0, 11, 10)], [0.9, 0.8])
    assert found(one) == [2, 2, 2]


def test_a_tie_of_score_and_iou_is_broken_by_place_not_by_order() -> None:
    # Both predictions lie on the first target with IoU 1/3, the right one also on the second with 0.29.
    truth: list[Box] = [(20, 0, 30, 10), (30.5, 0, 40.5, 10)]
    left, right = (15.0, 0.0, 25.0, 10.0), (25.0, 0.0, 35.0, 10.0)
    for targets in (truth, truth[::-1]):
        assert found(case(targets, [left, right])) == found(case(targets, [right, left])) == [2, 0, 0]


def test_boxes_are_clipped_to_the_chip() -> None:
    assert found(case([(-50, 0, 10, 10)], [(0, 0, 10, 10)])) == [1, 1, 1]
    assert found(case([(90, 90, 100, 100)], [(90, 90, 900, 900)])) == [1, 1, 1]


def test_true_boxes_outside_the_chip_are_no_targets_but_predictions_there_are_false() -> None:
    outside: Box = (200, 200, 210, 210)
    one = case([outside], [outside])
    assert (one.targets, one.predictions, found(one)) == (0, 1, [0, 0, 0])


@pytest.mark.parametrize("box", [(5, 5, 5, 9), (9, 9, 5, 5), (math.nan, 0, 10, 10), (0, 0, math.nan, 10)])
def test_degenerate_boxes(box: Box) -> None:
    assert found(case([(0, 0, 10, 10)], [box])) == [0, 0, 0]
    assert case([(0, 0, 10, 10)], [box]).predictions == 1
    assert case([box], []).targets == 0


def test_infinite_boxes_are_cut_to_the_chip() -> None:
    assert found(case([(0, 0, SIDE, SIDE)], [(-math.inf, -math.inf, math.inf, math.inf)])) == [1, 1, 1]


@pytest.mark.parametrize("scores", [[0.5], [0.5, math.nan], [0.1, 0.2, 0.3]])
def test_scores_must_belong_to_the_boxes_and_be_numbers(scores: list[float]) -> None:
    with pytest.raises(ValueError, match="finite numbers"):
        case([], [(0, 0, 1, 1), (0, 0, 2, 2)], scores)


# --- many images -----------------------------------------------------------------------------------------------------


def test_hand_worked_data_set() -> None:
    a, b, c = (0.0, 0.0, 10.0, 10.0), (20.0, 20.0, 40.0, 40.0), (60.0, 60.0, 80.0, 80.0)
    score = score_detection(
        [
            case([a, b], [a, (20, 20, 40, 32)], [0.9, 0.8]),  # IoU 1 and 0.6
            case([c], None),  # unparsable: no predictions, the target is missed
            case([], [a], [0.7]),  # an image without targets: a false alarm
            case([], [], []),
        ]
    )
    assert (score.n, score.targets, score.predictions, score.unparsable) == (4, 3, 3, 1)
    coarse, middle, fine = score.at
    assert (coarse.precision, coarse.recall) == (Proportion(2, 3), Proportion(2, 3))
    assert middle.f1.value == pytest.approx(2 / 3)
    assert (fine.precision, fine.recall) == (Proportion(1, 3), Proportion(1, 3))
    # precision 1 up to recall 2/3, then nothing more is found
    assert middle.ap is not None
    assert middle.ap.value == pytest.approx(2 / 3)
    assert fine.ap is not None
    assert fine.ap.value == pytest.approx(1 / 3)


def test_ap_of_a_hand_worked_ranking() -> None:
    # Ranked: found, false, found, false, found of 4 targets. Precision at the finds 1, 2/3, 3/5.
    targets: list[Box] = [(20 * i, 0, 20 * i + 10, 10) for i in range(4)]
    wrong: list[Box] = [(0, 50, 10, 60), (50, 50, 60, 60)]
    one = case(targets, [targets[0], wrong[0], targets[1], wrong[1], targets[2]], [0.9, 0.8, 0.7, 0.6, 0.5])
    ap = score_detection([one]).at[1].ap
    assert ap is not None
    assert ap.value == pytest.approx((1 + 2 / 3 + 3 / 5) / 4)


def test_the_envelope_lets_a_later_better_precision_count_for_lower_recall() -> None:
    targets: list[Box] = [(0, 0, 10, 10), (20, 0, 30, 10)]
    one = case(targets, [(50, 50, 60, 60), *targets], [0.9, 0.8, 0.7])  # precision 0, 1/2, 2/3
    ap = score_detection([one]).at[1].ap
    assert ap is not None
    assert ap.value == pytest.approx(2 / 3)


def test_equal_scores_enter_together() -> None:
    hit, miss = (0.0, 0.0, 10.0, 10.0), (50.0, 50.0, 60.0, 60.0)
    for predicted in ([hit, miss], [miss, hit]):
        ap = score_detection([case([hit], predicted, [0.5, 0.5])]).at[1].ap
        assert ap is not None
        assert ap.value == pytest.approx(0.5)


def test_without_scores_there_is_no_ap() -> None:
    box: Box = (0, 0, 10, 10)
    assert score_detection([case([box], [box])]).at[0].ap is None
    assert score_detection([case([box], [box], [0.5]), case([box], [box])]).at[0].ap is None


def test_finding_nothing_scores_0_and_unparsable_the_same() -> None:
    for nothing in ([], None):
        score = score_detection([case([(0, 0, 10, 10)], nothing)])
        assert (score.at[0].f1.value, score.at[0].precision.value, score.at[0].recall.value) == (0.0, None, 0.0)
        assert score.at[0].ap is not None
        assert score.at[0].ap.value == 0.0


def test_nothing_there_and_nothing_claimed_is_perfect() -> None:
    score = score_detection([case([], [])])
    assert (score.at[0].f1.value, score.at[0].recall.value, score.at[0].ap) == (1.0, None, None)


def test_no_images() -> None:
    score = score_detection([]).as_dict()
    assert score["n"] == 0
    assert score["at"][0]["f1"]["value"] is None


def test_every_number_carries_n_and_an_interval_around_it() -> None:
    rng = np.random.default_rng(3)
    drawn = []
    for _ in range(40):
        x, y = rng.uniform(0, 80, 2)
        drawn.append(([(x, y, x + 10, y + 10)], [((x + rng.uniform(0, 9), y, x + 19, y + 10), rng.uniform())]))
    for at in score_detection(cases_of(drawn)).as_dict()["at"][:2]:
        for name in ("precision", "recall", "f1", "ap"):
            low, high = at[name]["interval_95"]
            assert at[name]["n"] == 40
            assert low < at[name]["value"] < high


# --- properties and the slow reference -------------------------------------------------------------------------------


@settings(max_examples=40)
@given(images)
def test_scores_lie_in_0_1_and_fall_with_the_threshold(drawn: list) -> None:
    score = score_detection(cases_of(drawn))
    values = [a.f1.value for a in score.at]
    assert all(v is not None and 0 <= v <= 1 for v in values)
    assert all(a.ap is None or 0 <= (a.ap.value or 0) <= 1 for a in score.at)
    hits = [a.precision.successes for a in score.at]
    assert hits == sorted(hits, reverse=True)
    assert hits[0] <= min(score.targets, score.predictions)


@settings(max_examples=40)
@given(st.lists(boxes, min_size=1, max_size=4))
def test_perfect_predictions_score_1(drawn: list[list[Box]]) -> None:
    clean = [[b for b in one if clipped_area(b) > 0] for one in drawn]
    score = score_detection([case(one, one, [0.5] * len(one)) for one in clean])
    assert [a.f1.value for a in score.at] == [1.0] * len(IOU_THRESHOLDS)
    if score.targets:
        assert [a.ap.value if a.ap else None for a in score.at] == pytest.approx([1.0] * len(IOU_THRESHOLDS))


@settings(max_examples=40)
@given(images, st.randoms())
def test_no_order_matters_not_of_images_targets_or_predictions(drawn: list, random) -> None:
    shuffled = [(random.sample(t, len(t)), random.sample(p, len(p))) for t, p in random.sample(drawn, len(drawn))]
    first, second = numbers(score_detection(cases_of(drawn))), numbers(score_detection(cases_of(shuffled)))
    for a, b in zip(first, second, strict=True):
        assert a[:2] == b[:2]
        assert a[2:] == pytest.approx(b[2:])


@settings(max_examples=60)
@given(images)
def test_agrees_with_a_slow_reference(drawn: list) -> None:
    score = score_detection(cases_of(drawn))
    for at in score.at:
        ranked, targets = slow_ranking(drawn, at.iou)
        assert at.precision == Proportion(sum(hit for _, hit in ranked), len(ranked))
        assert at.recall.n == targets
        expected = slow_average_precision(ranked, targets)
        assert (at.ap.value if at.ap else None) == (None if expected is None else pytest.approx(expected))


def clipped(box: Box) -> Box:
    x1, y1, x2, y2 = (min(max(v, 0.0), SIDE) for v in box)
    return x1, y1, x2, y2


def clipped_area(box: Box) -> float:
    x1, y1, x2, y2 = clipped(box)
    return (x2 - x1) * (y2 - y1) if x2 > x1 and y2 > y1 else 0.0


def slow_iou(a: Box, b: Box) -> float:
    """By counting the cells of 10 × 10 pixels that the boxes of these tests consist of."""
    first, second = covered(a), covered(b)
    return len(first & second) / len(first | second) if first and second else 0.0


def covered(box: Box) -> set[tuple[int, int]]:
    x1, y1, x2, y2 = box
    return {(x, y) for x in range(10) for y in range(10) if x1 <= 10 * x < x2 and y1 <= 10 * y < y2}


def slow_ranking(drawn: list, threshold: float) -> tuple[list[tuple[float, bool]], int]:
    """(score, hit) of every prediction, and the number of targets: the best pair that is left, again and again."""
    ranked: list[tuple[float, bool]] = []
    targets = 0
    for truth, predicted in drawn:
        free = [clipped(t) for t in truth if clipped_area(t) > 0]
        waiting = [(s, clipped(b)) for b, s in predicted]
        targets += len(free)
        while pairs := [(-s, -slow_iou(b, t), b, t) for s, b in waiting for t in free if slow_iou(b, t) >= threshold]:
            negative_score, _, box, target = min(pairs)
            ranked.append((-negative_score, True))
            waiting.remove((-negative_score, box))
            free.remove(target)
        ranked += [(s, False) for s, _ in waiting]
    return ranked, targets


def slow_average_precision(ranked: list[tuple[float, bool]], targets: int) -> float | None:
    """Mean over the k-th target of the best precision of any score limit that finds at least k targets."""
    if not targets:
        return None
    curve = []
    for limit in {s for s, _ in ranked}:
        hits = [hit for s, hit in ranked if s >= limit]
        curve.append((sum(hits), sum(hits) / len(hits)))
    return sum(max((p for k_found, p in curve if k_found >= k), default=0.0) for k in range(1, targets + 1)) / targets
