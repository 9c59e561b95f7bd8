"""What the door of imports shows."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from app.core.money import YuanOut
from app.imports.models import ImportKind, ImportRow, RowOutcome, SheetImport
from app.imports.waiting import Wait
from app.sheets.schemas import ProblemOut
from app.sheets.taking import TakingState
from app.sheets.uploads import OnError


class Said(BaseModel):
    """One sentence in both languages."""

    zh: str
    en: str


class ImportOut(BaseModel):
    """An uploaded sheet and how its import stands.

    `counts` is by outcome; `amount` the sum of the eligible rows; `remarks` what was passed over;
    `sheet` whether the sheet with each row's outcome can be downloaded. While it waits or runs,
    `imports_before` says how many are taken in before it and `seconds_left` about how long it will
    be until it is done; null where that cannot be told. `rows_total` of one that waits is what its
    file tells unread.
    """

    id: UUID
    kind: ImportKind
    programme: str
    period: str
    file_name: str
    dry_run: bool
    on_error: OnError
    state: TakingState
    rows_total: int
    rows_done: int
    counts: dict[RowOutcome, int]
    amount: YuanOut
    remarks: list[Said]
    problem: ProblemOut | None
    sheet: bool
    imports_before: int | None
    seconds_left: int | None
    made_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, record: SheetImport, waits: Mapping[UUID, Wait]) -> "ImportOut":
        """The reply for an import; `waits` has those that are under way."""
        wait = waits.get(record.id)
        return cls(
            id=record.id,
            kind=record.kind,
            programme=record.programme,
            period=record.period,
            file_name=record.file_name,
            dry_run=record.dry_run,
            on_error=record.on_error,
            state=record.state,
            rows_total=record.rows_total,
            rows_done=record.rows_done,
            counts=record.counts.get("outcomes", {}),
            amount=record.amount_fen,
            remarks=record.counts.get("remarks", []),
            problem=None if record.problem is None else ProblemOut(**record.problem),
            sheet=record.annotated_id is not None,
            imports_before=None if wait is None else wait.before,
            seconds_left=None if wait is None else wait.seconds,
            made_at=record.made_at,
            started_at=record.started_at,
            finished_at=record.finished_at,
        )


class ImportRowOut(BaseModel):
    """What became of one row; `row` is the row's number in the sheet."""

    sheet_no: int
    sheet: str
    row: int
    name: str
    outcome: RowOutcome
    kinds: list[str]
    detail: str
    application_id: UUID | None

    @classmethod
    def of(cls, row: ImportRow) -> "ImportRowOut":
        """The reply for a row."""
        return cls(
            sheet_no=row.sheet_no,
            sheet=row.sheet,
            row=row.row_no,
            name=row.name,
            outcome=row.outcome,
            kinds=row.kinds,
            detail=row.detail,
            application_id=row.application_id,
        )
