"""The words that schools write for a value, and the nearest known word for one they do not."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import polars as pl

from app.applications.checks import FAULTS_SCHEMA
from app.core.errors import Fault
from app.recognition.codes import code_list
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
HARDSHIP, SPECIAL_GROUP = (
    Vocabulary(column, listed.code, listed.what.zh, listed.what.en, listed.synonyms())
    for column, listed in (
        ("hardship", code_list("levels")),
        ("special_group", code_list("groups")),
    )
)
ALL = (SEX, HUKOU, HARDSHIP, SPECIAL_GROUP)


def translate(frame: pl.DataFrame, spoken: Vocabulary) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The frame with the column's words turned into values, and the faults of unknown words.

    Blank cells stay null: what a school leaves out is missing, not denied.
    """
    meanings = spoken.meanings()
    written = frame[spoken.column].drop_nulls().unique().to_list()
    known = {word: meanings[key] for word in written if (key := header_key(word)) in meanings}
    value = pl.col(spoken.column).replace_strict(
        list(known), list(known.values()), default=None, return_dtype=pl.String
    )
    translated = frame.with_columns(value.alias(spoken.column))
    strange = [word for word in written if word not in known]
    if not strange:
        return translated, pl.DataFrame(schema=FAULTS_SCHEMA)
    said = [(word, spoken.unknown(word)) for word in strange]
    told = pl.DataFrame(
        [(word, fault.code, spoken.column, fault.zh, fault.en) for word, fault in said],
        schema={"word": pl.String} | {k: v for k, v in FAULTS_SCHEMA.items() if k != "row"},
        orient="row",
    )
    faults = frame.select("row", pl.col(spoken.column).alias("word")).join(told, on="word")
    return translated, faults.select(list(FAULTS_SCHEMA))
