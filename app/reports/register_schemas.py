"""What clients ask of the lists' answers, and what they see."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row

from app.core import crypto
from app.core.asked import Asked
from app.core.identity import mask_id
from app.core.money import YuanOut
from app.reports.register_answers import NeedySought, NotAidedBecause, NotAidedCount
from app.reports.schemas import Code
from app.reports.undue_aid import Undue, UndueSought

Period = Annotated[str, Field(max_length=11, pattern=r"^[^\x00]*$")]


class NeedyExportAsked(Asked):
    """The filters of the needy who are not aided; one that is not known is an error."""

    programme: Code
    period: Period
    school: UUID | None = None
    county: UUID | None = None
    reason: NotAidedBecause | None = None

    def sought(self) -> NeedySought:
        """The filter as the query takes it."""
        return NeedySought(
            programme=self.programme,
            period=self.period,
            school_id=self.school,
            county_id=self.county,
            reason=self.reason,
        )


class UndueExportAsked(Asked):
    """The filters of aid that should not be; one that is not known is an error."""

    period: Period
    programme: Code | None = None
    school: UUID | None = None
    finding: Undue | None = None

    def sought(self) -> UndueSought:
        """The filter as the query takes it."""
        return UndueSought(
            period=self.period,
            programme=self.programme,
            school_id=self.school,
            finding=self.finding,
        )


class NeedyOut(BaseModel):
    """A student whom a list names and who has no aid; `because` is what fails or is missing."""

    student_id: UUID
    name: str
    resident_id: str | None
    school_id: UUID
    school_name: str
    county_id: UUID
    stage: str
    grade: int | None
    class_name: str | None
    groups: list[str]
    since: date
    name_agrees: bool
    reason: NotAidedBecause
    because: list[str]
    application_id: UUID | None
    application_number: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> "NeedyOut":
        """The reply for a row of `needy_not_aided`."""
        return cls(**{**row._mapping, "resident_id": masked(row)})  # noqa: SLF001 SQLAlchemy's name


class UndueOut(BaseModel):
    """An award that should not run on; the amounts are of what is due after the day it should end.

    `name_agrees` compares the name on the list of deaths with the school's; null without one.
    """

    award_id: UUID
    application_number: str
    programme: str
    period: str
    student_id: UUID
    name: str
    resident_id: str | None
    school_id: UUID
    school_name: str
    county_id: UUID
    findings: list[Undue]
    deceased_on: date | None
    left_on: date | None
    name_agrees: bool | None
    unpaid: YuanOut
    paid: YuanOut

    @classmethod
    def of(cls, row: Row[Any]) -> "UndueOut":
        """The reply for a row of `undue_aid`."""
        seen = row._mapping  # noqa: SLF001 SQLAlchemy's name
        return cls(
            **{
                **seen,
                "resident_id": masked(row),
                "unpaid": seen["unpaid_fen"],
                "paid": seen["paid_fen"],
            }
        )


class SchoolCount(BaseModel):
    """How many of one school are not aided, by reason."""

    school_id: UUID
    school_name: str
    count: int
    reasons: dict[NotAidedBecause, int]


class CountyCount(BaseModel):
    """How many of one county are not aided, by school."""

    county_id: UUID
    county_name: str
    count: int
    schools: list[SchoolCount]


class NeedyCounts(BaseModel):
    """The needy who are not aided, counted."""

    programme: str
    period: str
    count: int
    counties: list[CountyCount]


def counts_out(found: list[NotAidedCount], *, programme: str, period: str) -> NeedyCounts:
    """The counts for a reply: counties in the order of their first school."""
    counties: dict[UUID, CountyCount] = {}
    schools: dict[UUID, SchoolCount] = {}
    for each in found:
        county = counties.setdefault(
            each.county_id,
            CountyCount(
                county_id=each.county_id, county_name=each.county_name, count=0, schools=[]
            ),
        )
        school = schools.get(each.school_id)
        if school is None:
            school = schools[each.school_id] = SchoolCount(
                school_id=each.school_id, school_name=each.school_name, count=0, reasons={}
            )
            county.schools.append(school)
        school.reasons[each.reason] = each.count
        school.count += each.count
        county.count += each.count
    return NeedyCounts(
        programme=programme,
        period=period,
        count=sum(each.count for each in counties.values()),
        counties=list(counties.values()),
    )


def masked(row: Any) -> str | None:
    """The student's resident id as everybody may see it."""
    if row.resident_id is None:
        return None
    number = crypto.decrypt(
        row.resident_id, table="student", column="resident_id", record=row.student_id
    )
    return mask_id(number)
