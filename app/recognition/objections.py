"""Objections to what the school proposes or decided, answered by another officer (复核)."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.scoping import visible
from app.notices import queries as notice_queries
from app.notices import service as notices
from app.notices.errors import NoticeOver
from app.recognition import rules, selection
from app.recognition.errors import (
    STATES,
    FormWrong,
    NotInNotice,
    OwnForms,
    ReviewSettled,
    ReviewUnknown,
)
from app.recognition.models import (
    FormDecision,
    FormObjection,
    FormState,
    FormVerdict,
    RecognitionForm,
    ReviewState,
    ReviewStep,
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a review comes to: another level, or None where the school's stands; and why."""

    level: int | None
    because: str


def object_to(session: Session, form_id: UUID, words: str, *, by: Actor) -> FormObjection:
    """Records an objection; the form waits until it is answered.

    A form shown in a notice can be objected to while it is shown, a refused one at any time.
    Raises FormUnknown, NotInNotice, NoticeOver.
    """
    form = selection.one_form(session, form_id, by=by, lock=True)
    _refuse_unshown(session, form)
    today = clock.office_day()
    answer_by, _ = clock.add_working_days(today, rules.ANSWER_WORKING_DAYS)
    made = FormObjection(
        form_id=form.id,
        school_id=form.school_id,
        county_id=form.county_id,
        raised_on=today,
        answer_by=answer_by,
        words=words,
        recorded_by=by.id,
        state=ReviewState.OPEN,
    )
    session.add(made)
    audit.note(session, by=by, did="recognition.objected", records=[made.id, form.id])
    return made


def review(session: Session, objection_id: UUID, answer: Answer, *, by: Actor) -> FormObjection:
    """Answers an objection: what the school said stands (upheld), or the level is changed.

    Changed to 0 the form is refused and leaves the notice; a refused form given a level goes into
    the next notice. Raises ReviewUnknown, ReviewSettled, OwnForms for who recorded the objection,
    filled the form in or spoke on it, FormWrong where the level is the one that stands.
    """
    seen = _one(session, objection_id, by=by)
    form = selection.one_form(session, seen.form_id, by=by, lock=True)
    found = _one(session, objection_id, by=by)
    if found.state is not ReviewState.OPEN:
        raise ReviewSettled(found.state)
    _refuse_own(session, form, found, by=by)
    stands = form.level or 0
    if answer.level is not None:
        if answer.level == stands:
            raise FormWrong(
                [Fault("level_same", "与现认定等级相同", "the level is the one that stands",
                       "/level")]
            )  # fmt: skip
        _change(session, form, answer.level)
    found.state = ReviewState.UPHELD if answer.level is None else ReviewState.CHANGED
    found.level = answer.level
    found.settled_by, found.settled_because = by.id, answer.because
    found.settled_at = clock.now()
    now_level = stands if answer.level is None else answer.level
    session.add(
        FormDecision(
            form_id=form.id,
            submission_no=form.submission_no,
            school_id=form.school_id,
            county_id=form.county_id,
            step=ReviewStep.REVIEW,
            verdict=FormVerdict.ACCEPT if now_level else FormVerdict.REFUSE,
            level=now_level,
            opinion=answer.because,
            decided_by=by.id,
            decided_at=clock.now(),
        )
    )
    session.flush()  # the reply and what follows in this transaction see it
    audit.note(
        session,
        by=by,
        did=f"recognition.objection-{found.state.value}",
        records=[found.id, form.id],
        because=answer.because,
    )
    return found


def _change(session: Session, form: RecognitionForm, level: int) -> None:
    form.level = level
    form.version += 1
    if level == 0:
        notices.strike(session, [form.id])
    if form.state is FormState.NOTICED and level == 0:
        form.state = FormState.REJECTED
    elif form.state is FormState.REJECTED:
        form.state, form.school_notice_id = FormState.DECIDED, None


def _refuse_unshown(session: Session, form: RecognitionForm) -> None:
    if form.state is FormState.REJECTED:
        return
    notice_id = {
        FormState.REVIEWED: form.class_notice_id,
        FormState.NOTICED: form.school_notice_id,
    }.get(form.state)
    if notice_id is None:
        zh, en = STATES[form.state]
        raise NotInNotice(
            f"该认定申请现为“{zh}”，不在公示中，不能提出异议。",
            f"The form is {en}; only one in a notice, or refused, can be objected to.",
            facts={"state": form.state.value},
        )
    notice = notice_queries.notice(session, notice_id)
    if notice.shown_to < clock.office_day():
        raise NoticeOver(notice.number, notice.shown_to)


def _refuse_own(
    session: Session, form: RecognitionForm, found: FormObjection, *, by: Actor
) -> None:
    spoke = session.execute(
        select(col(FormDecision.id))
        .where(col(FormDecision.form_id) == form.id, col(FormDecision.decided_by) == by.id)
        .limit(1)
    ).scalar_one_or_none()
    if spoke is not None or by.id in {*form.fillers, found.recorded_by}:
        raise OwnForms([form.id])


def _one(session: Session, objection_id: UUID, *, by: Actor) -> FormObjection:
    found: FormObjection | None = session.execute(
        select(FormObjection)
        .where(col(FormObjection.id) == objection_id, visible(FormObjection, by))
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise ReviewUnknown(
            "没有找到该异议，请核对编号。", "There is no such objection; check its id."
        )
    return found
