"""Lists as people take them home: the same rows as the list, every identity masked."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import Session, col

from app.applications import queries as applications
from app.applications.decision_errors import STATES, STEPS
from app.applications.models import Application
from app.applications.queries import CaseFilter
from app.core import crypto, db
from app.core.actor import Actor
from app.core.identity import mask_id
from app.core.money import show_yuan
from app.core.tongues import Tongue
from app.policy.facts import FACTS, Words
from app.registry import queries as registry
from app.registry.models import Enrolment, IdentityState, School, Sex, Student
from app.registry.queries import StudentsSought
from app.reports.errors import ExportTooLong
from app.sheets.annotate import write_csv, write_sheet

SHEET_ROWS_MAX = 1_048_575  # below the header
ROWS_AT_ONCE = 1000

IDENTITIES: dict[IdentityState, Words] = {
    IdentityState.DOCUMENTED: Words("有身份证号", "documented"),
    IdentityState.PROVISIONAL: Words("身份待核实", "provisional"),
    IdentityState.CONFIRMED: Words("身份已核实", "confirmed"),
}
SEXES: dict[Sex, Words] = {Sex.FEMALE: Words("女", "female"), Sex.MALE: Words("男", "male")}


@dataclass(frozen=True)
class Column:
    """One column of an export: its heading, and what a row shows in it."""

    heading: Words
    show: Callable[[Any, Tongue], object]


def _plain(name: str) -> Callable[[Any, Tongue], object]:
    return lambda row, _: getattr(row, name)


def _worded(name: str, table: dict[Any, Words]) -> Callable[[Any, Tongue], object]:
    return lambda row, tongue: (
        None if getattr(row, name) is None else table[getattr(row, name)].said(tongue)
    )


def _fact(name: str) -> Callable[[Any, Tongue], object]:
    return lambda row, tongue: (
        None if getattr(row, name) is None else FACTS[name].label(getattr(row, name)).said(tongue)
    )


def _listed(name: str) -> Callable[[Any, Tongue], object]:
    return lambda row, _: "+".join(getattr(row, name))


def _masked_id(row: Any, _: Tongue) -> object:
    if row.resident_id is None:
        return None
    number = crypto.decrypt(
        row.resident_id, table="student", column="resident_id", record=row.student_id
    )
    return mask_id(number)


def _yes_no(row: Any, tongue: Tongue) -> object:
    words = {True: Words("是", "yes"), False: Words("否", "no"), None: Words("待定", "not known")}
    return words[row.eligible].said(tongue)


APPLICATION_COLUMNS = (
    Column(Words("申请编号", "number"), _plain("number")),
    Column(Words("资助项目", "programme"), _plain("programme")),
    Column(Words("申报学期", "period"), _plain("period")),
    Column(Words("学校标识码", "school code"), _plain("school_code")),
    Column(Words("学校名称", "school"), _plain("school_name")),
    Column(Words("学生姓名", "student"), _plain("student_name")),
    Column(Words("居民身份证号", "resident id"), _masked_id),
    Column(Words("学段", "stage"), _fact("stage")),
    Column(Words("年级", "grade"), _plain("grade")),
    Column(Words("班级", "class"), _plain("class_name")),
    Column(Words("困难档次", "hardship"), _fact("hardship")),
    Column(
        Words("状态", "state"),
        _worded("state", {key: Words(*said) for key, said in STATES.items()}),
    ),
    Column(
        Words("审核环节", "step"),
        _worded("step", {key: Words(*said) for key, said in STEPS.items()}),
    ),
    Column(Words("符合条件", "eligible"), _yes_no),
    Column(
        Words("金额", "amount"),
        lambda row, _: None if row.amount_fen is None else show_yuan(row.amount_fen),
    ),
    Column(Words("不符合的条件", "criteria not met"), _listed("failed")),
    Column(Words("缺少的事实", "facts missing"), _listed("missing")),
)

STUDENT_COLUMNS = (
    Column(Words("学校标识码", "school code"), _plain("school_code")),
    Column(Words("学校名称", "school"), _plain("school_name")),
    Column(Words("学生姓名", "student"), _plain("name")),
    Column(Words("居民身份证号", "resident id"), _masked_id),
    Column(Words("性别", "sex"), _worded("sex", SEXES)),
    Column(Words("出生日期", "birth date"), _plain("birth_on")),
    Column(Words("身份状态", "identity"), _worded("identity", IDENTITIES)),
    Column(Words("学籍号", "register number"), _plain("register_no")),
    Column(Words("监护人姓名", "guardian"), _plain("guardian_name")),
    Column(Words("学年", "school year"), _plain("school_year")),
    Column(Words("年级", "grade"), _plain("grade")),
    Column(Words("班级", "class"), _plain("class_name")),
)


@dataclass(frozen=True)
class Export:
    """What is taken home: a select in the list's order, and its columns in one language."""

    rows: Select[*tuple[Any, ...]]
    columns: Sequence[Column]
    tongue: Tongue

    @property
    def headings(self) -> list[str]:
        """The first row."""
        return [column.heading.said(self.tongue) for column in self.columns]

    def cells(self, row: Any) -> list[object]:
        """A row as it is shown."""
        return [column.show(row, self.tongue) for column in self.columns]


def of_applications(by: Actor, wanted: CaseFilter, tongue: Tongue) -> Export:
    """The cases of the list with the same filter, in its order."""
    table = Application
    rows: Select[*tuple[Any, ...]] = (
        select(
            *(col(getattr(table, name)) for name in (
                "number", "programme", "period", "student_id", "student_name", "stage", "grade",
                "class_name", "hardship", "state", "step", "eligible", "amount_fen", "failed",
                "missing",
            )),
            col(School.code).label("school_code"),
            col(School.name).label("school_name"),
            col(Student.resident_id),
        )
        .join(School, col(School.id) == table.school_id)
        # A student who moved out of sight keeps the case here, without the number.
        .outerjoin(Student, col(Student.id) == table.student_id)
        .where(*applications.narrow(by, wanted))
        .order_by(col(table.id))
    )  # fmt: skip
    return Export(rows, APPLICATION_COLUMNS, tongue)


def of_students(by: Actor, sought: StudentsSought, tongue: Tongue) -> Export:
    """The students of the list with the same filter, in its order, with their present class."""
    chosen = registry.students_select(by, sought).with_only_columns(col(Student.id)).cte("chosen")
    rows: Select[*tuple[Any, ...]] = (
        select(
            col(Student.id).label("student_id"),
            *(col(getattr(Student, name)) for name in (
                "name", "resident_id", "sex", "birth_on", "identity", "register_no",
                "guardian_name",
            )),
            *(col(getattr(Enrolment, name)) for name in ("school_year", "grade", "class_name")),
            col(School.code).label("school_code"),
            col(School.name).label("school_name"),
        )
        .join(chosen, chosen.c.id == Student.id)
        .join(School, col(School.id) == Student.school_id)
        .outerjoin(Enrolment, registry.present_enrolment())
        .order_by(col(Student.id))
    )  # fmt: skip
    return Export(rows, STUDENT_COLUMNS, tongue)


def count(session: Session, export: Export) -> int:
    """How many rows it has."""
    counted = select(func.count()).select_from(export.rows.order_by(None).subquery())
    return int(session.execute(counted).scalar_one())


def as_sheet(session: Session, export: Export, *, expected: int) -> bytes:
    """The export as .xlsx. Raises ExportTooLong beyond one worksheet."""
    if expected > SHEET_ROWS_MAX:
        raise ExportTooLong(expected, SHEET_ROWS_MAX)
    return write_sheet(export.headings, _cells(session, export))


def as_csv(export: Export, *, by: Actor) -> Iterator[bytes]:
    """The export as CSV, piece by piece, from a transaction of its own in the actor's scope."""
    head = write_csv(export.headings, ())
    yield head
    with db.scoped_session(by) as session:
        found = session.execute(export.rows, execution_options={"yield_per": ROWS_AT_ONCE})
        for rows in found.partitions():
            piece = write_csv(export.headings, [export.cells(row) for row in rows])
            yield piece.removeprefix(head)


def _cells(session: Session, export: Export) -> Iterator[list[object]]:
    for row in session.execute(export.rows, execution_options={"yield_per": ROWS_AT_ONCE}):
        yield export.cells(row)
