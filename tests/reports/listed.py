"""Pupils with cases and awards of a given shape, and lists that name them."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlmodel import Session

from app.applications.models import Application, ApplicationState, Step
from app.awards.models import Award, AwardState, Instalment, InstalmentState
from app.core import clock, ids
from app.core.actor import SYSTEM
from app.policy import queries as policy
from app.policy.service import load_catalogue
from app.registers import service
from app.registers.models import Basis, OutsideRegister, RegisterKind
from app.registers.service import Upload
from app.registry.models import School
from app.sheets.uploads import OnError
from tests.factories.cases import BOARDERS, SPRING, make_round


def listed(
    session: Session,
    data: bytes,
    *,
    kind: RegisterKind = RegisterKind.MINIMUM_LIVING,
    as_of: date = date(2008, 6, 30),
) -> OutsideRegister:
    """The city's list of that kind, taken in and matched."""
    sent = Upload(
        filename="a.csv", data=data, kind=kind, issued_by="民政局", as_of=as_of,
        basis=Basis.DUTY, basis_said="教财〔2018〕16号", on_error=OnError.REJECT,
    )  # fmt: skip
    return service.upload(session, sent, by=SYSTEM)


def case(
    session: Session,
    school: School,
    student: UUID,
    state: ApplicationState,
    *,
    failed: Sequence[str] = (),
    missing: Sequence[str] = (),
    period: str = SPRING,
) -> Application:
    """A case in that state; loads the catalogue where it is not there."""
    load_catalogue(session, "jining-2008")
    key = ids.new()
    eligible = None if missing else not failed
    made = Application(
        id=key, number=f"T-{key.hex}", student_id=student, school_id=school.id,
        county_id=school.county_id, round_id=make_round(session, BOARDERS, period),
        programme=BOARDERS, period=period, state=state,
        step=Step.CITY if state is ApplicationState.IN_REVIEW else None, submission_no=1,
        student_name="王芳", grade=1, class_name="1", stage=school.stage.value, hardship=1,
        eligible=eligible, amount_fen=25_000 if eligible else None, failed=list(failed),
        missing=list(missing), uploaded_by=ids.new(), made_at=clock.now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def award(
    session: Session,
    school: School,
    student: UUID,
    *parts: tuple[str, int, InstalmentState],
    period: str = SPRING,
    state: AwardState = AwardState.GRANTED,
) -> Award:
    """An award with instalments (due on, fen, state)."""
    application = case(session, school, student, ApplicationState.CONFIRMED, period=period)
    place = {"school_id": school.id, "county_id": school.county_id}
    made = Award(
        application_id=application.id, student_id=student, **place, programme=BOARDERS,
        period=period, policy_version_id=policy.version_for(session, BOARDERS, period).id,
        hardship=1, amount_fen=sum(part[1] for part in parts), state=state,
        decision_batch_id=ids.new(), made_at=clock.now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    session.add_all(
        Instalment(
            award_id=made.id, **place, seq=seq, due_on=date.fromisoformat(due),
            fiscal_year=int(due[:4]), amount_fen=fen, state=how,
        )
        for seq, (due, fen, how) in enumerate(parts, start=1)
    )  # fmt: skip
    session.flush()
    return made
