"""Students who can be paid: granted awards, open enrolments, confirmed accounts; set-wise."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import insert, select
from sqlmodel import Session, col

from app.applications.models import Application
from app.awards import service as awards
from app.core import clock, crypto, ids
from app.core.actor import SYSTEM
from app.registry.models import (
    AccountKind,
    AccountState,
    BankAccount,
    Enrolment,
    EnrolmentConfirmation,
    HolderKind,
    School,
    Student,
)
from tests.factories.cases import BOARDERS, SCHOOL_YEAR, SPRING, as_cases, make_cases

CARD = 6217_0000_0000_0000


@dataclass(frozen=True)
class Payee:
    """A student with a granted award and an account."""

    application_id: UUID
    student_id: UUID
    account_id: UUID
    number: str


def make_payees(
    session: Session,
    school: School,
    n: int,
    amount_fen: int = 25000,
    *,
    programme: str = BOARDERS,
    period: str = SPRING,
    confirmed: bool = True,
) -> list[Payee]:
    """n students whose award is granted; the money must be there. The number of statements is
    the same for any n."""
    made = make_cases(
        session, school, n, amount_fen, programme=programme, period=period, state="approved"
    )
    promised = awards.promise(
        session,
        as_cases(made),
        programme=programme,
        period=period,
        batch=ids.new(),
        by=SYSTEM,
        as_far_as_money_goes=False,
    )
    assert promised.awarded == n
    awards.grant(session, select(col(Application.id)).where(col(Application.id).in_(made)), SYSTEM)
    students = dict(
        session.execute(
            select(col(Application.id), col(Application.student_id)).where(
                col(Application.id).in_(made)
            )
        ).all()
    )
    enrol(session, school, list(students.values()))
    if confirmed:
        confirm_enrolment(session, school, SPRING)
        confirm_enrolment(session, school, "2007-autumn")
    accounts = make_accounts(session, school, list(students.values()))
    return [
        Payee(one, students[one], account.id, number)
        for one, (account, number) in zip(students, accounts, strict=True)
    ]


def enrol(
    session: Session, school: School, students: list[UUID], *, school_year: str = SCHOOL_YEAR
) -> None:
    """Open enrolments of a school year."""
    session.execute(
        insert(Enrolment),
        [
            {
                "id": ids.new(),
                "student_id": student,
                "school_id": school.id,
                "county_id": school.county_id,
                "school_year": school_year,
                "stage": school.stage,
                "grade": 1,
                "class_name": "1",
                "entered_on": date(2007, 9, 1),
                "made_at": clock.now(),
                "made_by": ids.new(),
                "version": 1,
            }
            for student in students
        ],
    )


def confirm_enrolment(session: Session, school: School, term: str) -> UUID:
    """The school's word on a term, nobody absent."""
    made = EnrolmentConfirmation(
        school_id=school.id,
        county_id=school.county_id,
        term=term,
        students=0,
        absences=0,
        made_by=ids.new(),
        made_at=clock.now(),
    )
    session.add(made)
    session.flush()
    return made.id


def make_accounts(
    session: Session,
    school: School,
    students: list[UUID],
    state: AccountState = AccountState.CONFIRMED,
    number: str | None = None,
    **changes: object,
) -> list[tuple[BankAccount, str]]:
    """One account a student, held by the student, with its number."""
    names = dict(
        session.execute(
            select(col(Student.id), col(Student.name)).where(col(Student.id).in_(students))
        ).all()
    )
    made = []
    for student in students:
        account_id = ids.new()
        digits = number or f"{CARD + (account_id.int % 10**12)}"
        values: dict[str, object] = {
            "id": account_id,
            "student_id": student,
            "school_id": school.id,
            "county_id": school.county_id,
            "kind": AccountKind.CARD,
            "number": crypto.encrypt(
                digits, table="bank_account", column="number", record=account_id
            ),
            "number_index": crypto.blind_index(digits, table="bank_account", column="number"),
            "number_tail": digits[-4:],
            "holder": HolderKind.STUDENT,
            "holder_name": names[student],
            "state": state,
            "made_at": clock.now(),
            "made_by": ids.new(),
            "confirmed_by": ids.new() if state is AccountState.CONFIRMED else None,
            **changes,
        }
        made.append((BankAccount(**values), digits))
    session.execute(insert(BankAccount), [account.model_dump() for account, _ in made])
    return made
