"""A bank that speaks ISO 20022: pain.001 leaves, pain.002 answers it, camt.054 sends back."""

import re
from datetime import date

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from app.bank.errors import (
    BankRefusedFile,
    ReturnFileBroken,
    ReturnFileEmpty,
    ReturnFileOfAnother,
    TotalsDiffer,
)
from app.bank.iso.errors import MessageBroken
from app.bank.iso.statements import FORMAT as CAMT_053
from app.core.actor import Actor
from app.disbursement.models import PaymentFile, Payout
from app.disbursement.models import PayoutState as S
from app.disbursement.paying_accounts import (
    NewPayingAccount,
    confirm_paying_account,
    enter_paying_account,
)
from app.disbursement.paying_errors import PayingAccountsMissing
from app.disbursement.paying_models import PayingAccount
from app.documents import service as documents
from app.reconciliation.bank_notices import take_notice
from app.reconciliation.errors import NoticeOfAnother, ReversalIsANotice
from app.reconciliation.models import LineOutcome as L
from app.reconciliation.models import ReturnKind, ReturnLine
from app.reconciliation.queries import invariants
from app.reconciliation.replies import Lesson, learn
from app.reconciliation.reply_models import LearntOutcome
from app.reconciliation.statement_models import StatementLine
from app.reconciliation.statements import take_statement
from tests.bank.iso.messages import (
    NOTICE,
    STATEMENT,
    account_report,
    balance,
    detail,
    entry,
    payment_status,
    status_report,
)
from tests.bank.iso.oracle import read as read_strictly
from tests.factories.office import City
from tests.reconciliation.bank import outcomes, states, take_in
from tests.reconciliation.conftest import DAY, Send

FORMAT = "iso20022-pain"
ACCOUNT = "370801000100002"  # that of the messages


def paying_account(
    session: Session, city: City, *, county: str = "", **given: str
) -> PayingAccount:
    """A confirmed account of the city's centre, or of a county's."""
    at = f"@{county}" if county else ""
    told = {"number": ACCOUNT, "account_name": "济宁市学生资助管理中心", "bank_name": "农业银行"}
    new = NewPayingAccount(**{**told, **given}, valid_from=date(2008, 1, 1))
    account = enter_paying_account(session, new, by=city.actor(f"finance_maker{at}"))
    return confirm_paying_account(session, account.id, by=city.actor(f"finance_checker{at}"))


@pytest.fixture
def account(session: Session, city: City) -> PayingAccount:
    """The county's whose money it is."""
    return paying_account(session, city, county="370811")


def numbers(session: Session, file: PaymentFile) -> list[str]:
    chosen = select(col(Payout.number)).where(col(Payout.file_id) == file.id)
    return list(session.execute(chosen.order_by(col(Payout.file_line))).scalars())


def report(file: PaymentFile, *lines: str, group: str = "PART", **told: str) -> bytes:
    """The bank's status report on a file; it repeats what was sent unless told otherwise."""
    yuan = f"{file.amount_fen / 100:.2f}"
    given = {"count": str(file.line_count), "total": yuan, **told}
    return status_report(*lines, group=group, **given).replace("F-2008-0001", file.number).encode()


def test_a_run_leaves_as_a_message_that_another_program_reads(
    session: Session, sent: Send, account: PayingAccount
) -> None:
    file = sent(3, FORMAT)
    document = read_strictly("pain_001_001_09", documents.read(session, file.document_id))
    body = document.cstmr_cdt_trf_initn
    assert (body.grp_hdr.msg_id, body.grp_hdr.nb_of_txs) == (file.number, "3")
    assert body.grp_hdr.ctrl_sum == 750
    (group,) = body.pmt_inf
    assert group.dbtr_acct.id.othr.id == ACCOUNT
    assert group.reqd_exctn_dt.dt.to_date() == DAY
    ends = [each.pmt_id.end_to_end_id for each in group.cdt_trf_tx_inf]
    assert ends == numbers(session, file)


def test_without_a_confirmed_account_that_money_leaves_from_nothing_is_released(
    session: Session, city: City, sent: Send
) -> None:
    paying_account(session, city, number="370801000100077")  # the city's, whose money it is not
    entered = NewPayingAccount(
        number=ACCOUNT, account_name="任城区", bank_name="农业银行", valid_from=DAY
    )
    enter_paying_account(session, entered, by=city.actor("finance_maker@370811"))
    with pytest.raises(PayingAccountsMissing) as refused:
        sent(2, FORMAT)
    assert [fault.where for fault in refused.value.faults] == ["任城区资助中心"]


def test_each_payment_of_a_report_moves_its_payout(
    session: Session, sent: Send, account: PayingAccount, maker: Actor
) -> None:
    file = sent(4, FORMAT)
    a, b, c, _ = numbers(session, file)
    data = report(
        file,
        payment_status(a, "ACSC"),
        payment_status(b, "RJCT", reason="BE01"),
        payment_status(c, "ACSP"),
    )
    taken = take_in(session, file, data, maker)
    assert outcomes(session, taken) == [L.PAID, L.FAILED, L.UNKNOWN]
    assert states(session, file) == [S.PAID, S.FAILED, S.UNKNOWN, S.SENT]
    assert take_in(session, file, data, maker).repeated
    assert invariants(session) == []


def test_a_word_on_the_whole_settles_every_payment(
    session: Session, sent: Send, account: PayingAccount, maker: Actor
) -> None:
    file = sent(3, FORMAT)
    taken = take_in(session, file, report(file, group="ACSC"), maker)
    assert outcomes(session, taken) == [L.PAID] * 3
    assert (taken.file.line_count, taken.file.amount_fen) == (3, 750_00)
    refused = sent(2, FORMAT)
    why = "<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf>"
    data = report(refused, group="RJCT").replace(b"<GrpSts>RJCT</GrpSts>", why.encode())
    take_in(session, refused, data, maker)
    assert states(session, refused) == [S.FAILED, S.FAILED]
    assert invariants(session) == []


def test_a_report_that_does_not_fit_the_file_changes_nothing(
    session: Session, sent: Send, account: PayingAccount, maker: Actor
) -> None:
    file = sent(2, FORMAT)
    a, b = numbers(session, file)
    paid = [payment_status(a, "ACSC"), payment_status(b, "ACSC")]
    duplicate = "<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>AM05</Cd></Rsn></StsRsnInf>"
    wrong: list[tuple[bytes, type[Exception]]] = [
        (report(file, *paid, count="3"), TotalsDiffer),
        (report(file, *paid, total="600.00"), TotalsDiffer),
        (report(file, *paid).replace(file.number.encode(), b"F-2008-9999"), ReturnFileOfAnother),
        (report(file, paid[0], paid[0]), ReturnFileBroken),
        (report(file, payment_status(a, "ACSC"), group="RJCT"), BankRefusedFile),
        (report(file, payment_status(a, "RJCT", reason="BE01"), group="ACSC"), ReturnFileBroken),
        (report(file, group="ACSP"), ReturnFileEmpty),
        (
            report(file, group="RJCT").replace(b"<GrpSts>RJCT</GrpSts>", duplicate.encode()),
            BankRefusedFile,
        ),
        (
            report(file, group="ACSC").replace(
                b"<OrgnlNbOfTxs>2</OrgnlNbOfTxs><OrgnlCtrlSum>500.00</OrgnlCtrlSum>", b""
            ),
            ReturnFileBroken,
        ),
        (report(file, *paid)[:-40], MessageBroken),
    ]
    for data, error in wrong:
        with pytest.raises(error):
            take_in(session, file, data, maker)
    with pytest.raises(ReversalIsANotice):
        take_in(session, file, report(file, *paid), maker, ReturnKind.REVERSAL)
    assert states(session, file) == [S.SENT, S.SENT]


def test_a_payment_of_another_file_is_unmatched_and_another_amount_is_said(
    session: Session, sent: Send, account: PayingAccount, maker: Actor
) -> None:
    other = sent(1, FORMAT)
    file = sent(2, FORMAT)
    a, _ = numbers(session, file)
    strange = payment_status(numbers(session, other)[0], "ACSC")
    taken = take_in(
        session, file, report(file, payment_status(a, "ACSC", yuan="249.00"), strange), maker
    )
    assert outcomes(session, taken) == [L.AMOUNT_DIFFERS, L.UNMATCHED]
    assert states(session, other) == [S.SENT]


def test_an_unlisted_code_waits_until_it_is_taught(
    session: Session, city: City, sent: Send, account: PayingAccount, maker: Actor
) -> None:
    file = sent(2, FORMAT)
    a, b = numbers(session, file)
    odd = payment_status(a, "RJCT", reason="ZZ99")
    take_in(session, file, report(file, odd, payment_status(b, "ACCC")), maker)
    assert states(session, file) == [S.UNKNOWN, S.PAID]
    lesson = Lesson(FORMAT, "RJCT ZZ99", LearntOutcome.FAILED, "电询农行")
    assert learn(session, lesson, by=city.actor("finance_checker")).settled == 1
    assert states(session, file) == [S.FAILED, S.PAID]


def notice(*back: str) -> bytes:
    """A notice of payments sent back, and of one debit that is none of its business."""
    entries = [
        entry("250.00", detail(number, "250.00", direction="CRDT", returned=True), direction="CRDT")
        for number in back
    ]
    return account_report(NOTICE, entry("9.00", detail("X", "9.00")), *entries).encode()


def test_a_notice_sends_back_what_left_in_any_file_and_the_statement_agrees(
    session: Session, sent: Send, account: PayingAccount, maker: Actor, city: City
) -> None:
    one, two = sent(1, FORMAT), sent(2, FORMAT)
    take_in(session, one, report(one, group="ACSC"), maker)
    take_in(session, two, report(two, group="ACSC"), maker)
    back = [numbers(session, one)[0], numbers(session, two)[1]]
    county = city.actor("finance_maker@370811")
    # A bank may leave the payees' accounts out.
    data = re.sub(b"<DbtrAcct>.*?</DbtrAcct>", b"", notice(*back))
    taken = take_notice(session, account_id=account.id, data=data, by=county)
    assert outcomes(session, taken) == [L.RETURNED, L.RETURNED]
    why = session.execute(
        select(col(ReturnLine.reason_code)).where(col(ReturnLine.return_file_id) == taken.file.id)
    )
    assert why.scalars().all() == ["account_closed"] * 2
    assert (states(session, one), states(session, two)) == ([S.RETURNED], [S.PAID, S.RETURNED])
    assert take_notice(session, account_id=account.id, data=data, by=county).repeated
    returned = detail(back[0], "250.00", direction="CRDT", returned=True)
    told = account_report(
        STATEMENT,
        balance("OPBD", "0.00"),
        balance("CLBD", "250.00"),
        entry("250.00", returned, direction="CRDT"),
    )
    take_statement(
        session, account_id=account.id, statement_format=CAMT_053, data=told.encode(), by=county
    )
    assert session.execute(select(col(StatementLine.outcome))).scalars().all() == ["agrees"]
    assert invariants(session) == []


def test_a_notice_of_another_account_or_payee_moves_nothing(
    session: Session, sent: Send, account: PayingAccount, maker: Actor, city: City
) -> None:
    file = sent(1, FORMAT)
    take_in(session, file, report(file, group="ACSC"), maker)
    data = notice(*numbers(session, file))
    other = paying_account(session, city, number="370801000100077")
    with pytest.raises(NoticeOfAnother):
        take_notice(session, account_id=other.id, data=data, by=maker)
    # The message names an account that is not the payee's.
    taken = take_notice(
        session, account_id=account.id, data=data, by=city.actor("finance_maker@370811")
    )
    assert outcomes(session, taken) == [L.UNMATCHED]
    with pytest.raises(ReturnFileEmpty):
        take_notice(session, account_id=account.id, data=notice(), by=maker)
    assert states(session, file) == [S.PAID]
