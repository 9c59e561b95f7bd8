"""The dated lists of levels and groups, and the words that stand for them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.core.errors import Fault
from app.policy.facts import Words
from app.recognition.errors import ListUnknown, WordUnknown
from app.sheets.headers import header_key

LISTS = Path(__file__).with_name("lists.toml")
_ALIKE = 0.3


@dataclass(frozen=True)
class Word:
    """One way of writing a code, and when it came into and went out of use."""

    word: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Code:
    """One level or group: its value, its names, the days it is in force, its words."""

    value: str
    name: Words
    words: tuple[Word, ...]
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class CodeList:
    """One list; `what` names it and `code` is the kind of fault for a word it does not hold."""

    name: str
    what: Words
    code: str
    codes: tuple[Code, ...]

    def synonyms(self) -> dict[str, tuple[str, ...]]:
        """Each value with every word of any time and itself, for a sheet that says no day."""
        return {
            code.value: (*(each.word for each in code.words), code.value) for code in self.codes
        }

    def in_use(self, on: date) -> dict[str, str]:
        """Each word that can be meant on the day, as written, and its value."""
        return {
            each.word: code.value
            for code in self.codes
            if _begun(code.valid_from, on)
            for each in code.words
            if _begun(each.valid_from, on)
        }

    def read(self, text: str, on: date, where: str = "") -> str:
        """The value of a word, or of the value itself. Raises WordUnknown."""
        known = self.in_use(on)
        values = {header_key(word): value for word, value in known.items()}
        values |= {value: value for value in known.values()}
        found = values.get(header_key(text))
        if found is None:
            raise WordUnknown([self.unknown(text, on, where)])
        return found

    def unknown(self, text: str, on: date, where: str = "") -> Fault:
        """What to say to a word that is not known on the day: the nearest, and what is allowed."""
        known = self.in_use(on)
        near = get_close_matches(text, list(known), n=1, cutoff=_ALIKE)
        near_zh = f"，是否为“{near[0]}”" if near else ""
        near_en = f", perhaps {near[0]}" if near else ""
        first: dict[str, str] = {}
        for word, value in known.items():
            first.setdefault(value, word)
        usual = "、".join(first.values())
        return Fault(
            self.code,
            f"{self.what.zh}“{text}”不认识{near_zh}；{on} 可用：{usual}",
            f"{self.what.en} “{text}” is not known{near_en}; on {on} there are {usual}",
            where,
        )


def read_group(text: str, on: date, where: str = "") -> str:
    """``"五保户"`` → ``extreme_poverty``.

    Raises WordUnknown naming the nearest word and those allowed.
    """
    return code_list("groups").read(text, on, where)


def code_list(name: str) -> CodeList:
    """A list by its name. Raises ListUnknown."""
    found = _lists().get(name)
    if found is None:
        raise ListUnknown(name, list(_lists()))
    return found


@lru_cache(maxsize=1)
def _lists() -> Mapping[str, CodeList]:
    told = tomllib.loads(LISTS.read_text(encoding="utf-8"))
    return MappingProxyType(
        {
            name: CodeList(name, what, code, tuple(_code(row) for row in told[name]))
            for name, (what, code) in _NAMED.items()
        }
    )


_NAMED: Mapping[str, tuple[Words, str]] = MappingProxyType(
    {
        "levels": (Words("困难等级", "The hardship level"), "level_unknown"),
        "groups": (Words("特殊群体类型", "The special group"), "special_group_unknown"),
    }
)


def _code(row: Mapping[str, Any]) -> Code:
    words = tuple(Word(each["word"], each.get("from"), each.get("to")) for each in row["words"])
    return Code(row["value"], Words(**row["name"]), words, row.get("from"), row.get("to"))


def _begun(begins: date | None, on: date) -> bool:
    # What has gone out of use is still understood; what nobody says yet is a slip of the pen.
    return begins is None or begins <= on
