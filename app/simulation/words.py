"""What a simulation says about itself, in both languages."""

from app.policy.facts import Words

FATES: dict[str, Words] = {
    "gains": Words("新增享受", "gains"),
    "loses": Words("不再享受", "loses"),
    "changes": Words("金额变化", "changes"),
    "same": Words("不变", "same"),
    "asks": Words("缺少事实待定", "a fact is missing"),
    "out": Words("均不享受", "out"),
}

ENTITLED_ONLY = Words(
    "按学生信息登记和已知事实测算“谁符合条件”：不计名额和排序，也不计学校是否提交申请；"
    "缺少事实的学生单列，不计入资金。",
    "This says who is entitled by what is known: places, ranking and applications that are never "
    "handed in are not reckoned; pupils of whom a fact is missing stand apart and cost nothing.",
)
ROOM = Words(
    "需要数仅为本次测算学期（学年）落在该预算年度的部分，已下达数为该明细全年；同年度其他学期另计。",
    "The need is what this period puts on the fiscal year; what was appropriated is the whole "
    "year's, so other periods of the year draw on it too.",
)
_OTHER_YEAR = Words(
    "{period} 所在学年尚无学生登记，按 {year} 学年登记的学生、年级和家庭情况测算。",
    "Nobody is enrolled yet for the school year of {period}: the pupils, grades and households "
    "are those of {year}.",
)


def other_year(period: str, year: str) -> Words:
    """That the pupils are of another school year than the period's."""
    return Words(
        *(text.format(period=period, year=year) for text in (_OTHER_YEAR.zh, _OTHER_YEAR.en))
    )
