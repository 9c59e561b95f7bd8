"""Every way a catalogue can be broken is refused, with its place and what is allowed."""

from pathlib import Path

import pytest

from app.policy.checker import check_directory, load_catalogue
from app.policy.errors import CatalogueInvalid
from app.policy.expressions import check_expression
from tests.policy.conftest import SOUND, Write

VERSION = SOUND[SOUND.index("[[version]]") :]
HALF = '[[version.funding]]\nsource = "city"\nbasis_points = 5000\n'
TEST = 'test = "hardship >= 1"'

BROKEN = [
    pytest.param('code = "lunch"', 'code = "dinner"', "code_invalid", id="code is not the file"),
    pytest.param('code = "lunch"\n', "", "key_missing", id="no code"),
    pytest.param('prefix = "LN"', 'prefix = "l"', "prefix_invalid", id="prefix"),
    pytest.param('kind = "grant"', 'kind = "gift"', "value_choice", id="kind"),
    pytest.param('payee = "student"', 'payee = "parent"', "value_choice", id="payee"),
    pytest.param('period = "term"', 'period = "week"', "value_choice", id="period"),
    pytest.param(
        'instalments = "term"', 'instalments = "year"', "instalments_invalid", id="term by year"
    ),
    pytest.param('zh = "午餐补助", ', "", "key_missing", id="no Chinese name"),
    pytest.param('prefix = "LN"', 'prefix = "LN"\ncolour = "red"', "key_unknown", id="top key"),
    pytest.param(TEST, TEST + '\nnote = "x"', "key_unknown", id="criterion key"),
    pytest.param(
        "hardship = 1 }", "hardship = 1, shoe_size = 9 }", "fact_unknown", id="example fact"
    ),
    pytest.param("hardship = 1 }", "hardship = true }", "fact_value", id="true for a number"),
    pytest.param("hardship = 1 }", "hardship = 4 }", "fact_value", id="level four"),
    pytest.param('city_school = ["city"]', 'city_school = ["school"]', "approval_invalid", id="x"),
    pytest.param('city_school = ["city"]\n', "", "key_missing", id="no approval path"),
    pytest.param(
        "centre_working_days = 5", "centre_working_days = -1", "value_range", id="minus days"
    ),
    pytest.param(
        "centre_working_days = 5", 'centre_working_days = "5"', "value_type", id="days as text"
    ),
    pytest.param("2008-spring", "2008-summer", "period_invalid", id="no such term"),
    pytest.param(VERSION, "", "key_missing", id="no version"),
    pytest.param('source = "made up"', 'source = " "', "value_empty", id="no source"),
    pytest.param(TEST, 'test = "hardshp >= 1"', "fact_unknown", id="misspelt fact"),
    pytest.param(TEST, "test = \"stage = 'primry'\"", "fact_value", id="misspelt value"),
    pytest.param(TEST, 'test = "hardship >="', "expression_syntax", id="half a comparison"),
    pytest.param(TEST, 'test = "hardship + 1"', "expression_type", id="a number, no truth"),
    pytest.param(TEST, 'test = ""', "value_empty", id="empty test"),
    pytest.param('id = "hardship"', 'id = "Hardship 1"', "criterion_id", id="criterion id"),
    pytest.param('id = "hardship"', 'id = "amount"', "criterion_id", id="reserved id"),
    pytest.param('"500.00"\n', '"500"\n', "amount_invalid", id="no decimals"),
    pytest.param('"500.00"\n', '"500.001"\n', "amount_invalid", id="three decimals"),
    pytest.param('"500.00"\n', '"-500.00"\n', "amount_invalid", id="below zero"),
    pytest.param('yuan = "500.00"', "yuan = 500.0", "value_type", id="an amount as a number"),
    pytest.param('yuan = "500.00"', 'yuan = "500.01"', "amount_odd", id="half a fen"),
    pytest.param('when = "hardship >= 1"', 'when = "hardship = 3"', "amount_gap", id="gap"),
    pytest.param(TEST, 'test = "hardship > 3"', "nobody_eligible", id="nobody"),
    pytest.param("basis_points = 10000", "basis_points = 9999", "funding_sum", id="shares"),
    pytest.param(
        "basis_points = 10000\n",
        f"basis_points = 2500\n{HALF}{HALF.replace('5000', '2500')}",
        "funding_repeated",
        id="one source twice",
    ),
    pytest.param("eligible = true", "eligible = false", "example_wrong", id="example outcome"),
    pytest.param('year = "500.00"', 'year = "500.02"', "example_wrong", id="example year"),
    pytest.param('["250.00"]', '["250.00", "250.00"]', "example_wrong", id="example instalments"),
    pytest.param("eligible = true, ", "", "example_claims", id="example says nothing"),
    pytest.param('["250.00"] }', '["250.00"], failed = ["hardship"] }', "example_wrong", id="f"),
    pytest.param(
        'prefix = "LN"', 'prefix = "LN"\nexclusive_with = ["tea"]', "exclusive_unknown", id="excl"
    ),
    pytest.param('code = "lunch"', "code = lunch", "toml_invalid", id="broken TOML"),
]


@pytest.mark.parametrize(("old", "new", "code"), BROKEN)
def test_a_broken_catalogue_is_refused_with_its_place(
    write: Write, old: str, new: str, code: str
) -> None:
    faults = check_directory(write(old, new)).faults
    found = [fault for fault in faults if fault.code == code]
    assert found, [fault.en for fault in faults]
    assert all(fault.where.startswith("made-up/lunch.toml") for fault in found)
    assert all(fault.zh and fault.en and fault.zh != fault.en for fault in found)


def test_the_sound_catalogue_that_the_others_break_is_sound(write: Write) -> None:
    report = check_directory(write())
    assert (report.ok, report.programmes, report.versions, report.examples) == (True, 1, 1, 1)


def test_the_office_own_catalogue_is_sound_and_every_version_has_five_examples() -> None:
    report = check_directory()
    assert report.faults == ()
    jining = next(each for each in report.catalogues if each.name == "jining-2008")
    versions = [v for programme in jining.programmes.values() for v in programme.versions]
    assert len(versions) == 3
    assert min(len(version.examples) for version in versions) >= 5


def test_two_versions_from_one_period_are_refused(write: Write) -> None:
    again = VERSION.replace('"made up"', '"made up again"')
    faults = check_directory(write(VERSION, VERSION + again)).faults
    assert [fault.code for fault in faults] == ["versions_overlap"]
    assert "version 2008-spring" in faults[0].en


def test_a_school_year_and_its_autumn_term_start_together(write: Write) -> None:
    first = VERSION.replace("2008-spring", "2008-autumn")
    second = VERSION.replace("2008-spring", "2008-2009")
    faults = check_directory(write(VERSION, first + second)).faults
    assert [fault.code for fault in faults] == ["versions_overlap"]


def test_a_repeated_criterion_id_is_refused(write: Write) -> None:
    criterion = VERSION[
        VERSION.index("[[version.criterion]]") : VERSION.index("[[version.amount]]")
    ]
    faults = check_directory(write(criterion, criterion * 2)).faults
    assert [fault.code for fault in faults] == ["criterion_id"]


def test_an_amount_for_everybody_can_only_be_the_last(write: Write) -> None:
    faults = check_directory(
        write('yuan = "500.00"', 'yuan = "500.00"\n[[version.amount]]\nyuan = "2.00"')
    ).faults
    assert faults == ()


def test_an_amount_behind_one_for_everybody_is_refused(write: Write) -> None:
    more = '[[version.amount]]\nyuan = "2.00"\n[[version.amount]]\nwhen = "hardship >= 1"'
    faults = check_directory(write('[[version.amount]]\nwhen = "hardship >= 1"', more)).faults
    assert [fault.code for fault in faults] == ["amount_unreachable"]


def test_two_programmes_with_one_prefix_are_refused(write: Write) -> None:
    faults = check_directory(write(tea=SOUND.replace('"lunch"', '"tea"'))).faults
    assert {fault.code for fault in faults} == {"prefix_repeated"}


def test_two_files_with_one_code_are_refused(write: Write) -> None:
    codes = {fault.code for fault in check_directory(write(tea=SOUND)).faults}
    assert codes >= {"code_repeated", "code_invalid"}


@pytest.mark.parametrize(
    "calendar",
    ["", "verified = 1", 'source = "x"\nverified = false\ncolour = 1', "[autumn"],
)
def test_a_broken_calendar_is_refused(write: Write, calendar: str) -> None:
    faults = check_directory(write(calendar=calendar)).faults
    assert [fault.code for fault in faults] == ["calendar_invalid"]


def test_a_calendar_day_that_does_not_exist_is_refused(write: Write, catalogue: object) -> None:
    path = write()
    calendar = path / "calendar.toml"
    calendar.write_text(calendar.read_text("utf-8").replace("02-20", "02-30"), "utf-8")
    assert [fault.code for fault in check_directory(path).faults] == ["calendar_invalid"]


def test_a_directory_without_a_catalogue_is_refused(tmp_path: Path) -> None:
    assert [fault.code for fault in check_directory(tmp_path).faults] == ["catalogue_missing"]


def test_every_fault_of_every_file_is_listed_at_once(write: Write) -> None:
    broken = SOUND.replace("hardship >= 1", "hardshp >= 1").replace('"500.00"\n', '"5"\n')
    path = write(TEST, 'test = "now() > 1"', tea=broken.replace('"LN"', '"T"'))
    with pytest.raises(CatalogueInvalid) as refused:
        load_catalogue(path)
    places = {
        (fault.where.split(",")[0].split("/")[1], fault.code) for fault in refused.value.faults
    }
    assert places >= {
        ("lunch.toml", "expression_forbidden"),
        ("tea.toml", "fact_unknown"),
        ("tea.toml", "amount_invalid"),
        ("tea.toml", "prefix_invalid"),
        ("tea.toml", "code_invalid"),
    }


def test_a_fault_names_file_version_criterion_and_what_is_allowed(write: Write) -> None:
    fault = check_directory(write(TEST, "test = \"stage = 'primry'\"")).faults[0]
    assert fault.where == "made-up/lunch.toml, version 2008-spring criterion hardship"
    assert "primary (primary school)" in fault.en
    assert "primary（小学）" in fault.zh


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("now() > 1", "expression_forbidden"),
        ("boards; DROP TABLE student", "expression_syntax"),
        ("SELECT 1", "expression_forbidden"),
        ("CASE WHEN boards THEN hardship >= 1 ELSE boards END", "expression_forbidden"),
        ("hardship IN (SELECT 1)", "expression_forbidden"),
        ("hardship IN ()", "expression_forbidden"),
        ("hardship IN (year)", "expression_forbidden"),
        ("stage LIKE 'p%'", "expression_forbidden"),
        ("hardship / 2 = 1", "expression_forbidden"),
        ("hardship::text = '1'", "expression_forbidden"),
        ("boards IS TRUE", "expression_forbidden"),
        ("boards = TRUE", "expression_forbidden"),
        ("hardship = NULL", "expression_forbidden"),
        ("hardship BETWEEN SYMMETRIC 2 AND 1", "expression_forbidden"),
        ("student.hardship >= 1", "fact_unknown"),
        ("Hardship >= 1", "fact_unknown"),
        ("hardship >= 1.5", "expression_number"),
        ("hardship >= 1e1", "expression_number"),
        ("hardship >= 4", "fact_value"),
        ("hardship IN (1, 9)", "fact_value"),
        ("stage < 'primary'", "expression_type"),
        ("stage = 1", "expression_type"),
        ("stage = school_area", "expression_type"),
        ("hardship = 'primary'", "expression_type"),
        ("hardship = boards", "expression_type"),
        ("hardship AND boards", "expression_type"),
        ("NOT hardship", "expression_type"),
        ("boards + 1 > 0", "expression_type"),
        ("COALESCE(stage, 'primry') = 'primary'", "fact_value"),
        ("COALESCE(hardship) >= 1", "expression_forbidden"),
        ("GREATEST(stage, 'primary') = 'primary'", "expression_type"),
        ("year // 0 = 1", "expression_division"),
        ("year % hardship = 1", "expression_division"),
        ("income_per_head_fen * income_per_head_fen > 1", "expression_overflow"),
        ("1 = 1", "expression_constant"),
        ("NOT " * 90 + "boards", "expression_syntax"),
        ("(" * 190 + "boards" + ")" * 190, "expression_syntax"),
        ("boards OR " * 60 + "boards", "expression_length"),
    ],
)
def test_an_expression_outside_the_language_is_refused(text: str, code: str) -> None:
    faults = check_expression(text)
    assert code in [fault.code for fault in faults], faults


@pytest.mark.parametrize(
    "text",
    [
        "boards",
        "NOT boards AND (hardship >= 1 OR stage <> 'senior')",
        "hardship NOT IN (0, 1)",
        "year NOT BETWEEN 1 AND 2",
        "hardship IS NOT NULL",
        "COALESCE(hardship, 0) >= 1",
        "GREATEST(year, grade) - LEAST(year, 3) * 2 + 7 // 2 % 3 >= -1",
        "(hukou = 'rural') = boards",
    ],
)
def test_an_expression_of_the_language_is_accepted(text: str) -> None:
    assert check_expression(text) == []
