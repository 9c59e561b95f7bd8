"""Takes rolls in: kept encrypted, read part by part, each row registered or refused."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO
from uuid import UUID

import polars as pl
from sqlmodel import Session

from app.audit import service as audit
from app.core import clock, settings
from app.core.actor import Actor, Scope
from app.core.errors import kept
from app.documents import service as documents
from app.documents.models import DocumentKind
from app.registry.intake import register
from app.registry.queries import schools_in_scope
from app.rolls import columns, queries, reading, staging
from app.rolls.errors import RowsWrong, TooManyQueued
from app.rolls.models import Roll
from app.sheets.errors import SheetEmpty
from app.sheets.parts import CHUNK, Taken, is_csv, lines_of, size_of
from app.sheets.taking import Taking, TakingState, close
from app.sheets.uploads import REFUSALS_LISTED, OnError, kept_name, media_type

Progress = Callable[[int], None]
TAKING = Taking(Roll, "roll", "rolls", ("该花名册", "this roll"), TooManyQueued)


@dataclass(frozen=True)
class Upload:
    """A roll as it came, and what its uploader said of it."""

    filename: str
    file: BinaryIO
    school_year: str
    entered_on: date
    on_error: OnError
    dry_run: bool


@dataclass
class _Tally:
    """What became of the rows so far; what is wrong with refused ones up to a bound."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    wrong: list[pl.DataFrame] = field(default_factory=list)

    @property
    def refused(self) -> int:
        return self.codes.total()

    @property
    def seen(self) -> int:
        return self.new + self.updated + self.unchanged + self.refused

    def refuse(self, wrong: pl.DataFrame) -> None:
        """Counts each row once, by the first thing wrong with it."""
        first = wrong.unique("row", keep="first", maintain_order=True)
        room = max(0, REFUSALS_LISTED - self.refused)
        listed = first["row"].head(room).implode()
        self.wrong.append(wrong.filter(pl.col("row").is_in(listed)))
        self.codes.update(first["code"])

    def take(self, told: pl.DataFrame) -> None:
        """Counts the rows that the registry took, by what it answers of them."""
        new, changed = told["standing"] == "new", told["changed"]
        self.new += int(new.sum())
        self.updated += int((~new & changed).sum())
        self.unchanged += int((~new & ~changed).sum())


def upload(session: Session, sent: Upload, *, by: Actor) -> Roll:
    """Takes a small roll in at once; keeps a large one, state queued, for `run_queued`.

    The same roll again changes nothing. Raises TooManyQueued, and what `app.sheets` refuses.
    """
    lines = lines_of(sent.file) if is_csv(sent.file, sent.filename, _taken(by)) else 0
    at_once = size_of(sent.file) <= settings.get().import_bytes_at_once
    if not at_once:
        TAKING.refuse_many(session, by=by)
    roll = _record(session, sent, lines=lines, by=by)
    if at_once:
        _take_in(session, roll, by=by, progress=_unseen)
    return roll


def run_queued(session: Session, roll_id: UUID, *, by: Actor, progress: Progress) -> None:
    """Takes in a roll that was kept. A refusal becomes its problem and stores nothing."""
    roll = queries.one(session, roll_id, by)
    TAKING.run(session, roll, lambda: _take_in(session, roll, by=by, progress=progress), by=by)


def _taken(by: Actor) -> Taken:
    return columns.SCHOOLS if by.scope is Scope.SCHOOL else columns.OFFICES


def _record(session: Session, sent: Upload, *, lines: int, by: Actor) -> Roll:
    """The roll's head, with its bytes kept."""
    school_id = by.school_id if by.scope is Scope.SCHOOL else None
    county_id = by.county_id if by.scope in {Scope.SCHOOL, Scope.COUNTY} else None
    name = kept_name(sent.filename)
    document = documents.store_file(
        session,
        kind=DocumentKind.SHEET,
        name=name,
        media_type=media_type(name),
        file=sent.file,
        by=by,
        school_id=school_id,
        county_id=county_id,
    )
    roll = Roll(
        school_id=school_id,
        county_id=county_id,
        school_year=sent.school_year,
        entered_on=sent.entered_on,
        on_error=sent.on_error,
        dry_run=sent.dry_run,
        file_name=name,
        document_id=document.id,
        sha256=document.sha256,
        state=TakingState.QUEUED,
        rows_total=lines,
        refusals={},
        uploaded_by=by.id,
        made_at=clock.now(),
    )
    session.add(roll)
    session.flush()
    audit.note(session, by=by, did="roll.uploaded", records=[roll.id])
    return roll


def _take_in(session: Session, roll: Roll, *, by: Actor, progress: Progress) -> None:
    """Every row, or none. A trial, and a roll refused for its rows, leave nothing behind."""
    tally = _Tally()
    with session.begin_nested() as attempt:
        _take_rows(session, roll, tally, by=by, progress=progress)
        rejected = roll.on_error is OnError.REJECT and tally.refused > 0
        if rejected or roll.dry_run:
            attempt.rollback()
    staging.keep_refused(session, roll, pl.concat(tally.wrong))
    _finish(session, roll, tally, rejected=rejected, by=by)


def _take_rows(
    session: Session, roll: Roll, tally: _Tally, *, by: Actor, progress: Progress
) -> None:
    """Raises SheetEmpty."""
    schools = schools_in_scope(session, by)
    file = documents.open_file(session, roll.document_id)
    alone = by.scope is Scope.SCHOOL
    for chunk in reading.chunks(file, roll.file_name, _taken(by), schools, alone=alone):
        tally.refuse(chunk.wrong)
        for rows in chunk.good.iter_slices(CHUNK):
            told = register(
                session, rows, school_year=roll.school_year, entered_on=roll.entered_on, by=by
            )
            elsewhere = pl.col("standing") == "elsewhere"
            tally.refuse(chunk.wrong_with(told.filter(elsewhere), reading.ELSEWHERE))
            tally.take(told.filter(~elsewhere))
        progress(tally.seen)
    if tally.seen == 0:
        raise SheetEmpty(
            "表头下面没有任何一行；请核对文件后再上传",
            "There is no row below the header; check the file and upload it again",
        )


def _finish(session: Session, roll: Roll, tally: _Tally, *, rejected: bool, by: Actor) -> None:
    roll.rows_total = roll.rows_done = tally.seen
    roll.rows_refused = tally.refused
    roll.refusals = dict(sorted(tally.codes.items()))
    if not rejected:
        roll.rows_new, roll.rows_updated = tally.new, tally.updated
        roll.rows_unchanged = tally.unchanged
    problem = kept(RowsWrong(tally.refused)) if rejected else None
    close(roll, TakingState.REFUSED if rejected else TakingState.DONE, problem)
    session.flush()
    detail = {
        "state": roll.state.value,
        "dry_run": roll.dry_run,
        "new": roll.rows_new,
        "updated": roll.rows_updated,
        "refused": roll.rows_refused,
    }
    audit.note(session, by=by, did="roll.taken_in", records=[roll.id], detail=detail)


def _unseen(done: int) -> None:
    """Progress that nobody watches: the answer comes at once."""
    del done
