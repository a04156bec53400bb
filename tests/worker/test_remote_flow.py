"""How many requests are under way: up while all goes well, half when the server has too much; the first go first."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from fusar_core.remote.flow import Flow


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 20))


def test_no_more_than_the_limit_are_let_through_and_the_lowest_number_first() -> None:
    async def scene() -> list[int]:
        flow, order = Flow(most=2, first=2), []
        gate = asyncio.Event()

        async def ask(number: int) -> None:
            async with flow.turn(number):
                assert flow.under_way <= 2
                order.append(number)
                await gate.wait()

        tasks = [asyncio.create_task(ask(n)) for n in (5, 4, 3, 0, 1, 2)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert order == [5, 4]
        gate.set()
        await asyncio.gather(*tasks)
        return order

    assert run(scene()) == [5, 4, 0, 1, 2, 3]


def test_success_doubles_the_limit_until_it_was_cut_and_then_adds_one_a_round() -> None:
    async def scene() -> None:
        flow = Flow(most=100)
        for _ in range(4):
            flow.succeeded()
        assert flow.limit == 8
        flow.overloaded(sent_at=asyncio.get_running_loop().time())
        assert flow.limit == 4
        for _ in range(4):
            flow.succeeded()
        assert 4.8 < flow.limit < 5.1
        for _ in range(10_000):
            flow.succeeded()
        assert flow.limit == 100

    run(scene())


def test_a_crowd_that_is_sent_away_together_cuts_the_limit_once() -> None:
    async def scene() -> None:
        flow = Flow(most=64, first=64)
        sent = asyncio.get_running_loop().time()
        for _ in range(64):
            flow.overloaded(sent - 0.001)
        assert flow.limit == 32
        for _ in range(20):
            await asyncio.sleep(0.001)
            flow.overloaded(asyncio.get_running_loop().time())
        assert flow.limit == 1

    run(scene())


def test_nothing_is_sent_before_the_time_that_the_server_named() -> None:
    async def scene() -> None:
        flow = Flow(most=4)
        loop = asyncio.get_running_loop()
        start = loop.time()
        flow.overloaded(start, wait_s=0.2)
        async with flow.turn(0) as sent:
            assert sent >= start + 0.2
        flow.overloaded(loop.time(), wait_s=0.05)
        flow.overloaded(loop.time(), wait_s=0.3)
        second = loop.time()
        async with flow.turn(1) as sent:
            assert sent >= second + 0.3

    run(scene())


def test_who_goes_away_while_waiting_leaves_no_place_taken() -> None:
    async def scene() -> None:
        flow = Flow(most=1, first=1)
        entered = asyncio.Event()

        async def ask(number: int) -> None:
            async with flow.turn(number):
                entered.set()
                await asyncio.sleep(60)

        first = asyncio.create_task(ask(0))
        await entered.wait()
        waiting = [asyncio.create_task(ask(n)) for n in (1, 2, 3)]
        await asyncio.sleep(0)
        first.cancel()
        waiting[0].cancel()  # in the very moment in which it is let through
        waiting[1].cancel()
        await asyncio.gather(first, *waiting[:2], return_exceptions=True)
        await asyncio.sleep(0)
        assert flow.under_way == 1
        waiting[2].cancel()
        await asyncio.gather(waiting[2], return_exceptions=True)
        assert flow.under_way == 0

    run(scene())


def test_an_error_inside_a_turn_leaves_it() -> None:
    async def scene() -> None:
        flow = Flow(most=1)
        with pytest.raises(ValueError, match="inside"):
            async with flow.turn(0):
                raise ValueError("inside")
        assert flow.under_way == 0

    run(scene())
