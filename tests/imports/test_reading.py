"""How a sheet's words become an intake frame: no database."""

from typing import Any

import polars as pl
import pytest

from app.imports import rows, titles
from app.imports.columns import COLUMNS
from app.policy.catalogue import CATALOGUES
from app.policy.checker import load_catalogue
from app.registry.queries import SCHOOLS_SCHEMA
from app.sheets.tables import find_tables
from app.sheets.workbook import open_workbook
from tests.sheets.build import xlsx

PRIMARY, JUNIOR, TWIN_A, TWIN_B = "p", "j", "t1", "t2"
SCHOOLS = pl.DataFrame(
    [
        (
            PRIMARY,
            "2137000006",
            "任城区次丘镇中心小学",
            "primary",
            "rural",
            "county",
            "c",
            "370811",
        ),
        (JUNIOR, "3137000008", "任城区长沟镇中学", "junior", "rural", "county", "c", "370811"),
        (TWIN_A, "2137000101", "希望小学", "primary", "rural", "county", "c", "370811"),
        (TWIN_B, "2137000102", "希望小学", "primary", "rural", "county", "d", "370826"),
    ],
    schema=SCHOOLS_SCHEMA,
    orient="row",
)
NUMBER = "370811199901125888"


def read(header: list[str], *lines: list[object], title: str = "", alone: bool = False) -> Any:
    book = open_workbook(xlsx([*([[title]] if title else []), header, *lines]), "a.xlsx")
    schools = SCHOOLS.head(1) if alone else SCHOOLS
    return rows.read(book, find_tables(book, COLUMNS), schools, alone=alone)


def one(more: dict[str, object], **asked: Any) -> dict[str, Any]:
    cells = {"姓名": "甲", "身份证号": NUMBER} | more
    return read(list(cells), list(cells.values()), **asked).frame.row(0, named=True)


def kinds(more: dict[str, object], **asked: Any) -> list[str]:
    cells = {"姓名": "甲", "身份证号": NUMBER} | more
    return read(list(cells), list(cells.values()), **asked).faults["code"].to_list()


@pytest.mark.parametrize(
    ("cells", "title", "alone", "school"),
    [
        ({"学校标识码": "3137000008"}, "", False, JUNIOR),
        ({"学校代码": " ３１３７000008 "}, "", False, JUNIOR),
        ({"学校名称": "任城区长沟镇中学"}, "", False, JUNIOR),
        ({"学校标识码": "3137000008"}, "学校：任城区次丘镇中心小学", False, JUNIOR),
        ({}, "学校：任城区次丘镇中心小学  班主任：", False, PRIMARY),
        ({}, "填报单位（公章）：任城区长沟镇中学", False, JUNIOR),
        ({}, "任城区次丘镇中心小学2008年春季贫困寄宿生登记表", False, PRIMARY),
        ({"学校标识码": "3137000009"}, "", False, None),
        ({"学校名称": "长沟镇中学"}, "", False, None),
        ({"学校名称": "希望小学"}, "", False, None),  # two schools of that name
        ({}, "学校：别的小学", True, None),
        ({}, "", True, PRIMARY),
        ({}, "", False, None),
    ],
)
def test_a_row_is_at_the_school_its_sheet_names(cells, title, alone, school) -> None:
    assert one(cells, title=title, alone=alone)["school_id"] == school
    assert ("school_unknown" in kinds(cells, title=title, alone=alone)) == (school is None)


@pytest.mark.parametrize(
    ("cells", "grade"),
    [
        ({"年级": "三年级"}, 3),
        ({"班级": "1.1班"}, 1),
        ({"班级": "三年级（2）班"}, 3),
        ({"班级": "三(2)班"}, 3),
        ({"班级": "2班"}, None),
        ({"年级": "", "班级": "1.1班"}, None),
    ],
)
def test_without_a_grade_column_the_class_tells_the_grade(cells, grade) -> None:
    assert one({"学校代码": "2137000006", **cells})["grade"] == grade


@pytest.mark.parametrize(
    ("column", "word", "field", "value"),
    [
        ("户口性质", "农业", "hukou", "rural"),
        ("户口性质", "县镇", "hukou", "town"),
        ("户口性质", "非农业", "hukou", "urban"),
        ("户口性质", "城市", "hukou", "urban"),
        ("户口性质", "居民", "hukou", "resident"),
        ("户口性质", "", "hukou", None),
        ("困难等级", "不困难", "hardship", 0),
        ("困难档次", "一般困难", "hardship", 1),
        ("困难等级", "比较困难", "hardship", 2),
        ("困难等级", "特殊困难", "hardship", 3),
        ("困难等级", "", "hardship", None),
        ("贫困类别", "五保", "special_group", "extreme_poverty"),
        ("贫困类别", "建档立卡（脱贫户）", "special_group", "registered_poor"),
        ("性别", "女", "sex", "female"),
        ("出生日期", "1999年1月12日", "birth_on", pl.Series(["1999-01-12"]).str.to_date()[0]),
    ],
)
def test_words_become_values(column, word, field, value) -> None:
    assert one({"学校代码": "2137000006", "年级": "1", column: word})[field] == value


@pytest.mark.parametrize(
    ("cells", "kind", "holder", "named"),
    [
        ({"银行卡号": "6228489282480527931"}, "card", "student", "甲"),
        ({"银行卡号": "6228489282480527931", "开户名": "乙", "监护人": "乙"}, "card", "guardian",
         "乙"),
        ({"银行卡号": "6228489282480527931", "开户名": "丙", "监护人": "乙"}, "card", "student",
         "丙"),
        ({"存折账号": "903730642279193", "家长姓名": "乙", "与学生关系": "母子"}, "passbook",
         "guardian", "乙"),
        ({"存折账号": "903730642279193", "家长姓名": "乙"}, "passbook", "student", "甲"),
        ({"社保卡号": "6228489282480527931"}, "social_card", "student", "甲"),
        ({"银行卡号": ""}, None, None, None),
    ],
)  # fmt: skip
def test_an_account_is_somebodys(cells, kind, holder, named) -> None:
    got = one({"学校代码": "2137000006", "年级": "1", **cells})
    assert (got["account_kind"], got["holder"], got["holder_name"]) == (kind, holder, named)
    assert (got["reason"] is None) == (holder != "guardian")
    assert (got["relation"] is None) == (holder != "guardian")


def test_two_accounts_in_one_row_are_a_fault() -> None:
    cells = {"学校代码": "2137000006", "年级": "1", "银行卡号": "6228489282480527931"}
    assert kinds(cells | {"存折账号": ""}) == []
    assert kinds(cells | {"存折账号": "903730642279193"}) == ["account_twice"]


def test_a_telephone_has_at_most_thirty_characters() -> None:
    cells = {"学校代码": "2137000006", "年级": "1"}
    assert kinds(cells | {"联系电话": "1" * 30}) == []
    assert kinds(cells | {"联系电话": "1" * 31}) == ["text_too_long"]


def test_a_cell_that_cannot_be_read_is_not_also_missing() -> None:
    assert kinds({"学校代码": "2137000006", "年级": "很高"}) == ["grade_range"]
    assert kinds({"学校代码": "2137000006", "年级": ""}) == ["grade_missing"]


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("2008年春季学期补助表", ("2008-spring",)),
        ("2007年秋季", ("2007-autumn",)),
        ("2007-2008学年度第二学期", ("2008-spring",)),
        ("2007—2008学年秋季学期", ("2007-autumn",)),
        ("2007年-2008年学年", ("2007-2008",)),
        ("二〇〇八年春", ("2008-spring",)),
        ("2007-2009学年", ()),
        ("2008年4月20日", ()),
        ("2007年秋季、2008年春季", ("2007-autumn", "2008-spring")),
    ],
)
def test_a_title_says_its_terms(title, said) -> None:
    assert titles.periods_said([title]) == said


@pytest.mark.parametrize(
    ("said", "asked", "another"),
    [
        ("2008年春季", "2008-spring", None),
        ("2008年春季", "2007-autumn", "2008-spring"),
        ("2007-2008学年", "2008-spring", None),
        ("2006-2007学年", "2008-spring", "2006-2007"),
        ("2007年秋季", "2007-2008", None),
        ("2008年秋季", "2007-2008", "2008-autumn"),
        ("没有写", "2008-spring", None),
    ],
)
def test_a_school_year_and_its_terms_agree(said, asked, another) -> None:
    assert titles.another_period([said], asked) == another


def test_lines_that_are_only_numbered_are_no_rows() -> None:
    header = ["序号", "班级", "姓名", "身份证号", "备注"]
    got = read(
        header, ["1", "2", "甲", NUMBER, ""], ["2", "2", "", "", ""], ["3", "", "", "", "转"]
    )
    assert got.places["row_no"].to_list() == [2, 4]
    assert got.faults.filter(row=1)["code"].to_list().count("name_missing") == 1


@pytest.mark.parametrize(
    ("title", "codes"),
    [
        ("寄宿生生活费补助", {"boarding-subsidy"}),
        ("非寄宿生生活费补助", {"day-pupil-subsidy"}),
        ("走读生补助", {"day-pupil-subsidy"}),
        ("中等职业学校国家助学金", {"vocational-grant"}),
        ("高等职业学校国家助学金", {"national-grant"}),
        ("本专科学生国家助学金", {"national-grant"}),
        ("普通高中国家助学金", {"senior-grant"}),
        ("普通高中政府助学金", {"senior-grant"}),
        ("学前教育政府助学金", {"preschool-grant"}),
        ("国家助学金", {"vocational-grant", "senior-grant", "national-grant"}),
        ("政府助学金", {"senior-grant", "preschool-grant"}),
        ("国家奖学金", {"national-scholarship"}),
        ("国家励志奖学金", {"encouragement-scholarship"}),
        ("奖学金", {"national-scholarship", "encouragement-scholarship"}),
        ("生源地信用助学贷款", {"origin-loan"}),
        ("高校国家助学贷款", {"campus-loan"}),
        ("国家助学贷款", {"origin-loan", "campus-loan"}),
        ("义务教育阶段免学杂费", {"fee-waiver"}),
        ("免收杂费", {"fee-waiver", "senior-tuition-waiver"}),
        ("普通高中免学杂费", {"senior-tuition-waiver"}),
        ("中职免学费", {"vocational-tuition-waiver"}),
        ("免学费", {"vocational-tuition-waiver", "senior-tuition-waiver"}),
        ("免费教科书", {"textbook-waiver"}),
        ("公用经费", {"public-funds"}),
        ("捐资助学", {"donated-aid"}),
        ("国家奖学金和国家励志奖学金", {"national-scholarship", "encouragement-scholarship"}),
    ],
)
def test_a_title_is_taken_for_each_programme_it_may_mean_and_for_no_other(title, codes) -> None:
    every = {file.stem for file in CATALOGUES.glob("*/*.toml") if file.name != "calendar.toml"}
    taken = {
        code for code in every if titles.another_programme([f"2008年{title}名册"], code, {}) is None
    }
    assert taken == codes


@pytest.mark.parametrize("name", ["jining-2008", "national"])
def test_a_programmes_own_name_is_no_other_programmes(name) -> None:
    programmes = load_catalogue(CATALOGUES / name).programmes
    names = {code: each.name.zh for code, each in programmes.items()}
    for code, own in names.items():
        assert [each for each in names if titles.another_programme([own], each, names) is None] == [
            code
        ], own
