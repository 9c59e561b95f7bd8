"""A false statement: what is promised is given back, what was paid is owed, the books agree."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlmodel import Session, col

from app.applications import false_statements, review_queries
from app.applications.false_statements import Undone
from app.applications.models import Application
from app.awards import service as awards
from app.awards import waiting
from app.awards.errors import AwardNotCancellable
from app.awards.models import Award, Instalment, InstalmentState
from app.core import clock, db, ids
from app.core.actor import SYSTEM
from app.disbursement.models import PaymentFile
from app.disbursement.release import release
from app.disbursement.service import RunAsked, open_run
from app.ledger.queries import trial_balance
from app.policy import queries as policy
from app.recognition import service
from app.recognition.errors import NotRecognised, OwnRequest, RequestUnknown
from app.recognition.models import RequestKind
from app.recognition.service import Ruling, Wished
from app.reconciliation.models import ReturnKind
from app.recoveries import service as recoveries
from app.recoveries.errors import RecoverableAlready
from app.recoveries.models import Recoverable, RecoveryReason, RecoveryState
from app.recoveries.service import Debt
from app.registry.models import Student
from app.reports.verification import verify
from tests.factories.cases import BOARDERS, SPRING, VOCATIONAL, as_cases, make_cases
from tests.factories.money import appropriate, balances, line_code
from tests.factories.office import City
from tests.factories.payouts import Payee, make_payees
from tests.recognition.school import SCHOOL, YEAR
from tests.recognition.test_recognitions import made_of, recognise
from tests.reconciliation.bank import answer, lines_in, sent_back, take_in

JUNE, VOCATIONAL_SCHOOL = date(2008, 6, 2), "3637000010"
EACH = 250_00
YES = Ruling(confirm=True, because="走访核实")


@dataclass
class Office:
    """The money side: students with granted awards, and the two officers."""

    session: Session
    city: City

    def ask(self, *students: UUID, who: str = "city_officer") -> list[UUID]:
        wished = Wished(
            kind=RequestKind.CANCEL, student_ids=students, school_year=YEAR, because="隐瞒车辆"
        )
        return service.ask(self.session, wished, by=self.city.actor(who))

    def cancel(
        self,
        *students: UUID,
        ruling: Ruling = YES,
        who: str = "city_officer",
        settler: str = "city_officer_2",
    ) -> Undone:
        asked = self.ask(*students, who=who)
        by = self.city.actor(settler)
        return false_statements.settle_cancellation(self.session, asked, ruling, by=by)

    def send(self, payees: list[Payee], programme: str = BOARDERS) -> PaymentFile:
        """A released file with what is due of the programme."""
        del payees
        asked = RunAsked(programme=programme, due_to=JUNE, bank_format="generic-pipe")
        run = open_run(self.session, asked, by=self.city.actor("finance_maker"))
        return release(self.session, run.id, by=self.city.actor("finance_checker")).files[0]

    def pay(self, payees: list[Payee], programme: str = BOARDERS) -> PaymentFile:
        """As `send`, and the bank says that all has arrived."""
        file = self.send(payees, programme)
        data = answer(lines_in(self.session, file))
        take_in(self.session, file, data, self.city.actor("finance_maker"))
        return file

    def payees(self, n: int) -> list[Payee]:
        appropriate(self.session, n * EACH)
        made = make_payees(self.session, self.city.schools[SCHOOL], n, EACH)
        self.settled([each.application_id for each in made])
        recognise(self.session, [each.student_id for each in made], 2)
        return made

    def settled(self, cases: list[UUID]) -> None:
        self.session.execute(
            update(Application).where(col(Application.id).in_(cases)).values(state="confirmed")
        )

    def states(self, cases: list[Payee]) -> list[tuple[str, str]]:
        found = self.session.execute(
            select(col(Application.state), col(Award.state))
            .join(Award, col(Award.application_id) == Application.id)
            .where(col(Application.id).in_([each.application_id for each in cases]))
            .order_by(col(Application.id))
            .execution_options(populate_existing=True)
        )
        return [(row[0].value, row[1].value) for row in found]

    def instalments(self, student: UUID) -> list[str]:
        found = self.session.execute(
            select(col(Instalment.state))
            .join(Award, col(Award.id) == Instalment.award_id)
            .where(col(Award.student_id) == student)
            .order_by(col(Instalment.seq))
        ).scalars()
        return [each.value for each in found]

    def clean(self) -> bool:
        """Nothing that `verify` finds, save outcomes: made cases have no facts to recompute."""
        zero = sum(row.balance_fen for row in trial_balance(self.session)) == 0
        return zero and [each for each in verify(self.session) if each.code != "outcome-off"] == []


@pytest.fixture
def office(session: Session, city: City) -> Office:
    clock.set_office_day(JUNE)
    return Office(session, city)


def test_committed_money_is_given_back(office: Office) -> None:
    false, true = payees = office.payees(2)
    undone = office.cancel(false.student_id)
    assert (undone.students, undone.released_fen, undone.recoverable_fen) == (1, EACH, 0)
    assert len(undone.applications) == 1
    assert office.states(payees) == [("rejected", "cancelled"), ("confirmed", "granted")]
    assert balances(office.session, line_code()) == {
        "treasury": -2 * EACH, "available": EACH, "committed": EACH,
    }  # fmt: skip
    assert office.instalments(false.student_id) == ["cancelled"]
    assert office.instalments(true.student_id) == ["committed"]
    assert office.clean()


def test_the_recognition_is_cancelled_at_level_0_and_cannot_be_again(office: Office) -> None:
    [false] = office.payees(1)
    office.cancel(false.student_id)
    stands = made_of(office.session, false.student_id)
    assert [(level, basis) for level, _, basis, _ in stands] == [(2, "form"), (0, "cancelled")]
    with pytest.raises(NotRecognised):
        office.ask(false.student_id)


def test_an_award_left_behind_in_another_county_is_undone_too(office: Office) -> None:
    session, [false] = office.session, office.payees(1)
    other = office.city.schools["2137000011"]
    session.execute(
        update(Student)
        .where(col(Student.id) == false.student_id)
        .values(school_id=other.id, county_id=other.county_id)
    )
    asker, settler = office.city.actor("city_officer"), office.city.actor("county_officer@370826")
    wished = Wished(
        kind=RequestKind.CANCEL, student_ids=(false.student_id,), school_year=YEAR,
        because="隐瞒车辆",
    )  # fmt: skip
    db.enter(session, asker)
    asked = service.ask(session, wished, by=asker)
    db.enter(session, settler)
    undone = false_statements.settle_cancellation(session, asked, YES, by=settler)
    db.enter(session, SYSTEM)
    assert (len(undone.applications), undone.released_fen) == (1, EACH)
    assert office.states([false]) == [("rejected", "cancelled")]


def test_the_rejection_says_who_when_and_why(office: Office) -> None:
    [false] = office.payees(1)
    office.cancel(false.student_id)
    case = office.session.execute(
        select(Application)
        .where(col(Application.id) == false.application_id)
        .execution_options(populate_existing=True)
    ).scalar_one()
    found = review_queries.rejection(office.session, case, by=SYSTEM)
    assert found is not None
    assert (found.on, case.rejected_on) == (JUNE, JUNE)
    assert found.by == office.city.actor("city_officer_2").id
    assert "隐瞒车辆" in found.reason


def test_paid_money_becomes_recoverable_and_the_books_agree(office: Office) -> None:
    false, true = payees = office.payees(2)
    office.pay(payees)
    assert balances(office.session, line_code()) == {"treasury": -2 * EACH, "paid": 2 * EACH}
    undone = office.cancel(false.student_id)
    assert (undone.released_fen, undone.recoverable_fen) == (0, EACH)
    assert balances(office.session, line_code()) == {
        "treasury": -2 * EACH, "paid": EACH, "recoverable": EACH,
    }  # fmt: skip
    [owed] = office.session.execute(select(Recoverable)).scalars()
    assert (owed.student_id, owed.amount_fen) == (false.student_id, EACH)
    assert (owed.reason, owed.state) == (RecoveryReason.FALSE_STATEMENT, RecoveryState.OPEN)
    assert "隐瞒车辆" in owed.because
    assert office.instalments(false.student_id) == ["paid"]
    assert office.instalments(true.student_id) == ["paid"]
    assert office.states(payees)[0] == ("rejected", "cancelled")
    assert office.clean()


def test_of_a_monthly_award_the_rest_is_released_and_the_paid_is_owed(office: Office) -> None:
    session, school = office.session, office.city.schools[VOCATIONAL_SCHOOL]
    appropriate(session, 1500_00, programme=VOCATIONAL)
    appropriate(session, 1500_00, programme=VOCATIONAL, year=2007)
    payees = make_payees(session, school, 1, 1500_00, programme=VOCATIONAL, period=YEAR)
    office.settled([payees[0].application_id])
    recognise(session, [payees[0].student_id], 2)
    office.pay(payees, VOCATIONAL)
    before = office.instalments(payees[0].student_id)
    undone = office.cancel(payees[0].student_id)
    assert undone.recoverable_fen == before.count("paid") * 150_00 > 0
    assert undone.released_fen == before.count("committed") * 150_00 > 0
    assert undone.recoverable_fen + undone.released_fen == 1500_00
    after = office.instalments(payees[0].student_id)
    assert after == [state if state == "paid" else "cancelled" for state in before]
    assert office.clean()


def test_while_the_bank_has_the_money_nothing_is_changed(office: Office) -> None:
    payees = office.payees(1)
    office.send(payees)
    asked = office.ask(payees[0].student_id)
    by = office.city.actor("city_officer_2")
    with (
        pytest.raises(AwardNotCancellable) as refused,
        office.session.begin_nested(),
    ):
        false_statements.settle_cancellation(office.session, asked, YES, by=by)
    assert [fault.more["state"] for fault in refused.value.faults] == ["in_run"]
    assert len(made_of(office.session, payees[0].student_id)) == 1
    assert office.states(payees) == [("confirmed", "granted")]
    assert office.clean()


def test_what_the_bank_sends_back_later_is_owed_by_nobody(office: Office) -> None:
    false, _ = payees = office.payees(2)
    file = office.pay(payees)
    office.cancel(false.student_id)
    [line] = [
        each for each in lines_in(office.session, file) if each.account == false.number
    ]  # fmt: skip
    data = answer([line], sent_back)
    take_in(office.session, file, data, office.city.actor("finance_maker"), ReturnKind.REVERSAL)
    assert balances(office.session, line_code()) == {
        "treasury": -2 * EACH, "available": EACH, "paid": EACH,
    }  # fmt: skip
    [owed] = office.session.execute(
        select(Recoverable).execution_options(populate_existing=True)
    ).scalars()
    assert (owed.state, owed.settled_at is not None) == (RecoveryState.CAME_BACK, True)
    assert office.instalments(false.student_id) == ["cancelled"]
    assert office.clean()


def test_another_school_year_and_a_programme_without_hardship_stay(office: Office) -> None:
    [false] = office.payees(1)
    recognise_other = Wished(
        kind=RequestKind.CANCEL, student_ids=(false.student_id,), school_year="2008-2009",
        because="隐瞒车辆",
    )  # fmt: skip
    with pytest.raises(NotRecognised):
        service.ask(office.session, recognise_other, by=office.city.actor("city_officer"))
    boarders = policy.version_for(office.session, BOARDERS, "2008-spring").version
    assert false_statements.asks_about_hardship(boarders)
    versions = [one for each in policy.in_force().programmes.values() for one in each.versions]
    assert len(versions) > 1
    for each in versions:
        tests = [criterion.test for criterion in each.criteria]
        tests += [amount.when for amount in each.amounts]
        reads = any("hardship" in test or "special_group" in test for test in tests)
        assert false_statements.asks_about_hardship(each) == reads


def test_a_case_still_in_notice_is_rejected_with_it(office: Office) -> None:
    session = office.session
    appropriate(session, EACH)
    cases = make_cases(session, office.city.schools[SCHOOL], 1, EACH, state="approved")
    from_cases = select(col(Application.student_id)).where(col(Application.id).in_(cases))
    [student] = session.execute(from_cases).scalars()
    _promise(session, cases)
    recognise(session, [student], 2)
    undone = office.cancel(student)
    assert (undone.released_fen, len(undone.applications)) == (EACH, 1)
    assert office.clean()


def test_a_refused_cancellation_changes_nothing(office: Office) -> None:
    payees = office.payees(1)
    refused = Ruling(confirm=False, because="查无此事")
    undone = office.cancel(payees[0].student_id, ruling=refused)
    assert undone == false_statements.NOTHING
    assert len(made_of(office.session, payees[0].student_id)) == 1
    assert office.states(payees) == [("confirmed", "granted")]


def test_who_asked_does_not_confirm_and_a_change_is_no_cancellation(office: Office) -> None:
    [false] = office.payees(1)
    asked = office.ask(false.student_id)
    by = office.city.actor("city_officer")
    with pytest.raises(OwnRequest):
        false_statements.settle_cancellation(office.session, asked, YES, by=by)
    other = office.city.actor("city_officer_2")
    with pytest.raises(RequestUnknown):
        service.change(office.session, asked, YES, by=other)


def test_an_instalment_is_owed_once(office: Office) -> None:
    payees = office.payees(1)
    office.pay(payees)
    office.cancel(payees[0].student_id)
    session = office.session
    paid = select(
        col(Award.student_id), col(Award.school_id), col(Award.county_id), col(Award.id),
        col(Instalment.id), col(Instalment.amount_fen),
    ).join(Instalment, col(Instalment.award_id) == Award.id)  # fmt: skip
    shares: Any = waiting.shares_of(select(col(Instalment.id)))
    debt = Debt(RecoveryReason.LEFT, "离校")
    with pytest.raises(RecoverableAlready):
        recoveries.mark(
            session, paid, shares, debt=debt, batch=payees[0].student_id,
            by=office.city.actor("city_officer"),
        )  # fmt: skip
    assert session.execute(select(func.count()).select_from(Recoverable)).scalar_one() == 1


def test_the_invariants_notice_recoverable_money_that_is_not(office: Office) -> None:
    payees = office.payees(1)
    office.pay(payees)
    office.cancel(payees[0].student_id)
    office.session.execute(update(Recoverable).values(amount_fen=EACH + 1))
    assert not office.clean()
    office.session.execute(update(Recoverable).values(amount_fen=EACH, state="came_back"))
    found = {each.code for each in verify(office.session)}
    assert "ledger-balance-off" in found
    assert InstalmentState.PAID.value in office.instalments(payees[0].student_id)


def _promise(session: Session, cases: list[UUID]) -> None:
    awards.promise(
        session, as_cases(cases), programme=BOARDERS, period=SPRING, batch=ids.new(), by=SYSTEM,
        as_far_as_money_goes=False,
    )  # fmt: skip
