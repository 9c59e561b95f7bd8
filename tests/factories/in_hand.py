"""Money that goes from hand to hand: released against pay registers, and signed for."""

from sqlalchemy import select
from sqlmodel import Session, col

from app.core import clock
from app.disbursement.models import Payout, PayoutMethod
from app.disbursement.pay_register_models import PayRegister
from app.disbursement.release import Released, release
from app.disbursement.service import RunAsked, open_run
from app.documents.scans import Scan
from app.reconciliation.signed_registers import Taken, Unsigned, take_in
from tests.factories.cases import BOARDERS, amend
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.payouts import make_payees

IN_HAND = ("bank", "cash", "meal_card")


def release_in_hand(
    session: Session, city: City, counts: dict[str, int], method: str = "cash"
) -> Released:
    """Pays so many students of each school, by its code, 250.00 each against a signature."""
    amend(session, methods=IN_HAND)
    for code, n in counts.items():
        school = city.schools[code]
        holder = next(c for c, office in city.counties.items() if office == school.county_id)
        appropriate(session, n * 250_00, holder)
        make_payees(session, school, n)
    asked = RunAsked(programme=BOARDERS, due_to=clock.office_day(), method=PayoutMethod(method))
    run = open_run(session, asked, by=city.actor("finance_maker"))
    return release(session, run.id, by=city.actor("finance_checker"))


def payouts_of(session: Session, register: PayRegister) -> list[Payout]:
    """The payouts of a register in the order of its lines."""
    chosen = select(Payout).where(col(Payout.register_id) == register.id)
    lines = chosen.order_by(col(Payout.register_line))
    return list(session.execute(lines.execution_options(populate_existing=True)).scalars())


def sign(
    session: Session,
    city: City,
    register: PayRegister,
    *missing: int,
    who: str,
    scan: bytes = b"%PDF-1.4 signed",
) -> Taken:
    """Hands a register in as signed by everybody but those of these lines."""
    lines = payouts_of(session, register)
    return take_in(
        session,
        number=register.number,
        scan=Scan(scan, "application/pdf"),
        unsigned=[Unsigned(lines[line - 1].number, "请假未领") for line in missing],
        by=city.actor(who),
    )
