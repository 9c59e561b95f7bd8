"""The forms an act falls on, with what is said of each; locked in id order."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import polars as pl
from sqlalchemy import Column, Integer, String, Table, Uuid, select
from sqlmodel import Session, col

from app.core import db
from app.core.actor import Actor
from app.core.columns import TextEnum
from app.core.errors import Fault
from app.core.scoping import visible_class
from app.core.staging import count_rows, empty, stage
from app.recognition.errors import FormsMoved, FormUnknown, FormWrong
from app.recognition.models import FormState, FormVerdict, RecognitionForm

_SPOKEN = ("form_id", "verdict", "said_level", "opinion")
_FORM = (
    "id", "school_id", "county_id", "school_year", "grade", "class_name", "state",
    "submission_no", "level", "fillers", "class_notice_id",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """What somebody says of one form; a level of None leaves the one proposed before."""

    form_id: UUID
    verdict: FormVerdict
    level: int | None
    opinion: str


def take(session: Session, spoken: Sequence[Spoken], *, by: Actor) -> Table:
    """The forms spoken on, locked by id: their columns, and verdict, said_level and opinion.

    Raises FormWrong for a form named twice, FormUnknown listing those not in scope.
    """
    _refuse_twice([each.form_id for each in spoken])
    given = empty(
        session,
        "spoken",
        [
            Column("form_id", Uuid()),
            Column("verdict", TextEnum(FormVerdict)),
            Column("said_level", Integer),
            Column("opinion", String),
        ],
    )
    rows = [(str(one.form_id), one.verdict.value, one.level, one.opinion) for one in spoken]
    csv = pl.DataFrame(
        rows, schema=dict(zip(_SPOKEN, (pl.String, pl.String, pl.Int64, pl.String), strict=True)),
        orient="row",
    ).write_csv(include_header=False)  # fmt: skip
    db.copy_rows(session, given.name, _SPOKEN, csv.encode())
    count_rows(session, given)
    chosen = (
        select(
            *(col(getattr(RecognitionForm, name)) for name in _FORM),
            given.c.verdict,
            given.c.said_level,
            given.c.opinion,
        )
        .join(given, given.c.form_id == RecognitionForm.id)
        .where(visible_class(RecognitionForm, by))
        .order_by(col(RecognitionForm.id))
        .with_for_update(of=RecognitionForm)
    )
    taken = stage(session, "forms", chosen, (*_FORM, *_SPOKEN[1:]))
    refuse_missing(session, taken, {each.form_id for each in spoken})
    return taken


def refuse_missing(session: Session, taken: Table, wanted: Collection[UUID]) -> None:
    """Raises FormUnknown with every wanted id that is not among the taken."""
    missing = set(wanted) - set(session.execute(select(taken.c.id)).scalars())
    if missing:
        raise FormUnknown(sorted(missing))


def refuse_moved(session: Session, taken: Table, starts_from: Iterable[FormState]) -> None:
    """Raises FormsMoved with every form that stands elsewhere."""
    moved = session.execute(
        select(taken.c.id, taken.c.state)
        .where(taken.c.state.not_in(list(starts_from)))
        .order_by(taken.c.id)
    ).all()
    if moved:
        raise FormsMoved((row.id, row.state) for row in moved)


def one_form(session: Session, form_id: UUID, *, by: Actor, lock: bool = False) -> RecognitionForm:
    """A form within scope, locked if asked. Raises FormUnknown."""
    query = (
        select(RecognitionForm)
        .where(col(RecognitionForm.id) == form_id, visible_class(RecognitionForm, by))
        .execution_options(populate_existing=True)
    )
    found: RecognitionForm | None = session.execute(
        query.with_for_update() if lock else query
    ).scalar_one_or_none()
    if found is None:
        raise FormUnknown
    return found


def _refuse_twice(ids: Sequence[UUID]) -> None:
    first = {each: place for place, each in reversed([*enumerate(ids)])}
    faults = [
        Fault("form_twice", "同一申请出现多次", "the form is named before", f"/forms/{place}")
        for place, each in enumerate(ids)
        if first[each] != place
    ]
    if faults:
        raise FormWrong(faults)
