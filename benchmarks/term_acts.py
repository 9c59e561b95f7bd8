"""What officers and finance do with a round, each act timed by itself in a process that serves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

from sqlmodel import Session, col, select

from app.applications import announcement, batches, decisions
from app.applications.announcement import Announcing
from app.applications.models import ReportingBatch, Verdict
from app.applications.orders import Order, Preview
from app.applications.selection import CaseFilter
from app.core import clock, db
from app.core.actor import SYSTEM, Actor, Scope
from app.disbursement import release, service
from app.disbursement.service import RunAsked
from app.notices.models import Notice
from app.periods.service import close_day
from app.reconciliation import service as reconciliation
from app.reconciliation.models import ReturnKind
from app.reports import statistics_queries
from app.reports.statistics import calendar_years
from benchmarks.books_city import FORMAT, ORGANISATION, PERIOD, PROGRAMME, key
from benchmarks.measuring import peak_mb, timed
from benchmarks.term_city import (
    CHECKER,
    CITY_OFFICER,
    COUNTIES,
    COUNTY_OFFICER,
    DECIDED_ON,
    HEAD,
    MAKER,
    PAID_ON,
    Part,
    officer,
)

NOTHING = UUID(int=0)
CITY = officer(CITY_OFFICER, Scope.CITY)


@dataclass(frozen=True)
class Done:
    """What an act took, the most memory its process has held, and what it fell on."""

    seconds: float
    peak_mb: int
    count: int
    made: UUID = NOTHING
    number: str = ""


def hand_up() -> Done:
    """Every school's head endorses its batch and hands it up, an act each."""
    clock.set_office_day(DECIDED_ON)
    with db.scoped_session(SYSTEM) as session:
        waiting = session.execute(
            select(ReportingBatch.id, ReportingBatch.school_id).order_by(col(ReportingBatch.id))
        ).all()
    heads = [(batch, officer(HEAD, Scope.SCHOOL, school)) for batch, school in waiting]
    handed_up: list[int] = []

    def act() -> None:
        for batch, head in heads:
            with db.scoped_session(head) as session:
                batches.endorse(session, batch, by=head)
            with db.scoped_session(head) as session:
                handed_up.append(batches.report(session, batch, by=head))

    return Done(timed(act), peak_mb(), sum(handed_up))


def look() -> Done:
    """What the city would decide, as its officer sees it before."""
    clock.set_office_day(DECIDED_ON)
    seen: list[Preview] = []
    seconds = timed(lambda: seen.append(_preview(_filter(None), by=CITY)))
    return Done(seconds, peak_mb(), seen[0].totals.count)


def county_decides() -> Done:
    """Every county approves its cases, as its filter showed them; looking is not in it."""
    clock.set_office_day(DECIDED_ON)
    done = [
        _approve(key(ORGANISATION, n), by=officer(COUNTY_OFFICER, Scope.COUNTY, _county(n)))
        for n in range(1, 1 + COUNTIES)
    ]
    return Done(sum(each.seconds for each in done), peak_mb(), sum(each.count for each in done))


def city_decides(part: Part) -> Done:
    """The last approval, with awards and their money; looking is not in it."""
    clock.set_office_day(DECIDED_ON)
    return _approve(part.county, by=CITY)


def announce(part: Part) -> Done:
    """The public notice of what was approved."""
    clock.set_office_day(DECIDED_ON)
    asked = Announcing(filter=_filter(part.county))
    return _done(lambda session: _noticed(announcement.announce(session, asked, by=CITY)))


def confirm(notice: UUID) -> Done:
    """The notice is over: its cases are confirmed and their awards granted."""
    clock.set_office_day(PAID_ON)
    return _done(lambda session: (announcement.confirm(session, notice, by=CITY).count, notice, ""))


def open_run(part: Part) -> Done:
    """A run of what is due, every payee checked."""
    clock.set_office_day(PAID_ON)
    maker = officer(MAKER, Scope.CITY)
    asked = RunAsked(programme=PROGRAMME, due_to=PAID_ON, bank_format=FORMAT, holder_id=part.county)

    def act(session: Session) -> tuple[int, UUID, str]:
        made = service.open_run(session, asked, by=maker)
        return part.count, made.id, made.number

    return _done(act)


def send(run: UUID) -> Done:
    """The run released and its file written; nothing of it may be left behind."""
    clock.set_office_day(PAID_ON)
    checker = officer(CHECKER, Scope.CITY)

    def act(session: Session) -> tuple[int, UUID, str]:
        done = release.release(session, run, by=checker)
        if done.left_behind or len(done.files) != 1:
            raise RuntimeError(f"{len(done.left_behind)} payouts were left behind")
        return done.payouts, done.files[0].id, done.files[0].number

    return _done(act)


def take_in(number: str, answer: Path) -> Done:
    """The bank's answer to a file, its bytes in memory as an upload has them."""
    clock.set_office_day(PAID_ON)
    data = answer.read_bytes()

    def act(session: Session) -> tuple[int, UUID, str]:
        taken = reconciliation.receive(
            session, payment_file=number, kind=ReturnKind.REPLY, data=data, by=SYSTEM
        )
        return taken.file.line_count or 0, taken.file.id, ""

    return _done(act)


def close(day: date) -> Done:
    """A day of the books proved, closed and sealed."""
    clock.set_office_day(PAID_ON)

    def act(session: Session) -> tuple[int, UUID, str]:
        return close_day(session, day, by=SYSTEM).transfers, NOTHING, ""

    return _done(act)


def fill_in_statistics(paid: int) -> Done:
    """The statistics form of the year, of the whole city, in which so many were to be paid."""
    clock.set_office_day(PAID_ON)

    def act(session: Session) -> tuple[int, UUID, str]:
        form = statistics_queries.form(
            session, CITY, calendar_years(PAID_ON.year), statistics_queries.Narrowed()
        )
        if not form.control_fen:
            raise RuntimeError("the form shows nothing paid")
        return paid, NOTHING, ""

    return _done(act)


def _done(act: Callable[[Session], tuple[int, UUID, str]], *, by: Actor = CITY) -> Done:
    made: list[tuple[int, UUID, str]] = []

    def whole() -> None:
        with db.scoped_session(by) as session:
            made.append(act(session))

    seconds = timed(whole)
    return Done(seconds, peak_mb(), *made[0])


def _approve(county: UUID | None, *, by: Actor) -> Done:
    chosen = _filter(county)
    order = Order(
        verdict=Verdict.APPROVE,
        reason="符合条件",
        filter=chosen,
        expect=_preview(chosen, by=by).totals,
    )
    return _done(
        lambda session: (decisions.decide(session, order, by=by).totals.count, NOTHING, ""), by=by
    )


def _preview(chosen: CaseFilter, *, by: Actor) -> Preview:
    with db.scoped_session(by) as session:
        return decisions.preview(session, chosen, verdict=Verdict.APPROVE, by=by)


def _filter(county: UUID | None) -> CaseFilter:
    return CaseFilter(programme=PROGRAMME, period=PERIOD, county_id=county)


def _county(number: int) -> UUID:
    return key(ORGANISATION, number)


def _noticed(notice: Notice) -> tuple[int, UUID, str]:
    return notice.line_count, notice.id, notice.number
