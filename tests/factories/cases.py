"""Cases at whatever step a test needs them: students, applications, submissions; set-wise."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy import Select, insert, select
from sqlmodel import Session, col

from app.applications.models import (
    Application,
    ApplicationRound,
    ApplicationState,
    Step,
    Submission,
)
from app.core import clock, ids, settings
from app.policy import queries as policy
from app.policy.catalogue import sealed
from app.policy.models import PolicyVersion
from app.policy.service import load_catalogue
from app.registry.models import IdentityState, School, Student

BOARDERS = "boarding-subsidy"
VOCATIONAL = "vocational-grant"
SPRING = "2008-spring"
SCHOOL_YEAR = "2007-2008"
OPEN = date(2007, 9, 1), date(2099, 12, 31)


def make_cases(
    session: Session,
    school: School,
    n: int,
    amount_fen: int = 25000,
    *,
    hardship: int = 1,
    state: str = "in_review",
    step: str | None = "city",
    programme: str = BOARDERS,
    period: str = SPRING,
    uploaded_by: UUID | None = None,
    grade: int = 1,
    class_name: str = "1",
    facts: Mapping[str, object] | None = None,
) -> list[UUID]:
    """n eligible cases of new students at the school, oldest first; answers the application ids.

    `facts` are by name, as the school's sheet would give them. Loads the catalogue and opens the
    round where they are not there. Five statements.
    """
    load_catalogue(session, settings.get().catalogue)
    told = {
        name: {"value": value, "source": "school_sheet", "as_of": "2008-03-01"}
        for name, value in (facts or {}).items()
    }
    version = policy.version_for(session, programme, period)
    round_id = make_round(session, programme, period)
    applications, students = ids.new_many(n), ids.new_many(n)
    now, uploader = clock.now(), uploaded_by or ids.new()
    place = {"school_id": school.id, "county_id": school.county_id}
    session.execute(
        insert(Student),
        [
            {
                "id": student,
                **place,
                "name": f"学生{student.hex[-6:]}",
                "identity": IdentityState.CONFIRMED,
                "made_at": now,
                "made_by": uploader,
                "version": 1,
            }
            for student in students
        ],
    )
    session.execute(
        insert(Application),
        [
            {
                "id": application,
                **place,
                "number": f"T-{application.hex[:12]}-{application.hex[-12:]}",
                "student_id": student,
                "round_id": round_id,
                "programme": programme,
                "period": period,
                "state": ApplicationState(state),
                "step": Step(step) if step and state == "in_review" else None,
                "submission_no": 1,
                "student_name": f"学生{student.hex[-6:]}",
                "grade": grade,
                "class_name": class_name,
                "stage": school.stage.value,
                "hardship": hardship,
                "eligible": True,
                "amount_fen": amount_fen,
                "failed": [],
                "missing": [],
                "uploaded_by": uploader,
                "made_at": now,
                "reported_at": now,
            }
            for application, student in zip(applications, students, strict=True)
        ],
    )
    session.execute(
        insert(Submission),
        [
            {
                "application_id": application,
                "submission_no": 1,
                **place,
                "policy_version_id": version.id,
                "facts": told,
                "eligible": True,
                "amount_fen": amount_fen,
                "failed": [],
                "missing": [],
                "made_by": uploader,
                "made_at": now,
            }
            for application in applications
        ],
    )
    return applications


def make_round(session: Session, programme: str = BOARDERS, period: str = SPRING) -> UUID:
    """The open round of a programme and period; the one that is there, if any."""
    key = (
        col(ApplicationRound.programme) == programme,
        col(ApplicationRound.period) == period,
    )
    found = session.execute(select(col(ApplicationRound.id)).where(*key)).scalar_one_or_none()
    if found is not None:
        return found
    made = ApplicationRound(
        programme=programme,
        period=period,
        opens_on=OPEN[0],
        closes_on=OPEN[1],
        opened_by=ids.new(),
        opened_at=clock.now(),
    )
    session.add(made)
    session.flush()
    return made.id


def limit_year(session: Session, period: str, most_fen: int) -> UUID:
    """Another revision of the boarders' version, with a yearly maximum; answers its id."""
    return amend(session, period, student_year_max_fen=most_fen)


def amend(session: Session, period: str = SPRING, **changes: object) -> UUID:
    """Another revision of the boarders' version with these changes; answers its id."""
    load_catalogue(session, settings.get().catalogue)
    version = policy.version_for(session, BOARDERS, period).version
    newer = sealed(replace(version, revision=version.revision + 1, **changes))
    made = PolicyVersion(
        catalogue="jining-2008", programme=BOARDERS, effective_from=newer.effective_from,
        revision=newer.revision, body=newer.body.decode(),
        sha256=bytes.fromhex(newer.sha256), loaded_at=clock.now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made.id


def as_cases(applications: Sequence[UUID]) -> Select[*tuple[object, ...]]:
    """The select that `awards.promise` takes, for these applications."""
    return (
        select(
            col(Application.id),
            col(Application.student_id),
            col(Application.school_id),
            col(Application.county_id),
            col(Submission.policy_version_id),
            col(Application.hardship),
            col(Application.amount_fen),
            col(Application.made_at),
        )
        .join(Submission, col(Submission.application_id) == col(Application.id))
        .where(col(Application.id).in_(applications))
    )
