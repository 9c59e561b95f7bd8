"""The sealed numbers of a student: sealed for the record, opened, masked, looked up."""

from typing import Literal
from uuid import UUID

from app.core import crypto, identity
from app.registry.id_correction_models import ResidentIdCorrection
from app.registry.models import BankAccount, Student

Column = Literal["resident_id", "guardian_resident_id", "telephone"]
CorrectedColumn = Literal["resident_id", "old_resident_id"]
COLUMNS: tuple[Column, ...] = ("resident_id", "guardian_resident_id", "telephone")


def seal(column: Column, number: str, student_id: UUID) -> bytes:
    """A student's number sealed for that record."""
    return crypto.encrypt(number, table="student", column=column, record=student_id)


def opened(student: Student, column: Column) -> str | None:
    """A student's number in clear. Raises CiphertextBroken."""
    sealed: bytes | None = getattr(student, column)
    if sealed is None:
        return None
    return crypto.decrypt(sealed, table="student", column=column, record=student.id)


def masked(student: Student, column: Column) -> str | None:
    """A student's number as everybody may see it."""
    number = opened(student, column)
    if number is None:
        return None
    hide = identity.mask_account if column == "telephone" else identity.mask_id
    return hide(number)


def resident_index(number: str) -> bytes:
    """The blind index of an 18-digit resident id."""
    return crypto.blind_index(number, table="student", column="resident_id")


def provisional_index(key: str) -> bytes:
    """The blind index of who a student without a resident id is."""
    return crypto.blind_index(key, table="student", column="provisional")


def account_number(account: BankAccount) -> str:
    """An account's number in clear. Raises CiphertextBroken."""
    return crypto.decrypt(account.number, table="bank_account", column="number", record=account.id)


def seal_account(number: str, account_id: UUID) -> bytes:
    """An account number sealed for that record."""
    return crypto.encrypt(number, table="bank_account", column="number", record=account_id)


def account_index(number: str) -> bytes:
    """The blind index of an account number."""
    return crypto.blind_index(number, table="bank_account", column="number")


def corrected(correction: ResidentIdCorrection, column: CorrectedColumn) -> str:
    """A number of a correction in clear. Raises CiphertextBroken."""
    sealed: bytes = getattr(correction, column)
    return crypto.decrypt(
        sealed, table="resident_id_correction", column=column, record=correction.id
    )


def seal_corrected(column: CorrectedColumn, number: str, correction_id: UUID) -> bytes:
    """A number of a correction sealed for that record."""
    return crypto.encrypt(
        number, table="resident_id_correction", column=column, record=correction_id
    )
