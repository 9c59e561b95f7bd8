"""The yearly form comes in, and is handed in again until somebody has spoken on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_once
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, crypto, etags, ids
from app.core.actor import Actor
from app.core.errors import Fault
from app.core.scoping import among, visible_class
from app.recognition import codes, queries, rules, selection
from app.recognition.errors import FormExists, FormsMoved, FormWrong, WordUnknown
from app.recognition.models import FormMember, FormState, RecognitionForm
from app.registry.errors import StudentNotFound
from app.registry.models import Enrolment, Student

SEALED = ("telephone", "parent_telephone", "address")
TABLE = "recognition_form"


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What a family says for one student and school year.

    `told` are the form's columns, telephones and address in clear; groups in words or codes.
    """

    student_id: UUID
    school_year: str
    told: Mapping[str, Any]
    members: Sequence[Mapping[str, Any]] = field(default=())


def hand_in(session: Session, filled: Sequence[Filled], *, by: Actor) -> list[UUID]:
    """Takes the forms in; answers their ids, in order. A form with open questions is a draft.

    Raises StudentNotFound, FormWrong (no enrolment of that school year, no grade), WordUnknown,
    FormExists, RecognitionCancelled.
    """
    places = _places(session, filled, by=by)
    queries.refuse_cancelled(
        session, [(each.student_id, each.school_year) for each in filled], by=by
    )
    groups = [_groups(each.told, each.school_year, f"/{at}") for at, each in enumerate(filled)]
    rows = [
        _row(each, places[each.student_id, each.school_year], known, by=by)
        for each, known in zip(filled, groups, strict=True)
    ]
    added = session.execute(
        insert_once(RecognitionForm)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["student_id", "school_id", "school_year"])
        .returning(col(RecognitionForm.id))
    ).scalars()
    lost = {row["id"] for row in rows} - set(added)
    if lost:
        first = next(row for row in rows if row["id"] in lost)
        raise FormExists(queries.form_of(session, first))
    _write_members(session, [(row, each.members) for row, each in zip(rows, filled, strict=True)])
    made = [row["id"] for row in rows]
    audit.note(session, by=by, did="recognition.form-handed-in", records=made)
    return made


def change(session: Session, form_id: UUID, filled: Filled, *, seen: int, by: Actor) -> None:
    """Hands a form in again, whole. Sent back or refused before, it is a new submission.

    Raises FormUnknown, VersionStale, FormsMoved, ObjectionsOpen, WordUnknown,
    RecognitionCancelled.
    """
    form = selection.one_form(session, form_id, by=by, lock=True)
    etags.check(seen, form.version)
    if form.state not in rules.states_before(FormState.SUBMITTED):
        raise FormsMoved([(form.id, form.state)])
    queries.refuse_objected(session, [form.id])
    queries.refuse_cancelled(session, [(form.student_id, form.school_year)], by=by)
    told = _told(filled.told, _groups(filled.told, form.school_year, ""), form.id)
    # The register told these at first; a form that leaves them out does not deny them.
    told |= {name: told[name] or getattr(form, name) for name in ("sex", "birth_month")}
    for name, value in told.items():
        setattr(form, name, value)
    if form.state in {FormState.RETURNED, FormState.REJECTED}:
        form.submission_no += 1
    form.state = rules.handed_in(told["needed"])
    form.level = form.class_notice_id = form.school_notice_id = None
    form.filled_by, form.filled_at = by.id, clock.now()
    form.fillers = [*form.fillers, *({by.id} - set(form.fillers))]
    form.version += 1
    session.flush()  # the members point at it, and the reply shows what is stored
    session.execute(delete(FormMember).where(col(FormMember.form_id) == form.id))
    _write_members(session, [(form.model_dump(), filled.members)])
    audit.note(session, by=by, did="recognition.form-changed", records=[form.id])


def reveal(
    session: Session, form_id: UUID, fields: Sequence[str], *, because: str, by: Actor
) -> dict[str, str | None]:
    """Telephones and address in clear; the trail keeps who asked and why. Raises FormUnknown."""
    form = selection.one_form(session, form_id, by=by)
    audit.note(
        session,
        by=by,
        did="recognition.form-revealed",
        records=[form.id],
        because=because,
        detail={"fields": sorted(fields)},
    )
    return {name: opened(form, name) for name in fields}


def opened(form: RecognitionForm, column: str) -> str | None:
    """A sealed column of a form in clear. Raises CiphertextBroken."""
    sealed: bytes | None = getattr(form, column)
    if sealed is None:
        return None
    return crypto.decrypt(sealed, table=TABLE, column=column, record=form.id)


def _places(
    session: Session, filled: Sequence[Filled], *, by: Actor
) -> dict[tuple[UUID, str], Row[Any]]:
    """Each student's place in the school year; raises for who has none."""
    found = session.execute(
        select(
            col(Student.id),
            col(Student.name),
            col(Student.sex),
            col(Student.birth_on),
            col(Enrolment.school_year),
            col(Enrolment.school_id),
            col(Enrolment.county_id),
            col(Enrolment.grade),
            col(Enrolment.class_name),
        )
        .join(Enrolment, col(Enrolment.student_id) == Student.id)
        .where(
            among(col(Student.id), {each.student_id for each in filled}),
            col(Enrolment.left_on).is_(None),
            visible_class(Enrolment, by),
        )
    ).all()
    missing = {each.student_id for each in filled} - {row.id for row in found}
    if missing:
        raise StudentNotFound(sorted(missing))
    places = {(row.id, row.school_year): row for row in found}
    faults = []
    for at, each in enumerate(filled):
        place = places.get((each.student_id, each.school_year))
        if place is None:
            faults.append(
                Fault("not_enrolled", "该学生本学年没有在籍登记",
                      "the student has no enrolment of that school year", f"/{at}/school_year")
            )  # fmt: skip
        elif place.grade is None:
            faults.append(
                Fault("grade_missing", "该学生的年级未登记，请先补登",
                      "the student's grade is not known; record it first", f"/{at}/student_id")
            )  # fmt: skip
    if faults:
        raise FormWrong(faults)
    return places


def _groups(told: Mapping[str, Any], school_year: str, where: str) -> list[str] | None:
    """The groups' codes; «none» is an empty list. Raises WordUnknown with every unknown word."""
    words = told.get("groups")
    if words is None:
        return None
    on, listed = rules.last_day_of(school_year), codes.code_list("groups")
    found: list[str] = []
    faults: list[Fault] = []
    for at, word in enumerate(words):
        try:
            found.append(listed.read(word, on, f"{where}/groups/{at}"))
        except WordUnknown as unknown:
            faults += unknown.faults
    if faults:
        raise WordUnknown(faults)
    return sorted({value for value in found if value != "none"})


def _row(each: Filled, place: Row[Any], groups: list[str] | None, *, by: Actor) -> dict[str, Any]:
    form_id = ids.new()
    told = _told(each.told, groups, form_id)
    born = place.birth_on
    told["sex"] = told["sex"] or place.sex
    told["birth_month"] = told["birth_month"] or (born and f"{born:%Y-%m}")
    return {
        **told,
        "id": form_id,
        "student_id": each.student_id,
        "school_id": place.school_id,
        "county_id": place.county_id,
        "school_year": each.school_year,
        "submission_no": 1,
        "state": rules.handed_in(told["needed"]),
        "student_name": place.name,
        "grade": place.grade,
        "class_name": place.class_name,
        "filled_by": by.id,
        "fillers": [by.id],
        "filled_at": clock.now(),
        "version": 1,
    }


def _told(told: Mapping[str, Any], groups: list[str] | None, form_id: UUID) -> dict[str, Any]:
    """The form's columns, numbers and address sealed, and what is still to be asked."""
    sealed = {
        name: None
        if told.get(name) is None
        else crypto.encrypt(told[name], table=TABLE, column=name, record=form_id)
        for name in SEALED
    }
    known = {**told, "groups": groups}
    return {**known, **sealed, "needed": rules.needed(known)}


def _write_members(
    session: Session,
    families: Sequence[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]],
) -> None:
    rows = [
        {
            **member,
            "id": ids.new(),
            "form_id": form["id"],
            "school_id": form["school_id"],
            "county_id": form["county_id"],
            "seq": seq,
        }
        for form, members in families
        for seq, member in enumerate(members, 1)
    ]
    if rows:
        session.execute(insert(FormMember), rows)
