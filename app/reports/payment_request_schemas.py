"""What the request to the treasury answers as JSON; amounts are yuan with two decimals."""

from datetime import date

from pydantic import BaseModel

from app.core.money import YuanOut
from app.reports.payment_requests import PaymentRequest


class RequestLineOut(BaseModel):
    """What one fund line pays of the run."""

    fund_line: str
    functional_subjects: list[str]
    economic_subjects: list[str]
    holder: str
    payouts: int
    amount: YuanOut


class PaymentRequestOut(BaseModel):
    """The request of a run, its sum in figures and in words (大写)."""

    run: str
    programme: str
    released_on: date
    lines: list[RequestLineOut]
    payouts: int
    amount: YuanOut
    amount_in_capitals: str

    @classmethod
    def of(cls, request: PaymentRequest) -> "PaymentRequestOut":
        """The reply for a request."""
        return cls(
            run=request.run,
            programme=request.programme,
            released_on=request.released_on,
            lines=[
                RequestLineOut(
                    fund_line=line.fund_line,
                    functional_subjects=list(line.functional_subjects),
                    economic_subjects=list(line.economic_subjects),
                    holder=line.holder,
                    payouts=line.payouts,
                    amount=line.amount_fen,
                )
                for line in request.lines
            ],
            payouts=request.payouts,
            amount=request.amount_fen,
            amount_in_capitals=request.capitals,
        )
