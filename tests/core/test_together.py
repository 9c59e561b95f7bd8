"""Who asks at the same moment is answered in one group."""

import asyncio
import threading
from collections.abc import Sequence

import anyio
import pytest
from starlette.concurrency import run_in_threadpool

from app.core.together import MOST, Together


class Desk:
    """Answers with the double; holds the first group until it is told to go on."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Event()

    def answer(self, group: Sequence[int]) -> Sequence[int | Exception]:
        self.groups.append(list(group))
        self.begun.release()
        assert self.go_on.wait(20)
        return [ValueError(f"{each} is not wanted") if each < 0 else 2 * each for each in group]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def together(desk: Desk, turns: int = 4) -> Together[int, int]:
    return Together(desk.answer, anyio.Semaphore(turns))


async def until(desk: Desk, groups: int) -> None:
    for _ in range(groups):
        assert await run_in_threadpool(desk.begun.acquire, timeout=20)


def test_who_comes_while_a_group_is_answered_is_the_next_group(desk: Desk) -> None:
    async def run() -> list[int]:
        at = together(desk)
        first = asyncio.create_task(at.ask("a", 1))
        await until(desk, 1)
        later = [asyncio.create_task(at.ask("a", each)) for each in (2, 3, 4)]
        await asyncio.sleep(0)
        desk.go_on.set()
        return await asyncio.gather(first, *later)

    assert asyncio.run(run()) == [2, 4, 6, 8]
    assert desk.groups == [[1], [2, 3, 4]]


def test_sorts_are_answered_apart_and_side_by_side(desk: Desk) -> None:
    async def run() -> list[int]:
        at = together(desk)
        asked = [asyncio.create_task(at.ask(sort, n)) for sort, n in (("a", 1), ("b", 2), ("a", 3))]
        await until(desk, 2)
        desk.go_on.set()
        return await asyncio.gather(*asked)

    assert asyncio.run(run()) == [2, 4, 6]
    assert sorted(desk.groups) == [[1, 3], [2]]


def test_two_that_are_alike_are_never_of_one_group(desk: Desk) -> None:
    desk.go_on.set()

    async def run() -> list[int]:
        at = together(desk)
        return await asyncio.gather(
            *(at.ask("a", n, alike=like) for n, like in enumerate(["x", None, "x", None, "x"]))
        )

    assert asyncio.run(run()) == [0, 2, 4, 6, 8]
    assert desk.groups == [[0, 1, 3], [2], [4]]


def test_a_group_has_a_limit_and_the_rest_keeps_its_order(desk: Desk) -> None:
    desk.go_on.set()

    async def run() -> None:
        at = together(desk)
        await asyncio.gather(*(at.ask("a", n) for n in range(MOST + 3)))

    asyncio.run(run())
    assert desk.groups == [list(range(MOST)), [MOST, MOST + 1, MOST + 2]]


def test_each_is_told_what_is_its_own_and_nobody_waits_for_ever(desk: Desk) -> None:
    desk.go_on.set()

    async def run() -> list[int | BaseException]:
        at = together(desk)
        return await asyncio.gather(
            at.ask("a", 1), at.ask("a", -2), at.ask("a", 3), return_exceptions=True
        )

    one, other, third = asyncio.run(run())
    assert (one, third) == (2, 6)
    assert isinstance(other, ValueError)


def test_what_fails_as_a_whole_is_told_to_all_and_the_next_are_answered() -> None:
    broken = [True]

    def answer(group: Sequence[int]) -> Sequence[int | Exception]:
        if broken.pop() if broken else False:
            raise RuntimeError("the desk fell over")
        return list(group)

    async def run() -> list[int | BaseException]:
        at: Together[int, int] = Together(answer, anyio.Semaphore(1))
        first = await asyncio.gather(at.ask("a", 1), at.ask("a", 2), return_exceptions=True)
        return [*first, await at.ask("a", 3)]

    one, other, third = asyncio.run(run())
    assert isinstance(one, RuntimeError)
    assert isinstance(other, RuntimeError)
    assert third == 3


def test_a_group_takes_in_who_comes_while_it_waits_for_a_turn(desk: Desk) -> None:
    desk.go_on.set()

    async def run() -> list[int]:
        turns = anyio.Semaphore(1)
        at: Together[int, int] = Together(desk.answer, turns)
        await turns.acquire()
        asked = [asyncio.create_task(at.ask("a", 1))]
        await asyncio.sleep(0.05)
        asked.append(asyncio.create_task(at.ask("a", 2)))
        await asyncio.sleep(0)
        turns.release()
        return await asyncio.gather(*asked)

    assert asyncio.run(run()) == [2, 4]
    assert desk.groups == [[1, 2]]


def test_who_has_gone_away_keeps_no_other_from_the_answer(desk: Desk) -> None:
    async def run() -> list[int | BaseException]:
        at = together(desk)
        asked = [asyncio.create_task(at.ask("a", n)) for n in (1, 2)]
        await until(desk, 1)
        asked[0].cancel()
        desk.go_on.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    gone, answered = asyncio.run(run())
    assert isinstance(gone, asyncio.CancelledError)
    assert answered == 4
