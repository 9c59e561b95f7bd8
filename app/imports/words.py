"""The words that schools write for a value, and the nearest known word for one they do not."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import polars as pl

from app.applications.checks import FAULTS_SCHEMA
from app.core.errors import Fault
from app.sheets.headers import header_key

_ALIKE = 0.3


@dataclass(frozen=True)
class Vocabulary:
    """The words of one column; `code` is the kind of fault for any other word."""

    column: str
    code: str
    zh: str
    en: str
    words: Mapping[str, tuple[str, ...]]

    def meanings(self) -> dict[str, str]:
        """Each word as it is compared, and the value it stands for."""
        return {header_key(word): value for value, words in self.words.items() for word in words}

    def shown(self) -> str:
        """The usual word of every value."""
        return "、".join(words[0] for words in self.words.values())

    def unknown(self, word: str) -> Fault:
        """What to say to a word that is not known, with the nearest that is."""
        known = [each for words in self.words.values() for each in words]
        near = get_close_matches(word, known, n=1, cutoff=_ALIKE)
        near_zh = f"，是否为「{near[0]}」" if near else ""
        near_en = f", perhaps {near[0]}" if near else ""
        return Fault(
            self.code,
            f"{self.zh}「{word}」不认识{near_zh}；可填：{self.shown()}",
            f"{self.en} “{word}” is not known{near_en}; write one of {self.shown()}",
        )


SEX = Vocabulary(
    "sex", "sex_unknown", "性别", "The sex",
    {"male": ("男", "男性", "男生"), "female": ("女", "女性", "女生")},
)  # fmt: skip
HUKOU = Vocabulary(
    "hukou", "hukou_unknown", "户口性质", "The household registration",
    {
        "rural": ("农村", "农业", "农业户口", "农村户口", "农户", "农"),
        "town": ("县镇", "县镇户口", "乡镇"),
        "urban": ("城镇", "非农业", "城市", "非农业户口", "城镇户口", "城市户口", "非农"),
        "resident": ("居民", "居民户口", "家庭户"),
    },
)  # fmt: skip
HARDSHIP = Vocabulary(
    "hardship", "level_unknown", "困难等级", "The hardship level",
    {
        "0": ("不困难", "无困难", "非困难", "无", "0"),
        "1": ("一般困难", "一般", "一般贫困", "1"),
        "2": ("困难", "比较困难", "较困难", "2"),
        "3": ("特别困难", "特殊困难", "特别贫困", "特困", "3"),
    },
)  # fmt: skip
SPECIAL_GROUP = Vocabulary(
    "special_group", "special_group_unknown", "特殊群体类型", "The special group",
    {
        "none": ("无", "否", "没有", "非特殊群体"),
        "minimum_living": ("低保", "低保户", "低保家庭", "农村低保", "城市低保", "最低生活保障"),
        "low_income_margin": ("低保边缘", "低保边缘户", "低保边缘家庭"),
        "extreme_poverty": ("特困供养", "特困", "特困人员", "特困救助供养", "五保", "五保户"),
        "orphan": ("孤儿",),
        "de_facto_unsupported": ("事实无人抚养儿童", "事实无人抚养", "事实孤儿"),
        "martyr_child": ("烈士子女", "烈属", "烈士后代"),
        "disabled_student": ("残疾学生", "残疾", "本人残疾"),
        "disabled_parent": ("残疾人子女", "父母残疾", "残疾家庭"),
        "registered_poor": ("建档立卡", "建档立卡户", "脱贫户", "建档立卡脱贫户"),
        "poverty_monitored": ("监测对象", "监测户", "防返贫监测对象"),
        "hardship_worker": ("困难职工家庭", "困难职工", "困难职工子女", "特困职工家庭"),
    },
)  # fmt: skip
ALL = (SEX, HUKOU, HARDSHIP, SPECIAL_GROUP)


def translate(frame: pl.DataFrame, spoken: Vocabulary) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The frame with the column's words turned into values, and the faults of unknown words.

    Blank cells stay null: what a school leaves out is missing, not denied.
    """
    meanings = spoken.meanings()
    written = frame[spoken.column].drop_nulls().unique().to_list()
    known = {word: meanings[key] for word in written if (key := header_key(word)) in meanings}
    strange = {word: spoken.unknown(word) for word in written if word not in known}
    told = pl.DataFrame(
        {
            "word": list(strange),
            "code": [fault.code for fault in strange.values()],
            "column": [spoken.column] * len(strange),
            "zh": [fault.zh for fault in strange.values()],
            "en": [fault.en for fault in strange.values()],
        },
        schema={"word": pl.String} | {k: v for k, v in FAULTS_SCHEMA.items() if k != "row"},
    )
    faults = frame.select("row", pl.col(spoken.column).alias("word")).join(told, on="word")
    value = pl.col(spoken.column).replace_strict(
        list(known), list(known.values()), default=None, return_dtype=pl.String
    )
    translated = frame.with_columns(value.alias(spoken.column))
    return translated, faults.select(list(FAULTS_SCHEMA))
