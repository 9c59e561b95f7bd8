"""Which of the offices' accounts each payout leaves from, and the message that tells the bank.

The holder of the fund line pays. Where a payout's money is of several holders, the city pays it as
one, since its parent is to see one payment.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from app.bank.iso.credit_transfer import Agent, Debtor, Group, Message, Transfer
from app.bank.line_faults import PaymentLine
from app.core import clock, crypto, db, settings
from app.core.actor import Actor
from app.core.errors import Fault
from app.disbursement.models import PayoutRun
from app.disbursement.paying_errors import PayingAccountsMissing


class ToPay(Protocol):
    """A payout with its number and its line."""

    @property
    def payout_id(self) -> UUID:
        """The payout."""

    @property
    def number(self) -> str:
        """The payout's number."""

    @property
    def line(self) -> PaymentLine:
        """Its line of the file."""


@dataclass(frozen=True)
class Debtors:
    """The account of each payout; a file's payouts stand grouped by it."""

    of_payout: Mapping[UUID, UUID]
    by_account: Mapping[UUID, Debtor]

    def place(self, payout: UUID) -> UUID:
        """What a file's payouts are ordered by."""
        return self.of_payout[payout]


def find_debtors(session: Session, run_id: UUID, *, by: Actor) -> Debtors:
    """The confirmed account in use that each ready payout of a run leaves from.

    Raises PayingAccountsMissing naming every holder without one.
    """
    with db.city_scope(session, by):
        told = {"run": run_id, "today": clock.office_day()}
        rows = session.execute(_PAYOUTS, told).all()
    missing = sorted({row.holder for row in rows if row.account_id is None})
    if missing:
        raise PayingAccountsMissing([_missing(holder) for holder in missing])
    accounts = {row.account_id: row for row in rows}
    return Debtors(
        {row.payout_id: row.account_id for row in rows},
        {
            account_id: Debtor(
                row.account_name,
                crypto.decrypt(
                    row.account, table="paying_account", column="number", record=account_id
                ),
                Agent(row.bank_name),
            )
            for account_id, row in accounts.items()
        },
    )


def message_of(
    run: PayoutRun, payouts: Iterable[ToPay], debtors: Debtors, *, number: str
) -> Message:
    """One file's payouts, in the order given, as one message grouped by the account they leave."""
    groups = groupby(payouts, key=lambda one: debtors.place(one.payout_id))
    return Message(
        id=number,
        made_at=run.released_at or clock.now(),
        initiator=settings.get().centre_name,
        groups=[
            Group(
                id=f"{number}-{place}",
                debtor=debtors.by_account[account],
                execute_on=clock.office_day(),
                transfers=[_transfer(one) for one in those],
            )
            for place, (account, those) in enumerate(groups, start=1)
        ],
    )


def _transfer(one: ToPay) -> Transfer:
    line = one.line
    return Transfer(
        end_to_end_id=one.number,
        name=line.name,
        account=line.account,
        amount_fen=line.amount_fen,
        bank_name=line.bank_name,
        text=line.summary,
    )


def _missing(holder: str) -> Fault:
    return Fault(
        "paying_account_missing",
        f"{holder}没有经复核的付款账户",
        f"{holder} has no confirmed paying account",
        holder,
    )


_PAYOUTS = text("""
    SELECT w.payout_id, coalesce(o.name, '市级') AS holder, a.id AS account_id,
        a.number AS account, a.account_name, a.bank_name
    FROM (SELECT p.id AS payout_id, CASE WHEN count(DISTINCT l.county_id) = 1
            THEN min(l.county_id::text)::uuid END AS county_id
        FROM payout p JOIN payout_part part ON part.payout_id = p.id
        JOIN instalment_share s ON s.instalment_id = part.instalment_id
        JOIN fund_line l ON l.id = s.fund_line_id
        WHERE p.run_id = :run AND p.state = 'ready' GROUP BY p.id) w
    LEFT JOIN organisation o ON o.id = w.county_id
    LEFT JOIN (SELECT DISTINCT ON (county_id) * FROM paying_account
        WHERE confirmed_by IS NOT NULL AND retired_at IS NULL AND valid_from <= :today
        ORDER BY county_id, valid_from DESC, id DESC) a
        ON a.county_id IS NOT DISTINCT FROM
            CASE WHEN o.kind = 'county_centre' THEN w.county_id END
""")
