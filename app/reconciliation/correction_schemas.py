"""What comes in and goes out where accounts are corrected and payments made again."""

from typing import Annotated, Self

from pydantic import BaseModel, Field

from app.core.asked import Asked, Flag
from app.core.money import YuanOut
from app.disbursement.schemas import RunDetailOut
from app.reconciliation.corrections import Corrected, Reissued


class CorrectedOut(BaseModel):
    """What became of a sheet's rows: `entered`, `unchanged`, `empty` and `done` add up to `rows`.

    What was entered waits for a second person. `done` are payouts that wait for no account.
    """

    rows: int
    entered: int
    unchanged: int
    empty: int
    done: int

    @classmethod
    def of(cls, told: Corrected) -> Self:
        """The counts as shown."""
        return cls(**vars(told))


class ReissueReadyIn(Asked):
    """Whether to open the runs or only to count, and the format of their files."""

    dry_run: Flag
    bank_format: Annotated[str, Field(min_length=1, max_length=40)] = "generic-pipe"


class ReadyOut(BaseModel):
    """Payouts of one programme that can be paid again."""

    programme: str
    count: int
    amount: YuanOut


class NotReadyOut(BaseModel):
    """Payouts that cannot, and why.

    `not_confirmed` has no account confirmed since, `paid_otherwise` nothing left to pay, and
    `of_the_city` was in a run of the whole city, whose finance pays it again.
    """

    why: str
    count: int


class ReissueReadyOut(BaseModel):
    """What was ready, the runs opened for it (none where it is only counted), and what was not."""

    count: int
    amount: YuanOut
    ready: list[ReadyOut]
    not_ready: list[NotReadyOut]
    runs: list[RunDetailOut]

    @classmethod
    def of(cls, done: Reissued, runs: list[RunDetailOut]) -> Self:
        """The figures as shown."""
        return cls(
            count=sum(len(one.payouts) for one in done.ready),
            amount=sum(one.amount_fen for one in done.ready),
            ready=[
                ReadyOut(programme=one.programme, count=len(one.payouts), amount=one.amount_fen)
                for one in done.ready
            ],
            not_ready=[NotReadyOut(why=why, count=n) for why, n in done.not_ready.items()],
            runs=runs,
        )
