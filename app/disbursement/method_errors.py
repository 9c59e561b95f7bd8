"""Why money does not go in this way."""

from app.core.errors import Conflict, Invalid, NotFound

METHODS = {"bank": ("银行代发", "by the bank"), "cash": ("现金", "in cash"),
           "meal_card": ("饭卡", "on meal cards")}  # fmt: skip


class FormatUnfit(Invalid):
    """A bank run without a format, or a format where no bank pays."""

    code = "run.format-unfit"

    def __init__(self, method: str) -> None:
        zh, en = METHODS[method]
        super().__init__(
            f"发放方式为{zh}：银行代发须写明 bank_format，现金和饭卡不写；请更正后再提交。",
            f"The run pays {en}: a bank run names its bank_format and no other does; correct it.",
            facts={"method": method},
        )


class MethodNotAllowed(Conflict):
    """No version of the programme's policy allows the method."""

    code = "run.method-not-allowed"

    def __init__(self, programme: str, method: str) -> None:
        zh, en = METHODS[method]
        super().__init__(
            f"项目 {programme} 的任何政策版本都不允许以{zh}发放；请由银行发放，"
            "或由市级起草有依据的政策版本（methods）。",
            f"No policy version of programme {programme} may be paid {en}; pay by the bank, or "
            "have the city draft a version with `methods` and its source.",
            facts={"programme": programme, "method": method},
        )


class PayRegisterNotFound(NotFound):
    """No such pay register, or none within the caller's scope."""

    code = "pay-register.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有该签领册，请核对编号。", "There is no such pay register; check its number."
        )
