"""The vocabulary: every fact a programme may ask about, its type, values, unit and origin."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from app.core.money import FEN_MAX, show_yuan
from app.core.tongues import Tongue

FactType = Literal["int", "bool", "enum"]
Scalar = bool | int | str
"""A fact's value: a truth, a whole number or the code of an enumeration."""


@dataclass(frozen=True)
class Words:
    """One text in both languages."""

    zh: str
    en: str

    def said(self, tongue: Tongue) -> str:
        """The text in one of them."""
        return self.zh if tongue == "zh" else self.en


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
        if self.unit is FEN:
            return Words(f"{show_yuan(int(value))}元", f"{show_yuan(int(value))} yuan")
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


FEN = Words("分", "fen")
"""The unit of money facts, which are shown in yuan."""

REGISTER = Words("学校登记表", "the register of schools")
ENROLMENT = Words("学生信息登记", "the student's enrolment")
HOUSEHOLD = Words("家庭情况登记", "the household of the school year")
RECOGNITION = Words("家庭经济困难学生认定", "hardship recognition")
IDENTITY = Words("学生身份登记", "the student's registration")
APPLICATION = Words("学校填报的申请表", "the application as the school hands it in")


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
        unit=FEN,
    ),
    Fact(
        "age",
        "int",
        "年龄（申报学期第一天）",
        "age on the first day of the period applied for",
        IDENTITY,
        minimum=0,
        maximum=120,
        unit=Words("周岁", "years"),
    ),
    Fact(
        "rural_major",
        "bool",
        "是否涉农专业",
        "studies a farming major",
        APPLICATION,
        _values((True, "涉农专业", "yes"), (False, "非涉农专业", "no")),
    ),
    Fact(
        "tuition_fen",
        "int",
        "全年学费（按核定标准）",
        "tuition of the year, by the approved rate",
        APPLICATION,
        maximum=FEN_MAX // 100,
        unit=FEN,
    ),
    Fact(
        "accommodation_fen",
        "int",
        "全年住宿费",
        "accommodation of the year",
        APPLICATION,
        maximum=FEN_MAX // 100,
        unit=FEN,
    ),
    Fact(
        "tier",
        "int",
        "资助档次",
        "tier of the grant",
        APPLICATION,
        _values((1, "低档", "lowest"), (2, "中档", "middle"), (3, "高档", "highest")),
        minimum=1,
        maximum=3,
    ),
    Fact(
        "good_record",
        "bool",
        "是否品学兼优",
        "good conduct and good marks",
        APPLICATION,
        _values((True, "品学兼优", "yes"), (False, "不是", "no")),
    ),
    Fact(
        "excellent",
        "bool",
        "是否特别优秀",
        "outstanding",
        APPLICATION,
        _values((True, "特别优秀", "yes"), (False, "不是", "no")),
    ),
    Fact(
        "merit_rank",
        "int",
        "学校推荐名次",
        "place in the school's ranking",
        APPLICATION,
        minimum=1,
        maximum=100_000,
    ),
    Fact(
        "state_funded_trainee",
        "bool",
        "是否公费师范生",
        "state-funded teacher trainee",
        APPLICATION,
        _values((True, "公费师范生", "yes"), (False, "不是", "no")),
    ),
    Fact(
        "owns_car",
        "bool",
        "家庭是否有小汽车",
        "the family owns a car",
        HOUSEHOLD,
        _values((True, "有", "yes"), (False, "没有", "no")),
    ),
    Fact(
        "bought_house",
        "bool",
        "家庭近期是否购房",
        "the family has bought a house lately",
        HOUSEHOLD,
        _values((True, "有", "yes"), (False, "没有", "no")),
    ),
)

FACTS: Mapping[str, Fact] = MappingProxyType({fact.name: fact for fact in _ALL})
"""The facts by name, in the order in which forms and lists show them."""
