"""What stands against correcting a resident id, each with what to do."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from app.core import db
from app.core.actor import Actor
from app.core.errors import Fault
from app.registry.id_correction_models import ResidentIdCorrection
from app.registry.models import Student

# A number that waits to be another's is as good as registered: the two schools disagree. Who gets
# another number in the same call gives the old one up: two may have been exchanged.
_TAKEN = text("""
    SELECT w.student FROM unnest(CAST(:students AS uuid[]), CAST(:numbers AS bytea[]))
        w (student, number)
    WHERE EXISTS (SELECT FROM student s WHERE s.resident_id_index = w.number
        AND s.id <> ALL(CAST(:students AS uuid[])))
    OR EXISTS (SELECT FROM resident_id_correction c WHERE c.resident_id_index = w.number
        AND c.state = 'proposed' AND c.student_id <> ALL(CAST(:students AS uuid[])))
""")


def twice_faults(numbers: Sequence[str | None]) -> list[Fault]:
    """A fault for each place whose number stands in an earlier one."""
    first: dict[str, int] = {}
    for place, number in enumerate(numbers):
        if number is not None:
            first.setdefault(number, place)
    return [
        Fault(
            "resident_id_correction.twice",
            f"与第 {first[number] + 1} 项的号码相同；一个号码只属于一人，请核对。",
            f"The number of entry {first[number] + 1} too, and it is one person's; check both.",
            f"/corrections/{place}/resident_id",
        )
        for place, number in enumerate(numbers)
        if number is not None and first[number] < place
    ]


def taken(session: Session, indexes: Mapping[UUID, bytes], by: Actor) -> list[Fault]:
    """A fault for each student whose new number is somebody else's in the city; not whose."""
    given = {"students": list(indexes), "numbers": list(indexes.values())}
    with db.city_scope(session, by):
        found = session.execute(_TAKEN, given).scalars().all()
    return [taken_fault(student) for student in sorted(found)]


def taken_fault(student_id: UUID) -> Fault:
    """The student's new number is somebody else's already."""
    return Fault(
        "resident_id_correction.registered",
        "该居民身份证号已登记在另一名学生名下，两条记录可能是同一人；请联系市资助中心核查。",
        "This resident id is already registered; the two records may be one child, so ask the "
        "city centre to look.",
        str(student_id),
    )


def standing(students: Sequence[Student], indexes: Mapping[UUID, bytes]) -> Iterator[Fault]:
    """What the students' own records have against it."""
    for student in students:
        if student.resident_id_index is None:
            yield Fault(
                "resident_id_correction.none-recorded",
                "该学生尚无居民身份证号，无须更正；请在学生信息中直接补录。",
                "The student has no resident id yet; add it to the student's record instead.",
                str(student.id),
            )
        elif bytes(student.resident_id_index) == indexes[student.id]:
            yield Fault(
                "resident_id_correction.recorded",
                "登记的就是该号码，无须更正；请核对要更正的学生。",
                "This number is the one recorded already; check which student is meant.",
                str(student.id),
            )


def overtaken(
    waiting: Sequence[ResidentIdCorrection], students: Mapping[UUID, Student]
) -> Iterator[Fault]:
    """What has happened to the students of proposed corrections since."""
    for one in waiting:
        student = students.get(one.student_id)
        if student is None or student.school_id != one.school_id:
            yield Fault(
                "resident_id_correction.left",
                "该学生已不在提出更正的学校；请退回，由现学校重新提出。",
                "The student has left the school that proposed this; refuse it, and have the "
                "present school propose it.",
                str(one.id),
            )
        elif student.resident_id_index != one.old_resident_id_index:
            yield Fault(
                "resident_id_correction.overtaken",
                "提出更正后该学生的居民身份证号已有变动；请退回，由学校按现有记录重新提出。",
                "The student's resident id has changed since; refuse this, and have the school "
                "propose anew from what is recorded now.",
                str(one.id),
            )


def moved_fault(one: ResidentIdCorrection) -> Fault:
    """The correction waits no more."""
    zh, en = "该更正已不是待核实状态", "this correction does not wait for confirmation any more"
    return Fault("resident_id_correction.moved", zh, en, str(one.id), {"state": one.state.value})


def own_fault(one: ResidentIdCorrection) -> Fault:
    """The correction is the caller's own."""
    zh, en = (
        "该更正由您本人提出，须由另一人核实",
        "you proposed this correction; another person settles it",
    )
    return Fault("resident_id_correction.own", zh, en, str(one.id))
