"""What the lines above a table say of it: which programme, which term, which school. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence

from app.policy.calendar import parse_period

_NUMERALS = str.maketrans("〇零○一二三四五六七八九", "000123456789")
_YEAR_IN_WORDS = re.compile(r"[〇零○一二三四五六七八九]{4}(?=年|\s*[-—–－~～至])")
_TERM = re.compile(r"(?<![0-9])(20[0-9]{2})\s*年?\s*度?\s*(春|秋)", re.ASCII)
_SCHOOL_YEAR = re.compile(
    r"(?<![0-9])(20[0-9]{2})\s*年?\s*[-—–－~～至/]+\s*(20[0-9]{2})\s*年?\s*学年度?"
    r"\s*(春|秋|第?[一1]学期|上学期|第?[二2]学期|下学期)?",
    re.ASCII,
)
_SPRING = re.compile(r"春|[二2]|下")
_SCHOOL_LINE = re.compile(r"^学校(?:名称)?\s*(?:[（(][^）)]*[)）])?\s*[:：]\s*(\S+)")
_UNIT_LINE = re.compile(r"^填报(?:单位|学校)\s*(?:[（(][^）)]*[)）])?\s*[:：]\s*(\S+)")

_PROGRAMMES = (
    ("boarding-subsidy", re.compile(r"(?<!非)寄宿生")),
    ("day-pupil-subsidy", re.compile(r"非寄宿生|走读生")),
    (
        "vocational-grant",
        re.compile(r"(?:中等职业|中职|(?<!高等)职业学校|(?<!高等)职业教育).{0,12}助学金"),
    ),
    ("senior-grant", re.compile(r"高中.{0,6}助学金")),
    ("preschool-grant", re.compile(r"(?:学前|幼儿).{0,8}助学金")),
    ("national-grant", re.compile(r"(?:高校|高等|大学|高职|本专科).{0,12}助学金")),
    ("national-scholarship", re.compile(r"国家奖学金")),
    ("encouragement-scholarship", re.compile(r"励志奖学金")),
    ("origin-loan", re.compile(r"生源地.{0,6}助学贷款")),
    ("campus-loan", re.compile(r"(?:校园|高校).{0,6}助学贷款")),
    ("fee-waiver", re.compile(r"(?:义务教育|小学|初中).{0,12}免(?:收|除)?学?杂费")),
    ("senior-tuition-waiver", re.compile(r"高中.{0,8}免(?:收|除)?学杂?费")),
    ("vocational-tuition-waiver", re.compile(r"(?:中职|职业).{0,8}免(?:收|除)?学费")),
    ("textbook-waiver", re.compile(r"免费教科书|教科书费|课本费")),
    ("public-funds", re.compile(r"公用经费")),
    ("donated-aid", re.compile(r"捐资助学|捐赠助学")),
    ("nutrition", re.compile(r"营养(?:改善|餐)")),  # another office's: no programme here
)
_IN_SHORT = (
    (("vocational-grant", "senior-grant", "national-grant"), re.compile(r"国家助学金")),
    (("senior-grant", "preschool-grant"), re.compile(r"政府助学金")),
    (("national-scholarship", "encouragement-scholarship"), re.compile(r"奖学金")),
    (("origin-loan", "campus-loan"), re.compile(r"助学贷款")),
    (("fee-waiver", "senior-tuition-waiver"), re.compile(r"免(?:收|除)?学?杂费")),
    (
        ("vocational-tuition-waiver", "senior-tuition-waiver"),
        re.compile(r"免(?:收|除)?学费|学费减免"),
    ),
)
# Names that several programmes share: they mean any of them unless the title says which.


def periods_said(titles: Iterable[str]) -> tuple[str, ...]:
    """Every term or school year that the titles name, as `2008-spring` or `2007-2008`."""
    said: dict[str, None] = {}
    for title in titles:
        words = _YEAR_IN_WORDS.sub(lambda found: found[0].translate(_NUMERALS), title)
        for first, second, term in _SCHOOL_YEAR.findall(words):
            if int(second) == int(first) + 1:
                said[_period(first, second, term)] = None
        for year, season in _TERM.findall(_SCHOOL_YEAR.sub("", words)):
            said[f"{year}-{'spring' if season == '春' else 'autumn'}"] = None
    return tuple(said)


def _period(first: str, second: str, term: str) -> str:
    if not term:
        return f"{first}-{second}"
    return f"{second}-spring" if _SPRING.search(term) else f"{first}-autumn"


def another_period(titles: Iterable[str], asked: str) -> str | None:
    """The term that the titles name where it cannot be the one asked for; else None."""
    said = periods_said(titles)
    if not said or any(_agree(each, asked) for each in said):
        return None
    return said[0]


def _agree(said: str, asked: str) -> bool:
    told, wanted = parse_period(said), parse_period(asked)
    if told.kind == wanted.kind == "term":
        return told.text == wanted.text
    # A school year and a term of it do not contradict one another.
    return told.school_year == wanted.school_year


def another_programme(titles: Iterable[str], asked: str, names: Mapping[str, str]) -> str | None:
    """What the titles call the programme where it is not the one asked for; else None.

    `names` are the catalogue's programmes, code and full name.
    """
    said: dict[str, str] = {}
    for title in titles:
        for code, words in _programmes_of(title).items():
            said.setdefault(code, words)
        said |= {code: name for code, name in names.items() if name in title}
    if not said or asked in said:
        return None
    return next(iter(said.values()))


def _programmes_of(title: str) -> dict[str, str]:
    """The programmes that one title may mean, by code, in the title's own words."""
    said = {code: found[0] for code, each in _PROGRAMMES if (found := each.search(title))}
    for codes, each in _IN_SHORT:
        if (found := each.search(title)) and not said.keys() & set(codes):
            said |= dict.fromkeys(codes, found[0])
    return said


def school_said(titles: Sequence[str], known: Iterable[str]) -> str | None:
    """The school's name that the titles give: `学校：X`, or a title that begins with a known one.

    What follows `学校：` is answered even where it is not known: it is then nobody's.
    """
    names = sorted(known, key=len, reverse=True)
    for title in titles:
        if found := _SCHOOL_LINE.match(title):
            return found[1]
    for title in titles:
        begins = _UNIT_LINE.match(title)
        words = begins[1] if begins else title
        if name := next((each for each in names if words.startswith(each)), None):
            return name
    return None
