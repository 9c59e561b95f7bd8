"""Requests of one sort that are there at the same moment are answered as one group.

A verb takes many at nearly the price of one. So those who come while a group is being answered do
not stand in a line behind it: they are the next group.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio
from starlette.concurrency import run_in_threadpool

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
MOST = 100


class Together(Generic[Asked, Answer]):
    """Gathers what is asked, by sort, and has one group of a sort answered at a time.

    `answer` takes a group, at most MOST of it, in a thread that a turn at the database goes with,
    and answers each in order: what it is told, or the exception that its asker is to raise.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Asked]], Sequence[Answer | Exception]],
        turns: anyio.Semaphore,
    ) -> None:
        self._answer = answer
        self._turns = turns
        self._waiting: dict[Hashable, deque[_Place[Asked, Answer]]] = {}
        self._at_work: dict[Hashable, asyncio.Task[None]] = {}

    async def ask(self, sort: Hashable, asked: Asked, *, alike: Hashable = None) -> Answer:
        """The answer to `asked`, given with others of its sort.

        Two that are `alike` are never of one group: the later sees what became of the first.
        """
        place: _Place[Asked, Answer] = _Place(asked, alike)
        self._waiting.setdefault(sort, deque()).append(place)
        if sort not in self._at_work:
            self._begin(sort)
        return await place.answer

    def _begin(self, sort: Hashable) -> None:
        # In the first one's context: what is noted and logged bears that request's name.
        context = self._waiting[sort][0].context
        self._at_work[sort] = asyncio.create_task(self._work(sort), context=context)

    async def _work(self, sort: Hashable) -> None:
        async with self._turns:
            group = _taken(self._waiting[sort])
            try:
                asked = [each.asked for each in group]
                answers = await run_in_threadpool(self._answer, asked)
            except Exception as error:  # noqa: BLE001 whoever asked is told, whatever it is
                answers = [error] * len(group)
        if self._waiting[sort]:
            self._begin(sort)
        else:
            del self._waiting[sort], self._at_work[sort]
        for place, answer in zip(group, answers, strict=True):
            place.settle(answer)


@dataclass
class _Place(Generic[Asked, Answer]):
    """One who asked."""

    asked: Asked
    alike: Hashable
    context: Context = field(default_factory=copy_context)
    answer: asyncio.Future[Answer] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def settle(self, answer: Answer | Exception) -> None:
        if self.answer.done():  # who asked has gone away meanwhile
            return
        if isinstance(answer, Exception):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


def _taken(waiting: "deque[_Place[Asked, Answer]]") -> "list[_Place[Asked, Answer]]":
    """The next group, out of the line; who is like one of it stays there, in order."""
    group: list[_Place[Asked, Answer]] = []
    kept: list[_Place[Asked, Answer]] = []
    seen: set[Hashable] = set()
    while waiting and len(group) < MOST:
        place = waiting.popleft()
        if place.alike is not None and place.alike in seen:
            kept.append(place)
            continue
        seen.add(place.alike)
        group.append(place)
    waiting.extendleft(reversed(kept))
    return group
