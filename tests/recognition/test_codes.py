"""Levels and groups in the words of 2008 and of today."""

from datetime import date

import pytest

from app.imports.words import HARDSHIP, SPECIAL_GROUP
from app.policy.facts import FACTS
from app.recognition.codes import code_list, read_group
from app.recognition.errors import WordUnknown
from app.sheets.headers import header_key
from tests.recognition.school import Caller, code_of

THEN, NOW = date(2008, 4, 20), date(2024, 10, 1)


@pytest.mark.parametrize(
    ("word", "level"),
    [("不困难", 0), ("一般困难", 1), ("困难", 2), ("比较困难", 2), ("特别困难", 3), ("特殊困难", 3),
     ("3", 3)],
)  # fmt: skip
def test_a_level_is_read_in_every_usual_word(word: str, level: int) -> None:
    levels = code_list("levels")
    assert levels.read(word, THEN, "") == levels.read(word, NOW, "") == str(level)


@pytest.mark.parametrize(
    ("word", "group"),
    [
        ("低保户", "minimum_living"),
        ("五保户", "extreme_poverty"),
        ("特困供养", "extreme_poverty"),
        ("建档立卡贫困户", "registered_poor"),
        ("脱贫户", "registered_poor"),
        ("困境儿童", "de_facto_unsupported"),
        ("监测对象", "poverty_monitored"),
        ("orphan", "orphan"),
        (" 残疾 学生 ", "disabled_student"),
    ],
)
def test_a_group_is_read_in_old_words_and_new(word: str, group: str) -> None:
    assert read_group(word, NOW) == group


def test_a_word_that_is_not_said_yet_is_not_read() -> None:
    assert read_group("监测户", date(2020, 3, 1)) == "poverty_monitored"
    with pytest.raises(WordUnknown):
        read_group("监测户", date(2020, 2, 29))


def test_an_unknown_word_names_the_nearest_and_those_allowed() -> None:
    with pytest.raises(WordUnknown) as refused:
        read_group("低宝户", THEN, "/groups/0")
    [fault] = refused.value.faults
    assert (fault.code, fault.where) == ("special_group_unknown", "/groups/0")
    assert "是否为“低保户”" in fault.zh
    assert "perhaps 低保户" in fault.en
    assert "无、低保、低保边缘、特困供养" in fault.zh
    assert "建档立卡" not in fault.zh
    with pytest.raises(WordUnknown) as refused:
        code_list("levels").read("特别贫穷", NOW, "")
    assert "特别贫困" in refused.value.faults[0].zh


@pytest.mark.parametrize(("listed", "fact"), [("levels", "hardship"), ("groups", "special_group")])
def test_the_lists_are_the_vocabularys_values_with_its_names(listed: str, fact: str) -> None:
    shown = [(code.value, code.name.zh, code.name.en) for code in code_list(listed).codes]
    known = [(str(each.value), each.zh, each.en) for each in FACTS[fact].values]
    assert shown == known


@pytest.mark.parametrize("listed", ["levels", "groups"])
def test_no_word_stands_for_two_codes(listed: str) -> None:
    words = [header_key(one) for each in code_list(listed).synonyms().values() for one in each]
    assert len(words) == len(set(words))


def test_sheets_are_read_by_the_same_words() -> None:
    assert SPECIAL_GROUP.meanings()["五保户"] == "extreme_poverty"
    assert SPECIAL_GROUP.words == code_list("groups").synonyms()
    assert HARDSHIP.words == code_list("levels").synonyms()


def test_the_door_shows_names_days_and_synonyms(school: Caller) -> None:
    shown = school.get("/codes/groups").json()
    assert shown["name"] == {"zh": "特殊群体类型", "en": "The special group"}
    [poor] = [each for each in shown["codes"] if each["value"] == "registered_poor"]
    assert {"word": "建档立卡贫困户", "valid_from": "2014-01-01", "valid_to": "2021-02-25"} in poor[
        "synonyms"
    ]
    assert len(school.get("/codes/levels").json()["codes"]) == 4
    assert code_of(school.get("/codes/colours")) == (404, "codes.unknown")
