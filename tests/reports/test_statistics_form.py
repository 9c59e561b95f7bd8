"""The form out of frames: sums to the fen, people counted once, and faults found by name."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from app.reports.statistics import (
    ALLOCATED,
    GROUP_1,
    PAID,
    Form,
    build,
    calendar_years,
    school_years,
    show_wan,
    whole_yuan,
)
from app.reports.statistics_checks import check, roundings, suspects
from tests.reports.forms import with_figure

BOARDERS = "boarding-subsidy"
YEAR = school_years("2007-2008")


def paid(*rows: dict[str, Any], n: int = 1, **common: Any) -> pl.DataFrame:
    """Rows of one payment each; n students of each row where no student is named."""
    made = []
    for place, row in enumerate(rows or ({},)):
        given = {
            "stage": "primary", "programme": BOARDERS, "special_group": None,
            "version": "2008-spring.1", "term": "2008-spring", "paid_year": 2008, "payments": 1,
            "paid_fen": 250_00, "supplement": False, "owed_fen": 0, **common, **row,
        }  # fmt: skip
        given.setdefault("rate_fen", abs(given["paid_fen"]))
        names = [given["student"]] if "student" in given else [f"s{place}-{i}" for i in range(n)]
        made += [{**given, "student": name} for name in names]
    return pl.DataFrame(made, schema=dict(PAID))


def allocated(frame: pl.DataFrame, more_fen: int = 0) -> pl.DataFrame:
    """Set aside exactly what was paid of each term, and a little more."""
    return (
        frame.group_by("stage", "programme", "term")
        .agg(allocated_fen=pl.col("paid_fen").sum() + more_fen)
        .with_columns(fiscal_year=pl.col("term").str.head(4).cast(pl.Int64))
        .select(pl.col(name).cast(kind) for name, kind in ALLOCATED.items())
    )


def form_of(*rows: dict[str, Any], n: int = 1, **common: Any) -> Form:
    frame = paid(*rows, n=n, **common)
    return build(frame, allocated(frame), YEAR)


def test_a_term_of_longkou_comes_to_its_published_figures() -> None:
    spring = {"term": "2019-spring", "paid_year": 2019, "version": "start.1"}
    frame = pl.concat(
        [
            paid(n=1564, stage="preschool", programme="preschool-grant", paid_fen=600_00, **spring),
            paid(n=865, stage="senior", programme="senior-grant", paid_fen=1000_00, **spring),
            paid(
                n=2814, stage="undergraduate", programme="national-grant", paid_fen=1500_00,
                **spring,
            ),
        ]
    ).with_columns(student=pl.int_range(pl.len()).cast(pl.String))  # fmt: skip
    form = build(frame, allocated(frame), calendar_years(2019))
    assert [
        (row.stage, row.figures["spring.people"], row.figures["spring.paid"]) for row in form.rows
    ] == [
        ("preschool", 1564, 938_400_00),
        ("senior", 865, 865_000_00),
        ("undergraduate", 2814, 4_221_000_00),
    ]
    assert form.total.figures["spring.people"] == 5243
    assert form.total.figures["spring.paid"] == 6_024_400_00
    assert show_wan(form.total.figures["spring.paid"]) == "602.4400"
    assert check(form) == []


def test_a_student_paid_in_both_terms_is_counted_once_in_the_year() -> None:
    form = form_of(
        {"student": "a", "term": "2007-autumn", "paid_year": 2007},
        {"student": "a"},
        {"student": "b"},
    )
    figures = form.rows[0].figures
    assert (figures["autumn.people"], figures["spring.people"]) == (1, 2)
    assert (figures["year.people"], figures["year.in_both_terms"]) == (2, 1)
    assert figures["year.paid"] == 750_00
    assert check(form) == []


def test_several_instalments_of_one_term_are_one_person() -> None:
    form = form_of(*({"student": "a", "paid_fen": 150_00} for _ in range(5)))
    assert form.rows[0].figures["spring.people"] == 1
    assert form.rows[0].figures["spring.paid"] == 750_00
    assert check(form) == []


def test_what_came_back_leaves_nobody_and_nothing() -> None:
    form = form_of(
        {"student": "a"},
        {"student": "a", "paid_fen": -250_00, "payments": -1},
        {"student": "b"},
    )
    assert form.rows[0].figures["spring.people"] == 1
    assert form.rows[0].figures["spring.paid"] == 250_00
    assert check(form) == []


def test_money_that_comes_back_in_january_is_less_in_the_new_calendar_year() -> None:
    frame = paid(
        {"student": "a"},
        {"student": "a", "paid_fen": -250_00, "payments": -1, "paid_year": 2009},
    )
    form = build(frame, allocated(frame), calendar_years(2009))
    assert form.total.figures["year.paid"] == -250_00
    assert form.total.figures["year.people"] == 0
    assert check(form) == []


@pytest.mark.parametrize(
    ("group", "column"),
    [
        *((group, "group1") for group in sorted(GROUP_1)),
        ("none", "group2"),
        ("low_income_margin", "group2"),
        ("disabled_parent", "group2"),
        (None, "group2"),
    ],
)
def test_each_special_group_stands_in_its_column(group: str | None, column: str) -> None:
    figures = form_of(special_group=group).rows[0].figures
    other = "group2" if column == "group1" else "group1"
    assert (figures[f"spring.{column}_people"], figures[f"spring.{other}_people"]) == (1, 0)
    assert (figures[f"spring.{column}_amount"], figures[f"spring.{other}_amount"]) == (250_00, 0)


def test_who_changed_group_between_the_terms_is_told_as_a_repeat() -> None:
    form = form_of(
        {"student": "a", "term": "2007-autumn", "paid_year": 2007},
        {"student": "a", "special_group": "orphan"},
    )
    figures = form.rows[0].figures
    assert (figures["year.group1_people"], figures["year.group2_people"]) == (1, 1)
    assert (figures["year.people"], figures["year.in_both_groups"]) == (1, 1)
    assert check(form) == []


def test_a_student_of_two_programmes_is_one_person_in_the_total() -> None:
    form = form_of({"student": "a"}, {"student": "a", "programme": "fee-waiver"})
    assert [row.figures["spring.people"] for row in form.rows] == [1, 1]
    assert form.total.figures["spring.people"] == 1
    assert form.total.figures["spring.in_several_rows"] == 1
    assert check(form) == []


def test_stages_stand_in_the_order_of_schooling_each_with_its_total() -> None:
    form = form_of(
        {"stage": "vocational"}, {"stage": "primary"}, {"stage": "primary", "programme": "x"}
    )
    assert [row.key for row in form.in_order()] == [
        "primary/boarding-subsidy", "primary/x", "primary/*",
        "vocational/boarding-subsidy", "vocational/*", "*/*",
    ]  # fmt: skip


def test_money_set_aside_and_not_paid_stands_on_the_form() -> None:
    frame = paid()
    form = build(frame.clear(), allocated(frame, more_fen=1), YEAR)
    assert form.rows[0].figures["spring.allocated"] == 250_01
    assert form.rows[0].figures["spring.people"] == 0
    assert check(form) == []


def test_a_year_in_which_nothing_happened_is_an_empty_form_that_holds() -> None:
    frame = paid()
    form = build(frame, allocated(frame), school_years("2010-2011"))
    assert form.rows == ()
    assert set(form.total.figures.values()) == {0}
    assert check(form) == []


# Each seeded fault, and the check that must name it.


def broken(form: Form, figure: str, by: int) -> Form:
    """The form with one figure of its first row changed."""
    first, *others = form.rows
    wrong = with_figure(first, figure, first.figures[figure] + by)
    return replace(form, rows=(wrong, *others))


def small_form() -> Form:
    return form_of(
        {"special_group": "orphan"},
        {},
        {"stage": "junior", "paid_fen": 375_00},
        {"term": "2007-autumn", "paid_year": 2007},
        n=3,
    )


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize(
    "figure", ["spring.group1_amount", "spring.group2_amount", "autumn.paid", "year.paid"]
)
def test_a_wrong_part_is_where_to_look_first(figure: str, by: int) -> None:
    found = check(broken(small_form(), figure, by))
    assert f"primary/{BOARDERS}/{figure}" in suspects(found)
    named = {each.cell for each in found} | {cell for each in found for cell in each.others}
    assert f"primary/{BOARDERS}/{figure}" in named


def test_a_wrong_total_is_named() -> None:
    form = small_form()
    wrong = with_figure(form.total, "spring.paid", form.total.figures["spring.paid"] + 1)
    found = check(replace(form, total=wrong))
    assert suspects(found) == ["*/*/spring.paid"]
    down = next(each for each in found if each.says.en == "the rows must sum to their total")
    assert (down.cell, down.found - down.expected) == ("*/*/spring.paid", 1)


def test_a_wrong_count_of_people_is_named() -> None:
    form = small_form()
    wrong = with_figure(form.total, "year.people", form.total.figures["year.people"] - 1)
    assert "*/*/year.people" in {each.cell for each in check(replace(form, total=wrong))}


def test_an_amount_that_is_not_people_times_rate_is_named() -> None:
    # Wrong everywhere alike, so that every sum still holds.
    frame = paid({"paid_fen": 250_00}, {"paid_fen": 250_01, "rate_fen": 250_00})
    form = build(frame, allocated(frame), YEAR)
    cells = {each.cell for each in check(form)}
    assert f"primary/{BOARDERS}/spring.paid" in cells
    assert f"rates/primary/{BOARDERS}/2008-spring.1/2008-spring/25000" in cells
    assert len(cells) == 2


def test_people_times_rate_holds_to_the_fen_on_both_sides() -> None:
    assert check(form_of(n=7, paid_fen=312_50)) == []
    found = check(broken(form_of(n=7, paid_fen=312_50), "spring.people", 1))
    said = [each for each in found if each.says.en == "people × rate must be the amount paid"]
    assert [(each.expected, each.found) for each in said] == [(8 * 312_50, 7 * 312_50)]


def test_more_paid_than_allocated_is_named() -> None:
    frame = paid()
    short = build(frame, allocated(frame, more_fen=-1), YEAR)
    assert [each.cell for each in check(short)] == [f"primary/{BOARDERS}/spring.paid"]
    assert check(build(frame, allocated(frame), YEAR)) == []


def test_a_student_paid_more_often_than_the_programme_pays_is_named() -> None:
    monthly = replace(form_of(*({"student": "a"} for _ in range(5))), per_term={BOARDERS: 5})
    assert check(monthly) == []
    often = replace(form_of(*({"student": "a"} for _ in range(6))), per_term={BOARDERS: 5})
    assert [(each.expected, each.found) for each in check(often)] == [(5, 6)]


def test_books_that_say_otherwise_are_named() -> None:
    form = replace(form_of(), control_fen=250_01)
    assert [each.cell for each in check(form)] == ["*/*/year.paid"]
    assert check(replace(form, control_fen=250_00)) == []


def test_a_supplement_of_the_regular_amount_is_no_further_payment_of_the_term() -> None:
    rows = ({"student": "a"}, {"student": "a", "supplement": True})
    form = replace(form_of(*rows), per_term={BOARDERS: 1})
    assert [(each.supplement, each.people, each.most) for each in form.rates] == [
        (False, 1, 1), (True, 1, 1),
    ]  # fmt: skip
    assert len({each.cell for each in form.rates}) == 2
    assert check(form) == []
    twice = replace(form_of(*rows[:1] * 2), per_term={BOARDERS: 1})
    assert [(each.expected, each.found) for each in check(twice)] == [(1, 2)]


# Owed back.


def owing(fen: int, **more: Any) -> Form:
    """A student paid 250.00 in 2008 who owes so much back since 2009."""
    frame = paid(
        {"student": "a"},
        {"student": "a", "payments": 0, "paid_fen": 0, "paid_year": 2009, "owed_fen": fen,
         "rate_fen": 250_00},
    )  # fmt: skip
    return replace(build(frame, allocated(frame), YEAR), **more)


def test_no_more_is_owed_back_than_was_paid() -> None:
    form = owing(250_00)
    row = form.rows[0].figures
    assert (row["spring.paid"], row["spring.owed_back"], row["year.owed_back"]) == (
        250_00, 250_00, 250_00,
    )  # fmt: skip
    assert (row["year.people"], len(form.rates)) == (1, 1)
    assert check(form) == []
    cell = f"primary/{BOARDERS}/spring.owed_back"
    assert [(each.cell, each.found) for each in check(owing(250_01))] == [(cell, 250_01)]


def test_books_that_say_otherwise_of_what_is_owed_are_named() -> None:
    assert check(owing(1, control_owed_fen=1)) == []
    found = check(owing(1, control_owed_fen=2))
    assert [(each.cell, each.expected, each.found) for each in found] == [
        ("*/*/year.owed_back", 2, 1)
    ]


@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_fault_in_what_a_bridge_line_is_owed_is_named(place: int) -> None:
    form = owing(100)
    lines = list(form.bridge.lines)
    lines[place] = replace(lines[place], owed_fen=lines[place].owed_fen + 1)
    found = check(replace(form, bridge=replace(form.bridge, lines=tuple(lines))))
    assert f"bridge/{lines[place].step}" in {each.cell for each in found}
    assert "bridge/calendar_year" in {each.cell for each in found}


# The bridge.


def across_the_years() -> pl.DataFrame:
    return paid(
        {"student": "a", "term": "2007-autumn", "paid_year": 2007, "paid_fen": 1},
        {"student": "b", "term": "2007-autumn", "paid_year": 2008, "paid_fen": 20},
        {"student": "c", "term": "2008-spring", "paid_year": 2008, "paid_fen": 300},
        {"student": "d", "term": "2008-spring", "paid_year": 2009, "paid_fen": 4_000},
        {"student": "e", "term": "2008-autumn", "paid_year": 2008, "paid_fen": 50_000},
        {"student": "f", "term": "2007-spring", "paid_year": 2008, "paid_fen": 600_000},
        {"student": "g", "term": "2008-autumn", "paid_year": 2009, "paid_fen": 7_000_000},
    )


@pytest.mark.parametrize("years", [YEAR, calendar_years(2008)], ids=["school", "calendar"])
def test_the_bridge_explains_every_fen_between_the_years(years: Any) -> None:
    frame = across_the_years()
    form = build(frame, allocated(frame), years)
    amounts = [line.amount_fen for line in form.bridge.lines]
    assert amounts == [4_321, -4_001, 650_000, 650_320]
    assert sum(amounts[:3]) == amounts[3]
    outside = form.bridge.line("paid_outside").parts
    assert [(part.term, part.paid_year, part.amount_fen) for part in outside] == [
        ("2007-autumn", 2007, -1),
        ("2008-spring", 2009, -4_000),
    ]
    own = 4_321 if years is YEAR else 650_320
    assert form.total.figures["year.paid"] == own
    assert check(form) == []


@pytest.mark.parametrize("place", range(4))
def test_a_fault_on_a_bridge_line_is_named(place: int) -> None:
    frame = across_the_years()
    form = build(frame, allocated(frame), YEAR)
    lines = list(form.bridge.lines)
    lines[place] = replace(lines[place], amount_fen=lines[place].amount_fen + 1)
    wrong = replace(form, bridge=replace(form.bridge, lines=tuple(lines)))
    assert lines[place].cell in {each.cell for each in check(wrong)}


def test_the_calendar_year_pairs_with_the_school_year_that_ends_in_it() -> None:
    assert calendar_years(2008).school_year == "2007-2008"
    assert school_years("2007-2008").year == 2008


# Four decimals of 万元 are whole yuan.


@pytest.mark.parametrize(
    ("fen", "shown"),
    [
        (0, "0.0000"), (49, "0.0000"), (50, "0.0001"), (312_49, "0.0312"), (312_50, "0.0313"),
        (9_999_49, "0.9999"), (9_999_50, "1.0000"), (-312_50, "-0.0313"), (-49, "0.0000"),
        (6_024_400_00, "602.4400"),
    ],
)  # fmt: skip
def test_a_half_yuan_rounds_up_in_each_cell(fen: int, shown: str) -> None:
    assert show_wan(fen) == shown
    assert int(shown.replace(".", "")) == whole_yuan(fen)


def test_rounding_is_told_and_is_no_fault() -> None:
    form = form_of({"paid_fen": 312_50}, {"stage": "junior", "paid_fen": 312_50})
    assert check(form) == []
    told = {each.cell: each.difference_yuan for each in roundings(form)}
    assert told["*/*/spring.paid"] == -1  # 625 yuan shown against 313 + 313
    whole = form_of({"paid_fen": 312_00}, {"stage": "junior", "paid_fen": 312_00})
    assert roundings(whole) == []
