"""The one renderer of refusals: RFC 9457 problem documents in the caller's language."""

from collections.abc import Sequence
from typing import Any

import psycopg
from fastapi import Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from app.core.db import DatabaseAway, is_away
from app.core.errors import AidError, Conflict, Fault, Invalid, Unavailable
from app.core.tongues import Tongue

MEDIA_TYPE = "application/problem+json"
FAULTS_SHOWN = 2000
BUSY = {"40P01", "55P03", "57014", "40001"}  # deadlock, lock time-out, statement time-out, serial

TITLES: dict[int, tuple[str, str]] = {
    400: ("请求无法读取", "The request cannot be read"),
    401: ("需要登录", "Log in first"),
    403: ("无权操作", "Not allowed"),
    404: ("没有找到", "Not found"),
    405: ("不支持该方法", "Method not allowed"),
    406: ("无法按所要求的格式答复", "Not acceptable"),
    409: ("与现状冲突", "In conflict with the present state"),
    411: ("需要长度", "Length required"),
    412: ("记录已被他人修改", "Changed by somebody else"),
    413: ("内容过大", "Too large"),
    415: ("类型不支持", "Unsupported media type"),
    422: ("内容有误", "The content is wrong"),
    428: ("需要 If-Match", "If-Match required"),
    429: ("请求过多", "Too many requests"),
    500: ("服务出错", "The service failed"),
    503: ("暂不可用", "Unavailable for the moment"),
}


class TooLarge(AidError):
    """The body is larger than the door allows; reading stopped there."""

    status = 413
    code = "body.too-large"


class FieldsWrong(Invalid):
    """One or more fields of the request are wrong; every one is listed."""

    code = "request.fields-wrong"


class AlreadyThere(Conflict):
    """A record with the same key is there already (perhaps outside the caller's sight)."""

    code = "already-there"


class ValueNotStorable(Invalid):
    """A value that the database cannot hold, such as a text with the character U+0000."""

    code = "request.value-not-storable"


class Busy(Unavailable):
    """Others hold the same records; the same call will go through later."""

    code = "busy"


class ServiceFailed(AidError):
    """A fault of the service itself; the log names it by the request's id."""

    code = "service-failed"

    def __init__(self) -> None:
        super().__init__(
            "服务出错，本次操作未保存。请把回复头 Aid-Request-Id 告知系统管理员。",
            "The service failed and nothing was saved; "
            "tell the administrator the reply's Aid-Request-Id.",
        )


def language(request: Request) -> Tongue:
    """`zh` or `en`, by the first of the two in Accept-Language; Chinese otherwise."""
    for part in request.headers.get("accept-language", "").lower().split(","):
        tag = part.split(";")[0].strip()[:2]
        if tag == "en":
            return "en"
        if tag == "zh":
            break
    return "zh"


def render(request: Request, error: AidError) -> JSONResponse:
    """The problem document for a refusal."""
    tongue = language(request)
    title = TITLES.get(error.status, TITLES[500])
    body: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": title[0] if tongue == "zh" else title[1],
        "status": error.status,
        "detail": error.zh if tongue == "zh" else error.en,
        "instance": request.url.path,
        **error.facts,
    }
    if error.faults:
        body["errors"] = [_fault(fault, tongue) for fault in error.faults[:FAULTS_SHOWN]]
        body["error_count"] = len(error.faults)
    headers = {"Content-Language": tongue, **error.headers}
    return JSONResponse(body, error.status, headers=headers, media_type=MEDIA_TYPE)


def _fault(fault: Fault, tongue: str) -> dict[str, object]:
    words = fault.zh if tongue == "zh" else fault.en
    return {"code": fault.code, "where": fault.where, "detail": words, **fault.more}


_KINDS: dict[str, tuple[str, str]] = {
    "missing": ("缺少此项。", "This field is missing."),
    "extra_forbidden": ("没有这一项，请核对名称。", "There is no such field; check its name."),
    "json_invalid": ("不是有效的 JSON。", "This is not valid JSON."),
    "string_too_short": ("内容过短。", "Too short."),
    "string_too_long": ("内容过长。", "Too long."),
    "enum": ("不在可选值之内。", "Not one of the known values."),
    "literal_error": ("不在可选值之内。", "Not one of the known values."),
    "int_type": ("应为整数。", "Must be a whole number."),
    "bool_type": ("应为 true 或 false。", "Must be true or false."),
    "uuid_parsing": ("不是有效的编号。", "Not a valid identifier."),
    "date_from_datetime_parsing": ("不是有效的日期。", "Not a valid date."),
    "too_long": ("数量过多。", "Too many."),
    "too_short": ("数量过少。", "Too few."),
}


def from_validation(errors: Sequence[Any]) -> FieldsWrong:
    """Pydantic's findings as one refusal that names each field; values are never echoed."""
    faults = []
    for wrong in errors:
        zh, en = _KINDS.get(wrong["type"], ("内容有误。", ""))
        said = str(wrong["msg"]).removeprefix("Value error, ")
        where = "/" + "/".join(str(part) for part in wrong["loc"])
        faults.append(Fault(wrong["type"], f"{zh}（{said}）", en or said, where))
    return FieldsWrong(
        f"请求有 {len(faults)} 处错误，逐项列在 errors 中；未保存任何内容。",
        f"{len(faults)} field(s) are wrong, each listed in errors; nothing was saved.",
        faults=faults,
    )


def passes(error: Exception) -> bool:
    """Whether the database was away or busy: what failed may go well another time."""
    if not isinstance(error, DBAPIError | psycopg.Error | PoolExhausted):
        return False
    return isinstance(from_database(error), Unavailable)


def from_database(error: DBAPIError | psycopg.Error | PoolExhausted) -> AidError | None:
    """What the database refused as a refusal, None where the fault is the service's own.

    Key values are not shown: they may be others'.
    """
    if isinstance(error, PoolExhausted):
        return _busy()
    cause = error.orig if isinstance(error, DBAPIError) else error
    if is_away(error):
        return DatabaseAway()
    if getattr(cause, "sqlstate", None) in BUSY:
        return _busy()
    if isinstance(cause, psycopg.DataError):
        return ValueNotStorable(
            "有无法保存的内容，例如 U+0000 字符或超出范围的数字；未保存任何内容。",
            "A value cannot be stored, such as the character U+0000 or a number out of range; "
            "nothing was saved.",
        )
    if isinstance(cause, psycopg.errors.UniqueViolation):
        return AlreadyThere(
            "已有相同的记录；本次未保存。", "Such a record is there already; nothing was saved."
        )
    if isinstance(cause, psycopg.IntegrityError):
        return AlreadyThere(
            "与已有记录不一致；本次未保存。",
            "This does not agree with the records; nothing was saved.",
        )
    return None


def _busy() -> Busy:
    return Busy(
        "其他人正在处理相同的记录，请稍后重试；本次未保存。",
        "Others are working on the same records; nothing was saved, try again shortly.",
        headers={"Retry-After": "2"},
    )
