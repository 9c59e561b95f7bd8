"""Takes lists in: kept encrypted once, read in chunks, matched when the last row is there."""

import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import polars as pl
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, ids, settings
from app.core.actor import Actor, Scope
from app.core.errors import kept
from app.documents import service as documents
from app.documents.models import Document, DocumentKind
from app.registers import permission, queries, reading, staging
from app.registers.errors import (
    AsOfAhead,
    DutyNotNamed,
    NotDone,
    RegisterNotYours,
    RegisterTwice,
    RowsWrong,
    TooManyQueued,
)
from app.registers.matching import forget_mistaken, match
from app.registers.models import Basis, OutsideRegister, RegisterKind
from app.registers.permission import Signed
from app.sheets.errors import SheetEmpty
from app.sheets.parts import is_csv
from app.sheets.taking import Taking, TakingState, close
from app.sheets.uploads import REFUSALS_LISTED, OnError, kept_name, media_type

Progress = Callable[[int], None]
TAKING = Taking(OutsideRegister, "register", "registers", ("该名册", "this list"), TooManyQueued)


@dataclass(frozen=True)
class Upload:
    """A list as it came, and what its uploader said of it."""

    filename: str
    data: bytes
    kind: RegisterKind
    issued_by: str
    as_of: date
    basis: Basis
    basis_said: str
    on_error: OnError


@dataclass
class _Tally:
    """What became of the rows so far; the places of refused ones up to a bound."""

    kept: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    places: list[pl.DataFrame] = field(default_factory=list)

    @property
    def refused(self) -> int:
        return self.codes.total()

    def add(self, chunk: reading.Chunk) -> None:
        self.kept += chunk.people.height
        room = max(0, REFUSALS_LISTED - self.refused)
        self.places.append(chunk.refused.head(room))
        self.codes.update(chunk.refused["code"])


def upload(session: Session, sent: Upload, *, by: Actor) -> OutsideRegister:
    """Takes a small list in at once; keeps a large one, state queued, for `run_queued`.

    Raises DutyNotNamed, AsOfAhead, RegisterTwice with the first one's id, TooManyQueued, and what
    `app.sheets` refuses of a file.
    """
    _refuse_unfounded(sent)
    is_text = is_csv(io.BytesIO(sent.data), sent.filename, reading.LIST)
    lines = sent.data.count(b"\n") if is_text else 0
    at_once = len(sent.data) <= settings.get().import_bytes_at_once
    if not at_once:
        TAKING.refuse_many(session, by=by)
    record = _record(session, sent, lines=lines, by=by)
    if at_once:
        _take_in(session, record, sent.data, by=by, progress=_unseen)
    return record


def run_queued(session: Session, register_id: UUID, *, by: Actor, progress: Progress) -> None:
    """Takes in a list that was kept. A refusal becomes its problem and stores nothing."""
    record = queries.one(session, register_id, by)

    def take_in() -> None:
        data = documents.read(session, record.document_id)
        _take_in(session, record, data, by=by, progress=progress)

    TAKING.run(session, record, take_in, by=by)


def match_again(session: Session, register_id: UUID, *, by: Actor) -> tuple[OutsideRegister, int]:
    """Matches a list with pupils who came since, and with families who have signed since.

    Answers the list and how many were added. Raises RegisterUnknown, RegisterNotYours, NotDone.
    """
    record = queries.one(session, register_id, by)
    if not queries.may_change(record, by):
        raise RegisterNotYours
    if record.state is not TakingState.DONE:
        raise NotDone(record.state.value)
    added = _match(session, record, by)
    session.refresh(record)
    detail = {"added": added}
    audit.note(session, by=by, did="register.matched", records=[record.id], detail=detail)
    return record, added


def match_all(session: Session, *, by: Actor) -> int:
    """Matches every list that no newer one replaces; answers how many matches were added.

    What was matched by a number corrected since is forgotten first.
    """
    forget_mistaken(session)
    duty = queries.current(Basis.DUTY)
    signed = queries.current(Basis.AUTHORISATION)
    added = match(session, duty, allowed=None, by=by)
    return added + match(session, signed, allowed=permission.signed_for(), by=by)


def _match(session: Session, record: OutsideRegister, by: Actor) -> int:
    allowed: Signed | None = None
    if record.basis is Basis.AUTHORISATION:
        allowed = permission.signed_for()
    this = select(col(OutsideRegister.id)).where(col(OutsideRegister.id) == record.id)
    return match(session, this, allowed=allowed, by=by)


def _refuse_unfounded(sent: Upload) -> None:
    if sent.basis is Basis.DUTY and not sent.basis_said.strip():
        raise DutyNotNamed
    today = clock.office_day()
    if sent.as_of > today:
        raise AsOfAhead(sent.as_of.isoformat(), today.isoformat())


def _record(session: Session, sent: Upload, *, lines: int, by: Actor) -> OutsideRegister:
    """The list's head, with its bytes kept. Raises RegisterTwice."""
    county_id = by.county_id if by.scope is Scope.COUNTY else None
    name = kept_name(sent.filename)
    kept = documents.store(
        session,
        kind=DocumentKind.SHEET,
        name=name,
        media_type=media_type(name),
        data=sent.data,
        by=by,
        county_id=county_id,
    )
    made = session.execute(
        insert(OutsideRegister)
        .values(
            id=ids.new(),
            county_id=county_id,
            file_name=name,
            rows_total=lines,
            **_said(sent, kept, by),
        )
        .on_conflict_do_nothing()
        .returning(col(OutsideRegister.id))
    ).scalar_one_or_none()
    if made is None:
        raise RegisterTwice(queries.first_of(session, kept.sha256, sent.kind, county_id))
    audit.note(session, by=by, did="register.uploaded", records=[made])
    return session.get_one(OutsideRegister, made)


def _said(sent: Upload, kept: Document, by: Actor) -> dict[str, object]:
    return {
        "kind": sent.kind,
        "issued_by": sent.issued_by.strip(),
        "as_of": sent.as_of,
        "basis": sent.basis,
        "basis_said": sent.basis_said.strip(),
        "on_error": sent.on_error,
        "document_id": kept.id,
        "sha256": kept.sha256,
        "state": TakingState.QUEUED,
        "rows_done": 0,
        "rows_kept": 0,
        "rows_refused": 0,
        "refusals": {},
        "matched": 0,
        "uploaded_by": by.id,
        "made_at": clock.now(),
    }


def _take_in(
    session: Session, record: OutsideRegister, data: bytes, *, by: Actor, progress: Progress
) -> None:
    tally = _Tally()
    with session.begin_nested() as attempt:
        for chunk in reading.chunks(data, record.file_name, as_of=record.as_of):
            staging.keep_people(session, record, chunk.people)
            tally.add(chunk)
            progress(tally.kept + tally.refused)
        if tally.kept + tally.refused == 0:
            raise SheetEmpty(
                "表头下面没有任何一行；请核对文件后再上传",
                "There is no row below the header; check the file and upload it again",
            )
        rejected = record.on_error is OnError.REJECT and tally.refused > 0
        if rejected:
            attempt.rollback()
    staging.keep_refused(session, record, pl.concat(tally.places))
    _finish(session, record, tally, rejected=rejected, by=by)


def _finish(
    session: Session, record: OutsideRegister, tally: _Tally, *, rejected: bool, by: Actor
) -> None:
    record.rows_total = record.rows_done = tally.kept + tally.refused
    record.rows_kept = 0 if rejected else tally.kept
    record.rows_refused = tally.refused
    record.refusals = dict(sorted(tally.codes.items()))
    problem = kept(RowsWrong(tally.refused)) if rejected else None
    close(record, TakingState.REFUSED if rejected else TakingState.DONE, problem)
    session.flush()
    if not rejected:
        _match(session, record, by)
        session.refresh(record)
    detail = {"state": record.state.value, "kept": record.rows_kept, "matched": record.matched}
    audit.note(session, by=by, did="register.taken_in", records=[record.id], detail=detail)


def _unseen(done: int) -> None:
    """Progress that nobody watches: the answer comes at once."""
    del done
