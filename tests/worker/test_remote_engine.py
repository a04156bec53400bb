"""The remote engine: the same answers as in this process, in order; stock servers without anchors and with their own
coordinates; words as they come; nothing but the wanted extent leaves the machine."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from openai_server import MODEL, Raw, Seen, Server, completion, entry, ours, streamed
from scenes import ships_scene
from speaking import SIZE, InProcess, behave, chip

from fusar_core.domain.anchors import Anchors
from fusar_core.domain.answers import Request
from fusar_core.domain.tiling import Window
from fusar_core.engines import open_engine
from fusar_core.engines.base import Hooks
from fusar_core.engines.remote import RemoteEngine
from fusar_core.errors import BadOption, UnknownModel, UnsupportedTask
from fusar_core.interpretation.inquiry import ask, classify_box
from fusar_core.interpretation.interpret import interpret
from fusar_core.interpretation.scope import Scope
from fusar_core.scenes.scene import SarScene
from fusar_core.tasks import TASKS


def without_time(answers) -> list:
    return [replace(a, seconds=0.0, score=None) for a in answers]


def anchors(seed: int = 0) -> Anchors:
    vectors = np.random.default_rng(seed).normal(size=(5, 64))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    nowhere = np.full(5, np.nan)
    return Anchors(vectors.astype(np.float32), np.full((5, 2), 0.5, np.float32), nowhere, nowhere)


def requests(count: int, tasks=tuple(TASKS)) -> list[Request]:
    return [
        Request(
            chip(i, anchors=anchors(i) if i % 2 else None),
            tasks,
            ("ship", "plane"),
            box=(8, 8, 40, 30),
            question="What is it?",
        )
        for i in range(count)
    ]


@pytest.fixture
def server():
    with Server(behave, [ours()]) as running:
        yield running


# --- the same answers -------------------------------------------------------------------------------------------------


def test_every_answer_equals_that_of_the_same_model_in_this_process(server) -> None:
    asked = requests(6)
    engine = open_engine(server.url)
    answers = list(engine.answer(asked))
    assert without_time(answers) == without_time(InProcess().answer(asked))
    assert len(server.asked) == len(answers)
    assert all(a.score == pytest.approx(np.exp(-0.1)) for a in answers if a.value not in ([], None))
    assert all(d.score == pytest.approx(np.exp(-0.1)) for a in answers if a.task == "detect" for d in a.value)
    assert (engine.name, engine.model, engine.classes) == ("worker", "nano", {"plane", "ship"})


def test_answers_come_in_order_though_the_server_gives_them_out_of_order() -> None:
    def slowly(seen: Seen) -> str:
        time.sleep(0.05 * (int(seen.image.sum()) % 4))
        return behave(seen)

    with Server(slowly, [ours()]) as server:
        answers = list(RemoteEngine(server.url).answer(requests(20, ("count", "describe"))))
        assert server.most_under_way > 4
    assert [(a.chip.index, a.task, a.label) for a in answers] == [
        (i, *q) for i in range(20) for q in (("count", "ship"), ("count", "plane"), ("describe", ""))
    ]
    assert without_time(answers) == without_time(InProcess().answer(requests(20, ("count", "describe"))))


def test_the_first_answer_does_not_wait_for_the_last_request(server) -> None:
    pulled = []

    def endless():
        number = 0
        while True:
            pulled.append(number)
            yield Request(chip(number), ("count",), ("ship",))
            number += 1

    stream = RemoteEngine(server.url, concurrency=2).answer(endless())
    first = next(stream)
    assert first.chip.index == 0
    for _ in range(50):
        next(stream)
    assert len(pulled) < 60  # pulled as they are needed, whatever the server could take
    stream.close()


def test_a_scene_through_the_server_equals_the_scene_in_this_process(server, tmp_path) -> None:
    path = ships_scene(tmp_path / "scene.tif", [(60, 60), (200, 150), (310, 280), (111, 112)], shape=(300, 400))
    with SarScene.open(path) as scene:
        tasks = ("detect", "count", "locate", "describe")
        there = interpret(scene, RemoteEngine(server.url), Scope(tasks=tasks, classes=("ship", "plane")))
        here = interpret(scene, InProcess(), Scope(tasks=tasks, classes=("ship", "plane")))
    assert here.targets
    assert [replace(t.detection, score=0) for t in there.targets] == [
        replace(t.detection, score=0) for t in here.targets
    ]
    assert [replace(a, score=None) for a in there.answers] == [replace(a, score=None) for a in here.answers]
    assert there.settings["server"] == server.url


def test_chips_travel_without_loss(server) -> None:
    made = chip(3)
    list(RemoteEngine(server.url).answer([Request(made, ("count",), ("ship",))]))
    assert server.asked[0].png.startswith(b"\x89PNG")
    assert (server.asked[0].image == made.image).all()
    assert server.asked[0].image.dtype == np.uint8


def test_chips_of_another_size_are_sent_in_the_models_and_boxes_scaled_back(server) -> None:
    made = chip(3, side=2 * SIZE, bright=0)
    made.values[40:80, 60:120] = 255
    (answer,) = RemoteEngine(server.url).answer([Request(made, ("detect",), ("ship",))])
    assert server.asked[0].image.shape == (SIZE, SIZE)
    assert [d.bbox for d in answer.value] == [pytest.approx((60, 40, 120, 80), abs=3)]


def test_every_question_has_its_own_key_and_repeats_it(server) -> None:
    for _ in range(2):
        list(RemoteEngine(server.url).answer(requests(3, ("count",))))
    keys = [seen.headers["idempotency-key"] for seen in server.asked]
    assert len(keys) == 12
    assert len(set(keys)) == 6


# --- what the model can do --------------------------------------------------------------------------------------------


def test_tasks_and_classes_are_those_of_the_workers_model() -> None:
    with Server(behave, [ours(tasks=["count"], classes=["ship"], gsd_m=[1, 3])]) as server:
        engine = RemoteEngine(server.url)
        assert engine.tasks == {"count"}
        with pytest.raises(UnsupportedTask):
            list(engine.answer(requests(1, ("describe",))))
        assert engine.tiling((10.0, 10.0)) == (112, 14)
        assert "10 m are unlike" in engine.report((10.0, 10.0)).warnings[0]
        assert engine.report((2.0, 2.0)).warnings == ()


def test_the_official_prompt_is_used_where_the_model_needs_it() -> None:
    with Server(behave, [ours(prompts={"detect": "official"})]) as server:
        list(RemoteEngine(server.url).answer([Request(chip(), ("detect",), ("ship",))]))
        assert server.asked[0].prompt.startswith("This is a SAR image. Please carefully")


def test_a_task_is_asked_of_the_adapter_that_does_it() -> None:
    models = [ours("base", tasks=["count"]), ours("detector", tasks=["detect"]) | {"parent": "base"}]
    with Server(behave, models) as server:
        list(RemoteEngine(server.url).answer([Request(chip(), ("detect", "count"), ("ship",))]))
        assert sorted(seen.body["model"] for seen in server.asked) == ["base", "detector"]


def test_options_that_mean_nothing(server) -> None:
    for options in ({"coordinates": "inches"}, {"concurrency": 0}):
        with pytest.raises(BadOption):
            RemoteEngine(server.url, **options)
    with pytest.raises(UnknownModel, match="nano"):
        RemoteEngine(server.url, model="micro")


# --- stock servers ----------------------------------------------------------------------------------------------------


def box_of(said: str, **options):
    """What a stock model's words become for a chip of 504 pixels."""
    with Server(lambda seen: completion(said), [entry(options.pop("name", MODEL))]) as server:
        engine = RemoteEngine(server.url, **options)
        (answer,) = engine.answer([Request(chip(side=504, anchors=anchors()), ("detect",), ("ship",))])
        return engine, answer, server.asked[0]


BOX = '```json\n[{"bbox_2d": [100, 200, 250, 300], "label": "ship"}]\n```'


def test_a_stock_model_gets_no_anchors_and_the_result_says_so(tmp_path) -> None:
    engine, answer, seen = box_of(BOX)
    assert [d.bbox for d in answer.value] == [(100, 200, 250, 300)]
    assert seen.anchors is None
    assert any("no prior was used" in w for w in engine.report((10.0, 10.0)).warnings)
    assert (engine.name, engine.model) == ("server", MODEL)


@pytest.mark.parametrize("options", [{"name": "Qwen3-VL-8B"}, {"coordinates": "thousandths"}])
def test_boxes_in_thousandths(options) -> None:
    engine, answer, seen = box_of(BOX, **options)
    assert [d.bbox for d in answer.value] == [pytest.approx((50.4, 100.8, 126, 151.2))]
    assert "thousandths" in engine.model  # a resumed run must not mix the two
    assert seen.image.shape == (504, 504)


def test_the_box_to_classify_is_told_in_the_models_coordinates() -> None:
    with Server(lambda seen: "ship", [entry("Qwen3-VL-8B")]) as server:
        request = Request(chip(side=504), ("classify",), ("plane", "ship"), box=(126, 0, 252, 504))
        list(RemoteEngine(server.url).answer([request]))
        list(RemoteEngine(server.url, coordinates="pixels").answer([request]))
        assert "[250, 0, 500, 1000]" in server.asked[0].prompt
        assert "[126, 0, 252, 504]" in server.asked[1].prompt


def test_a_stock_model_may_be_asked_for_any_class() -> None:
    with Server(lambda seen: "2") as server, Server(behave, [ours()]) as worker:
        stock = RemoteEngine(server.url)
        assert "oil tank" in stock.classes
        assert sorted(stock.classes) == ["plane", "ship"]
        assert "oil tank" not in RemoteEngine(worker.url).classes
        assert "oil tank" in RemoteEngine(worker.url, classes=["oil tank"]).classes


def test_without_probabilities_there_are_answers_but_no_scores() -> None:
    with Server(lambda seen: completion("3", scored=False)) as server:
        engine = RemoteEngine(server.url)
        (answer,) = engine.answer([Request(chip(), ("count",), ("ship",))])
        assert (answer.value, answer.score) == (3, None)
        assert any("no probabilities" in w for w in engine.report(None).warnings)


def test_a_server_that_refuses_to_tell_probabilities_is_asked_without() -> None:
    def refuse(seen: Seen):
        if "logprobs" in seen.body:
            return Raw(400, {"error": {"message": "logprobs is not supported by this model"}})
        return completion(behave(seen), scored=False)

    with Server(refuse) as server:
        answers = list(RemoteEngine(server.url).answer([Request(chip(i), ("count",), ("ship",)) for i in range(40)]))
        assert [a.value for a in answers] == [3] * 40
        assert sum("logprobs" in seen.body for seen in server.asked) < 40  # learnt on the way


def test_a_prior_that_nobody_takes_is_not_claimed(tmp_path) -> None:
    class Sampler:
        year_used, warnings = 2024, []

        def for_chip(self, grid, window):
            raise AssertionError("nobody needs them")

    path = ships_scene(tmp_path / "scene.tif", [(60, 60)], shape=(200, 200))
    with Server(lambda seen: "None" if "JSON" in seen.prompt else "0") as server, SarScene.open(path) as scene:
        result = interpret(scene, RemoteEngine(server.url), Scope(tasks=("count",), sampler=Sampler()))
        assert result.aef_year is None
        assert any("no prior was used" in w for w in result.warnings)


# --- words as they come -----------------------------------------------------------------------------------------------


def test_the_words_of_one_question_stream_as_they_come() -> None:
    pieces: list[str] = []
    threads = set()

    def on_text(piece: str) -> None:
        pieces.append(piece)
        threads.add(threading.current_thread())

    with Server(lambda seen: streamed("A harbour with ships."), [ours()]) as server:
        engine = RemoteEngine(server.url)
        (answer,) = engine.answer([Request(chip(), ("describe",), ())], Hooks(on_text=on_text))
        assert server.asked[0].body["stream"] is True
    assert "".join(pieces) == answer.raw_text == "A harbour with ships."
    assert len(pieces) == 4
    assert threads == {threading.current_thread()}
    assert answer.score == pytest.approx(np.exp(-0.1))


def test_words_of_a_broken_stream_are_shown_once() -> None:
    tries = iter([2, 3, None])
    pieces: list[str] = []
    with Server(lambda seen: streamed("A harbour with ships.", breaks_after=next(tries)), [ours()]) as server:
        engine = RemoteEngine(server.url)
        (answer,) = engine.answer([Request(chip(), ("describe",), ())], Hooks(on_text=pieces.append))
        assert len(server.asked) == 3
    assert "".join(pieces) == answer.value == "A harbour with ships."


def test_a_server_that_does_not_stream_shows_its_words_in_the_end(server) -> None:
    pieces: list[str] = []
    engine, hooks = RemoteEngine(server.url), Hooks(on_text=pieces.append)
    (answer,) = engine.answer([Request(chip(), ("describe",), ())], hooks)
    assert "".join(pieces) == answer.raw_text
    assert len(list(engine.answer(requests(2, ("describe",)), hooks))) == 2  # several questions do not stream
    assert not any(seen.body.get("stream") for seen in server.asked[1:])


# --- what leaves the machine ------------------------------------------------------------------------------------------


def test_nothing_outside_the_wanted_extent_is_sent(server, tmp_path) -> None:
    path = ships_scene(tmp_path / "scene.tif", [(60, 60), (200, 150)], shape=(300, 400))
    extent = Window(20, 30, 150, 170)  # no multiple of a chip
    with SarScene.open(path) as scene:
        image = scene.radiometry.to_uint8(*scene.read(scene.extent))
        image[image == 0] = 1
        interpret(scene, RemoteEngine(server.url), Scope(tasks=("detect", "count", "describe"), extent=extent))
        list(ask(scene, RemoteEngine(server.url), "Ships?", Scope(extent=Window(20, 30, 50, 130))))
    assert len(server.asked) > 8
    inside = image[20:170, 30:200]
    for seen in server.asked:
        rows, columns = np.nonzero(seen.image)
        shown = seen.image[: rows.max() + 1, : columns.max() + 1]
        places = np.lib.stride_tricks.sliding_window_view(inside, shown.shape)
        assert any((np.maximum(shown, 1) == place).all() for row in places for place in row)


def test_a_box_is_classified_without_what_lies_outside_the_wanted_extent(server, tmp_path) -> None:
    path = ships_scene(tmp_path / "scene.tif", [(60, 60), (90, 90)], shape=(300, 400))
    with SarScene.open(path) as scene:
        answer = classify_box(
            scene, RemoteEngine(server.url), Window(55, 45, 10, 30), Scope(classes=(), extent=Window(40, 40, 30, 50))
        )
    assert answer.value == "ship"
    rows, columns = np.nonzero(server.asked[0].image)
    assert (rows.max() - rows.min() + 1, columns.max() - columns.min() + 1) == (30, 50)


def test_a_box_is_classified_in_its_surroundings(server, tmp_path) -> None:
    path = ships_scene(tmp_path / "scene.tif", [(60, 60)], shape=(300, 400))
    with SarScene.open(path) as scene:
        answer = classify_box(scene, RemoteEngine(server.url), Window(55, 45, 10, 30))
    assert answer.value == "ship"
    assert server.asked[0].image.shape == (SIZE, SIZE)
