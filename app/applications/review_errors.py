"""What asking for a review, deciding it and giving notice of a refusal refuse."""

from datetime import date

from app.applications.decision_errors import standing
from app.applications.models import Application, Review, ReviewState
from app.core.errors import Conflict, Forbidden, NotFound

WORDS: dict[ReviewState, tuple[str, str]] = {
    ReviewState.OPEN: ("尚在复核", "is still open"),
    ReviewState.UPHELD: ("已复核，维持原决定", "upheld the decision"),
    ReviewState.CHANGED: ("已复核，退回学校重新申报", "sent the case back to the school"),
}


class NotRejected(Conflict):
    """The case is not rejected, so there is no refusal to tell of or to review."""

    code = "review.not-rejected"

    def __init__(self, case: Application) -> None:
        zh, en = standing(case.state, case.step)
        what_zh, what_en = "没有可告知或复核的不予资助决定。", "there is no rejection of it."
        if case.eligible is False:
            what_zh = "不符合资助条件，审核人员作出不予资助决定后才能打印告知书、申请复核。"
            what_en = (
                "it is not eligible and is to be rejected; the notice can be printed and a review "
                "asked for once an officer has rejected it."
            )
        super().__init__(
            f"申请 {case.number} 现为“{zh}”，{what_zh}",
            f"Application {case.number} is {en}; {what_en}",
            facts={"number": case.number, "state": case.state.value, "failed": case.failed},
        )


class ReviewTooLate(Conflict):
    """The days in which a review may be asked for are over; the last of them is in facts."""

    code = "review.too-late"

    def __init__(self, number: str, until: date) -> None:
        super().__init__(
            f"申请 {number} 的复核须在 {until} 前（含当日）提出，现已过期；可在下一轮重新申报。",
            f"A review of {number} could be asked for until {until}; apply again in the next "
            "round.",
            facts={"number": number, "until": until.isoformat()},
        )


class ReviewAsked(Conflict):
    """The rejection was reviewed before, or is being reviewed; its state is in facts."""

    code = "review.asked-already"

    def __init__(self, number: str, review: Review) -> None:
        zh, en = WORDS[review.state]
        super().__init__(
            f"申请 {number} 的复核已于 {review.asked_on} 提出（{zh}），一次决定只复核一次。",
            f"A review of {number} was asked for on {review.asked_on} and {en}; a decision is "
            "reviewed once.",
            facts={"review_id": str(review.id), "state": review.state.value},
        )


class ReviewUnknown(NotFound):
    """No such review within the caller's scope."""

    code = "review.unknown"

    def __init__(self) -> None:
        super().__init__("没有找到该复核。", "There is no such review; check its id.")


class ReviewDecided(Conflict):
    """The review was decided before; its state is in facts."""

    code = "review.decided"

    def __init__(self, review: Review) -> None:
        zh, en = WORDS[review.state]
        super().__init__(
            f"该复核{zh}。",
            f"The review is decided; it {en}.",
            facts={"state": review.state.value},
        )


class ReviewerInvolved(Forbidden):
    """Four eyes: who rejected, handed in or recorded does not decide the review."""

    code = "review.four-eyes"


class ReviewNotYours(Forbidden):
    """What the city rejected, the city reviews."""

    code = "review.not-your-step"


class CaseReplaced(Conflict):
    """The student has a newer live case for the same programme and period."""

    code = "review.case-replaced"


class AwardCancelled(Conflict):
    """The case had an award that was cancelled; it cannot be awarded a second time."""

    code = "review.award-cancelled"
