"""Notices know what is shown and for how long, not whose they are."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Integer, String, Uuid, select, values
from sqlalchemy import column as named
from sqlmodel import Session

from app.core import clock, ids, jobs
from app.core.actor import SYSTEM
from app.core.paging import PageAsked
from app.notices import jobs as notice_jobs
from app.notices import queries, service
from app.notices.errors import NothingToShow, NoticeUnknown
from app.notices.models import Notice, NoticeState
from app.notices.service import Posting
from tests.factories.office import City

POSTING = Posting(programme="boarding-subsidy", period="2008-spring", title="公示", working_days=5)
SHAPE = (
    named("subject_id", Uuid),
    named("school_id", Uuid),
    named("county_id", Uuid),
    named("name", String),
    named("school_name", String),
    named("grade", Integer),
    named("class_name", String),
)


def lines_of(city: City, *people: tuple[str, int]) -> tuple[list[UUID], Any]:
    school = next(iter(city.schools.values()))
    subjects = ids.new_many(len(people))
    rows = [
        (subject, school.id, school.county_id, name, school.name, grade, "1")
        for subject, (name, grade) in zip(subjects, people, strict=True)
    ]
    return subjects, select(values(*SHAPE, name="people").data(rows))


def test_lines_are_numbered_by_school_grade_class_and_name(session: Session, city: City) -> None:
    _, lines = lines_of(city, ("乙", 2), ("䶮某", 1), ("阿依古丽·买买提", 1))
    notice = service.post(session, POSTING, lines, by=SYSTEM)
    asked = PageAsked(limit=10, after=None)
    shown = queries.lines(session, notice.id, asked, by=SYSTEM)
    assert [line.line_no for line in shown] == [1, 2, 3]
    assert [line.grade for line in shown] == [1, 1, 2]
    assert {line.name for line in shown} == {"乙", "䶮某", "阿依古丽·买买提"}


def test_a_notice_over_the_spring_festival_counts_published_working_days(
    session: Session, city: City
) -> None:
    clock.set_office_day(date(2008, 2, 1))
    _, lines = lines_of(city, ("甲", 1))
    notice = service.post(session, POSTING, lines, by=SYSTEM)
    # 2 and 3 February were worked; 6 to 12 February were not.
    assert (notice.shown_to, notice.holidays_known) == (date(2008, 2, 13), True)


def test_a_notice_in_a_year_without_a_published_calendar_says_so(
    session: Session, city: City
) -> None:
    clock.set_office_day(date(2030, 1, 7))
    _, lines = lines_of(city, ("甲", 1))
    notice = service.post(session, POSTING, lines, by=SYSTEM)
    assert (notice.shown_to, notice.holidays_known) == (date(2030, 1, 14), False)


def test_a_notice_without_a_line_is_refused(session: Session, city: City) -> None:
    _, lines = lines_of(city, ("甲", 1))
    with pytest.raises(NothingToShow):
        service.post(session, POSTING, lines.limit(0), by=SYSTEM)


def test_a_struck_subject_is_no_longer_shown(session: Session, city: City) -> None:
    subjects, lines = lines_of(city, ("甲", 1), ("乙", 1))
    notice = service.post(session, POSTING, lines, by=SYSTEM)
    assert service.strike(session, subjects[:1]) == 1
    left = queries.lines(session, notice.id, PageAsked(limit=10, after=None), by=SYSTEM)
    assert [line.name for line in left] == ["乙"]


def test_the_job_takes_down_what_is_over_and_leaves_what_is_shown(
    session: Session, city: City
) -> None:
    clock.set_office_day(date(2008, 3, 10))
    _, first = lines_of(city, ("甲", 1))
    over = service.post(session, POSTING, first, by=SYSTEM)
    clock.set_office_day(date(2008, 3, 17))
    _, second = lines_of(city, ("乙", 1))
    current = service.post(session, POSTING, second, by=SYSTEM)
    notice_jobs.take_down(session, SYSTEM)
    assert queries.shown(session, over.number).id == over.id
    clock.set_office_day(date(2008, 3, 18))
    notice_jobs.take_down(session, SYSTEM)
    session.expire_all()
    assert session.get_one(Notice, over.id).state is NoticeState.TAKEN_DOWN
    assert session.get_one(Notice, current.id).state is NoticeState.POSTED
    with pytest.raises(NoticeUnknown):
        queries.shown(session, over.number)


def test_the_job_runs_by_itself() -> None:
    assert jobs._tasks["notices.take_down"].every is not None


def test_the_public_door_needs_no_log_in_and_the_others_do(client: TestClient) -> None:
    assert client.get("/api/v1/public/notices/N-1999-0001").status_code == 404
    assert client.get("/api/v1/notices").status_code == 401
    assert client.get("/api/v1/notices/N-1999-0001").status_code == 401
