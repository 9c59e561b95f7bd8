"""What an officer should look at before a set goes on, recomputed from its snapshots."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal_column, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.applications.models import Application, Submission
from app.core.staging import Rows
from app.policy import engine
from app.policy import queries as policy
from app.policy.expressions import compile_expression
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

    Two statements, the second only where a version of the cases has cautions at all. Cases alike
    in the facts that cautions read come as one row with their number, however many they are.
    """
    versions = _with_cautions(session, which)
    if not versions:
        return Tally(0, ())
    cases, counts = 0, Counter[str]()
    labels: dict[str, Words] = {}
    for version_id, (kinds, many) in _kinds(session, which, versions).items():
        version = versions[version_id].version
        labels |= {each.id: Words(each.zh, each.en) for each in version.cautions}
        said = engine.assess(frame_of(kinds), version).get_column("cautions").to_list()
        for cautions, number in zip(said, many, strict=True):
            cases += number if cautions else 0
            counts.update(dict.fromkeys(cautions, number))
    return Tally(
        cases,
        tuple(
            CautionCount(key, label, counts[key]) for key, label in labels.items() if counts[key]
        ),
    )


def _kinds(
    session: Session, which: ColumnElement[bool], versions: Mapping[UUID, LoadedVersion]
) -> dict[UUID, tuple[list[dict[str, Any]], list[int]]]:
    """By version what its cautions read of the cases: each kind of case once, and how many."""
    read = sorted(
        {
            fact
            for loaded in versions.values()
            for caution in loaded.version.cautions
            for fact in compile_expression(caution.test).facts
        }
    )
    version = col(_AS_IT_STANDS.policy_version_id)
    columns = [col(_AS_IT_STANDS.facts)[fact]["value"].label(fact) for fact in read]
    # By place: a fact may have the name of a column of the case, which would be taken for it.
    places: list[ColumnElement[Any]] = [
        literal_column(str(place)) for place in range(1, len(columns) + 2)
    ]
    found = session.execute(
        _newest(which, version, *columns, func.count())
        .where(version.in_(list(versions)))
        .group_by(*places)
    )
    kinds: defaultdict[UUID, tuple[list[dict[str, Any]], list[int]]] = defaultdict(lambda: ([], []))
    for version_id, *values, number in found:
        facts, many = kinds[version_id]
        facts.append(dict(zip(read, values, strict=True)))
        many.append(number)
    return dict(kinds)


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
