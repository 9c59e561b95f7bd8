"""The statistics form as JSON: every amount to the fen in yuan, and as the form shows it."""

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, Field

from app.core.asked import Asked
from app.core.money import YuanOut
from app.core.tongues import Tongue
from app.reports import statistics_words as words
from app.reports.errors import StatisticsYearUnclear
from app.reports.schemas import Code
from app.reports.statistics import (
    Form,
    FundUse,
    Rate,
    Row,
    View,
    Years,
    calendar_years,
    school_years,
    show_wan,
    show_wan_of,
)
from app.reports.statistics_bridge import STEPS, Bridge, Step
from app.reports.statistics_checks import Found, Rounding, check, roundings, suspects
from app.reports.statistics_queries import Narrowed


class StatisticsAsked(Asked):
    """Which form is wanted: of one calendar year or one school year, of a place or programme."""

    year: Annotated[int, Field(ge=1981, le=2100)] | None = None
    school_year: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{4}$")] | None = None
    county: Code | None = None
    school: Code | None = None
    programme: Code | None = None
    lang: Tongue | None = None

    def years(self) -> Years:
        """The form's years. Raises StatisticsYearUnclear, PeriodInvalid."""
        if self.year is not None and self.school_year is None:
            return calendar_years(self.year)
        if self.school_year is not None and self.year is None:
            return school_years(self.school_year)
        raise StatisticsYearUnclear


class WordsOut(BaseModel):
    """One text in both languages."""

    zh: str
    en: str


class MoneyOut(BaseModel):
    """An amount: to the fen in yuan, and in 万元 with four decimals as the form shows it."""

    yuan: YuanOut
    wan: str

    @classmethod
    def of(cls, fen: int) -> Self:
        """Of an amount in fen."""
        return cls(yuan=fen, wan=show_wan(fen))


class GroupOut(BaseModel):
    """One of the two groups in a cell."""

    people: int
    amount: MoneyOut


class BlockOut(BaseModel):
    """A term's, or the year's, part of a row; repeats are people counted once too often."""

    allocated: MoneyOut
    paid: MoneyOut
    people: int
    group1: GroupOut
    group2: GroupOut
    in_both_groups: int
    in_both_terms: int
    in_several_rows: int
    owed_back: MoneyOut

    @classmethod
    def of(cls, row: Row, block: str) -> Self:
        """One block of a row."""
        figures = {
            name.split(".")[1]: value
            for name, value in row.figures.items()
            if name.startswith(f"{block}.")
        }
        groups = {
            group: GroupOut(
                people=figures[f"{group}_people"], amount=MoneyOut.of(figures[f"{group}_amount"])
            )
            for group in ("group1", "group2")
        }
        return cls(
            allocated=MoneyOut.of(figures["allocated"]),
            paid=MoneyOut.of(figures["paid"]),
            people=figures["people"],
            group1=groups["group1"],
            group2=groups["group2"],
            in_both_groups=figures["in_both_groups"],
            in_both_terms=figures["in_both_terms"],
            in_several_rows=figures["in_several_rows"],
            owed_back=MoneyOut.of(figures["owed_back"]),
        )


class RowOut(BaseModel):
    """One row; a null stage or programme stands for all of them together."""

    stage: str | None
    stage_label: str
    programme: str | None
    programme_label: str
    spring: BlockOut
    autumn: BlockOut
    year: BlockOut

    @classmethod
    def of(cls, row: Row, tongue: Tongue) -> Self:
        """A row in one language."""
        return cls(
            stage=row.stage,
            stage_label=words.stage_name(row.stage).said(tongue),
            programme=row.programme,
            programme_label=words.row_name(row).said(tongue),
            spring=BlockOut.of(row, "spring"),
            autumn=BlockOut.of(row, "autumn"),
            year=BlockOut.of(row, "year"),
        )


class RateOut(BaseModel):
    """What was paid at one rate of one policy version in one term; a supplement is 补发."""

    stage: str
    programme: str
    version: str
    supplement: bool
    term: str
    rate: YuanOut
    people: int
    payments: int
    amount: YuanOut

    @classmethod
    def of(cls, rate: Rate) -> Self:
        """A rate for a reply."""
        return cls(
            stage=rate.stage,
            programme=rate.programme,
            version=rate.version,
            supplement=rate.supplement,
            term=rate.term,
            rate=rate.rate_fen,
            people=rate.people,
            payments=rate.payments,
            amount=rate.amount_fen,
        )


class FundOut(BaseModel):
    """A fund line of the fiscal years the form touches; what is not paid carries over."""

    fund_line: str
    fiscal_year: int
    programme: str
    source: str
    holder: str
    appropriated: YuanOut
    committed: YuanOut
    available: YuanOut
    paid: YuanOut
    owed_back: YuanOut
    carried_over: YuanOut

    @classmethod
    def of(cls, line: FundUse) -> Self:
        """A fund line for a reply."""
        return cls(
            fund_line=line.code,
            fiscal_year=line.fiscal_year,
            programme=line.programme,
            source=line.source,
            holder=line.holder,
            appropriated=line.appropriated_fen,
            committed=line.committed_fen,
            available=line.available_fen,
            paid=line.paid_fen,
            owed_back=line.owed_back_fen,
            carried_over=line.carried_fen,
        )


class BridgePartOut(BaseModel):
    """One programme's term, paid in one calendar year; and what became owed back in it."""

    term: str
    paid_year: int
    programme: str
    amount: YuanOut
    owed_back: YuanOut


class BridgeLineOut(BaseModel):
    """A line of the bridge, with its sign, and the parts that sum to it."""

    step: Step
    label: str
    amount: YuanOut
    owed_back: YuanOut
    parts: list[BridgePartOut]


class BridgeOut(BaseModel):
    """From a school year's total to a calendar year's; the first three lines sum to the last."""

    school_year: str
    year: int
    lines: list[BridgeLineOut]

    @classmethod
    def of(cls, bridge: Bridge, tongue: Tongue) -> Self:
        """A bridge in one language."""
        lines = [
            BridgeLineOut(
                step=line.step,
                label=STEPS[line.step].said(tongue),
                amount=line.amount_fen,
                owed_back=line.owed_fen,
                parts=[
                    BridgePartOut(
                        term=part.term,
                        paid_year=part.paid_year,
                        programme=part.programme,
                        amount=part.amount_fen,
                        owed_back=part.owed_fen,
                    )
                    for part in line.parts
                ],
            )
            for line in bridge.lines
        ]
        return cls(school_year=bridge.school_year, year=bridge.year, lines=lines)


class CheckOut(BaseModel):
    """A cell that does not hold: what it is about, what it should be by the others, and is."""

    cell: str
    name: WordsOut
    says: WordsOut
    expected: str
    found: str
    others: list[str]

    @classmethod
    def of(cls, form: Form, found: Found) -> Self:
        """A failed check for a reply."""
        name = words.cell_name(form, found.cell)
        return cls(
            cell=found.cell,
            name=WordsOut(zh=name.zh, en=name.en),
            says=WordsOut(zh=found.says.zh, en=found.says.en),
            expected=found.show(found.expected),
            found=found.show(found.found),
            others=list(found.others),
        )


class RoundingOut(BaseModel):
    """Where shown parts do not sum to the shown whole; in 万元."""

    cell: str
    shown: str
    parts: str
    difference: str

    @classmethod
    def of(cls, rounding: Rounding) -> Self:
        """A rounding difference for a reply."""
        return cls(
            cell=rounding.cell,
            shown=show_wan_of(rounding.shown_yuan),
            parts=show_wan_of(rounding.parts_yuan),
            difference=show_wan_of(rounding.difference_yuan),
        )


class FormOut(BaseModel):
    """The statistics form; `checks` lists what does not hold and is empty when all does."""

    view: View
    year: int
    school_year: str
    as_of: date
    county: str | None
    school: str | None
    programme: str | None
    unit: str
    rows: list[RowOut]
    stage_totals: list[RowOut]
    total: RowOut
    rates: list[RateOut]
    funds: list[FundOut]
    bridge: BridgeOut
    checks: list[CheckOut]
    look_first: list[str]
    rounding: list[RoundingOut]
    notes: list[str]


def form_out(form: Form, place: Narrowed, *, as_of: date, tongue: Tongue) -> FormOut:
    """The form for a reply."""
    found = check(form)
    return FormOut(
        view=form.years.view,
        year=form.years.year,
        school_year=form.years.school_year,
        as_of=as_of,
        county=None if place.county is None else place.county.code,
        school=None if place.school is None else place.school.code,
        programme=place.programme,
        unit=words.UNIT.said(tongue),
        rows=[RowOut.of(row, tongue) for row in form.rows],
        stage_totals=[RowOut.of(row, tongue) for row in form.stage_totals],
        total=RowOut.of(form.total, tongue),
        rates=[RateOut.of(rate) for rate in form.rates],
        funds=[FundOut.of(line) for line in form.funds],
        bridge=BridgeOut.of(form.bridge, tongue),
        checks=[CheckOut.of(form, each) for each in found],
        look_first=suspects(found),
        rounding=[RoundingOut.of(each) for each in roundings(form)],
        notes=[note.said(tongue) for note in words.NOTES],
    )
