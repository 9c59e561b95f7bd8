"""A camt.053 is taken in like any other statement, and sends back what the bank returned."""

from sqlalchemy import select
from sqlmodel import Session, col

from app.bank.iso.statements import FORMAT
from app.core.actor import Actor
from app.disbursement.models import Payout
from app.disbursement.models import PayoutState as S
from app.disbursement.paying_accounts import (
    NewPayingAccount,
    confirm_paying_account,
    enter_paying_account,
)
from app.reconciliation.queries import invariants
from app.reconciliation.statements import Taken, take_statement
from tests.bank.iso.messages import STATEMENT, account_report, balance, detail, entry
from tests.factories.office import City
from tests.reconciliation.bank import answer, lines_in, states, take_in
from tests.reconciliation.conftest import DAY, Send

ACCOUNT = "370801000100002"  # that of the messages


def take(session: Session, city: City, maker: Actor, text: str) -> Taken:
    new = NewPayingAccount(
        number=ACCOUNT, account_name="济宁市学生资助管理中心", bank_name="农业银行", valid_from=DAY
    )
    account = enter_paying_account(session, new, by=maker)
    confirm_paying_account(session, account.id, by=city.actor("finance_checker"))
    return take_statement(
        session, account_id=account.id, statement_format=FORMAT, data=text.encode(), by=maker
    )


def test_what_a_camt_returns_is_returned(
    session: Session, city: City, maker: Actor, sent: Send
) -> None:
    file = sent(2)
    take_in(session, file, answer(lines_in(session, file)), maker)
    number = session.execute(
        select(col(Payout.number)).where(col(Payout.file_id) == file.id, col(Payout.file_line) == 1)
    ).scalar_one()
    back = detail(number, "250.00", direction="CRDT", returned=True)
    text = account_report(
        STATEMENT,
        balance("OPBD", "1000.00"),
        balance("CLBD", "750.00"),
        entry("500.00", detail(file.number, "500.00")),
        entry("250.00", back, direction="CRDT"),
    )
    taken = take(session, city, maker, text)
    assert (taken.statement.line_count, taken.statement.format) == (2, FORMAT)
    assert states(session, file) == [S.RETURNED, S.PAID]
    assert invariants(session) == []
