"""The class panel proposes a level for each form; the school's group, another person, decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Table,
    Uuid,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    type_coerce,
    update,
)
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, ids
from app.core.actor import Actor
from app.core.columns import TextEnum, UtcMoment
from app.core.errors import Fault
from app.notices.errors import NoticeOpen
from app.notices.models import Notice
from app.recognition import queries, rules, selection
from app.recognition.errors import FormWrong, OwnForms, PanelMixed
from app.recognition.models import (
    FormDecision,
    FormState,
    FormVerdict,
    RecognitionForm,
    RecognitionPanel,
    ReviewStep,
)
from app.recognition.selection import Spoken

_STATE, _VERDICT = TextEnum(FormState), TextEnum(FormVerdict)


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """Who sat on the class panel, and when."""

    members: tuple[str, ...]
    met_on: date


def propose(
    session: Session, sitting: Sitting, spoken: Sequence[Spoken], *, by: Actor
) -> RecognitionPanel:
    """Records a class panel and the level it proposes for each form; all or none.

    Raises FormWrong (too few members, a day to come), FormUnknown, FormsMoved, PanelMixed.
    """
    _refuse_sitting(sitting)
    taken = selection.take(session, spoken, by=by)
    selection.refuse_moved(session, taken, rules.states_before(FormState.REVIEWED))
    panel = _panel(session, taken, sitting, by=by)
    session.add(panel)
    session.flush()  # what it says of each form points at it
    _record(
        session,
        taken,
        step=ReviewStep.PANEL,
        said=(literal(FormVerdict.PROPOSE, _VERDICT), taken.c.said_level),
        panel_id=panel.id,
        by=by,
    )
    _move(session, taken, literal(FormState.REVIEWED, _STATE), taken.c.said_level)
    audit.note(
        session,
        by=by,
        did="recognition.panel-recorded",
        records=select(taken.c.id),
        detail={"panel": str(panel.id), "forms": panel.forms},
    )
    return panel


def decide(session: Session, spoken: Sequence[Spoken], *, by: Actor) -> dict[FormState, int]:
    """The group accepts, returns or refuses each form; answers how many came to each state.

    Accepted without a level, the panel's stands; accepted at level 0 a form is refused. Raises
    FormUnknown, FormsMoved, OwnForms, NoticeOpen (the class's), ObjectionsOpen.
    """
    taken = selection.take(session, spoken, by=by)
    selection.refuse_moved(session, taken, {FormState.REVIEWED})
    _refuse_own(session, taken, by=by)
    _refuse_class_notice(session, taken)
    queries.refuse_objected(session, select(taken.c.id))
    level = case(
        (taken.c.verdict == FormVerdict.ACCEPT, func.coalesce(taken.c.said_level, taken.c.level)),
        (taken.c.verdict == FormVerdict.REFUSE, 0),
        else_=cast(null(), Integer),
    )
    verdict = type_coerce(
        case(
            (level == 0, FormVerdict.REFUSE.value),
            else_=type_coerce(taken.c.verdict, taken.c.opinion.type),
        ),
        _VERDICT,
    )
    state = type_coerce(
        case(
            (taken.c.verdict == FormVerdict.RETURN, FormState.RETURNED.value),
            (level == 0, FormState.REJECTED.value),
            else_=FormState.DECIDED.value,
        ),
        _STATE,
    )
    _record(session, taken, step=ReviewStep.GROUP, said=(verdict, level), panel_id=None, by=by)
    _move(session, taken, state, level)
    audit.note(session, by=by, did="recognition.decided", records=select(taken.c.id))
    counted = session.execute(
        select(col(RecognitionForm.state), func.count())
        .join(taken, taken.c.id == RecognitionForm.id)
        .group_by(col(RecognitionForm.state))
    )
    return {state: int(count) for state, count in counted}


def _refuse_sitting(sitting: Sitting) -> None:
    faults = []
    if len(set(sitting.members)) < rules.PANEL_MEMBERS_MIN:
        least = rules.PANEL_MEMBERS_MIN
        faults.append(
            Fault("members_few", f"评议小组至少 {least} 人",
                  f"a panel has at least {least} members", "/members")
        )  # fmt: skip
    if sitting.met_on > clock.office_day():
        faults.append(
            Fault("met_in_future", "评议日期不能晚于今天", "the day is still to come", "/met_on")
        )
    if faults:
        raise FormWrong(faults)


def _panel(session: Session, taken: Table, sitting: Sitting, *, by: Actor) -> RecognitionPanel:
    place = ("school_id", "county_id", "school_year", "grade", "class_name")
    classes = session.execute(select(*(taken.c[name] for name in place)).distinct()).all()
    if len(classes) != 1:
        shown = "、".join(f"{row.grade}年级{row.class_name or ''}" for row in classes)
        raise PanelMixed(
            f"班级评议只能针对同一学年的一个班，现有 {len(classes)} 个：{shown}；请分班办理。",
            f"A class panel speaks on one class of one school year; these are {len(classes)}: "
            f"{shown}. Record one panel a class.",
        )
    forms = session.execute(select(func.count()).select_from(taken)).scalar_one()
    return RecognitionPanel(
        id=ids.new(),
        **dict(zip(place, classes[0], strict=True)),
        members=list(sitting.members),
        met_on=sitting.met_on,
        forms=int(forms),
        recorded_by=by.id,
        recorded_at=clock.now(),
    )


def _refuse_own(session: Session, taken: Table, *, by: Actor) -> None:
    spoke = exists().where(
        col(FormDecision.form_id) == taken.c.id,
        col(FormDecision.submission_no) == taken.c.submission_no,
        col(FormDecision.decided_by) == by.id,
    )
    own = session.execute(
        select(taken.c.id)
        .where(or_(literal(by.id, Uuid()) == func.any(taken.c.fillers), spoke))
        .order_by(taken.c.id)
    ).scalars()
    forms = list(own)
    if forms:
        raise OwnForms(forms)


def _refuse_class_notice(session: Session, taken: Table) -> None:
    shown = session.execute(
        select(col(Notice.number), col(Notice.shown_to))
        .join(taken, taken.c.class_notice_id == Notice.id)
        .where(col(Notice.shown_to) >= clock.office_day())
        .order_by(col(Notice.number))
        .limit(1)
    ).one_or_none()
    if shown is not None:
        raise NoticeOpen(shown.number, shown.shown_to)


def _record(
    session: Session,
    taken: Table,
    *,
    step: ReviewStep,
    said: tuple[ColumnElement[Any], ColumnElement[Any]],
    panel_id: UUID | None,
    by: Actor,
) -> None:
    verdict, level = said
    columns = {
        "form_id": taken.c.id,
        "submission_no": taken.c.submission_no,
        "school_id": taken.c.school_id,
        "county_id": taken.c.county_id,
        "step": literal(step, TextEnum(ReviewStep)),
        "verdict": verdict,
        "level": level,
        "opinion": taken.c.opinion,
        "panel_id": literal(panel_id, Uuid()),
        "decided_by": literal(by.id, Uuid()),
        "decided_at": literal(clock.now(), UtcMoment()),
    }
    rows = select(*columns.values()).order_by(taken.c.id)
    session.execute(insert(FormDecision).from_select(list(columns), rows).inline())


def _move(
    session: Session, taken: Table, state: ColumnElement[Any], level: ColumnElement[Any]
) -> None:
    session.execute(
        update(RecognitionForm)
        .where(col(RecognitionForm.id) == taken.c.id)
        .values(state=state, level=level, version=col(RecognitionForm.version) + 1)
        .execution_options(synchronize_session=False)
    )
