"""What the door of recognitions by a list takes and answers."""

from collections.abc import Sequence
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel

from app.core.asked import Asked, Flag
from app.recognition.by_register import Listing
from app.recognition.recognition_schemas import Because
from app.registry.schemas import SchoolYear


class ListedIn(Asked):
    """For which school year, and why; with `dry_run` nothing is stored."""

    school_year: SchoolYear
    because: Because
    dry_run: Flag = False

    def read(self, register_id: UUID) -> Listing:
        """As the service takes it."""
        return Listing(
            register_id=register_id,
            school_year=self.school_year,
            because=self.because.strip(),
            dry_run=self.dry_run,
        )


class ListedCounts(BaseModel):
    """How many students: recognised now, as the list has them already, or left out and why.

    `name_differs`: the school writes another name. `not_this_year`: not on the list, or on no
    roll, in that school year. `cancelled`: recognition was cancelled for a false statement.
    """

    recognised: int
    already: int
    name_differs: int
    not_this_year: int
    cancelled: int


class ListedSchool(ListedCounts):
    """The counts of one school."""

    school_id: UUID
    school_name: str


class ListedOut(ListedCounts):
    """What a list came to, in all and by school; with `dry_run` what it would come to."""

    dry_run: bool
    schools: list[ListedSchool]

    @classmethod
    def of(cls, asked: Listing, counted: Sequence[Any]) -> Self:
        """The reply for the rows of (school id, school's name, counts)."""
        schools = [
            ListedSchool(
                school_id=row.school_id,
                school_name=row.name,
                **{name: getattr(row, name) for name in ListedCounts.model_fields},
            )
            for row in counted
        ]
        whole = {
            name: sum(getattr(each, name) for each in schools) for name in ListedCounts.model_fields
        }
        return cls(dry_run=asked.dry_run, schools=schools, **whole)
