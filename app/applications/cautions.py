"""What an officer should look at before a set goes on, recomputed from its snapshots."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.applications.models import Application, Submission
from app.assessment.facts import values_of
from app.core.staging import Rows
from app.policy import engine
from app.policy import queries as policy
from app.policy.facts import Words
from app.policy.frames import frame_of
from app.policy.queries import LoadedVersion

# Under a name of its own: the predicate may ask for submissions too.
_AS_IT_STANDS = aliased(Submission)


@dataclass(frozen=True)
class CautionCount:
    """One caution and how many cases it holds for."""

    id: str
    label: Words
    count: int


@dataclass(frozen=True)
class Tally:
    """How many cases carry any caution, and each caution's own count, in the version's order."""

    cases: int
    cautions: tuple[CautionCount, ...]


def tally(session: Session, which: ColumnElement[bool]) -> Tally:
    """Counts the cautions of the cases that a predicate on Application takes in.

    Two statements, the second only where a version of the cases has cautions at all.
    """
    versions = _with_cautions(session, which)
    if not versions:
        return Tally(0, ())
    told: defaultdict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for version_id, facts in session.execute(
        _newest(which, col(_AS_IT_STANDS.policy_version_id), col(_AS_IT_STANDS.facts)).where(
            col(_AS_IT_STANDS.policy_version_id).in_(list(versions))
        )
    ):
        told[version_id].append(values_of(facts))
    cases, counts = 0, Counter[str]()
    labels: dict[str, Words] = {}
    for version_id, facts in told.items():
        version = versions[version_id].version
        labels |= {each.id: Words(each.zh, each.en) for each in version.cautions}
        said = engine.assess(frame_of(facts), version).get_column("cautions").to_list()
        cases += sum(bool(each) for each in said)
        counts.update(caution for each in said for caution in each)
    return Tally(
        cases,
        tuple(
            CautionCount(key, label, counts[key]) for key, label in labels.items() if counts[key]
        ),
    )


def _with_cautions(session: Session, which: ColumnElement[bool]) -> dict[UUID, LoadedVersion]:
    ids = session.execute(_newest(which, col(_AS_IT_STANDS.policy_version_id)).distinct()).scalars()
    return {
        key: loaded
        for key, loaded in policy.version_by_id(session, ids).items()
        if loaded.version.cautions
    }


def _newest(which: ColumnElement[bool], *columns: Any) -> Rows:
    newest = and_(
        col(_AS_IT_STANDS.application_id) == Application.id,
        col(_AS_IT_STANDS.submission_no) == Application.submission_no,
    )
    return select(*columns).select_from(Application).join(_AS_IT_STANDS, newest).where(which)
