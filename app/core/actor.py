"""Who acts, and how far they can see."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    """What sort of caller it is."""

    PERSON = "person"
    CLIENT = "client"  # a school's system
    SYSTEM = "system"  # a job, the command line


class Scope(StrEnum):
    """Whose rows the caller can see; row-level security holds to it."""

    NONE = "none"
    SCHOOL = "school"
    COUNTY = "county"
    CITY = "city"


@dataclass(frozen=True, kw_only=True)
class Actor:
    """One caller for the length of one transaction.

    `school_id` and `county_id` are set as far as the scope needs them; `grade` and `class_name`
    narrow a class teacher to the own class.
    """

    id: UUID
    kind: ActorKind
    name: str
    scope: Scope
    organisation_id: UUID | None = None
    school_id: UUID | None = None
    county_id: UUID | None = None
    roles: frozenset[str] = field(default_factory=frozenset)
    grade: int | None = None
    class_name: str | None = None

    @property
    def own_class_only(self) -> bool:
        """Whether every query must be narrowed to one class."""
        return self.class_name is not None


SYSTEM = Actor(
    id=UUID(int=0), kind=ActorKind.SYSTEM, name="system", scope=Scope.CITY, roles=frozenset()
)
"""The service itself: jobs without a person behind them, verification, migrations of data."""
