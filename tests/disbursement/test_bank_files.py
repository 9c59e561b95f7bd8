"""What leaves in a bank's file: the payee's name as the bank has it, the summary, by bank."""

from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlmodel import Session, col

from app.bank.catalogue import find_format
from app.bank.payment_file import PaymentLine, read_payment_file
from app.disbursement.models import BankGroup, PaymentFile
from app.disbursement.queries import by_finding
from app.disbursement.release import release
from app.documents import service as documents
from app.documents.models import Document
from app.registry.models import BankAccount, Student
from app.registry.service_bank_names import confirm_bank_names, propose_bank_names
from tests.disbursement.conftest import RURAL, Open
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.payouts import Payee, make_payees

CCB, FIXED = "generic-codes-ccb", "generic-fixed"
RARE = "张䶮"


@pytest.fixture
def payees(session: Session, city: City) -> list[Payee]:
    appropriate(session, 10_000_00)
    return make_payees(session, city.schools[RURAL], 5)


def rename(session: Session, payee: Payee, name: str) -> None:
    session.execute(update(Student).where(col(Student.id) == payee.student_id).values(name=name))
    account = col(BankAccount.id) == payee.account_id
    session.execute(update(BankAccount).where(account).values(holder_name=name))


def bank(session: Session, payee: Payee, name: str | None) -> None:
    account = col(BankAccount.id) == payee.account_id
    session.execute(update(BankAccount).where(account).values(bank_name=name))


def lines(session: Session, file: PaymentFile) -> list[PaymentLine]:
    data = documents.read(session, file.document_id)
    return read_payment_file(find_format(file.bank_format), data)


def as_at_bank(session: Session, city: City, account: UUID, name: str) -> None:
    clerk, officer = city.actor(f"school_clerk@{RURAL}"), city.actor("city_officer")
    [made] = propose_bank_names(session, {account: name}, because="银行系统无此字", by=clerk)
    confirm_bank_names(session, [made.id], by=officer)


def test_each_line_tells_the_payee_which_money_and_for_when(
    session: Session, city: City, opened: Open, payees: list[Payee]
) -> None:
    done = release(session, opened(bank_format=FIXED).id, by=city.actor("finance_checker"))
    assert {line.summary for line in lines(session, done.files[0])} == {"寄宿生补助2008春"}


def test_other_banks_accounts_go_in_files_of_their_own(
    session: Session, city: City, opened: Open, payees: list[Payee]
) -> None:
    banks = ["中国建设银行曲阜支行", "建设银行", "农业银行", None, "建设银行"]
    for payee, name in zip(payees, banks, strict=True):
        bank(session, payee, name)
    done = release(session, opened(bank_format=CCB).id, by=city.actor("finance_checker"))
    own, other = done.files
    assert [(file.banks, file.line_count) for file in (own, other)] == [
        (BankGroup.OWN, 3), (BankGroup.OTHER, 2),
    ]  # fmt: skip
    ours = {payees[at].number for at in (0, 1, 4)}
    assert {line.account for line in lines(session, own)} == ours
    assert [line.seq for line in lines(session, other)] == [1, 2]
    assert (own.number, other.number) == ("F-2008-0001", "F-2008-0002")
    assert done.payouts == 5


def test_a_run_of_one_banks_accounts_is_one_file(
    session: Session, city: City, opened: Open, payees: list[Payee]
) -> None:
    done = release(session, opened(bank_format=CCB).id, by=city.actor("finance_checker"))
    assert [(file.banks, file.line_count) for file in done.files] == [(BankGroup.OTHER, 5)]


def test_a_name_the_bank_cannot_show_is_held_until_the_banks_own_is_confirmed(
    session: Session, city: City, opened: Open, payees: list[Payee]
) -> None:
    rename(session, payees[0], RARE)
    held = opened(bank_format=CCB)
    assert [(one.of, one.count) for one in by_finding(session, held.id)] == [
        ("name_unfit_for_bank", 1)
    ]
    clerk = city.actor(f"school_clerk@{RURAL}")
    propose_bank_names(session, {payees[0].account_id: "张龑"}, because="银行无此字", by=clerk)
    done = release(session, held.id, by=city.actor("finance_checker"))
    assert (done.payouts, len(done.left_behind)) == (4, 1)
    as_at_bank(session, city, payees[0].account_id, "张龙天")
    again = release(session, opened(bank_format=CCB).id, by=city.actor("finance_checker"))
    assert [line.name for line in lines(session, again.files[0])] == ["张龙天"]
    real = session.execute(
        text("SELECT s.name, b.holder_name FROM student s JOIN bank_account b "
             "ON b.student_id = s.id WHERE s.id = :id"),
        {"id": payees[0].student_id},
    ).one()  # fmt: skip
    assert tuple(real) == (RARE, RARE)


def test_a_workbook_is_stored_as_one(
    session: Session, city: City, opened: Open, payees: list[Payee]
) -> None:
    done = release(session, opened(bank_format="generic-xlsx").id, by=city.actor("finance_checker"))
    [file] = done.files
    kept = session.get_one(Document, file.document_id)
    assert kept.name == f"{file.number}.xlsx"
    assert documents.read(session, file.document_id).startswith(b"PK")
    assert len(lines(session, file)) == 5
