"""Parts of files over HTTP: what goes wrong on networks is tried again, resumed, or said clearly."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aef_servers import Fault, FileServer

from fusar_core.errors import SourceUnavailable
from fusar_core.prior.aef.ranges import FolderReader, HttpReader

CONTENT = bytes(i * 31 % 251 for i in range(700_000))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FileServer]:
    (tmp_path / "file").write_bytes(CONTENT)
    with FileServer(folder=tmp_path) as running:
        yield running


def reader(server: FileServer) -> HttpReader:
    return HttpReader(server.url, retries=3, first_pause_s=0.01, timeout_s=(2.0, 2.0))


def test_parts_and_tails_are_the_same_from_a_folder_and_over_http(server: FileServer) -> None:
    for source in (reader(server), FolderReader(server.folder)):
        assert source.whole("file") == CONTENT
        assert source.part("file", 1000, 5000) == CONTENT[1000:6000]
        assert source.part("file", 0, 10) == CONTENT[:10]
        assert source.tail("file", 4100) == CONTENT[-4100:]
        assert source.whole("missing") is None
        assert source.part("missing/deep", 0, 10) is None
        source.close()


@pytest.mark.parametrize("how", ["429", "500", "503", "408", "dropped", "truncated"])
def test_passing_faults_are_tried_again(server: FileServer, how: str) -> None:
    server.faults.append(Fault(how, times=2))
    assert reader(server).part("file", 100, 600_000) == CONTENT[100:600_100]
    server.faults.append(Fault(how, times=2))
    assert reader(server).tail("file", 400_000) == CONTENT[-400_000:]


def test_a_body_that_breaks_off_is_taken_up_where_it_ended(server: FileServer) -> None:
    server.faults.append(Fault("truncated", times=6))  # more often than there are retries: each brings something new
    assert reader(server).part("file", 0, 700_000) == CONTENT
    starts = [int(wanted.removeprefix("bytes=").split("-")[0]) for _, wanted in server.requests if wanted]
    assert starts == sorted(starts)
    assert starts[1] >= 300_000


def test_pauses_double_and_the_server_may_say_how_long_to_wait(
    server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", lambda s: pauses.append(s) if threading.current_thread() is us else None)
    us = threading.current_thread()
    server.faults.extend([Fault("429", times=3), Fault("429", retry_after="7"), Fault("429", retry_after="tomorrow")])
    assert HttpReader(server.url, retries=5, first_pause_s=1.0).part("file", 0, 10) == CONTENT[:10]
    assert pauses[3] == 7
    for pause, longest in zip([*pauses[:3], pauses[4]], (1, 2, 4, 16), strict=True):
        assert longest / 2 <= pause <= longest


def test_lasting_faults_end_in_an_error_that_names_them(server: FileServer) -> None:
    server.faults.append(Fault("503", times=100))
    with pytest.raises(SourceUnavailable, match="HTTP 503, 4 times"):
        reader(server).part("file", 0, 10)
    assert len(server.requests) == 4


@pytest.mark.parametrize("status", ["401", "403"])
def test_refusals_are_not_tried_again(server: FileServer, status: str) -> None:
    server.faults.append(Fault(status))
    with pytest.raises(SourceUnavailable, match=status):
        reader(server).part("file", 0, 10)
    assert len(server.requests) == 1


def test_a_server_that_ignores_ranges_is_refused_before_everything_is_downloaded(server: FileServer) -> None:
    server.faults.append(Fault("whole"))
    with pytest.raises(SourceUnavailable, match="does not do ranges"):
        reader(server).part("file", 5, 10)


def test_no_network_is_said_clearly() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(SourceUnavailable, match=r"no connection, 3 times.*network"):
        HttpReader(url, first_pause_s=0.01).whole("file")


def test_what_is_no_address_is_said_at_once() -> None:
    with pytest.raises(SourceUnavailable, match="no web address"):
        HttpReader("s3://bucket/folder").whole("file")


def test_a_local_file_that_is_too_short_is_said(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"abc")
    for read in (lambda r: r.part("short", 2, 10), lambda r: r.tail("short", 4100)):
        with pytest.raises(SourceUnavailable):
            read(FolderReader(tmp_path))
