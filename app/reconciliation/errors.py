"""Why the bank's word is not taken in, or the worklist not changed."""

from collections.abc import Sequence
from datetime import date

from app.core.errors import Conflict, Fault, Forbidden, Invalid, NotFound


class ReturnFileNotFound(NotFound):
    """No such return file, or none within the caller's scope."""

    code = "return-file.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有该回盘文件，请核对编号。", "There is no such return file; check its id."
        )


class WorkMoved(Conflict):
    """Some work items are not open, or not within the caller's scope; nothing was changed."""

    code = "worklist.moved"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 项不是待处理状态，整批未处理，逐项列在 errors 中。",
            f"{len(faults)} item(s) are not open, each listed in errors; nothing was changed.",
            faults=faults,
        )


class ReversalIsANotice(Invalid):
    """Where the bank answers in messages, money sent back comes in a notice of the account."""

    code = "return-file.reversal-is-a-notice"

    def __init__(self) -> None:
        super().__init__(
            "该银行以报文往来，退汇请以账户通知（camt.054）上传至 POST /bank-notices，整份未接收。",
            "This bank answers in messages: hand money sent back in as a notice of the account "
            "(camt.054) at POST /bank-notices. Nothing was taken.",
        )


class NoticeOfAnother(Invalid):
    """The notice is of another account than it is handed in for."""

    code = "bank-notice.of-another"

    def __init__(self) -> None:
        super().__init__(
            "通知中的账号不是所选付款账户，整份未接收。请选对账户后再传。",
            "The notice is of another account, so nothing was taken. Choose its account.",
        )


class CorrectionsWrong(Invalid):
    """Some cells of the sheet are wrong; none of it was stored."""

    code = "worklist.sheet-wrong"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"表中有 {len(faults)} 处错误，整份未保存，逐处列在 errors 中；请更正后重新上传。",
            f"{len(faults)} cell(s) are wrong, each listed in errors, and nothing was stored; "
            "correct them and hand the sheet in again.",
            faults=faults,
        )


class CorrectionsTooMany(Invalid):
    """The sheet has more rows than may be handed in at once."""

    code = "worklist.sheet-too-long"

    def __init__(self, rows: int, most: int) -> None:
        super().__init__(
            f"表中有 {rows} 行，一次最多 {most} 行；请分成几份上传。",
            f"The sheet has {rows} rows and may have {most} at once; split it.",
            facts={"rows": rows, "most": most},
        )


class StatementNotFound(NotFound):
    """No such statement, or none within the caller's scope."""

    code = "statement.not-found"

    def __init__(self) -> None:
        super().__init__("没有该对账单，请核对编号。", "There is no such statement; check its id.")


class StatementOfAnother(Invalid):
    """The statement is of another account than it is handed in for."""

    code = "statement.of-another"

    def __init__(self) -> None:
        super().__init__(
            "对账单的账号不是所选付款账户，整份未接收。请选对账户后再传。",
            "The statement is of another account, so nothing was taken. Choose its account.",
        )


class ReplyListed(Conflict):
    """The format lists these words already."""

    code = "reply.listed"

    def __init__(self, words: str) -> None:
        super().__init__(
            f"「{words}」已列在该银行格式中，无需再学；含义有误请更正格式文件。",
            f"The format lists {words!r} already and there is nothing to teach; where it is wrong, "
            "correct the format's file.",
        )


class ReplyNeverPaid(Invalid):
    """The bank lists failures alone, so what it lists was not paid."""

    code = "reply.never-paid"

    def __init__(self, words: str) -> None:
        super().__init__(
            f"该银行格式的回盘只列失败明细，「{words}」不可登记为成功；"
            "如确已入账，请银行更正回盘文件后重发。",
            f"This bank's replies list failures alone, so {words!r} cannot mean paid; where it was "
            "paid, ask the bank for a corrected reply.",
        )


class ReplyKnown(Conflict):
    """What these words mean was taught before."""

    code = "reply.known"

    def __init__(self, words: str, outcome: str, *, by: str, on: date) -> None:
        super().__init__(
            f"「{words}」已由{by}于 {on} 学为 {outcome}，不再改学；如当时有误，请逐笔更正。",
            f"{words!r} was taught as {outcome} by {by} on {on} and is kept; where that was wrong, "
            "take in a corrected reply or a reversal of each payment.",
            facts={"outcome": outcome, "learnt_by": by, "learnt_on": on.isoformat()},
        )


class TeachingIsTheCitys(Forbidden):
    """A bank's word means the same in every county, so one office says what."""

    code = "reply.teaching-is-the-citys"

    def __init__(self) -> None:
        super().__init__(
            "银行用词的含义全市统一，由市级财务复核登记；请联系市级财务复核。",
            "What a bank's word means holds for the whole city; ask the city's finance checker to "
            "teach it.",
        )
