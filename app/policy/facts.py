"""The vocabulary: every fact a programme may ask about, its type, values, unit and origin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import polars as pl

from app.core.errors import Fault
from app.core.money import FEN_MAX
from app.policy.errors import FactsInvalid

FactType = Literal["int", "bool", "enum"]
Scalar = bool | int | str
"""A fact's value: a truth, a whole number or the code of an enumeration."""


@dataclass(frozen=True)
class Words:
    """One text in both languages."""

    zh: str
    en: str


@dataclass(frozen=True)
class FactValue:
    """One allowed value of a fact, with its labels."""

    value: Scalar
    zh: str
    en: str


@dataclass(frozen=True)
class Fact:
    """One fact: whole numbers have bounds, enumerations and levels list their values."""

    name: str
    type: FactType
    zh: str
    en: str
    comes_from: Words
    values: tuple[FactValue, ...] = ()
    minimum: int = 0
    maximum: int = 0
    unit: Words | None = None

    @property
    def listed(self) -> tuple[Scalar, ...]:
        """The allowed values where they are listed; empty for a plain whole number."""
        return tuple(each.value for each in self.values)

    def label(self, value: Scalar | None) -> Words:
        """The value in words, in both languages; what is not known is said to be so."""
        if value is None:
            return Words("未知", "not known")
        for each in self.values:
            if each.value == value and isinstance(each.value, bool) == isinstance(value, bool):
                return Words(each.zh, each.en)
        if self.unit is None:
            return Words(str(value), str(value))
        return Words(f"{value}{self.unit.zh}", f"{value} {self.unit.en}")

    def allowed(self) -> Words:
        """What may stand here, in words."""
        if not self.values:
            text = f"{self.minimum}..{self.maximum}"
            return Words(text, text)
        return Words(
            "、".join(f"{each.value}（{each.zh}）" for each in self.values),
            ", ".join(f"{each.value} ({each.en})" for each in self.values),
        )

    def accepts(self, value: object) -> bool:
        """Whether a value is of the fact's type and allowed; `True` is no whole number."""
        if self.type == "bool":
            return isinstance(value, bool)
        if self.type == "enum":
            return isinstance(value, str) and value in self.listed
        if isinstance(value, bool) or not isinstance(value, int):
            return False
        return self.minimum <= value <= self.maximum


REGISTER = Words("学校登记表", "the register of schools")
ENROLMENT = Words("学生信息登记", "the student's enrolment")
HOUSEHOLD = Words("家庭情况登记", "the household of the school year")
RECOGNITION = Words("家庭经济困难学生认定", "hardship recognition")


def _values(*rows: tuple[Scalar, str, str]) -> tuple[FactValue, ...]:
    return tuple(FactValue(*row) for row in rows)


_ALL = (
    Fact(
        "stage",
        "enum",
        "学段",
        "stage",
        ENROLMENT,
        _values(
            ("preschool", "学前教育", "preschool"),
            ("primary", "小学", "primary school"),
            ("junior", "初中", "junior secondary"),
            ("senior", "普通高中", "senior secondary"),
            ("vocational", "中等职业教育", "secondary vocational"),
            ("undergraduate", "本专科", "undergraduate"),
            ("postgraduate", "研究生", "postgraduate"),
        ),
    ),
    Fact(
        "school_area",
        "enum",
        "学校所在地",
        "where the school stands",
        REGISTER,
        _values(
            ("rural", "农村", "rural"), ("town", "县镇", "county town"), ("city", "城市", "city")
        ),
    ),
    Fact(
        "school_run_by",
        "enum",
        "学校隶属",
        "who runs the school",
        REGISTER,
        _values(("county", "县属", "county"), ("city", "市属", "city")),
    ),
    Fact(
        "boards",
        "bool",
        "是否寄宿",
        "boards at school",
        ENROLMENT,
        _values((True, "寄宿", "yes"), (False, "不寄宿", "no")),
    ),
    Fact(
        "year",
        "int",
        "学制年级",
        "year of study within the stage",
        ENROLMENT,
        minimum=1,
        maximum=9,
    ),
    Fact("grade", "int", "年级", "grade", ENROLMENT, minimum=1, maximum=12),
    Fact(
        "hardship",
        "int",
        "困难等级",
        "hardship level",
        RECOGNITION,
        _values(
            (0, "不困难", "none"),
            (1, "一般困难", "some hardship"),
            (2, "困难", "hardship"),
            (3, "特别困难", "severe hardship"),
        ),
        minimum=0,
        maximum=3,
    ),
    Fact(
        "special_group",
        "enum",
        "特殊群体类型",
        "special group",
        RECOGNITION,
        _values(
            ("none", "无", "none"),
            ("minimum_living", "低保", "minimum living allowance"),
            ("low_income_margin", "低保边缘", "margin of the minimum living allowance"),
            ("extreme_poverty", "特困供养", "supported in extreme poverty"),
            ("orphan", "孤儿", "orphan"),
            ("de_facto_unsupported", "事实无人抚养儿童", "child in fact without support"),
            ("martyr_child", "烈士子女", "child of a martyr"),
            ("disabled_student", "残疾学生", "student with a disability"),
            ("disabled_parent", "残疾人子女", "child of a parent with a disability"),
            ("registered_poor", "建档立卡（脱贫户）", "registered poor household"),
            ("poverty_monitored", "监测对象", "household under monitoring"),
            ("hardship_worker", "困难职工家庭", "family of a worker in hardship"),
        ),
    ),
    Fact(
        "hukou",
        "enum",
        "户口性质",
        "household registration",
        HOUSEHOLD,
        _values(
            ("rural", "农村（农业）", "rural"),
            ("town", "县镇", "county town"),
            ("urban", "城镇（非农业）", "urban"),
            ("resident", "居民", "resident"),
        ),
    ),
    Fact(
        "household_size",
        "int",
        "家庭人口",
        "people in the household",
        HOUSEHOLD,
        minimum=1,
        maximum=30,
        unit=Words("人", "people"),
    ),
    Fact(
        "income_per_head_fen",
        "int",
        "家庭人均年收入",
        "yearly income per head",
        HOUSEHOLD,
        minimum=0,
        maximum=FEN_MAX,
        unit=Words("分", "fen"),
    ),
)

FACTS: Mapping[str, Fact] = MappingProxyType({fact.name: fact for fact in _ALL})
"""The facts by name, in the order in which forms and lists show them."""

_NULL = pl.Null()
_SHOWN = 20  # wrong values named for each column
_DTYPES: Mapping[FactType, pl.DataType] = {
    "int": pl.Int64(),
    "bool": pl.Boolean(),
    "enum": pl.String(),
}


def polars_schema() -> dict[str, pl.DataType]:
    """The column types of a frame of facts, in vocabulary order."""
    return {fact.name: _DTYPES[fact.type] for fact in FACTS.values()}


def check_facts(given: Mapping[str, object], where: str = "") -> list[Fault]:
    """Every fault of one case's facts: unknown names and values; None is an unknown fact."""
    faults = []
    for name, value in given.items():
        place = f"{where}/{name}"
        fact = FACTS.get(name)
        if fact is None:
            faults.append(unknown_fact(name, place))
        elif value is not None and not fact.accepts(value):
            faults.append(_bad_value(fact, value, place))
    return faults


def unknown_fact(name: str, where: str) -> Fault:
    """The fault of a name that is not in the vocabulary."""
    names = ", ".join(FACTS)
    return Fault(
        "fact_unknown",
        f"没有名为 {name} 的事实；可用的有：{names}",
        f"there is no fact called {name}; there are {names}",
        where,
    )


def _bad_value(fact: Fact, value: object, where: str) -> Fault:
    allowed = fact.allowed()
    return Fault(
        "fact_value",
        f"{fact.zh}（{fact.name}）不能是 {value!r}；可用：{allowed.zh}",
        f"{fact.name} cannot be {value!r}; allowed: {allowed.en}",
        where,
    )


def frame_of(cases: Sequence[Mapping[str, Scalar | None]]) -> pl.DataFrame:
    """One row a case, every fact a column, null where not known.

    Raises FactsInvalid with every unknown fact and wrong value, placed `/row/fact`.
    """
    faults = [
        fault for row, case in enumerate(cases) for fault in check_facts(case, where=f"/{row}")
    ]
    if faults:
        raise facts_invalid(faults)
    columns = {name: [case.get(name) for case in cases] for name in FACTS}
    return pl.DataFrame(columns, schema=polars_schema())


def conform(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with exactly the vocabulary's columns and types; absent facts are unknown.

    Other columns are left out. Raises FactsInvalid when a column has another type than its fact
    or holds values that are not allowed.
    """
    present = [fact for fact in FACTS.values() if frame.schema.get(fact.name, _NULL) != _NULL]
    wrong = [fact for fact in present if not _fits(frame.schema[fact.name], fact)]
    faults = [_bad_value(fact, str(frame.schema[fact.name]), f"/{fact.name}") for fact in wrong]
    bounded = {fact.name: _outside(fact) for fact in present if fact not in wrong}
    flags = frame.select(**{name: bad.any() for name, bad in bounded.items()})
    for name in [column.name for column in flags if column.any()]:
        bad = frame.select(pl.col(name).filter(bounded[name]).unique().sort().head(_SHOWN))
        faults.extend(
            _bad_value(FACTS[name], value, f"/{name}") for value in bad.to_series().to_list()
        )
    if faults:
        raise facts_invalid(faults)
    columns = [
        (pl.col(fact.name) if fact in present else pl.lit(None)).cast(_DTYPES[fact.type])
        for fact in FACTS.values()
    ]
    names = list(FACTS)
    return frame.with_columns(
        column.alias(name) for column, name in zip(columns, names, strict=True)
    ).select(names)


def _fits(dtype: pl.DataType, fact: Fact) -> bool:
    return dtype.is_integer() if fact.type == "int" else dtype == _DTYPES[fact.type]


def _outside(fact: Fact) -> pl.Expr:
    column = pl.col(fact.name)
    if fact.type == "enum":
        return ~column.is_in(list(fact.listed))
    if fact.type == "bool":
        return pl.lit(value=False)
    return (column < fact.minimum) | (column > fact.maximum)


def facts_invalid(faults: Sequence[Fault]) -> FactsInvalid:
    """The refusal of facts, with every fault."""
    return FactsInvalid(
        f"有 {len(faults)} 处事实填写不正确，请逐项改正后再提交",
        f"{len(faults)} facts are wrong; correct each one and send them again",
        faults=faults,
    )
