"""Why an account of the office's own is not entered or confirmed."""

from collections.abc import Sequence

from app.core.errors import Conflict, Fault, Forbidden, Invalid, NotFound


class PayingAccountNotFound(NotFound):
    """No such paying account, or none within the caller's scope."""

    code = "paying-account.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有该付款账户，请核对编号。", "There is no such paying account; check its id."
        )


class PayingAccountsMissing(Conflict):
    """A message to the bank names the account that money leaves from, and some holder has none."""

    code = "paying-account.missing"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            "有经费持有单位没有经复核的付款账户，未发放；"
            "请先登记（POST /paying-accounts）并由第二人复核。",
            "Some holder has no confirmed paying account, so nothing was released; enter one "
            "(POST /paying-accounts) and have a second person confirm it.",
            faults=faults,
        )


class PayingAccountWrong(Invalid):
    """The number is no account number."""

    code = "paying-account.wrong"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            "付款账户未保存，请更正账号。",
            "The paying account was not kept; correct its number.",
            faults=faults,
        )


class PayingAccountTaken(Conflict):
    """The number is entered already."""

    code = "paying-account.taken"

    def __init__(self) -> None:
        super().__init__(
            "该账号已登记为付款账户，请使用已有的一条。",
            "This number is a paying account already; use that one.",
        )


class PayingAccountConfirmed(Conflict):
    """It waits for nobody's confirmation."""

    code = "paying-account.confirmed"

    def __init__(self) -> None:
        super().__init__(
            "该付款账户不在待确认状态，无需再确认。",
            "This paying account does not wait for confirmation; nothing is left to do.",
        )


class PayingAccountUnconfirmed(Conflict):
    """Its statements are not taken before a second person confirmed it."""

    code = "paying-account.unconfirmed"

    def __init__(self) -> None:
        super().__init__(
            "该付款账户尚未经第二人确认，请先确认。",
            "No second person has confirmed this paying account; have it confirmed first.",
        )


class OwnPayingAccount(Forbidden):
    """Who entered it does not confirm it."""

    code = "paying-account.own"

    def __init__(self) -> None:
        super().__init__(
            "该付款账户由您本人录入，须由另一人确认。",
            "You entered this paying account yourself; another person confirms it.",
        )
