"""Places, tiers, who is paid and how: what a version says beyond one student's result, checked."""

from app.policy.catalogue import BY_BANK, Programme, Version
from app.policy.reading import Faults, version_place

PAID_TO_SCHOOLS = ("waiver", "school_allocation")
"""Kinds that a school is paid by head count; nobody applies for them."""


def check_places(programme: Programme, version: Version, notes: Faults) -> None:
    """Notes faults of tiers, quotas, ranking and methods, and of a payee that does not fit."""
    where = version_place(version.effective_from, version.revision)
    if (programme.payee == "school") != (programme.kind in PAID_TO_SCHOOLS):
        notes.add(
            "payee_invalid",
            "",
            "waiver 和 school_allocation 付给学校（payee = school），其他项目付给学生",
            "a waiver or school allocation is paid to the school, any other kind to the student",
        )
    ceilings = [quota for quota in version.quotas if quota.bound == "ceiling"]
    if len(ceilings) > 1:
        notes.add(
            "quota_repeated", where, "只能有一个名额上限", "a version has one ceiling of places"
        )
    if ceilings and not version.ranking:
        notes.add(
            "ranking_missing",
            where,
            "有名额上限的版本须写明 ranking（超出名额时的排序）",
            "a version with a ceiling of places says by what they are filled: add ranking",
        )
    if programme.kind == "scholarship" and not version.quotas:
        notes.add(
            "quota_missing", where, "奖学金须写明名额", "a scholarship says its places: quota"
        )
    _check_methods(programme, version, notes)
    _check_tiers(version, notes)


def _check_methods(programme: Programme, version: Version, notes: Faults) -> None:
    where = version_place(version.effective_from, version.revision)
    if "bank" not in version.methods:
        notes.add(
            "methods_without_bank",
            where,
            "methods 必须含 bank：未签领的资金须能改由银行发放",
            "methods includes bank: what nobody signed for must be payable by the bank",
        )
    if programme.payee == "school" and version.methods != BY_BANK:
        notes.add(
            "methods_of_school",
            where,
            "付给学校的项目只能由银行发放",
            "what a school is paid goes by the bank alone",
        )


def _check_tiers(version: Version, notes: Faults) -> None:
    where = version_place(version.effective_from, version.revision)
    tiers = version.tiers
    if tiers is None:
        return
    if any(amount.fen for amount in version.amounts):
        notes.add(
            "tiers_amount",
            where,
            "分档的版本须写明各档金额，不能由事实计算",
            "a version with tiers states its amounts; they cannot be worked out from facts",
        )
    outside = [
        amount
        for amount in version.amounts
        if not tiers.least_fen <= amount.year_fen <= tiers.most_fen
    ]
    if outside:
        notes.add(
            "tiers_amount",
            where,
            "有金额不在 tiers 的 least 与 most 之间",
            "an amount lies outside the tiers' least and most",
        )
