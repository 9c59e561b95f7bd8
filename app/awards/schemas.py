"""What the door of awards takes and shows; amounts are yuan with two decimals."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from app.awards.models import AwardState, Instalment, InstalmentState
from app.awards.queries import AwardDetail, AwardRow, Share
from app.awards.service import Taken
from app.budgets.models import AppropriationKind
from app.budgets.rules import AppropriationDocument, DocumentLine
from app.core.asked import Asked
from app.core.days import Day
from app.core.money import FEN_MAX, Yuan, YuanOut

LINES_MAX = 200


class AppropriationLineIn(Asked):
    """One line: for which fund line, and how much (above zero, for a recall too)."""

    fiscal_year: Annotated[int, Field(strict=True, ge=1980, le=2100)]
    programme: Annotated[str, Field(min_length=1, max_length=40)]
    source: Annotated[str, Field(min_length=1, max_length=20)]
    holder_code: Annotated[str, Field(min_length=1, max_length=20)]
    amount: Annotated[Yuan, Field(gt=0, le=FEN_MAX)]
    functional_subject: Annotated[str | None, Field(pattern=r"^[0-9]{3,7}$")] = None
    economic_subject: Annotated[str | None, Field(pattern=r"^[0-9]{3,5}$")] = None


class AppropriationIn(Asked):
    """An appropriation document (指标文件); `scan` is a stored document's id."""

    document_number: Annotated[str, Field(min_length=1, max_length=80)]
    dated_on: Day
    kind: AppropriationKind
    lines: Annotated[list[AppropriationLineIn], Field(min_length=1, max_length=LINES_MAX)]
    scan: UUID | None = None

    def document(self) -> AppropriationDocument:
        """The document as the budget takes it."""
        return AppropriationDocument(
            number=self.document_number,
            dated_on=self.dated_on,
            kind=self.kind,
            lines=tuple(
                DocumentLine(
                    fiscal_year=line.fiscal_year,
                    programme=line.programme,
                    source=line.source,
                    holder_code=line.holder_code,
                    amount_fen=line.amount,
                    functional_subject=line.functional_subject,
                    economic_subject=line.economic_subject,
                )
                for line in self.lines
            ),
            scan_id=self.scan,
        )


class AppropriationTakenOut(BaseModel):
    """What a document did; `committed` counts shares of instalments that had waited for it."""

    batch: UUID
    appropriations: list[UUID]
    amount: YuanOut
    committed: int
    committed_amount: YuanOut

    @classmethod
    def of(cls, taken: Taken) -> "AppropriationTakenOut":
        """The reply for a recorded document."""
        return cls(
            batch=taken.recorded.batch,
            appropriations=list(taken.recorded.appropriation_ids),
            amount=taken.recorded.amount_fen,
            committed=taken.committed.count,
            committed_amount=taken.committed.amount_fen,
        )


class ShareOut(BaseModel):
    """What one fund line pays of an instalment; the line is null for a school."""

    fund_line: str | None
    amount: YuanOut


class InstalmentOut(BaseModel):
    """One instalment with its shares, which sum to it.

    `replaces`: the instalment of the old school that it stands for, after a transfer.
    """

    id: UUID
    seq: int
    due_on: date
    fiscal_year: int
    amount: YuanOut
    state: InstalmentState
    replaces: UUID | None
    shares: list[ShareOut]

    @classmethod
    def of(cls, instalment: Instalment, shares: list[Share]) -> "InstalmentOut":
        """The reply for an instalment."""
        return cls(
            id=instalment.id,
            seq=instalment.seq,
            due_on=instalment.due_on,
            fiscal_year=instalment.fiscal_year,
            amount=instalment.amount_fen,
            state=instalment.state,
            replaces=instalment.replaces_id,
            shares=[
                ShareOut(fund_line=share.fund_line, amount=share.amount_fen) for share in shares
            ],
        )


class AwardOut(BaseModel):
    """An award of an application to its student, or of an allocation to the school.

    The amount is for the whole period.
    """

    id: UUID
    application_id: UUID | None
    application_number: str | None
    allocation_id: UUID | None
    allocation_number: str | None
    student_id: UUID | None
    school_id: UUID
    programme: str
    period: str
    hardship: int | None
    amount: YuanOut
    state: AwardState
    made_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, row: AwardRow) -> "AwardOut":
        """The reply for an award."""
        return cls.model_validate(_award(row))


class AwardDetailOut(AwardOut):
    """An award with its instalments in order."""

    instalments: list[InstalmentOut]

    @classmethod
    def of_detail(cls, detail: AwardDetail) -> "AwardDetailOut":
        """The reply for an award with all that hangs on it."""
        instalments = [
            InstalmentOut.of(
                instalment,
                [share for share in detail.shares if share.instalment_id == instalment.id],
            )
            for instalment in detail.instalments
        ]
        return cls.model_validate(_award(detail.row) | {"instalments": instalments})


def _award(row: AwardRow) -> dict[str, object]:
    award = row.award
    return {
        "id": award.id,
        "application_id": award.application_id,
        "application_number": row.application_number,
        "allocation_id": award.allocation_id,
        "allocation_number": row.allocation_number,
        "student_id": award.student_id,
        "school_id": award.school_id,
        "programme": award.programme,
        "period": award.period,
        "hardship": award.hardship,
        "amount": award.amount_fen,
        "state": award.state,
        "made_at": award.made_at,
        "settled_at": award.settled_at,
    }
