"""What a bank's unlisted words mean, taught once by a person and kept.

A word that a format does not list is unknown, and its payouts wait: to guess is how one pupil is
paid twice. Once somebody has asked the bank, the word is known for every later file, and what waits
under that very word is settled in the same act.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl
from sqlalchemy import literal, select, text
from sqlalchemy import update as change
from sqlmodel import Session, col

from app.audit import service as audit
from app.auth.models import StaffMember
from app.bank.catalogue import find_format
from app.bank.return_file import ReturnFile as FileRead
from app.bank.return_lines import REASON_CHARS_MAX, is_unlisted
from app.core import clock, ids
from app.core.actor import Actor, Scope
from app.core.columns import TextEnum
from app.core.paging import PageAsked
from app.core.staging import Rows, stage
from app.disbursement import settling
from app.disbursement.models import PaymentFile, Payout, PayoutState
from app.reconciliation import worklist
from app.reconciliation.errors import (
    ReplyKnown,
    ReplyListed,
    ReplyNeverPaid,
    TeachingIsTheCitys,
)
from app.reconciliation.models import ReturnLine, WorkItem, WorkKind, WorkState
from app.reconciliation.reply_models import LearntOutcome, LearntReply


@dataclass(frozen=True)
class Lesson:
    """What a bank's words come to, and how the person knows."""

    bank_format: str
    words: str
    outcome: LearntOutcome
    because: str


@dataclass(frozen=True)
class Learnt:
    """What was taught, and how many payouts waited under these words."""

    reply: LearntReply
    settled: int


def hold_still(session: Session, bank_format: str) -> None:
    """Nothing more is taught of a format until this transaction ends; before any lock of payouts.

    A word taught while a file is taken in would settle what waits and miss that file's lines.
    """
    session.execute(_HOLD_STILL, {"format": bank_format})


def known(session: Session, bank_format: str) -> Mapping[str, Literal["paid", "failed"]]:
    """The words taught of a format → what they come to."""
    found = session.execute(
        select(col(LearntReply.words), col(LearntReply.outcome)).where(
            col(LearntReply.bank_format) == bank_format
        )
    )
    return {words: LearntOutcome(outcome).value for words, outcome in found}


def read_with(session: Session, bank_format: str, read: FileRead) -> FileRead:
    """A file as read, with what has been taught of words that the format does not list."""
    if not read.table.select(is_unlisted().any()).item():
        return read
    taught = known(session, bank_format)
    if not taught:
        return read
    words = pl.col("reason_text")
    heard = is_unlisted() & words.is_in(list(taught))
    means = words.replace_strict(taught, default=None, return_dtype=pl.String)
    meant, learnt = means.cast(read.table.schema["outcome"]), pl.lit("learnt", pl.Categorical())
    table = read.table.with_columns(
        outcome=pl.when(heard).then(meant).otherwise(pl.col("outcome")),
        reason_code=pl.when(heard).then(learnt).otherwise(pl.col("reason_code")),
    )
    return replace(read, table=table)


def learn(session: Session, lesson: Lesson, *, by: Actor) -> Learnt:
    """Keeps what a bank's words mean, and settles the payouts that wait under them.

    Words mean the same in every county, so it is the city's checker who teaches them, and every
    county's payouts that wait are settled. Raises FormatUnknown, TeachingIsTheCitys, ReplyListed
    for words that the format lists, ReplyNeverPaid where a file holds failures alone, ReplyKnown
    naming who taught them and when; PayoutsMoved where one that waited has moved meanwhile.
    """
    fmt = find_format(lesson.bank_format)
    if by.scope is not Scope.CITY:
        raise TeachingIsTheCitys
    if lesson.words in fmt.returned.results_by_text:
        raise ReplyListed(lesson.words)
    if lesson.outcome is LearntOutcome.PAID and fmt.returned.replies == "failures_only":
        raise ReplyNeverPaid(lesson.words)
    session.execute(_TEACH, {"format": fmt.code})
    before = session.execute(
        select(LearntReply, col(StaffMember.name))
        .join(StaffMember, col(StaffMember.id) == col(LearntReply.learnt_by))
        .where(col(LearntReply.bank_format) == fmt.code, col(LearntReply.words) == lesson.words)
    ).one_or_none()
    if before is not None:
        reply, name = before
        on = clock.day_of(reply.learnt_at)
        raise ReplyKnown(lesson.words, reply.outcome, by=name, on=on)
    made = LearntReply(
        id=ids.new(),
        bank_format=fmt.code,
        words=lesson.words[:REASON_CHARS_MAX],
        outcome=lesson.outcome,
        because=lesson.because,
        learnt_by=by.id,
        learnt_at=clock.now(),
    )
    session.add(made)
    session.flush()  # what waits is looked for past the ORM
    settled = _settle_waiting(session, made, by=by)
    detail = {"bank_format": fmt.code, "outcome": made.outcome.value, "payouts": settled}
    audit.note(
        session, by=by, did="reply.learnt", records=[made.id], because=made.because, detail=detail
    )
    return Learnt(made, settled)


def replies(session: Session, bank_format: str, asked: PageAsked) -> list[LearntReply]:
    """What was taught of a format, in the order it was. Raises FormatUnknown."""
    query = asked.cut(
        select(LearntReply).where(col(LearntReply.bank_format) == find_format(bank_format).code),
        col(LearntReply.id),
    )
    return list(session.execute(query).scalars())


def _settle_waiting(session: Session, made: LearntReply, *, by: Actor) -> int:
    waiting = stage(session, "learnt", _waiting(made), ("payout_id",))
    chosen = select(waiting.c.payout_id)
    settling.lock_payouts(session, chosen)
    to = PayoutState(made.outcome.value)
    verdicts = select(
        col(Payout.id),
        col(Payout.state),
        literal(to, TextEnum(PayoutState)).label("to"),
        literal(made.words).label("reason"),
    ).where(col(Payout.id).in_(chosen), col(Payout.state) == PayoutState.UNKNOWN)
    moved = settling.settle(session, verdicts, batch=made.id, by=by)
    if made.outcome is LearntOutcome.FAILED:
        _turn_to_failed(session, chosen)
    worklist.close_answered(session, chosen, by=by)
    return moved


def _waiting(made: LearntReply) -> Rows:
    """The payouts whose newest word from the bank is this one."""
    newest = (
        select(col(ReturnLine.reason))
        .where(col(ReturnLine.payout_id) == col(Payout.id))
        .order_by(col(ReturnLine.id).desc())
        .limit(1)
        .correlate(Payout)
        .scalar_subquery()
    )
    return (
        select(col(Payout.id))
        .join(PaymentFile, col(PaymentFile.id) == col(Payout.file_id))
        .where(
            col(Payout.state) == PayoutState.UNKNOWN,
            col(PaymentFile.bank_format) == made.bank_format,
            newest == made.words,
        )
        .order_by(col(Payout.id))
    )


def _turn_to_failed(session: Session, payouts: Rows) -> None:
    """What waited for the bank's word now waits for a corrected account."""
    session.execute(
        change(WorkItem)
        .where(
            col(WorkItem.payout_id).in_(payouts),
            col(WorkItem.kind) == WorkKind.UNKNOWN,
            col(WorkItem.state) == WorkState.OPEN,
        )
        # The days to correct the account run from now on, not from when the bank was unclear.
        .values(kind=WorkKind.FAILED, opened_at=clock.now())
        .execution_options(synchronize_session=False)
    )


_HOLD_STILL = text(
    "SELECT pg_advisory_xact_lock_shared(hashtextextended('replies of ' || :format, 0))"
)
_TEACH = text("SELECT pg_advisory_xact_lock(hashtextextended('replies of ' || :format, 0))")
