"""What goes wrong at the door."""

from collections.abc import Sequence

from app.core.errors import (
    AidError,
    Conflict,
    Fault,
    Forbidden,
    Invalid,
    NotFound,
    Unavailable,
)


class NotLoggedIn(AidError):
    """No token, or one that does not hold."""

    status = 401
    code = "auth.not-logged-in"

    def __init__(self) -> None:
        super().__init__(
            "登录已失效或令牌无效，请重新登录。",
            "The token is missing, expired or not one of ours; log in again.",
            headers={"WWW-Authenticate": "Bearer"},
        )


class NotAllowed(Forbidden):
    """None of the caller's roles may do this."""

    code = "auth.not-allowed"

    def __init__(self, act: str) -> None:
        super().__init__(
            f"您的岗位不能进行此操作（{act}）。",
            f"None of your roles may do this ({act}).",
            facts={"act": act},
        )


class SchoolNotNamed(Forbidden):
    """A school's system must say which school it acts for."""

    code = "auth.school-not-named"

    def __init__(self) -> None:
        super().__init__(
            "接口客户端每次调用都须在 Aid-School 头中写明学校标识码。",
            "A client names the school it acts for in every call: header Aid-School, 10 digits.",
        )


class SchoolNotGranted(Forbidden):
    """The school's head has not granted this client, or has revoked the grant."""

    code = "auth.school-not-granted"

    def __init__(self) -> None:
        super().__init__(
            "该校未授权此客户端，请由校长在系统中授权。",
            "That school has not granted this client; its head can.",
        )


class TokenRequestWrong(AidError):
    """The token request lacks what its grant type needs, or names an unknown one."""

    status = 400
    code = "auth.token-request-wrong"

    def __init__(self, error: str, needed: str) -> None:
        super().__init__(
            f"令牌请求不完整或类型不支持，需要：{needed}。",
            f"The token request is incomplete or of an unknown type; needed: {needed}.",
            facts={"error": error},
        )


class WrongLogin(AidError):
    """The name and password do not belong together; nobody learns which is wrong."""

    status = 401
    code = "auth.wrong-login"

    def __init__(self) -> None:
        super().__init__(
            "用户名或密码不正确；连续五次错误将锁定 15 分钟。",
            "The name or the password is wrong; five failures in a row lock it for 15 minutes.",
            facts={"error": "invalid_grant"},
        )


class LockedOut(AidError):
    """Too many failures in a row for this name, whether it exists or not."""

    status = 429
    code = "auth.locked"

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"连续多次密码错误，该用户名已锁定，请在 {seconds} 秒后再试。",
            f"Too many wrong passwords; this name is locked, try again in {seconds} seconds.",
            facts={"error": "invalid_grant", "retry_after_seconds": seconds},
            headers={"Retry-After": str(seconds)},
        )


class RefreshRefused(AidError):
    """The refresh token is unknown, expired, revoked or was used before."""

    status = 401
    code = "auth.refresh-refused"

    def __init__(self) -> None:
        super().__init__(
            "刷新令牌无效、已过期或已使用过，请重新登录。",
            "The refresh token is unknown, expired, revoked or used; log in again.",
            facts={"error": "invalid_grant"},
        )


class WrongClient(AidError):
    """The client's id and secret do not belong together, or the client is switched off."""

    status = 401
    code = "auth.wrong-client"

    def __init__(self) -> None:
        super().__init__(
            "客户端编号或密钥不正确，或客户端已停用，请与中心管理员联系。",
            "The client id or secret is wrong, or the client is switched off; "
            "ask the centre's administrator.",
            facts={"error": "invalid_client"},
            headers={"WWW-Authenticate": "Basic"},
        )


class LoginsBusy(Unavailable):
    """More people log in at this moment than the service lets in at once."""

    code = "auth.busy"

    def __init__(self) -> None:
        super().__init__(
            "此刻登录人数过多，请几秒后重试。",
            "Too many people are logging in at this moment; try again in a few seconds.",
            headers={"Retry-After": "3"},
        )


class PasswordWeak(Invalid):
    """The password breaks one or more rules; every one is listed."""

    code = "auth.password-weak"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            "密码不符合要求，逐项列在 errors 中，请另设一个。",
            "The password breaks the rules listed in errors; choose another.",
            faults=faults,
        )


class RolesDoNotFit(Invalid):
    """The roles do not fit the organisation, or each other."""

    code = "staff.roles-do-not-fit"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            "岗位与所在单位或彼此不相容，逐项列在 errors 中。",
            "The roles do not fit the organisation or each other; each reason is in errors.",
            faults=faults,
        )


class UsernameTaken(Conflict):
    """Somebody has this username."""

    code = "staff.username-taken"

    def __init__(self, username: str) -> None:
        super().__init__(
            f"用户名 {username} 已有人使用，请换一个。",
            f"The username {username} is taken; choose another.",
        )


class NotOneself(Conflict):
    """An administrator cannot change the own post."""

    code = "staff.not-oneself"

    def __init__(self) -> None:
        super().__init__(
            "不能停用自己或更改自己的岗位，请由另一位管理员办理。",
            "You cannot deactivate yourself or change your own roles; another administrator can.",
        )


class OrganisationsWrong(Invalid):
    """One or more organisations do not fit the tree."""

    code = "organisation.does-not-fit"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            "单位的代码或上级单位不符合要求，逐项列在 errors 中。",
            "An organisation's code or parent does not fit; each reason is in errors.",
            faults=faults,
        )


class OrganisationCodeTaken(Conflict):
    """One or more codes belong to organisations that are there already."""

    code = "organisation.code-taken"

    def __init__(self, codes: Sequence[str]) -> None:
        super().__init__(
            f"单位代码 {'、'.join(codes)} 已存在，请核对。",
            f"There already are organisations with the code {', '.join(codes)}; check them.",
            facts={"codes": list(codes)},
        )


class NoSuchOrganisation(NotFound):
    """No such organisation within sight."""

    code = "organisation.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有找到该单位，请核对编号。", "There is no such organisation; check its id."
        )


class NoSuchStaff(NotFound):
    """No such person."""

    code = "staff.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有找到该人员，请核对编号。", "There is no such member of staff; check the id."
        )


class NoSuchClient(NotFound):
    """No such API client, or one that is switched off."""

    code = "client.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有找到该客户端或其已停用，请核对客户端编号。",
            "There is no such client, or it is switched off; check the client id.",
        )


class NoSuchGrant(NotFound):
    """No such live grant at this school."""

    code = "client-grant.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有找到本校的该项授权，可能已被撤销。",
            "There is no such grant at this school; it may have been revoked.",
        )


class AlreadyGranted(Conflict):
    """The client acts for the school already."""

    code = "client-grant.already-granted"

    def __init__(self) -> None:
        super().__init__(
            "本校已授权该客户端，无需重复授权。",
            "The school has granted this client already; nothing is left to do.",
        )


class NoSuchEvent(NotFound):
    """No such event in the audit trail."""

    code = "audit.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有找到该审计事件，请核对编号。", "There is no such audit event; check its id."
        )


class OfficeDayFixed(Forbidden):
    """The office day is the calendar's here."""

    code = "office-day.fixed"

    def __init__(self) -> None:
        super().__init__(
            "业务日期只能在演示或测试方式下设置；此处以日历为准。",
            "The office day can be set in demo and test mode only; here it is the calendar's.",
        )
