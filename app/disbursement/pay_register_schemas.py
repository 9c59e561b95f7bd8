"""What the doors of pay registers show."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from app.core.money import YuanOut
from app.disbursement.models import PayoutMethod
from app.disbursement.pay_register_models import PayRegister


class PayRegisterOut(BaseModel):
    """A school's register to sign; its bytes are at `/pay-registers/{id}/content`."""

    id: UUID
    number: str
    run_id: UUID
    school_id: UUID
    method: PayoutMethod
    sha256: str
    line_count: int
    amount: YuanOut
    made_at: datetime

    @classmethod
    def of(cls, register: PayRegister) -> Self:
        """The register as shown."""
        return cls(
            id=register.id,
            number=register.number,
            run_id=register.run_id,
            school_id=register.school_id,
            method=register.method,
            sha256=register.sha256.hex(),
            line_count=register.line_count,
            amount=register.amount_fen,
            made_at=register.made_at,
        )
