"""How a run pays: by the bank in its format, or in hand where the award's policy allows it."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from app.bank.catalogue import find_format
from app.bank.layout import Format
from app.disbursement.method_errors import FormatUnfit, MethodNotAllowed
from app.disbursement.models import PayeeCheck, PayoutMethod, PayoutRun
from app.disbursement.rules import ABOUT_ACCOUNT
from app.policy import queries as policy


@dataclass(frozen=True)
class Way:
    """A method with the bank's layout; without one, money goes from hand to hand."""

    method: PayoutMethod
    fmt: Format | None

    @property
    def by_bank(self) -> bool:
        """Whether a bank pays."""
        return self.fmt is not None

    @property
    def checks(self) -> tuple[PayeeCheck, ...]:
        """What is asked before such a payment: of the account only where there is one."""
        return tuple(each for each in PayeeCheck if self.by_bank or each not in ABOUT_ACCOUNT)


def way(method: PayoutMethod, bank_format: str | None) -> Way:
    """The way of a method. Raises FormatUnfit, FormatUnknown."""
    if (method is PayoutMethod.BANK) != (bank_format is not None):
        raise FormatUnfit(method.value)
    return Way(method, None if bank_format is None else find_format(bank_format))


def way_of(run: PayoutRun) -> Way:
    """The way a run was opened for."""
    return way(run.method, run.bank_format)


def versions_allowing(
    session: Session, programme: str, method: PayoutMethod
) -> tuple[UUID, ...] | None:
    """The programme's versions that may be paid so; None is every one: the bank pays any.

    Raises ProgrammeNotFound, MethodNotAllowed.
    """
    if method is PayoutMethod.BANK:
        return None
    known = policy.published(session, programme)
    allowed = tuple(each.id for each in known if method.value in each.version.methods)
    if not allowed:
        raise MethodNotAllowed(programme, method.value)
    return allowed
