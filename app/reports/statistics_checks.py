"""The form checks itself: every cell that another contradicts is named. Pure, in fen."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from app.core.money import show_yuan
from app.policy.facts import Words
from app.reports.statistics import BLOCKS, MONEY, Form, Rate, Row, whole_yuan

GROUPS = Words("两类之和应等于合计", "the two groups must sum to the whole")
TERMS = Words("春季与秋季之和应等于全年", "spring and autumn must sum to the year")
ROWS = Words("各行之和应等于合计行", "the rows must sum to their total")


@dataclass(frozen=True)
class Found:
    """A cell that does not hold: what it should be by others, and what it is."""

    cell: str
    says: Words
    expected: int
    found: int
    money: bool
    others: tuple[str, ...] = ()

    def show(self, value: int) -> str:
        """A figure of it as it is written: yuan, or a count."""
        return show_yuan(value) if self.money else str(value)


@dataclass(frozen=True)
class Sum:
    """A cell that is the sum of other cells, less those counted once too often."""

    whole: tuple[Row, str]
    parts: tuple[tuple[Row, str], ...]
    says: Words
    repeats: tuple[Row, str] | None = None

    @property
    def money(self) -> bool:
        """Whether it is an amount."""
        return self.whole[1].split(".")[1] in MONEY

    @property
    def cell(self) -> str:
        """The cell it is about."""
        return _name(self.whole)

    @property
    def found(self) -> int:
        """What stands in the cell."""
        return _value(self.whole)

    @property
    def expected(self) -> int:
        """What the other cells come to."""
        less = 0 if self.repeats is None else _value(self.repeats)
        return sum(map(_value, self.parts)) - less

    @property
    def others(self) -> tuple[str, ...]:
        """The names of the other cells."""
        repeats = () if self.repeats is None else (self.repeats,)
        return tuple(map(_name, (*self.parts, *repeats)))


def _value(place: tuple[Row, str]) -> int:
    return place[0].figures[place[1]]


def _name(place: tuple[Row, str]) -> str:
    return place[0].cell(place[1])


def sums_of(form: Form) -> Iterator[Sum]:
    """Everything on the form that is a sum of other cells of it."""
    for row in (*form.rows, *form.stage_totals, form.total):
        yield from _across(row)
    for total in form.stage_totals:
        yield from _down(total, tuple(row for row in form.rows if row.stage == total.stage))
    yield from _down(form.total, form.rows)


def _across(row: Row) -> Iterator[Sum]:
    for block in BLOCKS:
        for whole, part in (("paid", "amount"), ("people", "people")):
            parts = tuple((row, f"{block}.{group}_{part}") for group in ("group1", "group2"))
            repeats = (row, f"{block}.in_both_groups") if whole == "people" else None
            yield Sum((row, f"{block}.{whole}"), parts, GROUPS, repeats)
    for name in (*MONEY, "people"):
        halves = ((row, f"spring.{name}"), (row, f"autumn.{name}"))
        repeats = (row, "year.in_both_terms") if name == "people" else None
        yield Sum((row, f"year.{name}"), halves, TERMS, repeats)


def _down(total: Row, rows: tuple[Row, ...]) -> Iterator[Sum]:
    for block in BLOCKS:
        for name in (*MONEY, "people"):
            figure = f"{block}.{name}"
            repeats = (total, f"{block}.in_several_rows") if name == "people" else None
            yield Sum((total, figure), tuple((row, figure) for row in rows), ROWS, repeats)


def check(form: Form) -> list[Found]:
    """Everything on the form that does not hold; empty when all does."""
    return [
        *_sums(form),
        *_rates(form),
        *_allocations(form),
        *_owed_back(form),
        *_bridge(form),
        *_books(form),
    ]


def suspects(found: list[Found]) -> list[str]:
    """The cells that most of the failed checks have in common: where to look first."""
    if not found:
        return []
    met = Counter(cell for each in found for cell in {each.cell, *each.others})
    most = max(met.values())
    return sorted(cell for cell, times in met.items() if times == most)


def _sums(form: Form) -> Iterator[Found]:
    for each in sums_of(form):
        if each.found != each.expected:
            yield Found(each.cell, each.says, each.expected, each.found, each.money, each.others)


def _rates(form: Form) -> Iterator[Found]:
    for rate in form.rates:
        yield from _differs(
            rate.cell,
            Words("该标准发放笔数×标准应等于金额", "payments × rate must be the amount"),
            rate.payments * rate.rate_fen,
            rate.amount_fen,
        )
        often = (form.per_term or {}).get(rate.programme)
        if often is not None and not rate.supplement and rate.most > often:
            yield Found(
                rate.cell,
                Words(
                    "有学生在该学期领取次数超过项目规定，请核对是否重复发放",
                    "a student was paid more often in the term than the programme pays; look for "
                    "a double payment",
                ),
                expected=often,
                found=rate.most,
                money=False,
            )
    for row in form.rows:
        for season in ("spring", "autumn"):
            mine = [r for r in form.rates if _belongs(r, row, season)]
            yield from _people_by_rate(row, season, mine)


def _belongs(rate: Rate, row: Row, season: str) -> bool:
    return (rate.stage, rate.programme, rate.season) == (row.stage, row.programme, season)


def _people_by_rate(row: Row, season: str, rates: list[Rate]) -> Iterator[Found]:
    paid, people = f"{season}.paid", f"{season}.people"
    if len(rates) == 1 and rates[0].payments == rates[0].people:
        says = Words("人数×标准应等于发放金额", "people × rate must be the amount paid")
        expected = row.figures[people] * rates[0].rate_fen
    else:
        says = Words("各标准笔数×标准之和应等于发放金额",
                     "payments × rates must sum to the amount paid")  # fmt: skip
        expected = sum(rate.payments * rate.rate_fen for rate in rates)
    yield from _differs(row.cell(paid), says, expected, row.figures[paid], row.cell(people))


def _allocations(form: Form) -> Iterator[Found]:
    # By calendar year late money of an earlier year is paid beside what is due in this one.
    if form.years.view == "calendar_year":
        return
    says = Words("发放不应超过下达", "no more can be paid than was allocated")
    for row in form.rows:
        for season in ("spring", "autumn"):
            paid, most = row.figures[f"{season}.paid"], row.figures[f"{season}.allocated"]
            if paid > most:
                others = (row.cell(f"{season}.allocated"),)
                yield Found(row.cell(f"{season}.paid"), says, most, paid, money=True, others=others)


def _owed_back(form: Form) -> Iterator[Found]:
    # By calendar year money paid in an earlier year becomes owed back in this one.
    if form.years.view == "calendar_year":
        return
    says = Words("应收回不应超过发放", "no more can be owed back than was paid")
    for row in form.rows:
        for season in ("spring", "autumn"):
            owed, most = row.figures[f"{season}.owed_back"], row.figures[f"{season}.paid"]
            if owed > most:
                others = (row.cell(f"{season}.paid"),)
                cell = row.cell(f"{season}.owed_back")
                yield Found(cell, says, most, owed, money=True, others=others)


def _bridge(form: Form) -> Iterator[Found]:
    lines = form.bridge.lines
    for line in lines:
        for told, parts in (
            (line.amount_fen, [part.amount_fen for part in line.parts]),
            (line.owed_fen, [part.owed_fen for part in line.parts]),
        ):
            says = Words("该项各明细之和应等于该项", "the parts must sum to the line")
            yield from _differs(line.cell, says, sum(parts), told)
    says = Words("学年合计经各项调整后应等于年度合计",
                 "the school year with its adjustments must be the calendar year")  # fmt: skip
    others = [line.cell for line in lines[:-1]]
    for fen in ([line.amount_fen for line in lines], [line.owed_fen for line in lines]):
        yield from _differs("bridge/calendar_year", says, sum(fen[:-1]), fen[-1], *others)
    end = form.bridge.line(form.years.view)
    says = Words("全年金额应与衔接表相符", "the year's amount must agree with the bridge")
    for name, needs in (("year.paid", end.amount_fen), ("year.owed_back", end.owed_fen)):
        yield from _differs(form.total.cell(name), says, needs, form.total.figures[name], end.cell)


def _books(form: Form) -> Iterator[Found]:
    if form.control_fen is not None:
        yield from _differs(
            form.total.cell("year.paid"),
            Words("全年发放应与账簿发放减退回相符",
                  "the year's amount must be what the books paid less what came back"),
            form.control_fen,
            form.total.figures["year.paid"],
        )  # fmt: skip
    if form.control_owed_fen is not None:
        yield from _differs(
            form.total.cell("year.owed_back"),
            Words("全年应收回应与账簿列为应收回减退回冲销相符",
                  "the year's amount owed back must be what the books hold as recoverable"),
            form.control_owed_fen,
            form.total.figures["year.owed_back"],
        )  # fmt: skip
    for line in form.funds:
        yield from _differs(
            f"funds/{line.code}/appropriated",
            Words("下达应等于已落实与可用之和",
                  "appropriated must be committed and available together"),
            line.committed_fen + line.available_fen,
            line.appropriated_fen,
        )  # fmt: skip
        if line.paid_fen > line.committed_fen:
            says = Words("发放不应超过已落实", "no more can be paid than was committed")
            cell = f"funds/{line.code}/paid"
            yield Found(cell, says, line.committed_fen, line.paid_fen, money=True)


def _differs(cell: str, says: Words, expected: int, found: int, *others: str) -> Iterator[Found]:
    if expected != found:
        yield Found(cell, says, expected, found, money=True, others=others)


@dataclass(frozen=True)
class Rounding:
    """Where the shown parts do not sum to the shown whole; in whole yuan (0.0001 万元)."""

    cell: str
    says: Words
    shown_yuan: int
    parts_yuan: int

    @property
    def difference_yuan(self) -> int:
        """What the shown parts lack."""
        return self.shown_yuan - self.parts_yuan


def roundings(form: Form) -> list[Rounding]:
    """Every amount whose parts, each rounded by itself, sum to something else than it shows."""
    # One cell may be a sum in two ways, across and down: both are told.
    shown = (
        Rounding(
            each.cell,
            each.says,
            whole_yuan(each.found),
            sum(whole_yuan(_value(part)) for part in each.parts),
        )
        for each in sums_of(form)
        if each.money
    )
    return [each for each in shown if each.difference_yuan]
