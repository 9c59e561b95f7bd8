"""Every way a catalogue can be broken is refused, with its place and what is allowed."""

from pathlib import Path

import pytest

from app.policy.catalogue import version_from_body
from app.policy.checker import check_directory, load_catalogue
from app.policy.errors import CatalogueInvalid
from app.policy.expressions import check_expression
from tests.policy.conftest import SOUND, Write

VERSION = SOUND[SOUND.index("[[version]]") :]
HALF = '[[version.funding]]\nsource = "city"\nbasis_points = 5000\n'
TEST = 'test = "hardship >= 1"'
SOURCE = 'source = "made up"'
FUNDING = "[[version.funding]]"
AMOUNT = '[[version.amount]]\nwhen = "hardship >= 1"\nyuan = "500.00"\n'
QUOTA = """[[version.quota]]
of = "roll"
bound = "ceiling"
basis_points = 800
rounding = "down"

"""
TIERS = '[version.tiers]\naverage = "300.00"\nleast = "100.00"\nmost = "400.00"\n\n'
CAUTION = '[[version.caution]]\nid = "far"\ntest = "boards"\nzh = "看"\nen = "x"\n\n'

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
    pytest.param('kind = "grant"', 'kind = "waiver"', "payee_invalid", id="a waiver to a student"),
    pytest.param(
        'payee = "student"', 'payee = "school"', "payee_invalid", id="a grant to a school"
    ),
    pytest.param('kind = "grant"', 'kind = "scholarship"', "quota_missing", id="no places"),
    pytest.param(FUNDING, QUOTA + FUNDING, "ranking_missing", id="a ceiling without an order"),
    pytest.param(
        FUNDING,
        QUOTA + QUOTA.replace("roll", "boarders") + FUNDING,
        "quota_repeated",
        id="2 ceilings",
    ),
    pytest.param(FUNDING, QUOTA.replace("roll", "desks") + FUNDING, "value_choice", id="of desks"),
    pytest.param(FUNDING, QUOTA.replace("800", "10001") + FUNDING, "value_range", id="over all"),
    pytest.param(FUNDING, QUOTA.replace("down", "away") + FUNDING, "value_choice", id="rounding"),
    pytest.param(
        FUNDING,
        QUOTA.replace('"roll"', '"given"') + FUNDING,
        "key_unknown",
        id="given has no share",
    ),
    pytest.param(
        SOURCE, f'{SOURCE}\nranking = ["merit asc"]', "ranking_invalid", id="no such fact"
    ),
    pytest.param(SOURCE, f'{SOURCE}\nranking = ["hardship"]', "ranking_invalid", id="no direction"),
    pytest.param(SOURCE, f"{SOURCE}\nranking = [1]", "value_type", id="a number to rank by"),
    pytest.param(FUNDING, TIERS + FUNDING, "tiers_amount", id="an amount above the most"),
    pytest.param(
        FUNDING,
        TIERS.replace("400", "600").replace("300", "700") + FUNDING,
        "tiers_invalid",
        id="an average below the least",
    ),
    pytest.param(FUNDING, TIERS.replace("400.00", "400") + FUNDING, "amount_invalid", id="tiers"),
    pytest.param('yuan = "500.00"', 'fen = "hardship * 100"', "amount_by_term", id="by term"),
    pytest.param(
        'yuan = "500.00"', 'fen = "hardship >= 1"', "expression_type", id="a truth as fen"
    ),
    pytest.param('yuan = "500.00"', 'fen = "tuition"', "fact_unknown", id="a misspelt amount"),
    pytest.param(
        'yuan = "500.00"', 'yuan = "500.00"\nfen = "tuition_fen"', "key_unknown", id="yuan and fen"
    ),
    pytest.param(AMOUNT, "", "amount_missing", id="no amount and no word why"),
    pytest.param(
        FUNDING, CAUTION.replace("boards", "bords") + FUNDING, "fact_unknown", id="caution fact"
    ),
    pytest.param(FUNDING, CAUTION.replace("far", "Far") + FUNDING, "criterion_id", id="caution id"),
    pytest.param(
        FUNDING, CAUTION.replace("far", "hardship") + FUNDING, "criterion_id", id="a criterion's id"
    ),
    pytest.param(
        FUNDING, CAUTION.replace('en = "x"\n', "") + FUNDING, "key_missing", id="caution en"
    ),
    pytest.param(
        "gives = { eligible",
        'gives = { cautions = ["far"], eligible',
        "example_wrong",
        id="caution",
    ),
    pytest.param(
        SOURCE, f'{SOURCE}\nstudent_year_max = "1"', "amount_invalid", id="yearly maximum"
    ),
    pytest.param(SOURCE, f"{SOURCE}\nrevision = 0", "value_range", id="revision nought"),
    pytest.param(
        SOURCE, f'{SOURCE}\nmethods = ["bank", "cheque"]', "methods_invalid", id="no such method"
    ),
    pytest.param(
        SOURCE, f'{SOURCE}\nmethods = ["bank", "bank"]', "methods_invalid", id="a method twice"
    ),
    pytest.param(SOURCE, f"{SOURCE}\nmethods = []", "methods_without_bank", id="no method"),
    pytest.param(SOURCE, f'{SOURCE}\nmethods = ["cash"]', "methods_without_bank", id="cash alone"),
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


def test_two_versions_from_one_period_are_refused(write: Write) -> None:
    again = VERSION.replace('"made up"', '"made up again"')
    faults = check_directory(write(VERSION, VERSION + again)).faults
    assert [fault.code for fault in faults] == ["versions_overlap"]
    assert "version 2008-spring" in faults[0].en


def test_a_revision_beside_the_version_it_amends_is_sound_and_decides(write: Write) -> None:
    again = VERSION.replace('"made up"', '"made up"\nrevision = 2').replace("500.00", "600.00")
    path = write(VERSION, VERSION + again.replace("250.00", "300.00"))
    lunch = load_catalogue(path).programme("lunch")
    assert lunch.version_for("2008-spring").revision == 2


def test_a_fault_of_a_revision_names_the_revision(write: Write) -> None:
    again = VERSION.replace('"made up"', '"made up"\nrevision = 2').replace(
        TEST, 'test = "hardshp"'
    )
    faults = check_directory(write(VERSION, VERSION + again)).faults
    assert {fault.where for fault in faults} == {
        "made-up/lunch.toml, version 2008-spring revision 2 criterion hardship"
    }


def test_the_same_revision_twice_is_refused(write: Write) -> None:
    again = VERSION.replace('"made up"', '"made up"\nrevision = 2')
    faults = check_directory(write(VERSION, VERSION + again * 2)).faults
    assert [fault.code for fault in faults] == ["versions_overlap"]
    assert "version 2008-spring revision 2" in faults[0].en


def test_a_version_is_paid_by_the_bank_alone_unless_it_says_otherwise(write: Write) -> None:
    later = VERSION.replace("2008-spring", "2009-spring").replace(
        SOURCE, f'{SOURCE}\nmethods = ["bank", "cash", "meal_card"]'
    )
    plain, in_hand = load_catalogue(write(VERSION, VERSION + later)).programme("lunch").versions
    assert (plain.methods, in_hand.methods) == (("bank",), ("bank", "cash", "meal_card"))
    assert b"methods" not in plain.body  # what was published before is what it was
    assert version_from_body(in_hand.body) == in_hand


def test_what_a_school_is_paid_goes_by_the_bank_alone(write: Write) -> None:
    to_school = write('kind = "grant"', 'kind = "waiver"')
    lunch = to_school / "lunch.toml"
    body = lunch.read_text().replace('payee = "student"', 'payee = "school"')
    lunch.write_text(body.replace(SOURCE, f'{SOURCE}\nmethods = ["bank", "cash"]'))
    assert [fault.code for fault in check_directory(to_school).faults] == ["methods_of_school"]


def test_a_version_without_an_amount_says_why_in_its_note(write: Write) -> None:
    path = write(AMOUNT, "")
    file = path / "lunch.toml"
    text = file.read_text("utf-8").replace(', year = "500.00", instalments = ["250.00"]', "")
    file.write_text(
        text.replace(SOURCE, f'{SOURCE}\nnote = {{ zh = "实物", en = "in kind" }}'), "utf-8"
    )
    assert check_directory(path).faults == ()
    file.write_text(text, "utf-8")
    faults = check_directory(path).faults
    assert [fault.code for fault in faults] == ["amount_missing"]
    assert faults[0].where == "made-up/lunch.toml, version 2008-spring"


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


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("LEAST(600000, tuition_fen + accommodation_fen)", None),
        ("tuition_fen", None),
        ("tuition_fen * 800000", "expression_overflow"),
        ("LEAST(600000, tuition_fen) - 700000", None),
        ("tuition_fen // 0", "expression_division"),
        ("hardship >= 1", "expression_type"),
    ],
)
def test_an_amount_stays_within_what_an_account_can_hold(text: str, code: str | None) -> None:
    assert {fault.code for fault in check_expression(text, "int")} == ({code} if code else set())
