"""What both schools are told of a transfer."""

from typing import Literal

from pydantic import BaseModel

from app.applications.entitlements import Entitlement, Told
from app.applications.models import ApplicationState
from app.core.money import YuanOut
from app.policy.schemas import WordsOut, words
from app.registry.transfer_schemas import TransferOut


class EntitlementOut(BaseModel):
    """One programme the student has for a period that is not over; `amount` null: not awarded yet.

    `rest` is promised and not paid; `rest_at_new_school` that part of it which the new school's
    money pays.
    """

    programme: str
    name: WordsOut
    period: str
    number: str
    state: ApplicationState
    amount: YuanOut | None
    paid: YuanOut
    rest: YuanOut
    rest_at_new_school: YuanOut
    pays_the_rest: Literal["old_school", "new_school"]
    words: WordsOut

    @classmethod
    def of(cls, entitlement: Entitlement) -> "EntitlementOut":
        """The reply for one entitlement."""
        return cls(
            programme=entitlement.programme.code,
            name=words(entitlement.programme.name),
            period=entitlement.period,
            number=entitlement.number,
            state=entitlement.state,
            amount=entitlement.amount_fen,
            paid=entitlement.paid_fen,
            rest=entitlement.rest_fen,
            rest_at_new_school=entitlement.at_new_fen,
            pays_the_rest=entitlement.programme.on_transfer,
            words=words(entitlement.words),
        )


class TransferToldOut(TransferOut):
    """A transfer and, once it is confirmed, who pays what the student has."""

    entitlements: list[EntitlementOut]

    @classmethod
    def told(cls, told: Told) -> "TransferToldOut":
        """The transfer as both schools see it."""
        shown = TransferOut.of(told.transfer).model_dump()
        return cls(**shown, entitlements=[EntitlementOut.of(each) for each in told.entitlements])
