"""Takes in a school's corrected accounts, and pays again what has been corrected."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from app.audit import service as audit
from app.bank.catalogue import find_format
from app.core.actor import Actor, Scope
from app.core.errors import Fault
from app.disbursement.models import PayoutRun
from app.documents import service as documents
from app.documents.models import DocumentKind
from app.reconciliation import correction_queries as queries
from app.reconciliation import correction_sheet as sheet
from app.reconciliation import service
from app.reconciliation.correction_sheet import Filled, Known
from app.reconciliation.errors import CorrectionsTooMany, CorrectionsWrong
from app.registry.service_accounts import NewAccount, enter_accounts
from app.sheets.tables import find_tables
from app.sheets.uploads import kept_name, media_type
from app.sheets.workbook import open_workbook


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """What became of the rows of a sheet; the last four add up to `rows`.

    `unchanged` says an account that is there already, `empty` none, `done` one for a payout that
    waits for none any more.
    """

    rows: int
    entered: int
    unchanged: int
    empty: int
    done: int


def take_sheet(session: Session, *, filename: str, data: bytes, by: Actor) -> Corrected:
    """Enters the accounts that a sheet gives; each pays once a second person has confirmed it.

    One wrong cell stops the whole sheet; the same sheet again enters nothing. Raises what
    `open_workbook` and `find_tables` refuse, CorrectionsTooMany, and CorrectionsWrong with every
    fault of every row.
    """
    tables = find_tables(open_workbook(data, filename, limits=sheet.LIMITS), sheet.COLUMNS)
    height = tables.frame.height
    if height > sheet.ROWS_MAX:
        raise CorrectionsTooMany(height, sheet.ROWS_MAX)
    rows, empty = sheet.read(tables)
    known = queries.known(session, {row.said["payout"] for row in rows} - {None}, by)
    waiting = [row for row in rows if _waits(known.get(row.said["payout"]))]
    accounts = _accounts(waiting, known)
    entered = sum(not each.kept for each in enter_accounts(session, accounts, by=by))
    told = Corrected(
        rows=height,
        entered=entered,
        unchanged=len(waiting) - entered,
        empty=empty,
        done=len(rows) - len(waiting),
    )
    if entered:
        _keep(session, told, filename=filename, data=data, by=by)
    return told


def _waits(known: Known | None) -> bool:
    return known is None or known.open


def _accounts(rows: Sequence[Filled], known: Mapping[str, Known]) -> dict[UUID, NewAccount]:
    accounts: dict[UUID, NewAccount] = {}
    faults: list[Fault] = []
    for row in rows:
        payout = known.get(row.said["payout"])
        new, wrong = sheet.account_of(row, payout)
        faults += wrong
        if new is None or payout is None or payout.student_id is None:
            continue
        if accounts.setdefault(payout.student_id, new) != new:
            faults.append(row.placed("number", _TWO_ACCOUNTS))
    if faults:
        raise CorrectionsWrong(faults)
    return accounts


_TWO_ACCOUNTS = Fault(
    "accounts_differ",
    "同一学生在另一行填了不同的账户；请填成一致",
    "another row gives this student another account; give the same one",
)


def _keep(session: Session, told: Corrected, *, filename: str, data: bytes, by: Actor) -> None:
    """The sheet itself, and that it was handed in."""
    name = kept_name(filename)
    document = documents.store(
        session,
        kind=DocumentKind.SHEET,
        name=name,
        media_type=media_type(name),
        data=data,
        by=by,
        school_id=by.school_id if by.scope is Scope.SCHOOL else None,
        county_id=by.county_id if by.scope in {Scope.SCHOOL, Scope.COUNTY} else None,
    )
    audit.note(session, by=by, did="worklist.sheet_taken", records=[document.id], detail=vars(told))


@dataclass(frozen=True)
class Ready:
    """The payouts of one programme that can be paid again, and their sum in fen."""

    programme: str
    payouts: tuple[UUID, ...]
    amount_fen: int


@dataclass(frozen=True)
class Reissued:
    """What was ready by programme, the runs opened for it, and how many were not ready by why."""

    ready: tuple[Ready, ...]
    runs: tuple[PayoutRun, ...]
    not_ready: Mapping[str, int]


def reissue_ready(session: Session, *, bank_format: str, dry_run: bool, by: Actor) -> Reissued:
    """Pays again what failed or came back and has been corrected since; one run a programme.

    Corrected is what a second person confirmed after the bank's word. With `dry_run` it is only
    counted. Raises FormatUnknown, and what `service.reissue` raises where one has moved meanwhile.
    """
    find_format(bank_format)
    if not dry_run:
        # Two at once would open one run each for the same payouts, and one of them fail.
        session.execute(_ONE_AT_A_TIME)
    found = queries.candidates(session, by)
    standing = Counter(row.standing for row in found)
    ready = [row for row in found if row.standing == "ready"]
    by_programme = tuple(
        Ready(
            programme,
            tuple(row.id for row in ready if row.programme == programme),
            sum(row.amount_fen for row in ready if row.programme == programme),
        )
        for programme in sorted({row.programme for row in ready})
    )
    runs = (
        ()
        if dry_run
        else tuple(
            service.reissue(session, one.payouts, bank_format=bank_format, by=by)
            for one in by_programme
        )
    )
    del standing["ready"]
    return Reissued(by_programme, runs, dict(sorted(standing.items())))


_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('reissue what is ready', 0))")
