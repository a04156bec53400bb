"""The dock in front of a worker that fails: a sentence that says what to do, what arrived stays, the next run works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from desktop_window import HARBOUR, Window, interpret, wait
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from test_settings import stored
from worker_server import KEY, worker_server

from fusar_qgis import settings

PATIENCE_S = 90


@pytest.fixture(autouse=True)
def _key() -> Iterator[None]:
    settings.put("worker_authcfg", stored("Basic", username="any", password=KEY))
    yield
    for key in ("worker_url", "worker_authcfg"):
        settings.put(key, None)


def choose_worker(plugin, window: Window, url: str) -> None:
    settings.put("worker_url", url)
    window.add_raster(HARBOUR)
    form = plugin.show_dock().form
    wait(lambda: "Ready" in form.status_label.text())
    form.engine_box.setCurrentIndex(form.engine_box.findData("worker"))


def test_a_scene_through_the_worker(plugin, window: Window) -> None:
    with worker_server() as server:
        choose_worker(plugin, window, server.url)
        assert interpret(plugin, PATIENCE_S).ok
        assert plugin.dock.results.layer.featureCount() > 0
        assert server.asked() > 20


def away(stack: ExitStack) -> str:
    return "http://127.0.0.1:9/v1"


def without_tls(stack: ExitStack) -> str:
    return stack.enter_context(worker_server()).url.replace("http://", "https://")


def too_busy(stack: ExitStack) -> str:
    return stack.enter_context(worker_server(0, 429, 3600)).url


def always_failing(stack: ExitStack) -> str:
    return stack.enter_context(worker_server(0, 400)).url


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (away, "does not answer"),
        (without_tls, "does not speak TLS"),
        (too_busy, "too much to do"),
        (always_failing, "refused the question"),
    ],
)
def test_the_message_bar_says_what_is_wrong(plugin, window: Window, server, words: str) -> None:
    with ExitStack() as stack:
        choose_worker(plugin, window, server(stack))
        assert not interpret(plugin, PATIENCE_S).ok
        assert any(words in text for text in window.messages()), window.messages()
        assert "Copy diagnostics" in window.message_buttons()
        assert not any(KEY in text for text in window.messages())


def test_a_wrong_key_is_said_and_not_shown(plugin, window: Window) -> None:
    settings.put("worker_authcfg", stored("Basic", username="any", password="wr0ng-k3y"))
    with worker_server() as server:
        choose_worker(plugin, window, server.url)
        assert not interpret(plugin, PATIENCE_S).ok
    assert any("did not accept the key" in text for text in window.messages()), window.messages()
    assert not any("wr0ng-k3y" in text for text in window.messages())


def test_while_the_worker_is_away_that_is_said_and_when_it_is_back_the_run_goes_on(plugin, window: Window) -> None:
    ended = []
    with worker_server(60, 0) as server:
        choose_worker(plugin, window, server.url)
        label = plugin.dock.form.progress_label
        plugin.desk.ended.connect(ended.append)
        QTest.mouseClick(plugin.dock.form.interpret_button, Qt.MouseButton.LeftButton)
        wait(lambda: "does not answer" in label.text(), PATIENCE_S)
    assert not ended
    with worker_server(port=int(server.url.rsplit(":", 1)[1].split("/")[0])):
        wait(lambda: ended, PATIENCE_S)
    assert ended[0].ok
    assert plugin.dock.results.layer.featureCount() > 10


def test_a_run_whose_worker_is_away_can_be_cancelled_and_keeps_what_arrived(plugin, window: Window) -> None:
    ended = []
    with worker_server(60, 0) as server:
        choose_worker(plugin, window, server.url)
        plugin.desk.ended.connect(ended.append)
        QTest.mouseClick(plugin.dock.form.interpret_button, Qt.MouseButton.LeftButton)
        wait(lambda: "does not answer" in plugin.dock.form.progress_label.text(), PATIENCE_S)
    QTest.mouseClick(plugin.dock.form.cancel_button, Qt.MouseButton.LeftButton)
    wait(lambda: ended, 20)
    assert ended[0].cancelled
    assert plugin.dock.results.layer.featureCount() > 0
