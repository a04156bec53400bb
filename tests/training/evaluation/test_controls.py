"""The controls of the prior: what anchors are replaced by, and that nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusar_core.domain.anchors import Anchors
from fusar_core.engines import dialogue
from fusar_core.errors import BadOption
from fusar_core.prior.files import write_anchors
from training.data.loading import load_anchors
from training.data.triplets import Triplet
from training.errors import BadTriplet
from training.evaluation.controls import CONTROLS, controlled, place_in_words
from training.evaluation.evaluate import evaluate

Data = tuple[list[Triplet], Path]


@pytest.mark.parametrize("control", [c for c in CONTROLS if c not in ("wrong-year", "latlon-text")])
def test_controls_change_the_anchors_and_nothing_else(data: Data, scripted: Any, control: str) -> None:
    triplets, root = data
    engine = scripted({})
    evaluate(engine, triplets, root, ("count",), ("ship",), control)
    chips = [r.chip for r in engine.requests]
    assert [int(c.image[0, 0]) for c in chips] == [0, 10, 20, 30]
    if control == "none":
        assert all(c.anchors is None for c in chips)
        return
    axes = [int(c.anchors.features[0].argmax()) for c in chips]
    if control == "as-is":
        assert axes == [0, 1, 2, 3]
        return
    if control == "shuffled":
        assert sorted(axes) == [0, 1, 2, 3]
        assert all(a != i for i, a in enumerate(axes))
        return
    own = [load_anchors(t, root) for t in triplets]
    assert all(np.array_equal(c.anchors.positions, o.positions) for c, o in zip(chips, own, strict=True))
    for chip in chips:
        if control == "zero":
            assert not chip.anchors.features.any()
        else:
            assert np.allclose(np.linalg.norm(chip.anchors.features, axis=1), 1)
            assert np.allclose(chip.anchors.features[:, :4], 0.5)


def test_place_and_year_in_words_go_before_every_question(data: Data, scripted: Any) -> None:
    triplets, root = data
    engine = scripted({(i, "count", "ship"): n for i, n in enumerate((2, 0, 0, 1))})
    results = evaluate(engine, triplets, root, ("count", "classify"), ("plane", "ship"), "latlon-text")
    assert all(r.chip.anchors is None for r in engine.requests)
    asked = [query.prompt for query in dialogue.queries(engine.requests[-2], 90)]
    assert [words.split(". ", 1) for words in asked] == [
        ["Latitude 10.050, longitude 3.050, year 2020", query.prompt]
        for query in dialogue.queries(replace(engine.requests[-2], preamble=""), 90)
    ]
    assert results.scores["count"]["ship"]["accuracy"]["value"] == 1
    with pytest.raises(BadTriplet, match="no footprint"):
        controlled("latlon-text", [replace(triplets[0], footprint=None)], root)


def test_the_middle_of_a_chip_across_the_antimeridian_is_said_right(data: Data) -> None:
    triplet = replace(data[0][0], footprint=(179.9, -1.0, -179.7, 1.0), year=None)
    assert place_in_words(triplet) == "Latitude 0.000, longitude -179.900. "


class Years:
    """A source that knows some years; the vectors of a year point along an axis of their own."""

    name, attribution = "years", "Nobody."

    def __init__(self, *known: int) -> None:
        self.known = known

    def year_used(self, year: int) -> int:
        return min(self.known, key=lambda y: abs(y - year))

    def sample(self, lon: Any, lat: Any, year: int, resolution_m: float = 0.0) -> Any:
        features = np.zeros((len(lon), 64), np.float32)
        features[:, year - 2000] = 1
        self.asked = lon
        return features, np.arange(len(lon)) > 0  # the first node has no data then


@pytest.mark.parametrize(
    ("known", "year", "used"), [((2019, 2020), None, 2019), ((2020, 2021), None, 2021), ((2017, 2020), 2018, 2017)]
)
def test_another_year_is_looked_up_at_the_same_nodes(
    data: Data, known: tuple[int, ...], year: int | None, used: int
) -> None:
    triplets, root = data
    source: Any = Years(*known)
    found = controlled("wrong-year", triplets, root, source, year)(3)
    own = load_anchors(triplets[3], root)
    assert found is not None
    assert own is not None
    assert np.array_equal(source.asked, own.lon)
    assert np.array_equal(found.positions, own.positions[1:])
    assert set(found.features.argmax(axis=1)) == {used - 2000}
    assert found.year_used == used


def test_another_year_may_stand_in_a_file(data: Data) -> None:
    triplets, root = data
    triplets[0] = replace(triplets[0], facts={"other_year_anchors": "1.npz"})
    found = controlled("wrong-year", triplets[:1], root)(0)
    assert found is not None
    assert found.features[0].argmax() == 1


def test_a_source_that_is_given_goes_before_the_file_that_facts_name(data: Data, scripted: Any) -> None:
    triplets, root = data
    triplets = [replace(t, facts={"other_year_anchors": "1.npz"}) for t in triplets]
    source: Any = Years(2018, 2020)
    looked_up = evaluate(scripted({}), triplets, root, ("count",), control="wrong-year", source=source, other_year=2018)
    assert (looked_up.about["source"], looked_up.about["other_year"]) == ("years", 2018)
    found = controlled("wrong-year", triplets, root, source, 2018)(0)
    assert found is not None
    assert found.features[0].argmax() == 18
    named = evaluate(scripted({}), triplets, root, ("count",), control="wrong-year")
    assert (named.about["source"], named.about["other_year"]) == (None, None)


def test_a_source_or_year_that_would_not_be_used_is_refused(data: Data) -> None:
    triplets, root = data
    source: Any = Years(2018, 2020)
    with pytest.raises(BadOption, match="not used by --prior shuffled"):
        controlled("shuffled", triplets, root, source)
    triplets = [replace(t, facts={"other_year_anchors": "1.npz"}) for t in triplets]
    with pytest.raises(BadOption, match="2018 cannot be looked up"):
        controlled("wrong-year", triplets, root, year=2018)


def test_another_year_that_cannot_be_had_is_refused(data: Data) -> None:
    triplets, root = data
    with pytest.raises(BadTriplet, match="another year"):
        controlled("wrong-year", triplets, root)
    source: Any = Years(2020)
    with pytest.raises(BadTriplet, match="2020 again"):
        controlled("wrong-year", triplets, root, source)(0)
    own = load_anchors(triplets[0], root)
    assert own is not None
    nowhere = np.full(len(own), np.nan)
    write_anchors(Anchors(own.features, own.positions, nowhere, nowhere, year_used=2020), root / "0.npz")
    with pytest.raises(BadTriplet, match="where their nodes lie"):
        controlled("wrong-year", triplets, root, source)(0)


def test_a_mean_needs_anchors(data: Data) -> None:
    triplets, root = data
    with pytest.raises(BadTriplet, match="no mean"):
        controlled("mean", [replace(t, anchors=None) for t in triplets], root)
