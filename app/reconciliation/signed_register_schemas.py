"""What comes in and goes out at the doors of signed registers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row

from app.core.asked import Asked
from app.core.money import YuanOut
from app.disbursement.models import PayoutState
from app.reconciliation.signed_register_models import SignedState
from app.reconciliation.signed_registers import Unsigned

UNSIGNED_MAX = 5000


class UnsignedIn(Asked):
    """A payout, by its number, that nobody signed for, and why."""

    payout: Annotated[str, Field(min_length=1, max_length=40)]
    reason: Annotated[str, Field(min_length=1, max_length=120)]

    @property
    def told(self) -> Unsigned:
        """The entry as the service takes it."""
        return Unsigned(self.payout, self.reason)


class SendBackIn(Asked):
    """Why an upload is sent back."""

    because: Annotated[str, Field(min_length=1, max_length=200)]


class SignedRegisterOut(BaseModel):
    """A register as it came back; its scan is at `/signed-registers/{id}/content`.

    `lines` and `amount` are the register's, `unsigned` how many of them nobody signed for.
    """

    id: UUID
    number: str
    school_id: UUID
    sha256: str
    state: SignedState
    lines: int
    amount: YuanOut
    unsigned: int
    uploaded_by: UUID
    uploaded_at: datetime
    settled_by: UUID | None
    settled_at: datetime | None
    because: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """The register as shown."""
        return cls(
            id=row.id,
            number=row.number,
            school_id=row.school_id,
            sha256=bytes(row.sha256).hex(),
            state=SignedState(row.state),
            lines=row.line_count,
            amount=row.amount_fen,
            unsigned=row.unsigned,
            uploaded_by=row.uploaded_by,
            uploaded_at=row.uploaded_at,
            settled_by=row.settled_by,
            settled_at=row.settled_at,
            because=row.because,
        )


class UnsignedOut(BaseModel):
    """A payout that nobody signed for, with where it stands now."""

    line_no: int
    payout_number: str
    payout_state: PayoutState
    student_name: str | None
    amount: YuanOut
    reason: str


class SignedDetailOut(BaseModel):
    """A signed register with everybody who did not sign; `repeated` where it was there before."""

    signed_register: SignedRegisterOut
    unsigned: list[UnsignedOut]
    repeated: bool

    @classmethod
    def of(cls, row: Row[Any], unsigned: Sequence[Row[Any]], *, repeated: bool = False) -> Self:
        """The register and its gaps as shown."""
        return cls(
            signed_register=SignedRegisterOut.of(row),
            unsigned=[
                UnsignedOut(
                    line_no=one.register_line,
                    payout_number=one.number,
                    payout_state=PayoutState(one.state),
                    student_name=one.student_name,
                    amount=one.amount_fen,
                    reason=one.reason,
                )
                for one in unsigned
            ],
            repeated=repeated,
        )
