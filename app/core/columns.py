"""Column types and names shared by all tables; imported before any model."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Identity,
    LargeBinary,
    String,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING

ENUM_LENGTH = 32


class TextEnum(TypeDecorator[StrEnum]):
    """A StrEnum kept as its value in a VARCHAR; `one_of` adds the CHECK."""

    impl = String(ENUM_LENGTH)
    cache_ok = True

    def __init__(self, of: type[StrEnum]) -> None:
        super().__init__()
        self.of = of

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:
        """The value to store; refuses what is not a member."""
        del dialect
        return None if value is None else self.of(value).value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> StrEnum | None:
        """The member for a stored value."""
        del dialect
        return None if value is None else self.of(value)


def one_of(column: str, of: type[StrEnum]) -> CheckConstraint:
    """The CHECK that keeps a column within an enumeration."""
    values = ", ".join(f"'{member.value}'" for member in of)
    return CheckConstraint(f"{column} IN ({values})", name=f"{column}_known")


def enum_column(of: type[StrEnum], **options: Any) -> Any:
    """A field for a StrEnum; add `one_of(name, of)` to the table's arguments."""
    return Field(sa_type=TextEnum(of), **options)


def fen_column(**options: Any) -> Any:
    """A field for an amount in fen: BIGINT."""
    return Field(sa_type=BigInteger, **options)


def count_column(**options: Any) -> Any:
    """A field for a count that may pass two thousand million: BIGINT."""
    return Field(sa_type=BigInteger, **options)


def identity_column() -> Any:
    """The key of an append-only line: BIGINT GENERATED ALWAYS AS IDENTITY."""
    return Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger,
        sa_column_args=(Identity(always=True),),
    )


class UtcMoment(TypeDecorator[datetime]):
    """A moment with time zone; a naive one is refused, and UTC comes back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment to store."""
        del dialect
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """The stored moment, in UTC."""
        del dialect
        return value.astimezone(UTC) if isinstance(value, datetime) else None


def moment_column(**options: Any) -> Any:
    """A field for a moment: TIMESTAMP WITH TIME ZONE, always UTC in Python."""
    return Field(sa_type=UtcMoment, **options)


def bytes_column(**options: Any) -> Any:
    """A field for bytes (ciphertext, blind index, stored file)."""
    return Field(sa_type=LargeBinary, **options)


def json_column(**options: Any) -> Any:
    """A field for JSONB."""
    return Field(sa_type=JSONB, **options)


def uuids_column(**options: Any) -> Any:
    """A field for a list of ids: UUID[]."""
    return Field(sa_type=ARRAY(Uuid), **options)


def texts_column(**options: Any) -> Any:
    """A field for a list of short texts: TEXT[]."""
    return Field(sa_type=ARRAY(String), **options)
