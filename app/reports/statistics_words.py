"""The form's words: heads, labels and the rules it is made by, in both languages."""

from app.policy import queries as policy
from app.policy.facts import FACTS, Words
from app.reports.statistics import BLOCKS, MONEY, Form, Row, Years
from app.reports.statistics_bridge import BridgePart

TITLE = Words("学生资助统计表", "Statistics of student aid")
UNIT = Words("单位：万元（四位小数）、人", "Unit: 万元 (10 000 yuan, four decimals), people")
STAGE, PROGRAMME = Words("学段", "Stage"), Words("资助项目", "Programme")
ALL_STAGES = Words("合计", "Total")
STAGE_TOTAL = Words("小计", "subtotal")
ROUNDING = Words("尾差", "Rounding difference")
HEADS: dict[str, Words] = {
    "spring": Words("春季学期", "Spring"),
    "autumn": Words("秋季学期", "Autumn"),
    "year": Words("全年", "Year"),
    "repeats": Words("重复计数（人）", "Counted more than once (people)"),
    "owed_back": Words("应收回金额", "Owed back"),
}
COLUMNS: dict[str, Words] = {
    "allocated": Words("下达金额", "Allocated"),
    "paid": Words("发放金额", "Paid"),
    "people": Words("资助人数", "People"),
    "group1_people": Words("建档立卡等六类人数", "Group 1 people"),
    "group1_amount": Words("建档立卡等六类金额", "Group 1 amount"),
    "group2_people": Words("其他人数", "Group 2 people"),
    "group2_amount": Words("其他金额", "Group 2 amount"),
    "owed_back": Words("应收回", "Owed back"),
    "in_both_groups": Words("两类均计", "in both groups"),
    "in_both_terms": Words("两学期均领", "paid in both terms"),
    "in_several_rows": Words("跨项目、学段", "in several rows"),
}
REPEATED: tuple[str, ...] = (
    *(f"{block}.in_both_groups" for block in BLOCKS),
    "year.in_both_terms",
    *(f"{block}.in_several_rows" for block in BLOCKS),
)
OWED: tuple[str, ...] = tuple(f"{block}.owed_back" for block in BLOCKS)
SUPPLEMENT = Words("补发", "Supplement")

NOTES: tuple[Words, ...] = (
    Words(
        "数据取自账簿：发放＝银行已入账减退汇，按入账或退汇的业务日期；代发失败、在途和待确认的不计。",
        "From the ledger: paid is what the bank paid less what came back, by the office day of "
        "each; refused, in transit and unknown do not count.",
    ),
    Words(
        "学期：每期资助按其应发日所在学期归入春季或秋季，假期归前一学期；补发（标准提高后的差额）不论"
        "何时发放，按学期的项目归原学期，按学年的项目归该学年春季学期，在“标准”表中单列，不计入发放次数。",
        "Term: an instalment belongs to the term its due day lies in; a holiday is of the term "
        "before it. A supplement (what a later rate added), whenever paid, belongs to the term "
        "that was applied for, or to the spring term of the school year; it stands by itself "
        "among the rates and is no further payment of the term.",
    ),
    Words(
        "下达（各学期）＝预算下达中已落实到该学期各期资助的金额，减收回释放的；可大于发放，余额结转。"
        "自然年度表计当年到期各期；指标下达总额不分学段，另见“指标”表。",
        "Allocated (a term) is what of the appropriations was committed for the term's "
        "instalments, less what was released; it may exceed paid and the rest carries over. A "
        "calendar year's form counts instalments due in the year. Appropriations know no stage: "
        "they stand whole on the sheet of fund lines.",
    ),
    Words(
        "自然年度＝当年入账的资金，不论属于哪一学年；学年＝该学年两学期各期资助，不论何时入账；"
        "两者之差见“衔接”表。",
        "A calendar year is the money paid in it, for whatever school year; a school year is its "
        "two terms' instalments, whenever paid. The bridge explains the difference.",
    ),
    Words(
        "人数＝该格净发放大于零的学生，一人计一次；同一学生两学期均领、两类均计或跨行的，列入重复计数，"
        "部分之和减重复计数等于合计。",
        "People are distinct students with something paid in the cell, net; who is counted in "
        "both terms, both groups or several rows stands under counted more than once: the parts "
        "less these are the whole.",
    ),
    Words(
        "六类＝建档立卡（含监测对象）、低保、特困、孤儿、残疾学生、烈士子女，以批准时所依据的申报为准；"
        "其余及未登记类别的为其他。",
        "Group 1: registered poor (monitored households too), minimum living, extreme poverty, "
        "orphans, students with a disability, children of martyrs, by the submission that was "
        "approved; group 2 is everybody else, and whoever has no group on record.",
    ),
    Words(
        "学段以申报时学生所在学段为准；拨付学校的以学校学段为准。",
        "The stage is the student's own when the case was handed in, and the school's where the "
        "school is paid.",
    ),
    Words(
        "拨付学校的资金（公用经费、免费教科书等）按学校资金单所列学生计人数，金额为资金单所列各人金额；"
        "分期拨付的，按学生顺序累计、逐期累计的比例取整后相减，各期、各人之和与拨付额分毫不差；"
        "类别以该学年家庭情况登记为准。",
        "Money paid to schools (public funds, textbooks) counts the pupils that the school's "
        "allocation lists, each with the amount listed. Paid in several instalments, a pupil's "
        "part is the rise of the proportion cumulated over pupils and instalments, in whole fen: "
        "parts sum exactly to every instalment and every pupil. The group is that of the "
        "household's record of the school year.",
    ),
    Words(
        "应收回＝已发放后列为应收回的金额（如虚假申报），按列为应收回的业务日期计入年度，按原发放学期计入"
        "学年；发放金额和人数不因此减少。银行其后自行退汇的，先冲销应收回，再冲减发放。",
        "Owed back is money paid and then held recoverable (a false statement, say), in the "
        "calendar year in which it became so, or the term it was paid for; amounts paid and "
        "people stay as they were. Where the bank then returns the payment itself, it is no "
        "longer owed and no longer paid.",
    ),
    Words(
        "金额内部以分计；每格各自四舍五入到四位小数（即整元）。各格之和与合计不符的列为尾差，"
        "校验以分为准。",
        "Amounts are fen inside; each cell is rounded half up by itself to four decimals, which "
        "is whole yuan. Where shown parts do not sum to the shown total a rounding difference is "
        "printed; checks are in fen.",
    ),
)


def stage_name(stage: str | None) -> Words:
    """A stage in words; None is all of them."""
    return ALL_STAGES if stage is None else FACTS["stage"].label(stage)


def programme_name(code: str) -> Words:
    """A programme's name, or its code where the catalogue in force does not know it."""
    found = policy.in_force().programmes.get(code)
    return Words(code, code) if found is None else found.name


def row_name(row: Row) -> Words:
    """What stands in a row's second column."""
    if row.programme is not None:
        return programme_name(row.programme)
    return Words("", "") if row.stage is None else STAGE_TOTAL


def years_name(years: Years) -> Words:
    """The year of a form in words."""
    if years.view == "calendar_year":
        return Words(f"{years.year}年（自然年度）", f"calendar year {years.year}")
    return Words(f"{years.school_year}学年", f"school year {years.school_year}")


def part_name(part: BridgePart) -> Words:
    """What a part of the bridge is, in words."""
    year, season = part.term.split("-")
    term = HEADS["spring" if season == "spring" else "autumn"]
    name = programme_name(part.programme)
    return Words(
        f"{year}年{term.zh} {name.zh}，{part.paid_year}年发放",
        f"{name.en}, {term.en.lower()} {year}, paid in {part.paid_year}",
    )


def cell_name(form: Form, cell: str) -> Words:
    """A cell of the form in words; one of another sheet keeps its name."""
    for row in form.in_order():
        key, _, figure = cell.rpartition("/")
        if key == row.key and "." in figure:
            block, name = figure.split(".")
            stage, what = stage_name(row.stage), row_name(row)
            head, column = HEADS[block], COLUMNS[name]
            return Words(
                f"{stage.zh} {what.zh} {head.zh}{column.zh}",
                f"{stage.en} {what.en} {head.en.lower()} {column.en.lower()}",
            )
    return Words(cell, cell)


def is_money(figure: str) -> bool:
    """Whether a figure is an amount rather than people."""
    return figure.split(".")[1] in MONEY
