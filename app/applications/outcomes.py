"""What is answered to each row of an intake: the outcome, its reasons, and the case."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

import polars as pl

from app.applications.queries import Live
from app.applications.rules import sum_in_words
from app.core.errors import Fault
from app.policy.engine import instalments
from app.policy.queries import LoadedVersion

Outcome = Literal[
    "eligible",
    "ineligible",
    "provisional",
    "incomplete",
    "unchanged",
    "already_applied",
    "error",
]

RESULT_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.Int64(),
    "outcome": pl.String(),
    "kinds": pl.List(pl.String()),
    "detail": pl.String(),
    "application_id": pl.String(),
    "number": pl.String(),
    "amount_fen": pl.Int64(),
    "failed": pl.List(pl.String()),
    "missing": pl.List(pl.String()),
}
"""The columns that `intake.take_in` answers."""

REFUSALS: dict[str, Fault] = {
    fault.code: fault
    for fault in (
        Fault(
            "student_elsewhere",
            "该学生在另一所学校登记；请先提出转入申请，由原学校或县级资助中心确认",
            "The student is registered at another school; ask for a transfer first, which that "
            "school or the county confirms",
        ),
        Fault(
            "id_duplicate",
            "同一学生在前面的行已出现；请只保留一行",
            "The same student stands in an earlier row; keep one of them",
        ),
        Fault(
            "batch_closed",
            "本校本轮次的上报批次已由校长签署，不能再增加；确需增加请联系县级资助中心",
            "The school's batch of this round is endorsed already and takes no more; if it has "
            "to, ask the county centre",
        ),
        Fault(
            "school_unknown",
            "在您管理的范围内没有这所学校；请核对学校标识码和名称",
            "There is no such school among those you act for; check its code and name",
        ),
    )
}
"""What a row is told when it is refused here; what is wrong with its cells is in `checks`."""

ASKED_FOR = "no resident id yet: birth date and guardian's id asked for"
TO_CONFIRM = "no resident id yet: an officer has to confirm who it is"


@dataclass(frozen=True)
class Judged:
    """How one case came out under its version."""

    eligible: bool | None
    failed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    amount_fen: int | None = None


@dataclass(frozen=True)
class Result:
    """What became of one row."""

    row: int
    outcome: Outcome
    detail: str
    kinds: tuple[str, ...] = ()
    application_id: UUID | None = None
    number: str | None = None
    judged: Judged = field(default_factory=lambda: Judged(None))

    @classmethod
    def refusal(cls, row: int, kind: str) -> "Result":
        """A row refused for one of `REFUSALS`."""
        return cls(row, "error", kind, kinds=(kind,))

    @classmethod
    def there(cls, row: int, live: Live | None, *, same: bool) -> "Result":
        """A case that is in already, with the same facts or with others.

        `live` is None where it was over again before it could be looked at.
        """
        outcome: Outcome = "unchanged" if same else "already_applied"
        if live is None:
            return cls(row, outcome, "applied for meanwhile")
        judged = Judged(None, live.failed, live.missing, live.amount_fen)
        return cls(row, outcome, f"{live.number} {live.state.value}", (), live.id, live.number,
                   judged)  # fmt: skip

    @classmethod
    def elsewhere(cls, row: int, number: str) -> "Result":
        """Another school's case from before the student came here: its number and no more."""
        return cls(row, "already_applied", f"{number} at another school", (), None, number)

    def as_row(self) -> tuple[object, ...]:
        """The result as a row of RESULT_SCHEMA."""
        return (
            self.row,
            self.outcome,
            list(self.kinds),
            self.detail,
            None if self.application_id is None else str(self.application_id),
            self.number,
            self.judged.amount_fen,
            list(self.judged.failed),
            list(self.judged.missing),
        )


def detail_of(
    judged: Judged,
    loaded: LoadedVersion,
    period: str,
    *,
    provisional: bool,
    known_by: bool,
) -> tuple[Outcome, str]:
    """The outcome of a stored case and what is said of it.

    The sum where eligible, the criteria not met, or the facts missing. `known_by`: whether a
    student without a resident id has at least birth date and guardian's id.
    """
    if judged.eligible is None:
        return "incomplete", "+".join(judged.missing)
    if provisional:
        # Said before what the case lacks: until it is known who this is, nothing is decided.
        return "provisional", TO_CONFIRM if known_by else ASKED_FOR
    if not judged.eligible or judged.amount_fen is None:
        return "ineligible", "+".join(judged.failed)
    parts = instalments(loaded.version, loaded.programme, period, judged.amount_fen)
    return "eligible", sum_in_words([part.amount_fen for part in parts])
