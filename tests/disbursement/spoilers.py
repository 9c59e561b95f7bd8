"""What the guards before the file are there to find, each done to one payee."""

from datetime import date
from uuid import UUID

from sqlalchemy import String, cast, literal, null, select, text, update
from sqlmodel import Session, col

from app.core import clock, ids
from app.disbursement.models import Payout, PayoutState
from app.disbursement.release import release
from app.disbursement.service import RunAsked, open_run
from app.disbursement.settling import settle
from app.disbursement.staff_accounts import NewStaffAccount, hand_in
from app.registers import service as registers
from app.registers.models import Basis, RegisterKind, RegisterMatch
from app.registers.service import Upload
from app.registry.models import AccountState, BankAccount, Student
from app.sheets.uploads import OnError
from tests.disbursement.conftest import DAY, RURAL
from tests.factories.cases import BOARDERS, SPRING, limit_year
from tests.factories.office import City
from tests.factories.payouts import Payee, make_accounts, make_payees

AUTUMN = "2007-autumn"


def staff_account(session: Session, city: City, payee: Payee) -> None:
    card = NewStaffAccount(payee.number, "赵师", "班主任工资卡")
    hand_in(session, city.schools[RURAL].id, [card], by=city.actor(f"school_clerk@{RURAL}"))


def over_year_maximum(session: Session, city: City, payee: Payee, most_fen: int = 249_99) -> None:
    version = limit_year(session, SPRING, most_fen)
    session.execute(text("UPDATE award SET policy_version_id = :id"), {"id": version})


def paid_twice(session: Session, city: City, payee: Payee) -> None:
    (twin,) = make_payees(session, city.schools[RURAL], 1)
    same = {"name": "张小红", "guardian_name": "张大山"}
    for one in (payee, twin):
        session.execute(update(Student).where(col(Student.id) == one.student_id).values(**same))
        move_to(session, city, one.student_id, payee.number)


def deceased(session: Session, city: City, payee: Payee, *, name_agrees: bool = True) -> None:
    sent = Upload(
        filename="死亡.csv",
        data="姓名,身份证号\n赵芳,370811199901011234\n".encode(),
        kind=RegisterKind.DECEASED,
        issued_by="任城区民政局",
        as_of=DAY,
        basis=Basis.DUTY,
        basis_said="教财〔2018〕16号",
        on_error=OnError.ACCEPT_GOOD,
    )
    school = city.schools[RURAL]
    session.add(
        RegisterMatch(
            register_id=registers.upload(session, sent, by=city.actor("city_officer")).id,
            student_id=payee.student_id,
            school_id=school.id,
            county_id=school.county_id,
            kind=RegisterKind.DECEASED,
            name_agrees=name_agrees,
            since=date(2008, 5, 1),
            matched_at=clock.now(),
        )
    )
    session.flush()


def account_changed(session: Session, city: City, payee: Payee) -> None:
    settle_run(session, city, PayoutState.PAID)
    another_award(session, city, payee)
    move_to(session, city, payee.student_id)


def rate_differs(session: Session, city: City, payee: Payee) -> None:
    session.execute(
        text("UPDATE application SET amount_fen = amount_fen + 1 WHERE id = :id"),
        {"id": payee.application_id},
    )


def settle_run(
    session: Session,
    city: City,
    *steps: PayoutState,
    programme: str = BOARDERS,
    due_to: date = DAY,
) -> UUID:
    """Opens and releases a run, and has the bank answer for all of it, step by step."""
    asked = RunAsked(programme=programme, due_to=due_to, bank_format="generic-pipe")
    run = open_run(session, asked, by=city.actor("finance_maker"))
    release(session, run.id, by=city.actor("finance_checker"))
    for step in steps:
        verdicts = select(
            col(Payout.id), col(Payout.state), literal(step.value), cast(null(), String)
        ).where(col(Payout.run_id) == run.id)
        settle(session, verdicts, batch=ids.new(), by=city.actor("finance_maker"))
    return run.id


def another_award(session: Session, city: City, payee: Payee) -> Payee:
    """Another term's award of the same student; the first becomes the autumn's."""
    for table in ("application", "award"):
        session.execute(
            text(f"UPDATE {table} SET period = :autumn WHERE student_id = :id"),
            {"autumn": AUTUMN, "id": payee.student_id},
        )
    (other,) = make_payees(session, city.schools[RURAL], 1)
    for table in ("application", "award"):
        session.execute(
            text(f"UPDATE {table} SET student_id = :id WHERE student_id = :other"),
            {"id": payee.student_id, "other": other.student_id},
        )
    return other


def move_to(
    session: Session, city: City, student_id: UUID, number: str | None = None
) -> BankAccount:
    """Another confirmed account of the student."""
    session.execute(
        update(BankAccount)
        .where(col(BankAccount.student_id) == student_id)
        .values(state=AccountState.REPLACED)
    )
    ((account, _),) = make_accounts(session, city.schools[RURAL], [student_id], number=number)
    return account
