"""The notices of class and school (公示), and the filing of what stood in them unopposed."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    String,
    Table,
    Uuid,
    case,
    cast,
    exists,
    literal,
    not_,
    null,
    select,
    type_coerce,
    update,
)
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, db
from app.core.actor import Actor
from app.core.columns import TextEnum
from app.core.scoping import among, visible, visible_class
from app.core.staging import Rows, stage
from app.notices import queries as notice_queries
from app.notices import service as notices
from app.notices.errors import NoticeOpen, NoticeUnknown
from app.notices.models import Notice
from app.notices.service import Posting
from app.recognition import queries, rules, selection, service
from app.recognition.errors import FormsMoved, NothingToNotice, NoticeDaysTooFew
from app.recognition.models import (
    Basis,
    FormObjection,
    FormState,
    Recognition,
    RecognitionForm,
    ReviewState,
)
from app.registry.models import School

PROGRAMME = "recognition"
"""What a notice of recognitions stands under in the list of notices."""


class NoticeStage(StrEnum):
    """Whose notice it is: the class's of what the panel proposes, or the school's."""

    CLASS = "class"
    SCHOOL = "school"


LEAST_DAYS = {
    NoticeStage.CLASS: rules.CLASS_NOTICE_WORKING_DAYS,
    NoticeStage.SCHOOL: rules.SCHOOL_NOTICE_WORKING_DAYS,
}


@dataclass(frozen=True, kw_only=True)
class Noticing:
    """What goes into a notice: a school's forms of a year, of a class, or the named ones."""

    stage: NoticeStage
    school: School
    school_year: str
    grade: int | None = None
    class_name: str | None = None
    ids: tuple[UUID, ...] = ()
    working_days: int | None = None

    def matches(self) -> ColumnElement[bool]:
        """The forms that belong into it, as a predicate."""
        form = RecognitionForm
        met = (col(form.school_id) == self.school.id) & (col(form.school_year) == self.school_year)
        for name in ("grade", "class_name"):
            value = getattr(self, name)
            if value is not None:
                met = met & (getattr(form, name) == value)
        if self.stage is NoticeStage.CLASS:
            return met & (
                (col(form.state) == FormState.REVIEWED)
                & col(form.class_notice_id).is_(None)
                & (col(form.level) > 0)
            )
        return met & (col(form.state) == FormState.DECIDED)


@dataclass(frozen=True)
class Filed:
    """How many forms were filed, and those an open objection holds back."""

    count: int
    held_back: list[UUID]


def post(session: Session, said: Noticing, *, by: Actor) -> Notice:
    """Posts the notice; it shows name, school, grade and class, and never the level.

    Raises NoticeDaysTooFew, FormUnknown, FormsMoved for named forms that do not belong into it,
    NothingToNotice.
    """
    least = LEAST_DAYS[said.stage]
    days = least if said.working_days is None else said.working_days
    if days < least:
        raise NoticeDaysTooFew(days, least)
    chosen = _chosen(session, said, by=by)
    if not session.execute(select(exists().where(chosen.c.id.is_not(None)))).scalar_one():
        raise NothingToNotice(
            "没有可公示的认定申请；请先评议（班级公示）或认定（学校公示）。",
            "No form can be shown; record the panel first for the class's notice, or the group's "
            "decision for the school's.",
        )
    posting = Posting(
        programme=PROGRAMME,
        period=said.school_year,
        title=f"{said.school.name}{said.school_year}学年家庭经济困难学生认定公示",
        working_days=days,
    )
    notice = notices.post(session, posting, _lines(chosen), by=by)
    form = RecognitionForm
    moved: dict[str, object] = (
        {"class_notice_id": notice.id}
        if said.stage is NoticeStage.CLASS
        else {"school_notice_id": notice.id, "state": FormState.NOTICED}
    )
    session.execute(
        update(form)
        .where(col(form.id) == chosen.c.id)
        .values(**moved, version=col(form.version) + 1)
        .execution_options(synchronize_session=False)
    )
    audit.note(
        session,
        by=by,
        did="recognition.noticed",
        records=select(chosen.c.id),
        detail={"notice": notice.number, "stage": said.stage.value},
    )
    return notice


def file(session: Session, notice_id: UUID, *, by: Actor) -> Filed:
    """Files the forms of a closed school's notice: their students are recognised from today.

    A form of a student whose recognition was cancelled meanwhile recognises nobody and is refused.

    Forms with an open objection stay and are listed; asked again after the review the rest
    follows. Raises NoticeUnknown, NoticeOpen.
    """
    form = RecognitionForm
    mine = (col(form.school_notice_id) == notice_id) & visible(form, by)
    if not session.execute(select(exists().where(mine))).scalar_one():
        raise NoticeUnknown
    notice = notice_queries.notice(session, notice_id)
    if notice.shown_to >= clock.office_day():
        raise NoticeOpen(notice.number, notice.shown_to)
    pupils = select(col(form.student_id)).where(mine, col(form.state) == FormState.NOTICED)
    concerned = stage(session, "filing_students", pupils, ("student_id",))
    with db.city_scope(session, by):
        service.hold(session, concerned)  # as who cancels does: the forms come after
    standing = (
        select(col(form.id))
        .where(mine, col(form.state) == FormState.NOTICED)
        .order_by(col(form.id))
        .with_for_update()
    )
    locked = stage(session, "filing", standing, ("id",))
    disputed = queries.objected(locked.c.id)
    held_back = session.execute(select(locked.c.id).where(disputed).order_by(locked.c.id))
    held = list(held_back.scalars())
    free = stage(session, "filed", select(locked.c.id).where(not_(disputed)), ("id",))
    count = service.recognise(session, _recognised(free, notice.number), by=by)
    # Filed is who is recognised by it; whose recognition was cancelled meanwhile is refused.
    recognised = exists().where(col(Recognition.form_id) == form.id)
    session.execute(
        update(form)
        .where(col(form.id) == free.c.id)
        .values(
            state=case((recognised, FormState.FILED), else_=FormState.REJECTED),
            level=case((recognised, col(form.level)), else_=0),
            version=col(form.version) + 1,
        )
        .execution_options(synchronize_session=False)
    )
    audit.note(
        session,
        by=by,
        did="recognition.filed",
        records=select(free.c.id),
        detail={"notice": notice.number, "count": count},
    )
    return Filed(count, held)


def _chosen(session: Session, said: Noticing, *, by: Actor) -> Table:
    form = RecognitionForm
    which = said.matches()
    if said.ids:
        which = among(col(form.id), said.ids)
    rows = (
        select(col(form.id), col(form.state), said.matches().label("fits"))
        .where(visible_class(form, by), which)
        .order_by(col(form.id))
        .with_for_update()
    )
    chosen = stage(session, "noticing", rows, ("id", "state", "fits"))
    selection.refuse_missing(session, chosen, said.ids)
    strange = session.execute(
        select(chosen.c.id, chosen.c.state).where(not_(chosen.c.fits)).order_by(chosen.c.id)
    ).all()
    if strange:
        raise FormsMoved((row.id, row.state) for row in strange)
    return chosen


def _lines(chosen: Table) -> Rows:
    """What the notice may show of each form, and whose line it is."""
    form = RecognitionForm
    return (
        select(
            col(form.id),
            col(form.school_id),
            col(form.county_id),
            col(form.student_name),
            col(School.name),
            col(form.grade),
            col(form.class_name),
        )
        .join(chosen, chosen.c.id == form.id)
        .join(School, col(School.id) == form.school_id)
    )


def _recognised(filed: Table, notice: str) -> Rows:
    """The rows that `service.recognise` takes; a form a review changed rests on the review."""
    form = RecognitionForm
    reviewed = exists().where(
        col(FormObjection.form_id) == form.id, col(FormObjection.state) == ReviewState.CHANGED
    )
    basis = case((reviewed, Basis.REVIEW.value), else_=Basis.FORM.value)
    return select(
        col(form.student_id),
        col(form.school_id),
        col(form.county_id),
        col(form.school_year),
        col(form.level),
        col(form.groups),
        type_coerce(cast(basis, String(32)), TextEnum(Basis)),
        col(form.id),
        cast(null(), Uuid()),
        cast(null(), Date()),
        literal(f"公示 {notice} 期满备案", String(500)),
    ).join(filed, filed.c.id == form.id)
