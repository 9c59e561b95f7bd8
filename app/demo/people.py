"""Invented people: the same ones for the same seed, with numbers that pass every check."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from stdnum import luhn
from stdnum.cn import ric

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华慧玉萍红娥玲芬燕彩春菊兰凤洁梅琳素云"
RARE = ("龚䶮", "李㛃", "王𬭎", "阿依古丽·买买提")
RARE_ONE_IN = 400
BANKS = (("农业银行", "622848"), ("邮政储蓄", "622188"), ("农村信用社", "622319"))
GROUPS = ("低保", "低保边缘", "特困供养", "孤儿", "残疾学生", "烈士子女")
PRIMARY_GRADES = 6
LEVELS = ("不困难", "一般困难", "困难", "特别困难")
HUKOU = ("农村", "县镇", "城镇")


@dataclass(frozen=True)
class Pupil:
    """One pupil as a school's sheet knows them; every value is the sheet's own text."""

    name: str
    sex: str
    resident_id: str
    grade: int
    class_name: str
    boards: bool
    hukou: str
    members: int
    income_yuan: int
    group: str
    level: str
    guardian: str
    telephone: str
    bank: str
    card: str


def name(chance: Random) -> str:
    """A name of two or three characters, now and then a rare one."""
    if chance.randrange(RARE_ONE_IN) == 0:
        return chance.choice(RARE)
    return chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=chance.choice((1, 2, 2))))


def resident_id(division: str, born: date, serial: int) -> str:
    """An identity number of 18 digits for a place and a day, with its right check digit."""
    body = f"{division}{born:%Y%m%d}{serial % 999 + 1:03d}"
    return body + str(ric.calc_check_digit(body + "0"))  # it drops the last digit given


def card_number(chance: Random, prefix: str) -> str:
    """A card number of 19 digits that passes Luhn."""
    body = prefix + "".join(str(chance.randrange(10)) for _ in range(12))
    return body + luhn.calc_check_digit(body)


def pupils(chance: Random, division: str, *, first: int, grades: range, count: int) -> list[Pupil]:
    """That many pupils of a school, grade by grade, in the spring of 2008.

    `first` is how many pupils of the division were made before: it keeps their ids apart.
    """
    # A first-grader of 2007-2008 was born in 2000-2001; in a junior school six years earlier.
    youngest = 2001 if len(grades) == PRIMARY_GRADES else 1995
    return [
        _pupil(
            chance,
            division,
            serial=first + place,
            born=_birthday(chance, youngest - grades[place * len(grades) // count]),
            grade=grades[place * len(grades) // count],
        )
        for place in range(count)
    ]


def _birthday(chance: Random, year: int) -> date:
    return date(year, 9, 1) + timedelta(days=chance.randrange(365))


def _pupil(chance: Random, division: str, *, serial: int, born: date, grade: int) -> Pupil:
    bank, prefix = chance.choice(BANKS)
    called = name(chance)
    return Pupil(
        name=called,
        sex=chance.choice("男女"),
        resident_id=resident_id(division, born, serial),
        grade=grade,
        class_name=str(chance.randrange(1, 5)),
        boards=chance.random() < 0.85,  # noqa: PLR2004
        hukou=chance.choices(HUKOU, weights=(7, 2, 1))[0],
        members=chance.randrange(2, 8),
        income_yuan=chance.randrange(5, 60) * 100,
        group=chance.choice(GROUPS) if chance.random() < 0.25 else "",  # noqa: PLR2004
        level=chance.choices(LEVELS, weights=(2, 4, 3, 2))[0],
        guardian=called[0] + chance.choice(GIVEN),
        telephone=f"13{chance.randrange(10**9):09d}",
        bank=bank,
        card=card_number(chance, prefix),
    )
