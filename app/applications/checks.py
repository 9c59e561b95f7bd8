"""What is wrong with the rows of an intake frame, before anything is stored; whole columns at once.

The same checks stand behind the form, the batch and the sheet.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from app.core import identity
from app.core.identity import IdentityFault
from app.core.money import FEN_MAX
from app.policy.facts import FACTS
from app.registry.identifying import provisional_key
from app.registry.rules import BEFORE_STAGE, YEARS_OF_STAGE

FAULTS_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.Int64(),
    "code": pl.String(),
    "column": pl.String(),
    "zh": pl.String(),
    "en": pl.String(),
}

_LENGTHS = {
    "name": 80,
    "class_name": 40,
    "register_no": 20,
    "guardian_name": 80,
    "bank_name": 80,
    "holder_name": 80,
    "relation": 20,
    "reason": 200,
}
_CHOICES = {
    "sex": ("female", "male"),
    "account_kind": ("card", "passbook", "social_card"),
    "holder": ("student", "guardian"),
}
_BOUNDED = ("tier", "merit_rank", "tuition_fen", "accommodation_fen")
_LEVELS = {"special_group": "special_group_unknown", "hukou": "hukou_unknown"}


@dataclass(frozen=True)
class Check:
    """One thing that can be wrong: a row is at fault where `wrong` is true (null is not).

    `of_nothing` says that an empty cell can be at fault; else a column without a value is passed
    over.
    """

    code: str
    column: str
    wrong: pl.Expr
    zh: str
    en: str
    of_nothing: bool = False


def at_schools(frame: pl.DataFrame, schools: pl.DataFrame) -> pl.DataFrame:
    """The frame with `stage` and `county_id` from the schools, and ids and grades made uniform.

    Fifteen-digit ids become eighteen; a grade counted on from primary school (七年级) becomes the
    year within the stage. `schools` is what `schools_in_scope` answers.
    """
    known = schools.select(
        pl.col("id").alias("school_id"),
        pl.col("stage").alias("_stage"),
        pl.col("county_id").alias("_county"),
    )
    placed = frame.join(known, on="school_id", how="left", maintain_order="left")
    return placed.with_columns(
        pl.col("_stage").alias("stage"),
        pl.col("_county").alias("county_id"),
        *(_long(placed.get_column(name)) for name in ("resident_id", "guardian_resident_id")),
        _within_stage(pl.col("grade"), pl.col("_stage")).alias("grade"),
    ).drop("_stage", "_county")


def check(frame: pl.DataFrame) -> pl.DataFrame:
    """Every fault of every row: `row`, `code`, `column`, and the sentence in zh and en.

    Takes the intake frame as `at_schools` gives it. Of two rows of one person the later is at
    fault.
    """
    return faults_of(frame, _CHECKS)


def faults_of(frame: pl.DataFrame, checks: Sequence[Check]) -> pl.DataFrame:
    """What the checks find in the rows of a frame, as FAULTS_SCHEMA has it, in the rows' order."""
    # One query for all: asked one after the other, their start is most of what a small frame takes.
    empty = {each.name for each in frame.iter_columns() if each.null_count() == len(each)}
    checks = [each for each in checks if each.of_nothing or each.column not in empty]
    wrong = frame.select(
        each.wrong.fill_null(value=False).alias(str(at)) for at, each in enumerate(checks)
    )
    rows = frame.get_column("row").cast(pl.Int64)
    met = wrong.select(pl.all().any()).row(0) if frame.height else ()
    parts = [
        pl.DataFrame({"row": rows.filter(wrong.get_column(str(at)))}).with_columns(
            pl.lit(each.code).alias("code"),
            pl.lit(each.column).alias("column"),
            pl.lit(each.zh).alias("zh"),
            pl.lit(each.en).alias("en"),
        )
        for (at, each), found in zip(enumerate(checks), met, strict=False)
        if found
    ]
    return pl.concat([pl.DataFrame(schema=FAULTS_SCHEMA), *parts]).sort("row", maintain_order=True)


def _long(numbers: pl.Series) -> pl.Expr:
    """The ids in their 18-digit form; where none is short, nothing is to be reckoned."""
    number = pl.col(numbers.name)
    short = (numbers.str.len_bytes() == identity.SHORTEST_ID).any()
    return identity.resident_id_long(number) if short else number.str.to_uppercase()


def _within_stage(grade: pl.Expr, stage: pl.Expr) -> pl.Expr:
    folded = grade
    for name, before in BEFORE_STAGE.items():
        counted_on = (stage == name) & grade.is_between(before + 1, before + 3)
        folded = pl.when(counted_on).then(grade - before).otherwise(folded)
    return folded


def _last_year() -> pl.Expr:
    return pl.col("stage").replace_strict(
        list(YEARS_OF_STAGE), list(YEARS_OF_STAGE.values()), default=12, return_dtype=pl.Int64
    )


def _numbers(column: str) -> list[Check]:
    number = pl.col(column)
    shaped, fits = identity.resident_id_shaped(number), identity.resident_id_ok(number)
    return [
        _named(identity.ID_FORMAT, column, ~shaped),
        _named(identity.ID_CHECKSUM, column, shaped & ~fits),
    ]


def _names() -> list[Check]:
    # Such a name could not be written into a bank file, nor shown in a spreadsheet as a name.
    return [
        Check(
            "name_unfit",
            column,
            pl.col(column).str.contains(r"^[=+\-@＝＋－＠]|\|"),
            "姓名不能以 = + - @ 开头，也不能含 |；请按户口簿更正",
            "A name cannot begin with = + - @ or hold a |; write it as in the register",
        )
        for column in ("name", "holder_name", "guardian_name")
    ]


def _accounts() -> list[Check]:
    column = "account_number"
    number = pl.col(column)
    passbook = pl.col("account_kind").fill_null("card") == "passbook"
    digits = number.str.contains(r"^[0-9]{12,19}$")
    return [
        _named(identity.CARD_FORMAT, column, ~passbook & ~digits),
        _named(identity.CARD_LUHN, column, ~passbook & digits & ~identity.luhn_ok_expr(number)),
        _named(
            identity.PASSBOOK_FORMAT,
            column,
            passbook & ~identity.account_ok_expr(number, "passbook"),
        ),
    ]


def _named(fault: IdentityFault, column: str, wrong: pl.Expr) -> Check:
    return Check(fault.code, column, wrong, fault.zh, fault.en)


def _facts() -> list[Check]:
    checks = []
    for column, code in _LEVELS.items():
        fact = FACTS[column]
        allowed = fact.allowed()
        checks.append(
            Check(
                code,
                column,
                ~pl.col(column).is_in(list(fact.listed)),
                f"{fact.zh}应为：{allowed.zh}",
                f"{fact.en.capitalize()} is one of {allowed.en}",
            )
        )
    size = FACTS["household_size"]
    return [
        *checks,
        *_bounded(),
        Check(
            "household_size_range",
            "household_size",
            ~pl.col("household_size").is_between(size.minimum, size.maximum),
            f"家庭人口应在 {size.minimum} 至 {size.maximum} 之间",
            f"A household has {size.minimum} to {size.maximum} people",
        ),
    ]


def _bounded() -> list[Check]:
    facts = [FACTS[name] for name in _BOUNDED]
    return [
        Check(
            f"{fact.name}_range",
            fact.name,
            ~pl.col(fact.name).is_between(fact.minimum, fact.maximum),
            f"{fact.zh}应在 {fact.label(fact.minimum).zh} 至 {fact.label(fact.maximum).zh} 之间",
            f"{fact.en.capitalize()} is {fact.label(fact.minimum).en} to "
            f"{fact.label(fact.maximum).en}",
        )
        for fact in facts
    ]


def _texts() -> list[Check]:
    checks = [
        Check(
            "text_too_long",
            column,
            pl.col(column).str.len_chars() > most,
            f"内容过长，最多 {most} 个字",
            f"Too long: at most {most} characters",
        )
        for column, most in _LENGTHS.items()
    ]
    return checks + [
        Check(
            "value_unknown",
            column,
            ~pl.col(column).is_in(list(allowed)),
            f"应为 {'、'.join(allowed)} 之一",
            f"Must be one of {', '.join(allowed)}",
        )
        for column, allowed in _CHOICES.items()
    ]


def _one_person_twice() -> list[Check]:
    """Of two rows with one resident id, or one provisional identity, the later is at fault."""
    number = pl.col("resident_id")
    # An id alone names a person in the city, so the school does not matter here.
    same_id = pl.col("row").rank("ordinal").over(number) > 1
    same_person = pl.col("row").rank("ordinal").over(provisional_key(), number.is_null()) > 1
    zh, en = "请只保留一行，或核对证件号码", "keep one of them, or check the ids"
    return [
        Check(
            "id_duplicate",
            "resident_id",
            number.is_not_null() & same_id,
            f"该证件号在前面的行已出现；{zh}",
            f"The id stands in an earlier row already; {en}",
        ),
        Check(
            "id_duplicate",
            "name",
            number.is_null() & same_person,
            "同校同班同名且无证件号的学生在前面的行已出现；请补充出生日期或监护人证件号以区分",
            "A student of this name and class without an id stands in an earlier row; give the "
            "birth date or the guardian's id to tell them apart",
        ),
    ]


_CHECKS: list[Check] = [
    Check(
        "school_unknown",
        "school_id",
        pl.col("county_id").is_null(),
        "在您管理的范围内没有这所学校；请核对学校标识码和名称",
        "There is no such school among those you act for; check its code and name",
        of_nothing=True,
    ),
    Check(
        "name_missing",
        "name",
        pl.col("name").is_null() | (pl.col("name").str.strip_chars() == ""),
        "缺少学生姓名；请按户口簿填写",
        "The student's name is missing; write it as in the household register",
        of_nothing=True,
    ),
    *_names(),
    *_numbers("resident_id"),
    *_numbers("guardian_resident_id"),
    *_one_person_twice(),
    Check(
        "grade_missing",
        "grade",
        pl.col("grade").is_null(),
        "缺少年级；请填写",
        "The grade is missing; fill it in",
        of_nothing=True,
    ),
    Check(
        "grade_range",
        "grade",
        ~pl.col("grade").is_between(1, _last_year()),
        "该学段没有这个年级；请核对（小学 1–6、初中 1–4、高中 1–3、中职 1–4）",
        "The stage has no such grade; check it (primary 1–6, junior 1–4, senior 1–3, "
        "vocational 1–4)",
    ),
    Check(
        "level_unknown",
        "hardship",
        ~pl.col("hardship").is_in(list(FACTS["hardship"].listed)),
        f"困难等级应为：{FACTS['hardship'].allowed().zh}",
        f"The hardship level is one of {FACTS['hardship'].allowed().en}",
    ),
    Check(
        "income_negative",
        "income_per_head_fen",
        pl.col("income_per_head_fen") < 0,
        "家庭人均年收入不能为负数；请核对",
        "Income per head cannot be negative; check it",
    ),
    Check(
        "income_too_large",
        "income_per_head_fen",
        pl.col("income_per_head_fen") > FEN_MAX,
        "家庭人均年收入过大；请以元为单位填写",
        "Income per head is too large; write it in yuan",
    ),
    *_facts(),
    *_accounts(),
    *_texts(),
]
