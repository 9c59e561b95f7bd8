"""Opens fund lines and records the documents that put money on them or take it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Integer, Select, String, Uuid, cast, insert, literal, literal_column, select
from sqlalchemy import column as named
from sqlalchemy import values as value_rows
from sqlalchemy.dialects.postgresql import insert as insert_once
from sqlmodel import Session, col

from app.audit import service as audit
from app.auth.models import Organisation
from app.budgets import cash, queries
from app.budgets.errors import (
    AppropriationInvalid,
    AppropriationRecorded,
    RecallBelowCommitted,
    recall_fault,
)
from app.budgets.models import Appropriation, AppropriationKind, FundLine
from app.budgets.rules import (
    TRANSFERS,
    AppropriationDocument,
    FundLineKey,
    Known,
    check_lines,
)
from app.core import clock, ids
from app.core.actor import Actor
from app.core.columns import UtcMoment
from app.core.errors import Fault
from app.core.staging import Rows
from app.documents import queries as documents
from app.documents.models import DocumentKind
from app.ledger import queries as books
from app.ledger import service as ledger
from app.ledger.errors import Overdrawn
from app.ledger.models import AccountKind


@dataclass(frozen=True)
class Recorded:
    """What a document did: its batch in the books, its lines, their fund lines, the sum in fen."""

    batch: UUID
    appropriation_ids: tuple[UUID, ...]
    fund_line_ids: tuple[UUID, ...]
    amount_fen: int


def ensure_fund_lines(session: Session, keys: Rows | Sequence[FundLineKey]) -> None:
    """Opens the fund lines that are not there yet, with their accounts. Three statements.

    `keys` yields (fiscal_year, programme, source, holder_id); repeats are taken once.
    """
    if not isinstance(keys, Select):
        if not keys:
            return
        keys = _select_of(keys)
    asked = keys.subquery("asked")
    year, programme, source, holder_id = list(asked.c)[:4]
    code = (
        cast(year, String) + "/" + programme + "/" + source + "/" + col(Organisation.code)
    ).label("code")
    wanted = (
        select(
            code,
            year.label("fiscal_year"),
            programme.label("programme"),
            source.label("source"),
            holder_id.label("holder_id"),
            cash.mode_of(holder_id, year).label("payment_mode"),
        )
        .join(Organisation, col(Organisation.id) == holder_id)
        .distinct()
        .subquery("wanted")
    )
    rows = select(
        literal_column(ids.SQL_UUID7, Uuid()),
        *wanted.c,
        wanted.c.holder_id,
        literal(clock.now(), UtcMoment()),
    ).order_by(wanted.c.code)
    columns = [
        "id",
        "code",
        "fiscal_year",
        "programme",
        "source",
        "holder_id",
        "payment_mode",
        "county_id",
        "made_at",
    ]
    opening = insert_once(FundLine).from_select(columns, rows)
    session.execute(opening.on_conflict_do_nothing().inline())
    ledger.open_accounts(session, select(wanted.c.code))
    ledger.open_cash(session, cash.kept_among(select(wanted.c.code)))


def _select_of(keys: Sequence[FundLineKey]) -> Rows:
    rows = value_rows(
        named("fiscal_year", Integer),
        named("programme", String),
        named("source", String),
        named("holder_id", Uuid()),
        name="keys",
    ).data([(key.fiscal_year, key.programme, key.source, key.holder_id) for key in keys])
    return select(*rows.c)


def record_appropriation(session: Session, document: AppropriationDocument, by: Actor) -> Recorded:
    """Records a document and moves its money: treasury → available, or back for a recall.

    All accounts of its fund lines stay locked until the transaction ends. Raises
    AppropriationInvalid, AppropriationRecorded, DocumentNotFound (the scan), and
    RecallBelowCommitted with available, asked and committed of every line that asks too much.
    """
    known = queries.known_to(session, by, {line.holder_code for line in document.lines})
    _check(session, document, known, by)
    keys = [
        FundLineKey(line.fiscal_year, line.programme, line.source, known.holders[line.holder_code])
        for line in document.lines
    ]
    ensure_fund_lines(session, keys)
    recorded = _write(session, document, by)
    ledger.hold(session, _codes(recorded))
    _move(session, document, recorded, by)
    audit.note(
        session,
        by=by,
        did=f"appropriation.{document.kind.value}",
        records=recorded.appropriation_ids,
        detail={"document_number": document.number, "amount_fen": recorded.amount_fen},
    )
    return recorded


def _check(session: Session, document: AppropriationDocument, known: Known, by: Actor) -> None:
    faults = check_lines(document, known)
    if faults:
        raise AppropriationInvalid(faults)
    if document.scan_id is not None:
        documents.one(session, document.scan_id, by=by, kind=DocumentKind.SCAN)
    before = queries.recorded_before(
        session, document.number, document.kind, [line.code for line in document.lines]
    )
    if before:
        faults = [
            Fault(
                "line-recorded",
                f"文件 {document.number} 已登记指标明细 {code}。",
                f"Document {document.number} is recorded for fund line {code}.",
                where=code,
            )
            for code in before
        ]
        raise AppropriationRecorded(document.number, faults)


def _write(session: Session, document: AppropriationDocument, by: Actor) -> Recorded:
    codes = [line.code for line in document.lines]
    lines = session.execute(select(FundLine).where(col(FundLine.code).in_(codes))).scalars()
    by_code = {line.code: line for line in lines}
    now, made = clock.now(), ids.new_many(len(codes))
    session.execute(
        insert(Appropriation),
        [
            {
                "id": made_id,
                "document_number": document.number,
                "dated_on": document.dated_on,
                "kind": document.kind,
                "fund_line_id": by_code[line.code].id,
                "county_id": by_code[line.code].county_id,
                "amount_fen": line.amount_fen,
                "functional_subject": line.functional_subject,
                "economic_subject": line.economic_subject,
                "scan_id": document.scan_id,
                "recorded_by": by.id,
                "recorded_at": now,
            }
            for made_id, line in zip(made, document.lines, strict=True)
        ],
    )
    return Recorded(
        batch=ids.new(),
        appropriation_ids=tuple(made),
        fund_line_ids=tuple(by_code[code].id for code in codes),
        amount_fen=sum(line.amount_fen for line in document.lines),
    )


def _codes(recorded: Recorded) -> Rows:
    return select(col(FundLine.code)).where(col(FundLine.id).in_(recorded.fund_line_ids))


def _move(session: Session, document: AppropriationDocument, recorded: Recorded, by: Actor) -> None:
    lines = (
        select(col(FundLine.code), col(Appropriation.id), col(Appropriation.amount_fen))
        .select_from(Appropriation)
        .join(FundLine, col(FundLine.id) == col(Appropriation.fund_line_id))
        .where(col(Appropriation.id).in_(recorded.appropriation_ids))
    )
    try:
        ledger.move(
            session, kind=TRANSFERS[document.kind], batch=recorded.batch, by=by, lines=lines
        )
    except Overdrawn as overdrawn:
        if document.kind is not AppropriationKind.RECALL:
            raise
        codes = [short.fund_line for short in overdrawn.shorts]
        held, words = books.balances(session, codes), queries.words_of(session, codes)
        faults = [
            recall_fault(
                words[short.fund_line],
                short.fund_line,
                (
                    short.have_fen,
                    short.need_fen,
                    held[short.fund_line][AccountKind.COMMITTED],
                ),
            )
            for short in overdrawn.shorts
        ]
        raise RecallBelowCommitted(faults) from overdrawn
