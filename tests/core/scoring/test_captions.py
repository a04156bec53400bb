"""Captions: BLEU and CIDEr-D against values worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusar_core.scoring.captions import bleu, cider, score_captions, strip_opening, words

SENTENCES = ["a harbour with three ships", "open sea without ships", "an airfield with two planes and a hall"]


def test_a_perfect_caption_has_bleu_1_and_cider_1000() -> None:
    score = score_captions(SENTENCES, SENTENCES)
    assert score.bleu == (1, 1, 1, 1)
    assert score.cider == pytest.approx(1000)


def test_bleu_by_hand() -> None:
    # "the cat the cat" against "the cat sat": unigrams 2 of 4 (clipped), bigrams 1 of 3, nothing longer
    pairs = [(words("the cat sat"), words("the cat the cat"))]
    one, two, three, _ = bleu(pairs)
    assert one == pytest.approx(2 / 4)
    assert two == pytest.approx(math.sqrt(2 / 4 * 1 / 3))
    assert three == 0


def test_short_captions_pay_the_brevity_penalty() -> None:
    pairs = [(words("one two three four"), words("one two"))]
    assert bleu(pairs)[0] == pytest.approx(math.exp(1 - 4 / 2))


def test_cider_by_hand() -> None:
    # two captions; "ship" is in both references (idf 0), "red" and "blue" in one each (idf ln 2)
    pairs = [(["red", "ship"], ["red", "ship"]), (["blue", "ship"], ["red", "ship"])]
    # n = 1: first 1, second 0; n = 2: first 1, second 0; n = 3, 4: nothing to match
    assert cider(pairs) == pytest.approx(1000 * (1 + 0 + 1 + 0) / (4 * 2))


def test_openings_of_templates_do_not_count_when_stripped() -> None:
    assert strip_opening("This SAR image shows a harbour.") == "a harbour."
    assert strip_opening("There are ships.") == "ships."
    assert strip_opening("This is a SAR image of a harbour.") == "a harbour."
    assert strip_opening("This is a radar image showing quays.") == "quays."
    assert strip_opening("A harbour.") == "A harbour."
    score = score_captions(["This image shows open sea"] * 2, ["This image shows a town", "This image shows open sea"])
    assert score.bleu[0] > score_captions(["open sea"] * 2, ["a town", "open sea"]).bleu[0]
    assert score.stripped == (0, score_captions(["open sea"] * 2, ["a town", "open sea"]).cider)


def test_empty_captions_earn_nothing_and_metrics_that_need_java_say_so() -> None:
    score = score_captions(SENTENCES, ["", "", ""])
    assert score.bleu == (0, 0, 0, 0)
    assert score.cider == 0
    assert "Java" in score.as_dict()["meteor"]
    with pytest.raises(ValueError, match="zip"):
        score_captions(SENTENCES, SENTENCES[:2])


@given(
    st.lists(st.text("ab ", max_size=12), min_size=1, max_size=5).flatmap(
        lambda refs: st.tuples(
            st.just(refs), st.lists(st.text("ab ", max_size=12), min_size=len(refs), max_size=len(refs))
        )
    )
)
def test_scores_stay_in_their_range(pair: tuple[list[str], list[str]]) -> None:
    score = score_captions(*pair)
    assert all(0 <= b <= 1 + 1e-9 for b in score.bleu)
    assert 0 <= score.cider <= 1000 + 1e-6
