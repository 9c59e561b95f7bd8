"""Other departments' lists (外部名册), the people on them, and the students they name.

`county_id` is the county centre that loaded a list, null for one the city loaded; a match carries
its student's school and county.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel

from app.core import ids
from app.core.columns import (
    bytes_column,
    enum_column,
    identity_column,
    json_column,
    moment_column,
    one_of,
)
from app.sheets.taking import TakingState
from app.sheets.uploads import OnError


class RegisterKind(StrEnum):
    """What a list is of; a group of the vocabulary has the vocabulary's word."""

    MINIMUM_LIVING = "minimum_living"  # 低保
    LOW_INCOME_MARGIN = "low_income_margin"  # 低保边缘
    EXTREME_POVERTY = "extreme_poverty"  # 特困供养
    DISABLED = "disabled"  # 残疾
    REGISTERED_POOR = "registered_poor"  # 脱贫 (建档立卡)
    POVERTY_MONITORED = "poverty_monitored"  # 监测
    ORPHAN = "orphan"  # 孤儿
    DE_FACTO_UNSUPPORTED = "de_facto_unsupported"  # 事实无人抚养
    MARTYR_CHILD = "martyr_child"  # 烈士子女
    HARDSHIP_WORKER = "hardship_worker"  # 困难职工
    DECEASED = "deceased"  # 死亡
    STATE_FUNDED_TRAINEE = "state_funded_trainee"  # 公费师范生


class Basis(StrEnum):
    """Why a list may be held against the pupils."""

    DUTY = "duty"  # a law or a document of the departments orders it, named with the list
    AUTHORISATION = "authorisation"  # only families who have signed that it may be checked


class OutsideRegister(SQLModel, table=True):
    """One list of one day, and how its taking went.

    This head says nothing of anybody and is readable in every scope: which list is the newest of
    its kind decides for all. The door shows it to the city and to the county that loaded it.
    """

    __tablename__ = "outside_register"
    __table_args__ = (
        one_of("kind", RegisterKind),
        one_of("basis", Basis),
        one_of("on_error", OnError),
        one_of("state", TakingState),
        CheckConstraint("basis <> 'duty' OR basis_said <> ''", name="duty_is_named"),
        Index(
            "uq_outside_register_once",
            "sha256",
            "kind",
            "county_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where="state NOT IN ('refused', 'failed')",
        ),
        Index("ix_outside_register_kind", "kind", "as_of"),
    )
    id: UUID = Field(default_factory=ids.new, primary_key=True)
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    kind: RegisterKind = enum_column(RegisterKind)
    issued_by: str = Field(max_length=120)
    as_of: date
    basis: Basis = enum_column(Basis)
    basis_said: str = Field(max_length=200)
    on_error: OnError = enum_column(OnError)
    file_name: str = Field(max_length=200)
    document_id: UUID = Field(foreign_key="document.id")
    sha256: bytes = bytes_column()
    state: TakingState = enum_column(TakingState)
    rows_total: int = 0  # until it is done, the lines of a CSV
    rows_done: int = 0
    rows_kept: int = 0
    rows_refused: int = 0
    refusals: dict[str, Any] = json_column()
    matched: int = 0
    problem: dict[str, Any] | None = json_column(default=None, nullable=True)
    uploaded_by: UUID
    made_at: datetime = moment_column()
    finished_at: datetime | None = moment_column(default=None, nullable=True)


class OutsideRegisterRow(SQLModel, table=True):
    """One person on a list, as little as matching needs: no number and no name. Append-only.

    `resident_id_index` is the blind index of `student`; `name_index` half of one of the name, for
    the comparison alone. The county's foreign key is the head's: a second check a row would cost
    a list of a million more than all the rest.
    """

    __tablename__ = "outside_register_row"
    __table_args__ = (
        Index("ix_outside_register_row_person", "resident_id_index"),
        Index("ix_outside_register_row_register", "register_id", postgresql_using="brin"),
    )
    id: int | None = identity_column()
    register_id: UUID = Field(foreign_key="outside_register.id")
    county_id: UUID | None = None
    resident_id_index: bytes = bytes_column()
    name_index: bytes = bytes_column()
    relation: str | None = Field(default=None, max_length=20)
    since: date
    until: date | None = None


class RegisterRefusal(SQLModel, table=True):
    """A row of a list that was not taken, and why; its text stays in the file. Append-only."""

    __tablename__ = "register_refusal"
    __table_args__ = (Index("ix_register_refusal_register", "register_id", "id"),)
    id: int | None = identity_column()
    register_id: UUID = Field(foreign_key="outside_register.id")
    county_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    sheet: str = Field(max_length=80)
    row_no: int
    code: str = Field(max_length=40)


class RegisterMatch(SQLModel, table=True):
    """A student whom a list names. `special_group` is null for a list that makes nobody needy."""

    __tablename__ = "register_match"
    __table_args__ = (
        one_of("kind", RegisterKind),
        Index("ix_register_match_student", "student_id"),
        Index("ix_register_match_school", "school_id", "kind"),
        Index("ix_register_match_county", "county_id", "kind"),
    )
    register_id: UUID = Field(foreign_key="outside_register.id", primary_key=True)
    student_id: UUID = Field(foreign_key="student.id", primary_key=True)
    school_id: UUID = Field(foreign_key="organisation.id")
    county_id: UUID = Field(foreign_key="organisation.id")
    kind: RegisterKind = enum_column(RegisterKind)
    special_group: str | None = Field(default=None, max_length=40)
    name_agrees: bool
    since: date
    until: date | None = None
    matched_at: datetime = moment_column()
