"""Doors of bank formats and of what was taught of their words."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from app.auth.guards import may
from app.auth.permissions import Act
from app.bank.catalogue import formats
from app.bank.layout import Format
from app.core.actor import Actor
from app.core.asked import Asked
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.reconciliation import replies
from app.reconciliation.reply_models import LearntOutcome, LearntReply

router = APIRouter(route_class=AidRoute, tags=["reconciliation"])
FormatCode = Annotated[str, Path(max_length=40)]


class FormatOut(BaseModel):
    """A bank format: its names, where it comes from, what is assumed, and its limits."""

    code: str
    kind: Literal["delimited", "fixed", "sheet", "iso20022"]
    zh: str
    en: str
    source: str
    assumption_zh: str
    assumption_en: str
    encoding: str
    lines_min: int
    lines_max: int
    name_bytes_max: int
    charset: str
    summary_bytes_max: int | None
    replies: Literal["all", "failures_only", "statement_only", "reported"]
    own_banks: list[str]
    split_other_banks: bool

    @classmethod
    def of(cls, fmt: Format) -> Self:
        """The reply for a format."""
        return cls(
            code=fmt.code,
            kind=fmt.kind,
            zh=fmt.name.zh,
            en=fmt.name.en,
            source=fmt.source,
            assumption_zh=fmt.assumption.zh,
            assumption_en=fmt.assumption.en,
            encoding=fmt.encoding,
            lines_min=fmt.rows.min,
            lines_max=fmt.rows.max,
            name_bytes_max=fmt.name_rules.bytes_max,
            charset=fmt.name_rules.charset,
            summary_bytes_max=fmt.summary.bytes_max if fmt.summary else None,
            replies=fmt.returned.replies,
            own_banks=fmt.banks.own if fmt.banks else [],
            split_other_banks=bool(fmt.banks and fmt.banks.split_other_banks),
        )


class ReplyIn(Asked):
    """What the bank's words mean, and how it is known: who at the bank said so, and when."""

    words: Annotated[str, Field(min_length=1, max_length=120, pattern=r"\S")]
    outcome: LearntOutcome
    because: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


class ReplyOut(BaseModel):
    """What was taught."""

    id: UUID
    words: str
    outcome: LearntOutcome
    because: str
    learnt_by: UUID
    learnt_at: datetime

    @classmethod
    def of(cls, made: LearntReply) -> Self:
        """The reply for a stored lesson."""
        return cls.model_validate(made.model_dump(include=set(cls.model_fields)))


class LearntOut(BaseModel):
    """What was taught, and how many payouts that waited under it are settled."""

    reply: ReplyOut
    settled: int


@router.get("/bank-formats")
def list_formats(by: Annotated[Actor, may(Act.RUN_READ)]) -> list[FormatOut]:
    """The bank formats a run can be opened for."""
    del by  # formats are the office's and nobody's secret
    return [FormatOut.of(fmt) for fmt in formats().values()]


@router.post("/bank-formats/{format_code}/replies", status_code=201)
def learn(
    format_code: FormatCode,
    sent: ReplyIn,
    session: DbSession,
    by: Annotated[Actor, may(Act.REPLY_LEARN)],
) -> LearntOut:
    """Teaches what a bank's unlisted words mean; what waits under them is settled."""
    lesson = replies.Lesson(format_code, sent.words.strip(), sent.outcome, sent.because)
    done = replies.learn(session, lesson, by=by)
    return LearntOut(reply=ReplyOut.of(done.reply), settled=done.settled)


@router.get("/bank-formats/{format_code}/replies")
def list_replies(
    format_code: FormatCode,
    session: DbSession,
    asked: Paging,
    by: Annotated[Actor, may(Act.RUN_READ)],
) -> Page[ReplyOut]:
    """What was taught of a format's words."""
    del by  # as above
    rows = replies.replies(session, format_code, asked)
    return page_of(rows, asked, key=lambda row: row.id, show=ReplyOut.of)
