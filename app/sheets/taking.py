"""How a file stands that is taken in row by row, whatever its rows are: waiting, at work, over."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlmodel import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import AidError, Conflict, Invalid, kept
from app.sheets.uploads import STALE, UNDER_WAY_MAX


class TakingState(StrEnum):
    """Where the taking of a file stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"  # nothing was stored but the reasons
    FAILED = "failed"  # the service failed; nothing was stored


UNDER_WAY = (TakingState.QUEUED, TakingState.RUNNING)


class Taken(Protocol):
    """The record of a file."""

    id: UUID
    state: TakingState
    problem: dict[str, Any] | None
    finished_at: datetime | None


class TooManyQueued(Conflict):
    """The person has as many files of a sort waiting or running as one person may."""

    files: ClassVar[tuple[str, str]]
    """The files in zh, with their measure word, and in en."""

    def __init__(self, waiting: int) -> None:
        zh, en = self.files
        super().__init__(
            f"您已有 {waiting} {zh}在处理，上限为 {UNDER_WAY_MAX} {zh[:1]}；"
            f"请等其中一{zh[:1]}完成后再上传。",
            f"You have {waiting} {en} under way and may have {UNDER_WAY_MAX}; upload again when "
            "one of them is done.",
            facts={"under_way": waiting, "most": UNDER_WAY_MAX},
        )


class RowsWrong(Invalid):
    """Some rows are wrong and the uploader wanted all or nothing."""

    where: ClassVar[tuple[str, str]]
    """Where the wrong rows are found, as a demand in zh and in en."""

    def __init__(self, bad: int) -> None:
        zh, en = self.where
        super().__init__(
            f"有 {bad} 行有错误，按要求未保存任何一行；{zh}更正后再上传，或选择只接收无误的行。",
            f"{bad} rows are wrong and none was stored, as asked; {en} and upload it again, or "
            "ask for the good rows to be taken.",
            facts={"rows_wrong": bad},
        )


@dataclass(frozen=True)
class Taking:
    """The taking of one sort of file.

    `table` has a `Taken` a file; `name` is the sort in the audit trail and, as `names`, in problem
    codes; `this` is one of them in zh and en.
    """

    table: Any
    name: str
    names: str
    this: tuple[str, str]
    too_many: type[TooManyQueued]

    def refuse_many(self, session: Session, *, by: Actor) -> None:
        """Raises `too_many` where a person has as many under way as one person may.

        A second question of the same person waits for the first one's end.
        """
        session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:who, 0))"),
            {"who": f"{self.names} of {by.id}"},
        )
        mine = select(func.count()).where(
            self.table.uploaded_by == by.id,
            self.table.state.in_(UNDER_WAY),
            self.table.made_at > clock.now() - STALE,
        )
        waiting = int(session.execute(mine).scalar_one())
        if waiting >= UNDER_WAY_MAX:
            raise self.too_many(waiting)

    def run(
        self, session: Session, record: Taken, take_in: Callable[[], None], *, by: Actor
    ) -> bool:
        """Takes a file in that waited; answers whether it did.

        A refusal becomes the file's problem and stores nothing.
        """
        if record.state not in UNDER_WAY:
            return False
        try:
            with session.begin_nested():
                take_in()
        except AidError as refused:
            self._refuse(session, record, refused, by=by)
        return True

    def _refuse(self, session: Session, record: Taken, refused: AidError, *, by: Actor) -> None:
        close(record, TakingState.REFUSED, kept(refused))
        session.flush()
        detail = {self.name: str(record.id), "faults": len(refused.faults)}
        audit.refusal(session, by=by, did=self.name, because=refused.code, detail=detail)

    def fail(self, session: Session, record: Taken) -> None:
        """Closes the record of a file in which the service itself failed, unless it is closed."""
        if record.state not in UNDER_WAY:
            return
        zh, en = self.this
        problem: dict[str, object] = {
            "code": f"{self.names}.failed",
            "facts": {},
            "faults": [],
            "zh": f"系统处理{zh}时出错，未保存任何内容；请稍后重新上传，仍出错请联系系统管理员。",
            "en": f"The service failed on {en} and stored nothing; upload it again later, and "
            "tell the administrator if it fails again.",
        }
        close(record, TakingState.FAILED, problem)
        session.flush()

    def show_progress(self, session: Session, key: UUID, **rows: int) -> None:
        """Says how far a file is that is taken in; the transaction is one of its own."""
        session.execute(
            update(self.table)
            .where(self.table.id == key, self.table.state.in_(UNDER_WAY))
            .values(state=TakingState.RUNNING, **rows)
        )


def close(record: Taken, state: TakingState, problem: dict[str, object] | None = None) -> None:
    """Says how the taking ended, and when."""
    record.state = state
    record.problem = problem
    record.finished_at = clock.now()
