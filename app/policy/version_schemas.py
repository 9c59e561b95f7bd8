"""What officers send about drafted versions, and what they see."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import orjson
from pydantic import AfterValidator, BaseModel, Field, JsonValue

from app.core.asked import Asked
from app.policy.catalogue import version_from_body
from app.policy.models import DraftState, PolicyDraft
from app.policy.schemas import VersionOut, version_out


def _storable(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Refuses what JSON lets through and no text can hold: lone surrogates, endless numbers."""
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise ValueError(f"no valid text or number: {error}") from error
    return value


VersionTable = Annotated[
    dict[Annotated[str, Field(max_length=40)], JsonValue],
    Field(max_length=40),
    AfterValidator(_storable),
]
"""A `[[version]]` table of the catalogue, in JSON."""

Reason = Annotated[str, Field(min_length=2, max_length=500)]


class DraftIn(Asked):
    """A version as a `[[version]]` table of the catalogue, in JSON; its revision is given here."""

    because: Reason
    version: VersionTable


class SettleIn(Asked):
    """Why a draft is approved or withdrawn."""

    because: Reason


class DraftOut(BaseModel):
    """A drafted version; `version_id` is what applications refer to once it is approved."""

    id: UUID
    programme: str
    state: DraftState
    because: str
    drafted_by: UUID
    drafted_at: datetime
    settled_by: UUID | None
    settled_because: str | None
    settled_at: datetime | None
    version_id: UUID | None
    version: VersionOut


def draft_out(draft: PolicyDraft) -> DraftOut:
    """A draft for a reply."""
    return DraftOut(
        id=draft.id,
        programme=draft.programme,
        state=draft.state,
        because=draft.because,
        drafted_by=draft.drafted_by,
        drafted_at=draft.drafted_at,
        settled_by=draft.settled_by,
        settled_because=draft.settled_because,
        settled_at=draft.settled_at,
        version_id=draft.version_id,
        version=version_out(version_from_body(draft.body.encode())),
    )
