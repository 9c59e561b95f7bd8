"""A county that keeps its own cash: an account, money on it, a run, and the bank's statements."""

from datetime import date

from sqlmodel import Session

from app.budgets import cash
from app.budgets.cash import CashLine, CashVoucher, ModeAsked
from app.budgets.models import CashKind, PaymentMode
from app.core.actor import SYSTEM
from app.disbursement.models import PaymentFile
from app.disbursement.paying_accounts import (
    NewPayingAccount,
    confirm_paying_account,
    enter_paying_account,
)
from app.disbursement.paying_models import PayingAccount
from app.disbursement.release import release
from app.disbursement.service import RunAsked, open_run
from app.reconciliation.statements import Taken, take_statement
from tests.bank.statement_rows import ACCOUNT, statement
from tests.factories.cases import BOARDERS
from tests.factories.money import appropriate, line_code
from tests.factories.office import City
from tests.factories.payouts import make_payees

COUNTY, RURAL = "370811", "2137000006"
DAY = date(2008, 6, 2)


class Desk:
    """The county's finance office, at its work."""

    def __init__(self, session: Session, city: City) -> None:
        self.session, self.city = session, city
        self.maker = city.actor(f"finance_maker@{COUNTY}")
        self.checker = city.actor(f"finance_checker@{COUNTY}")
        asked = ModeAsked(COUNTY, 2008, PaymentMode.DEDICATED_ACCOUNT, "设专户")
        cash.set_mode(session, asked, by=SYSTEM)
        appropriate(session, 1000_00)
        self.account = self._account()
        self.statements = 0

    def _account(self) -> PayingAccount:
        new = NewPayingAccount(
            number=ACCOUNT, account_name="任城区", bank_name="农业银行", valid_from=DAY
        )
        made = enter_paying_account(self.session, new, by=self.maker)
        return confirm_paying_account(self.session, made.id, by=self.checker)

    def receive(self, fen: int, *, number: str = "到账1号", on: date = DAY) -> None:
        """A voucher of cash that came."""
        lines = [CashLine(line_code(COUNTY), fen)]
        cash.record(self.session, CashVoucher(number, CashKind.RECEIVED, on, lines), by=self.maker)

    def pay(self, n: int) -> PaymentFile:
        """Sends n pupils 250.00 each, out of the 1,000.00 there are."""
        make_payees(self.session, self.city.schools[RURAL], n)
        asked = RunAsked(programme=BOARDERS, due_to=DAY, bank_format="generic-pipe")
        run = open_run(self.session, asked, by=self.maker)
        return release(self.session, run.id, by=self.checker).files[0]

    def statement(
        self, *rows: tuple[str, int], opening: int = 0, day: date = DAY, first: date | None = None
    ) -> Taken:
        """The bank's next statement, of one day or from `first` on."""
        self.statements += 1
        days = (str(first or day), str(day))
        data = statement(rows, number=self.statements, opening=opening, days=days)
        return take_statement(
            self.session,
            account_id=self.account.id,
            statement_format="generic-statement-csv",
            data=data,
            by=self.maker,
        )
