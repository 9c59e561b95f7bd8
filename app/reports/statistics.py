"""The statistics form (学生资助统计表): what each stage and programme was allocated and paid.

Pure: built from two frames of what the ledger says. Amounts are fen inside; the form shows 万元.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from app.policy.calendar import parse_period, terms_of
from app.policy.facts import FACTS
from app.reports.statistics_bridge import Bridge, bridge_of

GROUP_1 = frozenset(
    {
        "registered_poor",  # 建档立卡
        "poverty_monitored",  # 监测对象: one group with 建档立卡 (脱贫) in the national standard
        "minimum_living",  # 低保
        "extreme_poverty",  # 特困
        "orphan",  # 孤儿
        "disabled_student",  # 残疾
        "martyr_child",  # 烈士子女
    }
)
"""Special groups counted in the form's first column of people.

Source: a county's statistics form, 建档立卡/低保/特困/孤儿/残疾/烈士子女; everybody else, and
whoever has no group on record, is in the second.
"""

View = Literal["calendar_year", "school_year"]
BLOCKS = ("spring", "autumn", "year")
MONEY = ("allocated", "paid", "group1_amount", "group2_amount", "owed_back")
PEOPLE = ("people", "group1_people", "group2_people")
REPEATS = ("in_both_groups", "in_both_terms", "in_several_rows")
FIGURES = tuple(f"{block}.{name}" for block in BLOCKS for name in (*MONEY, *PEOPLE, *REPEATS))
"""Every figure of a row; money in fen, people and repeats in persons."""

PAID: Mapping[str, pl.DataType] = {
    "student": pl.String(),
    "stage": pl.String(),
    "programme": pl.String(),
    "special_group": pl.String(),
    "version": pl.String(),  # the policy version of the award, or that a supplement brings it up to
    "supplement": pl.Boolean(),  # 补发: what a later rate added
    "rate_fen": pl.Int64(),  # what one instalment of it is; the pupil's part of a school's
    "term": pl.String(),  # the term the instalment belongs to
    "paid_year": pl.Int64(),  # the calendar year the bank paid, or gave back, or it became owed
    "payments": pl.Int64(),  # payments less returns
    "paid_fen": pl.Int64(),  # paid less returned
    "owed_fen": pl.Int64(),  # 应收回: paid and owed back, less what the bank then returned itself
}
"""One row of what was paid; rows of one student may repeat, and their sums count."""

ALLOCATED: Mapping[str, pl.DataType] = {
    "stage": pl.String(),
    "programme": pl.String(),
    "term": pl.String(),
    "fiscal_year": pl.Int64(),
    "allocated_fen": pl.Int64(),  # set aside for instalments, less what was released
}

_STAGES = {value: place for place, value in enumerate(FACTS["stage"].listed)}
_WAN = 10_000
_FEN_IN_YUAN = 100


@dataclass(frozen=True)
class Years:
    """Which of the two views a form is, and the other one that its bridge leads to."""

    view: View
    year: int
    school_year: str

    @property
    def own(self) -> str:
        """The year the form is of, such as `2008` or `2007-2008`."""
        return str(self.year) if self.view == "calendar_year" else self.school_year


def calendar_years(year: int) -> Years:
    """The form of a calendar year, bridged from the school year that ends in it."""
    return Years("calendar_year", year, f"{year - 1}-{year}")


def school_years(school_year: str) -> Years:
    """The form of a school year, bridged to the calendar year it ends in.

    Raises PeriodInvalid.
    """
    named = parse_period(school_year).school_year
    return Years("school_year", int(terms_of(named)[1].split("-")[0]), named)


@dataclass(frozen=True)
class Row:
    """One row of the form; None stands for all stages, or all programmes, together."""

    stage: str | None
    programme: str | None
    figures: Mapping[str, int]

    @property
    def key(self) -> str:
        """How cells name the row: `primary/boarding-subsidy`; a star is all of them."""
        return f"{self.stage or '*'}/{self.programme or '*'}"

    def cell(self, figure: str) -> str:
        """How checks name one of its cells: `primary/boarding-subsidy/spring.paid`."""
        return f"{self.key}/{figure}"


@dataclass(frozen=True)
class Rate:
    """What was paid at one rate of one policy version, for one term of one row."""

    stage: str
    programme: str
    version: str
    supplement: bool
    term: str
    rate_fen: int
    people: int
    payments: int
    most: int  # payments to the student who had most
    amount_fen: int

    @property
    def season(self) -> str:
        """The column of the form it stands in."""
        return self.term.split("-")[1]

    @property
    def cell(self) -> str:
        """How checks name it."""
        kind = "/supplement" if self.supplement else ""
        row = f"rates/{self.stage}/{self.programme}/{self.version}/{self.term}"
        return f"{row}/{self.rate_fen}{kind}"


@dataclass(frozen=True)
class FundUse:
    """One fund line of a fiscal year: appropriated, and what became of it, in fen."""

    code: str
    fiscal_year: int
    programme: str
    source: str
    holder: str
    appropriated_fen: int
    committed_fen: int
    paid_fen: int
    available_fen: int  # the balance of its account, apart from the sums of transfers
    owed_back_fen: int  # of what was paid

    @property
    def carried_fen(self) -> int:
        """Appropriated and not paid: carries over."""
        return self.appropriated_fen - self.paid_fen


@dataclass(frozen=True)
class Form:
    """The form: rows by stage and programme, their totals, and what checks it.

    `control_fen` is what the books say was paid in this view, summed without the cases, and
    `control_owed_fen` what became owed back; None where nobody asked. `per_term` is how often a
    programme pays one student in a term.
    """

    years: Years
    rows: tuple[Row, ...]
    stage_totals: tuple[Row, ...]
    total: Row
    rates: tuple[Rate, ...]
    bridge: Bridge
    funds: tuple[FundUse, ...] = ()
    control_fen: int | None = None
    control_owed_fen: int | None = None
    per_term: Mapping[str, int] | None = None

    def in_order(self) -> Iterator[Row]:
        """The rows as they are printed: each stage's, its total, and the grand total last."""
        for total in self.stage_totals:
            yield from (row for row in self.rows if row.stage == total.stage)
            yield total
        yield self.total


def build(paid: pl.DataFrame, allocated: pl.DataFrame, years: Years) -> Form:
    """The form of a year from what was paid and set aside: frames as PAID and ALLOCATED say.

    The frames may hold more than the view; what belongs to neither view is left out.
    """
    told = _with_columns(paid)
    mine = told.filter(_paid_in(years))
    given = _season(allocated).filter(
        pl.col("fiscal_year") == years.year
        if years.view == "calendar_year"
        else pl.col("term").is_in(terms_of(years.school_year))
    )
    keys = _keys(mine, given)
    return Form(
        years=years,
        rows=tuple(
            Row(
                stage,
                programme,
                _figures(_of(mine, stage, programme), _of(given, stage, programme)),
            )
            for stage, programme in keys
        ),
        stage_totals=tuple(
            Row(stage, None, _figures(_of(mine, stage), _of(given, stage)))
            for stage in dict.fromkeys(stage for stage, _ in keys)
        ),
        total=Row(None, None, _figures(mine, given)),
        rates=_rates(mine),
        bridge=bridge_of(told, years.school_year, years.year),
    )


def _with_columns(paid: pl.DataFrame) -> pl.DataFrame:
    first = pl.col("special_group").is_in(list(GROUP_1)).fill_null(value=False)
    return _season(paid).with_columns(group=pl.when(first).then(1).otherwise(2))


def _season(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(season=pl.col("term").str.split("-").list.last())


def _paid_in(years: Years) -> pl.Expr:
    if years.view == "calendar_year":
        return pl.col("paid_year") == years.year
    return pl.col("term").is_in(terms_of(years.school_year))


def _keys(paid: pl.DataFrame, allocated: pl.DataFrame) -> list[tuple[str, str]]:
    both = pl.concat([frame.select("stage", "programme") for frame in (paid, allocated)])
    found = [(str(stage), str(programme)) for stage, programme in both.unique().iter_rows()]
    return sorted(found, key=lambda key: (_STAGES.get(key[0], len(_STAGES)), key))


def _of(frame: pl.DataFrame, stage: str, programme: str | None = None) -> pl.DataFrame:
    wanted = pl.col("stage") == stage
    if programme is not None:
        wanted &= pl.col("programme") == programme
    return frame.filter(wanted)


def _figures(paid: pl.DataFrame, allocated: pl.DataFrame) -> dict[str, int]:
    figures: dict[str, int] = {}
    for block in BLOCKS:
        there = pl.lit(value=True) if block == "year" else pl.col("season") == block
        found = _block(paid.filter(there))
        found["allocated"] = int(allocated.filter(there)["allocated_fen"].sum())
        figures |= {f"{block}.{name}": value for name, value in found.items()}
    return figures


def _block(paid: pl.DataFrame) -> dict[str, int]:
    """Amounts and distinct students with something paid; repeats are those counted once too often.

    A student is counted by the net of the cell: what was paid and came back leaves nobody.
    """
    money = pl.col("paid_fen")
    each = paid.group_by("student").agg(
        whole=money.sum(),
        owed=pl.col("owed_fen").sum(),
        group1=money.filter(pl.col("group") == 1).sum(),
        group2=money.filter(pl.col("group") != 1).sum(),
        spring=money.filter(pl.col("season") == "spring").sum(),
        autumn=money.filter(pl.col("season") == "autumn").sum(),
    )
    counted = {name: (pl.col(name) > 0).cast(pl.Int64) for name in each.columns[1:]}
    sums = each.select(
        paid=pl.col("whole").sum(),
        owed_back=pl.col("owed").sum(),
        group1_amount=pl.col("group1").sum(),
        group2_amount=pl.col("group2").sum(),
        people=counted["whole"].sum(),
        group1_people=counted["group1"].sum(),
        group2_people=counted["group2"].sum(),
        in_both_groups=(counted["group1"] + counted["group2"] - counted["whole"]).sum(),
        in_both_terms=(counted["spring"] + counted["autumn"] - counted["whole"]).sum(),
    ).row(0, named=True)
    in_rows = paid.group_by("student", "stage", "programme").agg(fen=money.sum())
    several = in_rows.filter(pl.col("fen") > 0).height - int(sums["people"])
    return {name: int(value) for name, value in sums.items()} | {"in_several_rows": several}


def _rates(paid: pl.DataFrame) -> tuple[Rate, ...]:
    by = ["stage", "programme", "supplement", "version", "term", "rate_fen"]
    found = (
        paid.filter((pl.col("payments") != 0) | (pl.col("paid_fen") != 0))
        .group_by(*by, "student")
        .agg(fen=pl.col("paid_fen").sum(), times=pl.col("payments").sum())
        .group_by(by)
        .agg(
            people=(pl.col("fen") > 0).cast(pl.Int64).sum(),
            payments=pl.col("times").sum(),
            most=pl.col("times").max(),
            amount_fen=pl.col("fen").sum(),
        )
        .sort(by)
    )
    return tuple(Rate(**row) for row in found.iter_rows(named=True))


def whole_yuan(fen: int) -> int:
    """The amount in whole yuan, half up (away from zero): one ten-thousandth of a 万元 each."""
    yuan = (abs(fen) + _FEN_IN_YUAN // 2) // _FEN_IN_YUAN
    return -yuan if fen < 0 else yuan


def show_wan(fen: int) -> str:
    """31250 fen → ``"0.0313"``: 万元 with four decimals, each cell rounded half up by itself."""
    return show_wan_of(whole_yuan(fen))


def show_wan_of(yuan: int) -> str:
    """Whole yuan as 万元 with four decimals."""
    whole, rest = divmod(abs(yuan), _WAN)
    return f"{'-' if yuan < 0 else ''}{whole}.{rest:04d}"
