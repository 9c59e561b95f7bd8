"""Takes a sheet in: every row registers its student and applies, or says why it cannot."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import polars as pl
from sqlmodel import Session

from app.applications import intake, rounds
from app.applications import queries as cases
from app.applications.models import ApplicationRound
from app.audit import service as audit
from app.core import clock, settings
from app.core.actor import Actor, Scope
from app.core.errors import kept
from app.core.media import XLSX
from app.documents import service as documents
from app.documents.models import DocumentKind
from app.imports import queries, remarks, results, rows, titles
from app.imports.columns import COLUMNS
from app.imports.errors import RowsWrong, SheetNotReady, TitleContradicts, TooManyQueued
from app.imports.models import ImportKind, SheetImport
from app.policy.calendar import normalise_period
from app.policy.queries import in_force, programme, version_for
from app.registry.queries import schools_in_scope
from app.sheets.annotate import annotate
from app.sheets.archive import inspect_archive
from app.sheets.errors import SheetEmpty
from app.sheets.limits import Limits
from app.sheets.tables import Table, Tables, find_tables
from app.sheets.taking import Taking, TakingState, close
from app.sheets.uploads import OnError, kept_name, media_type
from app.sheets.workbook import Workbook, kind_of, open_workbook

CHUNK = 5_000
_ZIP = b"PK"
_BLANK = b' \t,;"'

Progress = Callable[[int, int], None]
TAKING = Taking(SheetImport, "import", "imports", ("该表", "this sheet"), TooManyQueued)


@dataclass(frozen=True)
class Upload:
    """A sheet as it came, and what its uploader said of it."""

    filename: str
    data: bytes
    kind: ImportKind
    programme: str
    period: str
    dry_run: bool
    on_error: OnError


@dataclass(frozen=True)
class _Opened:
    """A sheet whose layout was understood."""

    workbook: Workbook
    tables: Tables


def upload(session: Session, sent: Upload, *, by: Actor) -> SheetImport:
    """Takes a small sheet in at once; keeps a large one, state queued, for `run_queued`.

    Raises what `open_workbook` and `find_tables` refuse, TitleContradicts, ProgrammeNotFound,
    PeriodInvalid, the refusals of rounds, and TooManyQueued.
    """
    period = normalise_period(programme(sent.programme), sent.period)
    round_ = cases.round_of(session, sent.programme, period)
    if by.school_id is not None:
        rounds.require_open(session, round_, [by.school_id])
    known = settings.get()
    opened = None
    if len(sent.data) <= known.import_bytes_at_once:
        opened = _open(sent.data, sent.filename, round_)
        rows_told = opened.tables.height
    else:
        rows_told = _look_over(sent.data, sent.filename)
    at_once = opened is not None and rows_told <= known.import_rows_at_once
    if not at_once:
        TAKING.refuse_many(session, by=by)
    record = _record(session, sent, period, rows_told, by=by)
    if at_once and opened is not None:
        _take_in(session, record, opened, round_, by=by, progress=_unseen)
    return record


def run_queued(session: Session, import_id: UUID, *, by: Actor, progress: Progress) -> None:
    """Takes in a sheet that was kept. A refusal becomes the import's problem and stores nothing."""
    record = queries.one(session, import_id, by)
    began = clock.now()
    round_ = cases.round_of(session, record.programme, record.period)

    def take_in() -> None:
        data = documents.read(session, record.document_id)
        opened = _open(data, record.file_name, round_)
        _take_in(session, record, opened, round_, by=by, progress=progress)

    if TAKING.run(session, record, take_in, by=by):
        record.started_at = began
        session.flush()


def annotated(session: Session, import_id: UUID, *, by: Actor) -> tuple[str, bytes]:
    """The sheet that goes back: its name and bytes; the download is noted.

    Raises ImportUnknown, and SheetNotReady while there is none.
    """
    record = queries.one(session, import_id, by)
    if record.annotated_id is None:
        raise SheetNotReady(
            "这次导入尚未完成，或文件无法读取，没有可下载的结果表；请先查看导入状态。",
            "The import is not done, or its file could not be read: there is no sheet to give "
            "back. Look at the import's state first.",
            facts={"state": record.state.value},
        )
    audit.note(session, by=by, did="import.sheet_read", records=[record.id])
    return record.file_name, documents.read(session, record.annotated_id)


def _open(data: bytes, filename: str, round_: ApplicationRound) -> _Opened:
    workbook = open_workbook(data, filename)
    tables = find_tables(workbook, COLUMNS)
    for table in tables.tables:
        _refuse_other(table, round_)
    if tables.height == 0:
        raise SheetEmpty(
            "表头下面没有任何一行；请填写后再上传",
            "There is no row below the header; fill the sheet in and upload it again",
        )
    return _Opened(workbook, tables)


def _refuse_other(table: Table, round_: ApplicationRound) -> None:
    """Raises TitleContradicts, with both shown, when the titles name another programme or term."""
    names = {each.code: each.name.zh for each in in_force().programmes.values()}
    asked = names.get(round_.programme, round_.programme)
    said = titles.another_programme(table.titles, round_.programme, names)
    wanted = asked
    if said is None:
        said = titles.another_period(table.titles, round_.period)
        wanted = round_.period
    if said is None:
        return
    raise TitleContradicts(
        f"工作表「{table.sheet}」的标题写的是「{said}」，而本次申报的是「{wanted}」；"
        "请核对所选项目和学期，或更正标题后再上传",
        f"The title of sheet “{table.sheet}” says “{said}”, but “{wanted}” was asked for; "
        "check the programme and the term, or correct the title and upload again",
        facts={"sheet": table.sheet, "said": said, "asked": wanted},
    )


def _look_over(data: bytes, filename: str) -> int:
    """Refuses a large file at the door when that can be told without reading it whole.

    Answers how many rows it seems to have; 0 where that cannot be told of such a file.
    """
    limits = Limits()
    if data.startswith(_ZIP):
        return sum(facts.rows for facts in inspect_archive(data, limits).values())
    if kind_of(data, filename, limits=limits) != "csv":
        return 0
    if data.count(b"\n") >= limits.max_rows:
        open_workbook(data, filename)
    return sum(bool(line.strip(_BLANK)) for line in data.splitlines())


def _record(
    session: Session, sent: Upload, period: str, rows_told: int, *, by: Actor
) -> SheetImport:
    school_id = by.school_id if by.scope is Scope.SCHOOL else None
    county_id = by.county_id if by.scope in {Scope.SCHOOL, Scope.COUNTY} else None
    name = kept_name(sent.filename)
    kept = documents.store(
        session,
        kind=DocumentKind.SHEET,
        name=name,
        media_type=media_type(name),
        data=sent.data,
        by=by,
        school_id=school_id,
        county_id=county_id,
    )
    record = SheetImport(
        school_id=school_id,
        county_id=county_id,
        kind=sent.kind,
        programme=sent.programme,
        period=period,
        file_name=name,
        document_id=kept.id,
        dry_run=sent.dry_run,
        on_error=sent.on_error,
        state=TakingState.QUEUED,
        rows_total=rows_told,
        counts={},
        uploaded_by=by.id,
        made_at=clock.now(),
    )
    session.add(record)
    session.flush()
    audit.note(session, by=by, did="import.uploaded", records=[record.id])
    return record


def _take_in(
    session: Session,
    record: SheetImport,
    opened: _Opened,
    round_: ApplicationRound,
    *,
    by: Actor,
    progress: Progress,
) -> None:
    schools = schools_in_scope(session, by)
    alone = by.scope is Scope.SCHOOL
    sheet = rows.read(opened.workbook, opened.tables, schools, alone=alone)
    outcome = _apply(session, record, sheet, round_, by=by, progress=progress)
    loaded = version_for(session, record.programme, record.period)
    notes = results.notes(outcome, sheet.faults, opened.tables, loaded)
    results.keep(session, record, outcome)
    _give_back(session, record, annotate(opened.workbook, opened.tables, notes), by=by)
    _finish(record, outcome, remarks.of(opened.tables))
    session.flush()
    audit.note(
        session,
        by=by,
        did="import.finished",
        records=[record.id],
        detail={"state": record.state.value, **results.counts(outcome)},
    )


def _apply(
    session: Session,
    record: SheetImport,
    sheet: rows.Rows,
    round_: ApplicationRound,
    *,
    by: Actor,
    progress: Progress,
) -> pl.DataFrame:
    """What became of each row. A trial, and a sheet refused for its rows, leave nothing behind."""
    total = sheet.places.height
    done = total - sheet.good.height
    progress(done, total)
    taken = [pl.DataFrame(schema=results.TAKEN_SCHEMA)]
    with session.begin_nested() as attempt:
        for chunk in sheet.good.iter_slices(CHUNK):
            told = intake.take_in(session, chunk, round_=round_, by=by, import_id=record.id)
            taken.append(results.seen(told))
            done += chunk.height
            progress(done, total)
        outcome = results.outcomes(sheet.places, sheet.faults, pl.concat(taken))
        if record.dry_run or _rejects(record, outcome):
            attempt.rollback()
            return results.not_stored(outcome)
    return outcome


def _rejects(record: SheetImport, outcome: pl.DataFrame) -> bool:
    return record.on_error is OnError.REJECT and results.wrong(outcome) > 0


def _give_back(session: Session, record: SheetImport, data: bytes, *, by: Actor) -> None:
    kept = documents.store(
        session,
        kind=DocumentKind.ANNOTATED_SHEET,
        name=f"{record.id}.xlsx",
        media_type=XLSX,
        data=data,
        by=by,
        school_id=record.school_id,
        county_id=record.county_id,
    )
    record.annotated_id = kept.id


def _finish(record: SheetImport, outcome: pl.DataFrame, remarked: list[dict[str, str]]) -> None:
    record.rows_total = record.rows_done = outcome.height
    record.counts = {"outcomes": results.counts(outcome), "remarks": remarked}
    record.amount_fen = results.amount_fen(outcome)
    rejected = _rejects(record, outcome)
    problem = kept(RowsWrong(results.wrong(outcome))) if rejected else None
    close(record, TakingState.REFUSED if rejected else TakingState.DONE, problem)


def _unseen(done: int, total: int) -> None:
    """Progress that nobody watches: the answer comes at once."""
    del done, total
