"""Connections of the front: heads that do not come, peers that take too many."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from running_front import error_of, reached, running, until


@pytest.fixture
def worker():
    with running() as worker:
        yield worker


HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


def is_dropped(connection: socket.socket) -> bool:
    """Reads what an answer has left, which may come in pieces, up to the end of the connection."""
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("start", [b"", b"P", HEALTH[:-2]])
def test_a_connection_whose_head_does_not_come_is_closed(start):
    with running(head_s=0.3) as worker, reached(worker) as slow:
        slow.sendall(start)
        assert is_dropped(slow)


def test_a_second_head_must_come_in_time_too():
    with running(head_s=0.3) as worker, reached(worker) as slow:
        slow.sendall(HEALTH)
        assert b"200" in slow.recv(4096)
        time.sleep(0.5)  # to be silent is allowed
        slow.sendall(HEALTH)
        assert b"200" in slow.recv(4096)
        slow.sendall(b"G")
        started = time.monotonic()
        assert is_dropped(slow)
        assert time.monotonic() - started < 5


def test_heads_that_trickle_in_keep_nobody_out():
    """More connections than there may be, each with one byte of its second head."""
    with running(connections=20, peer_connections=1000) as worker:
        held = []
        for _ in range(60):
            held.append(reached(worker))
            held[-1].sendall(HEALTH)
            held[-1].recv(4096)
            held[-1].sendall(b"G")
        assert httpx2.get(f"{worker.url}/health").status_code == 200
        assert worker.post().status_code == 200
        assert sum(is_dropped(one) for one in held[:30]) == 30
        for one in held:
            one.close()


def test_a_peer_has_so_many_connections():
    with running(peer_connections=5) as worker:
        held = [reached(worker) for _ in range(12)]
        assert all(is_dropped(one) for one in held[:7])
        assert worker.post().status_code == 200
        for one in held:
            one.close()


def test_a_connection_at_work_is_not_dropped_for_others():
    with running(connections=3, peer_connections=1000) as worker:
        opened = threading.Event()
        worker.backend.gate = opened.is_set
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(worker.post)
            until(lambda: worker.front.inside == 1)
            held = [reached(worker) for _ in range(10)]
            opened.set()
            assert asked.result().status_code == 200
        for one in held:
            one.close()


def test_health_is_answered_when_all_connections_are_at_work():
    with running(connections=2, peer_connections=1000) as worker:
        opened = threading.Event()
        worker.backend.gate = opened.is_set
        with ThreadPoolExecutor(3) as pool:
            asked = [pool.submit(worker.post) for _ in range(2)]
            until(lambda: worker.front.inside == 2)
            assert error_of(worker.post()) == (429, "WORKER_BUSY")
            assert httpx2.get(f"{worker.url}/health").json() == {"status": "ok"}
            opened.set()
            assert [one.result().status_code for one in asked] == [200, 200]
