"""What is refused about schools' own accounts."""

from collections.abc import Sequence

from app.core.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from app.registry.school_models import SchoolAccountState


class SchoolAccountNotFound(NotFound):
    """No such account of that school within the caller's scope."""

    code = "school_account.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有找到该学校账户，请核对编号。",
            "There is no such account of this school; check the identifier.",
        )


class SchoolAccountWrong(Invalid):
    """The account's number is none."""

    code = "school_account.wrong"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            "学校账户填写有误，逐项列出；未保存。",
            "The school's account is wrong, each field listed; it was not saved.",
            faults=faults,
        )


class SchoolAccountShared(Conflict):
    """The number is recorded for somebody else; it is looked at twice before it is entered."""

    code = "school_account.shared"

    def __init__(self, *, students: int, schools: int) -> None:
        super().__init__(
            f"该账号已登记为 {students} 名学生、{schools} 所其他学校的账户；请核对账号。"
            "核对无误仍要录入的，请注明 shared_checked；在一方更正之前不予发放。",
            f"This number is recorded as the account of {students} student(s) and {schools} other "
            "school(s); check it. If it is right all the same, say shared_checked; nothing is "
            "paid to it until one of them is corrected.",
            facts={"students": students, "schools": schools},
        )


class SchoolAccountMoved(Conflict):
    """The account does not wait for confirmation any more."""

    code = "school_account.moved"

    def __init__(self, state: SchoolAccountState) -> None:
        words = {
            SchoolAccountState.UNCONFIRMED: ("待确认", "unconfirmed"),
            SchoolAccountState.CONFIRMED: ("已确认", "confirmed"),
            SchoolAccountState.REPLACED: ("已被替换", "replaced"),
        }
        super().__init__(
            f"该学校账户{words[state][0]}，无须再确认；如有变更，请录入新账户。",
            f"This account is {words[state][1]} and does not wait for confirmation; enter a new "
            "one to change it.",
            facts={"state": state.value},
        )


class OwnSchoolAccount(Forbidden):
    """Who entered an account does not confirm it."""

    code = "school_account.same-person"

    def __init__(self) -> None:
        super().__init__(
            "该账户由您本人录入，须由另一人确认。",
            "You entered this account yourself; another person confirms it.",
        )
