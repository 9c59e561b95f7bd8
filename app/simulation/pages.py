"""A simulation as a workbook: totals, counties, schools, money, budget room, names."""

from collections.abc import Iterator, Sequence

from app.core.money import show_yuan
from app.core.tongues import Tongue
from app.policy.facts import FACTS, Words
from app.sheets.annotate import Page, write_pages
from app.simulation import words
from app.simulation.comparing import FATES, Heads
from app.simulation.pairs import Side
from app.simulation.service import Simulation

_PROGRAMME = Words("资助项目", "programme")
_HOLDER = (Words("资助中心代码", "holder code"), Words("资助中心", "holder"))
_SCHOOL = (Words("学校标识码", "school code"), Words("学校名称", "school"))
_MONEY = (Words("测算前（元）", "before, yuan"), Words("测算后（元）", "after, yuan"))
_PEOPLE = (
    *(words.FATES[fate] for fate in FATES),
    Words("测算前享受人数", "entitled before"),
    Words("测算后享受人数", "entitled after"),
)


def workbook(found: Simulation, tongue: Tongue) -> bytes:
    """The simulation as .xlsx, without the sheets the caller may not see or did not ask for."""

    def said(*texts: Words) -> list[str]:
        return [text.said(tongue) for text in texts]

    def page(name: Words, head: Sequence[Words], rows: Iterator[Sequence[object]]) -> Page:
        return Page(said(name)[0], said(*head), rows)

    pages = [
        page(Words("合计", "totals"), _TOTALS, _totals(found, tongue)),
        page(Words("分县", "by county"), (_PROGRAMME, *_HOLDER, *_PEOPLE), _counties(found)),
        page(Words("分校", "by school"), (_PROGRAMME, *_SCHOOL, *_PEOPLE), _schools(found)),
        page(Words("资金", "money"), _MONEY_HEAD, _money(found, tongue)),
    ]
    if found.rooms is not None:
        pages.append(page(Words("指标余缺", "budget room"), _ROOM_HEAD, _rooms(found)))
    if found.names is not None:
        pages.append(page(Words("名单", "names"), _NAMES_HEAD, _names(found, tongue)))
    return write_pages(pages)


_TOTALS = (
    _PROGRAMME,
    Words("测算前版本", "version before"),
    Words("测算后版本", "version after"),
    *_PEOPLE,
    Words("测算前全年（元）", "a year before, yuan"),
    Words("测算后全年（元）", "a year after, yuan"),
    Words("测算前本期（元）", "the period before, yuan"),
    Words("测算后本期（元）", "the period after, yuan"),
)
_MONEY_HEAD = (
    _PROGRAMME,
    Words("学段", "stage"),
    *_HOLDER,
    Words("资金来源", "source"),
    Words("预算年度", "fiscal year"),
    *_MONEY,
)
_ROOM_HEAD = (
    Words("预算年度", "fiscal year"),
    _PROGRAMME,
    Words("资金来源", "source"),
    *_HOLDER,
    Words("已下达（元）", "appropriated, yuan"),
    Words("其中可用（元）", "of it available, yuan"),
    *_MONEY,
    Words("余（缺）（元）", "room, yuan"),
)
_NAMES_HEAD = (
    *_SCHOOL,
    Words("班级", "class"),
    Words("学生姓名", "student"),
    _PROGRAMME,
    Words("测算结果", "fate"),
    *_MONEY,
)


def _totals(found: Simulation, tongue: Tongue) -> Iterator[Sequence[object]]:
    for pair in found.pairs:
        year, paid = found.fen(pair.code, yearly=True), found.fen(pair.code, yearly=False)
        money = [show_yuan(fen) for fen in (*year, *paid)]
        versions = (version_key(pair.before), version_key(pair.after))
        yield [pair.code, *versions, *_people(found.totals(pair.code)), *money]
    for each in found.left_out:
        yield [each.programme, each.why.said(tongue)]
    yield []
    yield [f"{found.asked.period} / {found.school_year} / {found.on}", found.students]
    for note in found.notes:
        yield [note.said(tongue)]


def version_key(side: Side | None) -> str:
    """How a side's version is named in a table: `national 2008-spring/1`; empty for none."""
    if side is None:
        return ""
    return f"{side.programme.catalogue} {side.version.key}/{side.version.revision}"


def _people(row: Heads) -> list[object]:
    return [*(row.fates[fate] for fate in FATES), row.before, row.after]


def _counties(found: Simulation) -> Iterator[Sequence[object]]:
    for pair in found.pairs:
        for row in found.by_county(pair.code):
            place = found.place(row.county_id)
            yield [pair.code, place.code, place.name, *_people(row)]


def _schools(found: Simulation) -> Iterator[Sequence[object]]:
    for pair in found.pairs:
        for row in found.heads[pair.code]:
            place = found.place(row.school_id)
            yield [pair.code, place.code, place.name, *_people(row)]


def _money(found: Simulation, tongue: Tongue) -> Iterator[Sequence[object]]:
    whole = Words("全学年", "school year").said(tongue)
    for row in found.money:
        place = found.place(row.county_id)
        stage = FACTS["stage"].label(row.stage)
        yield [
            row.programme,
            stage.said(tongue),
            place.code,
            place.name,
            row.source,
            row.fiscal_year or whole,
            show_yuan(row.before_fen),
            show_yuan(row.after_fen),
        ]


def _rooms(found: Simulation) -> Iterator[Sequence[object]]:
    for row in found.rooms or ():
        place = found.place(row.holder_id)
        money = (
            row.appropriated_fen,
            row.available_fen,
            row.before_fen,
            row.after_fen,
            row.room_fen,
        )
        yield [
            row.fiscal_year,
            row.programme,
            row.source,
            place.code,
            place.name,
            *map(show_yuan, money),
        ]


def _names(found: Simulation, tongue: Tongue) -> Iterator[Sequence[object]]:
    for row in found.names or ():
        place, fate = found.place(row.school_id), words.FATES[row.fate]
        amounts = [
            None if fen is None else show_yuan(fen) for fen in (row.before_fen, row.after_fen)
        ]
        yield [
            place.code,
            place.name,
            row.class_name,
            row.name,
            row.programme,
            fate.said(tongue),
            *amounts,
        ]
