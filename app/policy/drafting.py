"""A rate is changed by an officer: drafted with its examples, approved by a second person."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.audit import service as audit
from app.core import clock, ids
from app.core.actor import Actor
from app.core.errors import Fault
from app.policy import queries
from app.policy.catalogue import Programme, Version, sealed, version_from_body
from app.policy.checker import check_stored, check_version
from app.policy.errors import (
    DraftInvalid,
    DraftNotFound,
    DraftOvertaken,
    DraftOwn,
    DraftSettled,
    DraftTaken,
)
from app.policy.models import DraftState, PolicyDraft, PolicyVersion
from app.policy.queries import LoadedVersion

OWN_REVISIONS = 1000
"""Officers' versions are revisions from this one on: the shipped files number theirs below."""


def draft(
    session: Session, code: str, values: dict[str, Any], *, because: str, by: Actor
) -> PolicyDraft:
    """Keeps a version as drafted: checked whole, its examples reckoned; it binds nobody yet.

    `values` is a `[[version]]` table; its revision is given here. Raises ProgrammeNotFound,
    DraftInvalid with every fault, DraftTaken.
    """
    programme = queries.amended(session, code)
    version, faults = check_version(programme, {**values, "revision": OWN_REVISIONS})
    if faults or version.effective_from is None:
        raise _invalid(faults)
    version = sealed(replace(version, revision=_next_revision(session, programme, version)))
    made = PolicyDraft(
        catalogue=programme.catalogue,
        programme=programme.code,
        effective_from=version.effective_from or "",
        revision=version.revision,
        body=version.body.decode(),
        sha256=bytes.fromhex(version.sha256),
        because=because,
        state=DraftState.DRAFTED,
        drafted_by=by.id,
        drafted_at=clock.now(),
    )
    taken = session.execute(
        insert(PolicyDraft)
        .values(made.model_dump())
        .on_conflict_do_nothing()
        .returning(col(PolicyDraft.id))
    ).all()
    if not taken:
        raise DraftTaken(
            "同一生效学期刚有另一份草案提交，请重试。",
            "Another draft of the same first period came in just now; send yours again.",
        )
    audit.note(session, by=by, did="policy.drafted", records=[made.id], because=because)
    return draft_of(session, code, made.id)


def approve(session: Session, code: str, draft_id: UUID, *, because: str, by: Actor) -> PolicyDraft:
    """Publishes a draft after reckoning it again. Applications already in keep their version.

    Raises DraftNotFound, DraftSettled, DraftOwn, DraftOvertaken, DraftInvalid when the vocabulary
    has changed since and the examples no longer come out.
    """
    found = _open(session, code, draft_id)
    if found.drafted_by == by.id:
        raise DraftOwn(
            "起草人不能批准自己的草案，须由另一名工作人员批准。",
            "Who drafted a version cannot approve it; another officer must.",
        )
    version = version_from_body(found.body.encode())
    _refuse_overtaken(session, found)
    faults = check_stored(queries.amended(session, code), version)
    if faults:
        raise _invalid(faults)
    published = PolicyVersion(
        id=ids.new(),
        catalogue=found.catalogue,
        programme=found.programme,
        effective_from=found.effective_from,
        revision=found.revision,
        body=found.body,
        sha256=found.sha256,
        loaded_at=clock.now(),
    )
    session.add(published)
    session.flush()  # the draft points at it
    found.version_id = published.id
    _settle(found, DraftState.APPROVED, because=because, by=by)
    audit.note(
        session, by=by, did="policy.published", records=[found.id, published.id], because=because
    )
    return found


def withdraw(
    session: Session, code: str, draft_id: UUID, *, because: str, by: Actor
) -> PolicyDraft:
    """Takes a draft back. Raises DraftNotFound, DraftSettled."""
    found = _open(session, code, draft_id)
    _settle(found, DraftState.WITHDRAWN, because=because, by=by)
    audit.note(session, by=by, did="policy.draft_withdrawn", records=[found.id], because=because)
    return found


def draft_of(session: Session, code: str, draft_id: UUID) -> PolicyDraft:
    """One draft. Raises ProgrammeNotFound, DraftNotFound."""
    programme = queries.programme(code)
    found = session.get(PolicyDraft, draft_id)
    if found is None or (found.catalogue, found.programme) != (programme.catalogue, code):
        raise draft_unknown()
    return found


def draft_unknown() -> DraftNotFound:
    """The refusal of a draft that is not there, or not for the caller to see."""
    return DraftNotFound("没有这份政策草案。", "There is no such draft of a policy version.")


def loaded_draft(session: Session, code: str, draft_id: UUID) -> LoadedVersion:
    """A draft as a version to try cases with; its id is the draft's. Raises DraftNotFound."""
    found = draft_of(session, code, draft_id)
    return LoadedVersion(found.id, queries.programme(code), version_from_body(found.body.encode()))


def _open(session: Session, code: str, draft_id: UUID) -> PolicyDraft:
    draft_of(session, code, draft_id)
    found: PolicyDraft = session.execute(
        select(PolicyDraft)
        .where(col(PolicyDraft.id) == draft_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()
    if found.state is not DraftState.DRAFTED:
        words = {DraftState.APPROVED: "已批准公布", DraftState.WITHDRAWN: "已撤回"}
        raise DraftSettled(
            f"草案{words[found.state]}，不能再处理；需要改动请另起草一份。",
            f"The draft is {found.state.value} already; to change something, draft another.",
            facts={"state": found.state.value},
        )
    return found


def _refuse_overtaken(session: Session, found: PolicyDraft) -> None:
    """A greater revision from the same period would decide: this one would bind nobody, unsaid."""
    newer = [
        each.version.revision
        for each in queries.published(session, found.programme)
        if each.version.effective_from == found.effective_from
        and each.version.revision > found.revision
    ]
    if newer:
        raise DraftOvertaken(
            f"自 {found.effective_from} 起已公布修订 {max(newer)}，本草案（修订 {found.revision}）"
            "批准后也不会生效；需要时请另起草一份。",
            f"Revision {max(newer)} from {found.effective_from} is published already; this draft "
            f"(revision {found.revision}) would bind nobody. Draft it again if it is wanted.",
            facts={"published": max(newer), "draft": found.revision},
        )


def _settle(found: PolicyDraft, state: DraftState, *, because: str, by: Actor) -> None:
    found.state = state
    found.settled_by, found.settled_because, found.settled_at = by.id, because, clock.now()


def _next_revision(session: Session, programme: Programme, version: Version) -> int:
    drafted = session.execute(
        select(func.max(col(PolicyDraft.revision))).where(
            col(PolicyDraft.catalogue) == programme.catalogue,
            col(PolicyDraft.programme) == programme.code,
            col(PolicyDraft.effective_from) == version.effective_from,
        )
    ).scalar_one()
    return max(OWN_REVISIONS - 1, drafted or 0) + 1


def _invalid(faults: list[Fault]) -> DraftInvalid:
    return DraftInvalid(
        f"草案有 {len(faults)} 处错误，请逐项改正；未保存任何内容。",
        f"The draft has {len(faults)} fault(s); correct each one. Nothing was saved.",
        faults=faults,
    )
