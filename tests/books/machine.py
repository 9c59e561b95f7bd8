"""The service's verbs in any order, against a bank whose own books say who was really paid."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import text
from sqlmodel import Session

from app.applications import announcement, decisions, objections, withdrawals
from app.applications.announcement import Announcing
from app.applications.models import Verdict
from app.applications.objections import Settlement
from app.applications.orders import Order
from app.applications.selection import CaseFilter
from app.awards import owing
from app.awards.owing import Repaid
from app.bank.catalogue import find_format
from app.bank.payment_file import PaymentLine
from app.bank.return_file import BankAnswer, write_return_file
from app.core import clock, db
from app.core.actor import SYSTEM
from app.core.errors import AidError
from app.disbursement.release import release
from app.disbursement.service import RunAsked, cancel_run, open_run
from app.documents import service as documents
from app.ledger.queries import trial_balance
from app.periods.service import close_day
from app.reconciliation.models import ReturnKind
from app.reconciliation.queries import invariants
from app.reconciliation.service import receive, reissue
from app.recoveries import agreements
from app.recoveries.models import RecoveryReason
from app.recoveries.service import Debt
from tests.factories.cases import BOARDERS, SPRING, make_cases
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.payouts import confirm_enrolment, enrol, make_accounts, make_payees
from tests.reconciliation.bank import FORMAT, failed, lines_of, paid, sent_back, timed_out

EACH = 250_00
BEGINS = date(2008, 6, 2)
RURAL = "2137000006"
FILTER = CaseFilter(programme=BOARDERS, period=SPRING)
SAYS = {"paid": paid, "failed": failed, "returned": paid, "unknown": timed_out, "sent": timed_out}
small = st.integers(min_value=0, max_value=99)


@dataclass
class Bank:
    """What really arrived, by account; a line that timed out may have, or not."""

    arrived: Counter[str] = field(default_factory=Counter)
    done: dict[tuple[str, int], bool] = field(default_factory=dict)
    replies: list[tuple[str, bytes]] = field(default_factory=list)

    def work_off(self, file: str, line: PaymentLine, *, pays: bool) -> None:
        """Each line of a file is paid or not once, whatever is said of it."""
        if (file, line.seq) not in self.done:
            self.done[file, line.seq] = pays
            self.arrived[line.account] += line.amount_fen * pays

    def take_back(self, file: str, line: PaymentLine) -> None:
        """A payment that had arrived comes back, once; whether our office believes it or not."""
        self.done[file, line.seq] = False
        self.arrived[line.account] -= line.amount_fen


class Books(RuleBasedStateMachine):
    """One school of one county; every act in a savepoint, so that a refusal leaves nothing."""

    city: City
    done: ClassVar[Counter[str]] = Counter()
    """How often each act was done and not refused, over all runs of the machine."""

    def __init__(self) -> None:
        super().__init__()
        clock.set_office_day(BEGINS)
        self.connection = db.engine().connect()
        self.outer = self.connection.begin()
        self.session = Session(
            bind=self.connection,
            join_transaction_mode="create_savepoint",
            expire_on_commit=False,
        )
        db.enter(self.session, SYSTEM)
        self.bank = Bank()
        self.school = self.city.schools[RURAL]
        self.by = {
            who: self.city.actor(who)
            for who in ("city_officer", "city_officer_2", "finance_maker", "finance_checker")
        }

    def teardown(self) -> None:
        self.session.close()
        self.outer.rollback()
        self.connection.close()
        clock.set_office_day(None)

    @contextmanager
    def attempt(self, act: str) -> Iterator[None]:
        """The act, or its refusal; what is refused has changed nothing."""
        before = self.standing()
        try:
            with self.session.begin_nested():
                yield
            self.done[act] += 1
        except AidError:
            self.session.expire_all()
            assert self.standing() == before

    def standing(self) -> list[Any]:
        """All balances and the states of payouts: what money did."""
        return [
            *self.rows("SELECT code, debits_fen, credits_fen FROM ledger_account ORDER BY code"),
            *self.rows("SELECT number, state FROM payout ORDER BY number"),
        ]

    def rows(self, asked: str, **told: object) -> list[Any]:
        return [tuple(row) for row in self.session.execute(text(asked), told)]

    def pick(self, place: int, asked: str) -> Any:
        """One of the rows, or None where there is none."""
        rows = self.rows(asked)
        return rows[place % len(rows)] if rows else None

    # Money and cases come in.

    @initialize()
    def open_school(self) -> None:
        confirm_enrolment(self.session, self.school, SPRING)
        confirm_enrolment(self.session, self.school, "2007-autumn")
        appropriate(self.session, 5 * EACH)
        make_payees(self.session, self.school, 3, EACH, confirmed=False)
        self.hand_in(2)

    @rule()
    def go_through(self) -> None:
        """Everything that waits is approved, announced and confirmed, as in an ordinary month."""
        self.decide(as_far=True, approve=1)
        self.announce()
        self.move_on(6)
        for place in range(len(self.rows("SELECT id FROM notice"))):
            self.confirm(place)

    @rule(said=st.lists(st.sampled_from(["paid", "failed", "late"]), min_size=8))
    def pay_out(self, said: list[str]) -> None:
        """What is due is sent, and the bank answers the newest file."""
        self.open()
        runs, files = (self.rows(f"SELECT id FROM {of}") for of in ("payout_run", "payment_file"))
        self.release(len(runs) - 1)
        if len(self.rows("SELECT id FROM payment_file")) > len(files):
            self.answer(len(files), said)

    @rule(n=st.integers(1, 4))
    def appropriate(self, n: int) -> None:
        appropriate(self.session, n * EACH)

    @rule(n=st.integers(1, 3))
    def hand_in(self, n: int) -> None:
        made = make_cases(self.session, self.school, n, EACH)
        students = self.students_of(made)
        enrol(self.session, self.school, students)
        make_accounts(self.session, self.school, students)

    def students_of(self, cases: list[UUID]) -> list[UUID]:
        found = self.rows("SELECT student_id FROM application WHERE id = ANY(:ids)", ids=cases)
        return [row[0] for row in found]

    @rule(as_far=st.booleans(), approve=st.integers(0, 9))
    def decide(self, as_far: bool, approve: int) -> None:
        verdict = Verdict.APPROVE if approve else Verdict.REJECT
        officer = self.by["city_officer"]
        with self.attempt("decide"):
            seen = decisions.preview(self.session, FILTER, verdict=verdict, by=officer)
            order = Order(
                verdict=verdict,
                reason="审核",
                filter=FILTER,
                expect=seen.totals,
                as_far_as_money_goes=as_far,
            )
            decisions.decide(self.session, order, by=officer)

    @rule(place=small, really=st.integers(0, 3))
    def withdraw(self, place: int, really: int) -> None:
        case = self.pick(place, "SELECT id FROM application ORDER BY id")
        if case and not really:
            with self.attempt("withdraw"):
                withdrawals.withdraw(
                    self.session, [case[0]], because="放弃", by=self.by["city_officer"]
                )

    @rule()
    def announce(self) -> None:
        with self.attempt("announce"):
            announcement.announce(
                self.session, Announcing(filter=FILTER), by=self.by["city_officer"]
            )

    @rule(days=st.integers(1, 8))
    def move_on(self, days: int) -> None:
        clock.set_office_day(clock.add_working_days(clock.office_day(), days)[0])

    @rule()
    def close(self) -> None:
        """The day is closed and sealed; what happens on it from then on is posted later."""
        with self.attempt("close"):
            close_day(self.session, clock.office_day(), by=self.by["finance_checker"])

    @rule(place=small)
    def confirm(self, place: int) -> None:
        notice = self.pick(place, "SELECT id FROM notice ORDER BY id")
        if notice:
            with self.attempt("confirm"):
                announcement.confirm(self.session, notice[0], by=self.by["city_officer"])

    @rule(place=small)
    def object(self, place: int) -> None:
        case = self.pick(
            place, "SELECT number FROM application WHERE state = 'announced' ORDER BY id"
        )
        if case:
            with self.attempt("object"):
                objections.object_to(self.session, case[0], "不寄宿", by=self.by["city_officer_2"])

    @rule(place=small, uphold=st.booleans())
    def settle_objection(self, place: int, uphold: bool) -> None:
        found = self.pick(place, "SELECT id FROM objection ORDER BY id")
        if found:
            with self.attempt("settle_objection"):
                objections.settle(
                    self.session,
                    found[0],
                    Settlement(uphold=uphold, because="核实"),
                    by=self.by["city_officer_2"],
                )

    # Money goes out.

    @rule()
    def open(self) -> None:
        asked = RunAsked(programme=BOARDERS, due_to=clock.office_day(), bank_format="generic-pipe")
        with self.attempt("open"):
            open_run(self.session, asked, by=self.by["finance_maker"])

    @rule(place=small)
    def cancel(self, place: int) -> None:
        run = self.pick(place, "SELECT id FROM payout_run WHERE state = 'open' ORDER BY id")
        if run:
            with self.attempt("cancel"):
                cancel_run(self.session, run[0], by=self.by["finance_maker"], because="重开")

    @rule(place=small)
    def release(self, place: int) -> None:
        run = self.pick(place, "SELECT id FROM payout_run ORDER BY id")
        if run:
            with self.attempt("release"):
                release(self.session, run[0], by=self.by["finance_checker"])

    # The bank's word comes in.

    def file(self, place: int) -> tuple[str, list[PaymentLine], list[str]] | None:
        """A file with its lines and the states of its payouts, in order."""
        found = self.pick(place, "SELECT number, document_id, id FROM payment_file ORDER BY id")
        if found is None:
            return None
        number, document, file_id = found
        states = self.rows(
            "SELECT state FROM payout WHERE file_id = :file ORDER BY file_line", file=file_id
        )
        return number, lines_of(documents.read(self.session, document)), [s for (s,) in states]

    @rule(place=small, says=st.lists(st.sampled_from(["paid", "failed", "late"]), min_size=8))
    def answer(self, place: int, says: list[str]) -> None:
        found = self.file(place)
        if found is None:
            return
        number, lines, states = found
        told: list[BankAnswer] = []
        for at, (line, state) in enumerate(zip(lines, states, strict=True)):
            said = says[at % len(says)]
            if state in {"sent", "unknown"}:
                # What timed out may have arrived; whatever is said later is what had happened.
                known = self.bank.done.get((number, line.seq))
                happened = (said == "paid" or at % 2 == 0) if known is None else known
                if said != "late":
                    happened = said == "paid" if known is None else known
                self.bank.work_off(number, line, pays=happened)
                say: Callable[[PaymentLine], BankAnswer] = (
                    timed_out if said == "late" else paid if happened else failed
                )
            else:
                say = SAYS[state]
            told.append(say(line))
        self.take_in(number, write_return_file(find_format(FORMAT), told), ReturnKind.REPLY)

    def take_in(self, number: str, data: bytes, kind: ReturnKind) -> None:
        with self.attempt(kind.value):
            self.receive(number, data, kind)
            if kind is ReturnKind.REPLY:
                self.bank.replies.append((number, data))

    def receive(self, number: str, data: bytes, kind: ReturnKind) -> None:
        by = self.by["finance_maker"]
        receive(self.session, payment_file=number, kind=kind, data=data, by=by)

    @precondition(lambda self: self.bank.replies)
    @rule(place=small, turn=st.booleans())
    def replay(self, place: int, turn: bool) -> None:
        """A reply is handed in again, as it was or with its lines the other way round."""
        number, data = self.bank.replies[place % len(self.bank.replies)]
        if turn:
            data = b"".join(reversed(data.splitlines(keepends=True)))
        before = self.standing()
        # Never refused: whoever hands in again what was taken in has done nothing wrong.
        with self.session.begin_nested():
            self.receive(number, data, ReturnKind.REPLY)
        self.replays(before)

    def replays(self, before: list[Any]) -> None:
        """What the bank said before changes nothing, unless it is news to a later word."""
        settled = {"paid", "failed", "returned"}
        was = {key: state for key, state, *_ in before if state in settled}
        now = {key: state for key, state, *_ in self.standing() if key in was}
        assert now == was

    @rule(place=small, line=small)
    def send_back(self, place: int, line: int) -> None:
        found = self.file(place)
        if found is None:
            return
        number, lines, states = found
        arrived = [
            one
            for one, state in zip(lines, states, strict=True)
            if state == "paid" and self.bank.done.get((number, one.seq))
        ]
        if not arrived:
            return
        back = arrived[line % len(arrived)]
        self.bank.take_back(number, back)
        self.take_in(
            number, write_return_file(find_format(FORMAT), [sent_back(back)]), ReturnKind.REVERSAL
        )

    @rule()
    def reissue(self) -> None:
        waiting = self.rows(
            "SELECT id FROM payout p WHERE state IN ('failed', 'returned') AND NOT "
            "EXISTS (SELECT FROM payout q WHERE q.reissue_of = p.id AND q.state <> 'cancelled') "
            "ORDER BY id"
        )
        if waiting:
            with self.attempt("reissue"):
                reissue(
                    self.session,
                    [row[0] for row in waiting],
                    bank_format="generic-pipe",
                    by=self.by["finance_maker"],
                )

    # Money is owed back.

    @rule(
        place=small,
        then=st.sampled_from(["repay", "agree", "both"]),
        fen=st.integers(1, EACH),
        share=st.integers(0, 10_000),
    )
    def owe(self, place: int, then: str, fen: int, share: int) -> None:
        """A paid instalment is owed back, and something of a debt is paid back or agreed on."""
        self.recover(place)
        if then != "agree":
            self.repay(place, fen)
        if then != "repay":
            self.agree(place, share)

    def recover(self, place: int) -> None:
        found = self.pick(place, "SELECT id FROM instalment WHERE state = 'paid' ORDER BY id")
        if found:
            with self.attempt("recover"):
                owing.mark(
                    self.session,
                    [found[0]],
                    debt=Debt(RecoveryReason.LEFT, "离校"),
                    by=self.by["city_officer"],
                )

    def repay(self, place: int, fen: int) -> None:
        found = self.pick(place, "SELECT id, settled_fen FROM recoverable ORDER BY id")
        if found:
            with self.attempt("repay"):
                owing.repay(
                    self.session,
                    [Repaid(found[0], fen)],
                    voucher=f"凭证{found[1]}",
                    because="退回",
                    by=self.by["finance_maker"],
                )

    def agree(self, place: int, share: int) -> None:
        found = self.pick(place, "SELECT student_id FROM recoverable ORDER BY id")
        if found:
            with self.attempt("agree"):
                agreements.agree(
                    self.session,
                    found[0],
                    offset_basis_points=share,
                    terms="约定",
                    by=self.by["city_officer"],
                )

    # What must hold after every step.

    @invariant()
    def the_trial_balance_is_zero(self) -> None:
        self.done["step"] += 1
        assert sum(row.balance_fen for row in trial_balance(self.session)) == 0

    @invariant()
    def books_and_records_agree(self) -> None:
        assert invariants(self.session) == []

    @invariant()
    def no_account_is_overdrawn(self) -> None:
        assert not self.rows(
            "SELECT code FROM ledger_account WHERE credits_fen < debits_fen "
            "AND kind NOT IN ('treasury', 'cash_source')"
        )

    @invariant()
    def no_instalment_is_in_two_live_payouts(self) -> None:
        assert not self.rows(
            "SELECT instalment_id FROM payout_part WHERE live GROUP BY 1 HAVING count(*) > 1"
        )

    @invariant()
    def nobody_has_more_than_the_maximum(self) -> None:
        """One boarder's year; and of it no more has really arrived than was awarded."""
        awarded = self.rows(
            "SELECT student_id, sum(amount_fen) FROM award WHERE state <> 'cancelled' GROUP BY 1"
        )
        assert all(fen <= EACH for _, fen in awarded)
        assert all(0 <= fen <= EACH for fen in self.bank.arrived.values())
