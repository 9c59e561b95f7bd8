"""The columns of the two answers as they are taken home."""

from collections.abc import Callable, Mapping
from typing import Any

from app.core.money import show_yuan
from app.core.tongues import Tongue
from app.policy.facts import FACTS, Words
from app.reports.exports import Column
from app.reports.register_answers import NotAidedBecause
from app.reports.register_schemas import masked
from app.reports.undue_aid import Undue

REASONS: Mapping[str, Words] = {
    NotAidedBecause.NO_APPLICATION: Words("未申请", "has not applied"),
    NotAidedBecause.WITHDRAWN: Words("申请已撤回", "the application was withdrawn"),
    NotAidedBecause.REJECTED: Words("申请未通过", "the application was rejected"),
    NotAidedBecause.DRAFT: Words("申请资料不全", "the application lacks facts"),
    NotAidedBecause.NAME_DIFFERS: Words(
        "姓名与名册不一致，请先核实", "the list writes another name; look first"
    ),
}
FINDINGS: Mapping[str, Words] = {
    Undue.DECEASED: Words("已死亡", "deceased"),
    Undue.LEFT: Words("已离校", "left school"),
    Undue.TWO_ROLLS: Words("疑似两处学籍", "on two rolls"),
}


def _plain(name: str) -> Callable[[Any, Tongue], object]:
    return lambda row, _: getattr(row, name)


def _listed(name: str, label: Callable[[str], Words]) -> Callable[[Any, Tongue], object]:
    return lambda row, tongue: "、".join(label(each).said(tongue) for each in getattr(row, name))


def _yuan(name: str) -> Callable[[Any, Tongue], object]:
    return lambda row, _: show_yuan(getattr(row, name))


def _fact_or_criterion(code: str) -> Words:
    """A missing fact in words; a criterion by its id."""
    return Words(FACTS[code].zh, FACTS[code].en) if code in FACTS else Words(code, code)


_SCHOOL = (
    Column(Words("学校标识码", "school code"), _plain("school_code")),
    Column(Words("学校名称", "school"), _plain("school_name")),
    Column(Words("学生姓名", "student"), _plain("name")),
    Column(Words("居民身份证号", "resident id"), lambda row, _: masked(row)),
)

NEEDY_COLUMNS = (
    *_SCHOOL,
    Column(
        Words("学段", "stage"),
        lambda row, tongue: FACTS["stage"].label(str(row.stage.value)).said(tongue),
    ),
    Column(Words("年级", "grade"), _plain("grade")),
    Column(Words("班级", "class"), _plain("class_name")),
    Column(Words("名册类别", "on the lists"), _listed("groups", FACTS["special_group"].label)),
    Column(Words("起始日期", "since"), _plain("since")),
    Column(
        Words("未获资助原因", "why not aided"),
        lambda row, tongue: REASONS[row.reason].said(tongue),
    ),
    Column(Words("不符合的条件或缺少的事实", "not met or missing"), _listed(
        "because", _fact_or_criterion
    )),
    Column(Words("申请编号", "application"), _plain("application_number")),
)  # fmt: skip

UNDUE_COLUMNS = (
    Column(Words("申请编号", "application"), _plain("application_number")),
    *_SCHOOL,
    Column(Words("资助项目", "programme"), _plain("programme")),
    Column(Words("申报学期", "period"), _plain("period")),
    Column(Words("问题", "finding"), _listed("findings", lambda code: FINDINGS[code])),
    Column(Words("死亡日期", "deceased on"), _plain("deceased_on")),
    Column(Words("离校日期", "left on"), _plain("left_on")),
    Column(Words("其后未发放金额", "not yet paid, due after"), _yuan("unpaid_fen")),
    Column(Words("其后已发放金额", "paid, due after"), _yuan("paid_fen")),
)
