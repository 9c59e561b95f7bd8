"""What other departments' lists tell at intake, and where the school and recognition say nothing.

Lists are held against the pupils who are in already; a case that comes in later takes what they
say as of the period's last day.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.core import clock, db, settings
from app.core.actor import SYSTEM
from app.policy.engine import facts_read
from app.policy.queries import version_for
from app.policy.service import load_catalogue
from app.recognition import by_register
from app.recognition.by_register import Listing
from app.registers.models import Basis, RegisterKind
from app.registers.service import Upload, upload
from app.sheets.uploads import OnError
from tests.applications.cases import (
    OPEN_DAY,
    PROGRAMME,
    SPRING,
    Office,
    bring,
    open_round,
    resident_id,
    row_of,
)
from tests.applications.test_intake_recognised import facts_of, recognise
from tests.factories.office import City
from tests.registers.people import sheet

PRIMARY, VOCATIONAL, OTHER = "2137000006", "3637000010", "2137000011"
GRANT, DAY_PUPILS = "national-grant", "day-pupil-subsidy"
LIST_DAY = date(2008, 3, 31)
HEADER = "姓名,身份证号码,起始日期,终止日期"


def office_of(
    session: Session, city: City, programme: str, period: str, code: str = PRIMARY
) -> Office:
    clock.set_office_day(OPEN_DAY)
    load_catalogue(session, settings.get().catalogue)
    round_ = open_round(session, city.actor("city_officer"), programme, period)
    clerk = city.actor(f"school_clerk@{code}")
    db.enter(session, clerk)
    return Office(round_, clerk, city.schools[code])


def load(
    session: Session,
    office: Office,
    kind: RegisterKind,
    *,
    name: str = "赵芳1",
    since: str = "2007-07-01",
    until: str = "",
    as_of: date = LIST_DAY,
) -> UUID:
    """The list that names the first pupil."""
    db.enter(session, SYSTEM)
    sent = Upload(
        filename="a.csv", data=sheet(f"{name},{resident_id(1)},{since},{until}", header=HEADER),
        kind=kind, issued_by="济宁市教育局", as_of=as_of, basis=Basis.DUTY, basis_said="文件",
        on_error=OnError.REJECT,
    )  # fmt: skip
    made = upload(session, sent, by=SYSTEM)
    assert made.matched == 1
    db.enter(session, office.clerk)
    return made.id


def again(session: Session, office: Office, **given: Any) -> dict[str, Any]:
    """The first pupil's case handed in again; answers its facts."""
    session.execute(text("UPDATE application SET state = 'returned' WHERE state = 'submitted'"))
    [result] = bring(session, office, row_of(office.school, 1, **given), again=True)
    return facts_of(session, result["number"])


# From the list to the recognition to the case


def test_the_recognition_that_a_list_made_makes_the_case_whole(
    session: Session, city: City
) -> None:
    office = office_of(session, city, PROGRAMME, SPRING)
    [draft] = bring(session, office, row_of(office.school, 1, hardship=None))
    assert (draft["outcome"], draft["missing"]) == ("incomplete", ["hardship"])
    register = load(session, office, RegisterKind.MINIMUM_LIVING)
    db.enter(session, SYSTEM)
    asked = Listing(register_id=register, school_year="2007-2008", because="文件", dry_run=False)
    by_register.recognise_listed(session, asked, by=SYSTEM)
    db.enter(session, office.clerk)
    [result] = bring(session, office, row_of(office.school, 1, hardship=None))
    assert (result["outcome"], result["number"]) == ("eligible", draft["number"])
    facts = facts_of(session, result["number"])
    told = {"source": "recognition", "as_of": "2008-04-20"}
    assert facts["hardship"] == {"value": 2, **told}
    assert facts["special_group"] == {"value": "minimum_living", **told}


# State-funded trainees


@pytest.fixture
def national(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The national catalogue in force: it has programmes that ask for what lists tell."""
    monkeypatch.setenv("AID_CATALOGUE", "national")
    settings.get.cache_clear()
    yield
    monkeypatch.undo()
    settings.get.cache_clear()


@pytest.fixture
def grant(session: Session, city: City, national: None) -> Office:
    """The round of a programme that asks whether somebody is a state-funded trainee."""
    office = office_of(session, city, GRANT, "2007-2008", VOCATIONAL)
    bring(session, office, row_of(office.school, 1))
    return office


@pytest.mark.parametrize("told", [None, False, True])
def test_a_trainee_is_who_is_on_the_list_whatever_the_school_says(
    session: Session, grant: Office, told: bool | None
) -> None:
    load(session, grant, RegisterKind.STATE_FUNDED_TRAINEE)
    facts = again(session, grant, state_funded_trainee=told)
    assert facts["state_funded_trainee"] == {
        "value": True, "source": "register", "as_of": "2008-03-31",
    }  # fmt: skip
    assert facts["hardship"]["source"] == "school_form"


def test_who_is_on_no_list_is_what_the_school_says(session: Session, grant: Office) -> None:
    assert "state_funded_trainee" not in again(session, grant)
    facts = again(session, grant, state_funded_trainee=False)
    assert facts["state_funded_trainee"] == {
        "value": False, "source": "school_form", "as_of": "2008-04-20",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("since", "until", "holds"),
    [
        ("{last}", "", True),
        ("{after}", "", False),
        ("2007-07-01", "{last}", True),
        ("2007-07-01", "{before}", False),
    ],
)
def test_the_list_holds_on_the_periods_last_day(
    session: Session, grant: Office, since: str, until: str, holds: bool
) -> None:
    last = version_for(session, GRANT, "2007-2008").programme.calendar.days_of("2007-2008")[1]
    days = {
        "last": last, "after": date.fromordinal(last.toordinal() + 1),
        "before": date.fromordinal(last.toordinal() - 1),
    }  # fmt: skip
    load(
        session, grant, RegisterKind.STATE_FUNDED_TRAINEE,
        since=since.format(**days), until=until.format(**days),
    )  # fmt: skip
    assert ("state_funded_trainee" in again(session, grant)) is holds


def test_a_name_that_differs_tells_nothing(session: Session, grant: Office) -> None:
    load(session, grant, RegisterKind.STATE_FUNDED_TRAINEE, name="李娜")
    assert "state_funded_trainee" not in again(session, grant)


def test_the_list_follows_the_pupil_to_another_school_before_it_is_matched_again(
    session: Session, city: City, grant: Office
) -> None:
    load(session, grant, RegisterKind.STATE_FUNDED_TRAINEE)
    db.enter(session, SYSTEM)
    other = city.schools[OTHER]
    moved = {"school": other.id, "county": other.county_id}
    session.execute(text("UPDATE student SET school_id = :school, county_id = :county"), moved)
    session.execute(text("UPDATE enrolment SET left_on = '2008-03-01'"))
    session.execute(text("UPDATE application SET state = 'withdrawn'"))
    clerk = city.actor(f"school_clerk@{OTHER}")
    db.enter(session, clerk)
    facts = again(session, Office(grant.round, clerk, other))
    assert facts["state_funded_trainee"]["source"] == "register"


# Special groups


@pytest.fixture
def pupils(session: Session, city: City, national: None) -> Office:
    """The round of a programme that asks for the special group."""
    office = office_of(session, city, DAY_PUPILS, "2021-spring")
    bring(session, office, row_of(office.school, 1, hardship=None))
    return office


def test_a_group_of_a_list_fills_what_nobody_told(session: Session, pupils: Office) -> None:
    load(session, pupils, RegisterKind.HARDSHIP_WORKER)
    load(session, pupils, RegisterKind.ORPHAN)
    facts = again(session, pupils, hardship=None)
    assert facts["special_group"] == {
        "value": "orphan", "source": "register", "as_of": "2008-03-31",
    }  # fmt: skip


def test_what_the_school_or_recognition_says_of_the_group_goes_before(
    session: Session, pupils: Office
) -> None:
    load(session, pupils, RegisterKind.ORPHAN)
    told = again(session, pupils, special_group="none")
    assert (told["special_group"]["value"], told["special_group"]["source"]) == (
        "none", "school_form",
    )  # fmt: skip
    recognise(session, pupils, 2, date(2020, 10, 8), "disabled_student", year="2020-2021")
    known = again(session, pupils, hardship=None)
    assert known["special_group"] == {
        "value": "disabled_student", "source": "recognition", "as_of": "2020-10-08",
    }  # fmt: skip


def test_a_programme_that_does_not_ask_is_told_nothing(session: Session, city: City) -> None:
    office = office_of(session, city, PROGRAMME, SPRING)
    assert "special_group" not in facts_read(version_for(session, PROGRAMME, SPRING).version)
    bring(session, office, row_of(office.school, 1))
    load(session, office, RegisterKind.ORPHAN)
    assert "special_group" not in again(session, office)
