"""The desk where the bank's files are handed in, and everything that stands there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from app.bank.catalogue import find_format
from app.bank.layout import Format
from app.bank.payment_file import PaymentLine
from app.bank.return_file import BankAnswer, write_return_file
from app.bank.totals import control_totals
from app.core import db
from app.core.actor import SYSTEM
from app.disbursement.models import PaymentFile
from app.disbursement.paying_accounts import (
    NewPayingAccount,
    confirm_paying_account,
    enter_paying_account,
)
from app.disbursement.release import release
from app.disbursement.service import RunAsked, open_run
from app.models import metadata
from tests.factories.cases import BOARDERS
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.payouts import make_payees
from tests.reconciliation.bank import lines_in, words
from tests.reconciliation.conftest import DAY, RURAL

AUDIT = {"audit_event", "audit_record"}  # where a refusal leaves its note
TABLES = sorted(set(metadata.tables) - AUDIT)


def standing() -> dict[str, str]:
    """Every table, byte for byte, as the digest of its rows; the audit trail alone is left out."""
    rows = "md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), ''))"
    asked = " UNION ALL ".join(f"SELECT '{table}', {rows} FROM {table} t" for table in TABLES)
    with db.scoped_session(SYSTEM) as session:
        return dict(session.execute(text(asked)).all())


@dataclass(frozen=True)
class Sent:
    """A payment file as it left, and the bank's side of its format."""

    fmt: Format
    number: str
    lines: list[PaymentLine]

    def reply(self, *lines: PaymentLine, outcome: str = "paid", **told: Any) -> bytes:
        """The bank says the same of these lines, or of all."""
        answers = [BankAnswer(line, *words(self.fmt.code)[outcome]) for line in lines or self.lines]
        told = {"number": self.number, "sent": control_totals(self.lines), **told}
        return write_return_file(self.fmt, answers, **told)


@dataclass(frozen=True)
class Desk:
    """The finance maker's, in a city where everything is committed."""

    client: httpx.Client
    city: City

    def release(self, bank_format: str, n: int = 5) -> PaymentFile:
        """Pays n students 250.00 each; the file that left, the first of several."""
        with db.scoped_session(SYSTEM) as session:
            appropriate(session, n * 250_00)
            make_payees(session, self.city.schools[RURAL], n)
            asked = RunAsked(programme=BOARDERS, due_to=DAY, bank_format=bank_format)
            run = open_run(session, asked, by=self.city.actor("finance_maker"))
            return release(session, run.id, by=self.city.actor("finance_checker")).files[0]

    def send(self, bank_format: str, n: int = 5) -> Sent:
        """The same, with the lines of the file."""
        file = self.release(bank_format, n)
        with db.scoped_session(SYSTEM) as session:
            return Sent(find_format(bank_format), file.number, lines_in(session, file))

    def enter_account(self, number: str) -> UUID:
        """A confirmed account of the office's own."""
        new = NewPayingAccount(
            number=number, account_name="市资助中心", bank_name="农业银行", valid_from=DAY
        )
        with db.scoped_session(SYSTEM) as session:
            made = enter_paying_account(session, new, by=self.city.actor("finance_maker"))
            confirm_paying_account(session, made.id, by=self.city.actor("finance_checker"))
            return made.id

    def hand_in(self, number: str, data: bytes, kind: str = "reply", tongue: str = "zh") -> Any:
        form = {"payment_file": number, "kind": kind}
        return self._post("/return-files", form, data, tongue)

    def hand_in_statement(
        self, account: UUID, statement_format: str, data: bytes, tongue: str = "zh"
    ) -> Any:
        form = {"paying_account": str(account), "statement_format": statement_format}
        return self._post("/statements", form, data, tongue)

    def _post(self, path: str, form: dict[str, str], data: bytes, tongue: str) -> Any:
        return self.client.post(
            f"/api/v1{path}",
            headers=self.city.bearer("finance_maker") | {"Accept-Language": tongue},
            data=form,
            files={"file": ("back.txt", data)},
        )


def ends(data: bytes) -> Sequence[int]:
    """Where a file of these bytes is cut at each KiB."""
    return range(0, len(data), 1024)
