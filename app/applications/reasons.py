"""Why a stored case came out as it did."""

from sqlmodel import Session

from app.applications.queries import Case
from app.policy.explanation import Explanation, explain
from app.policy.queries import version_by_id


def explained(session: Session, found: Case) -> Explanation:
    """The explanation of a case, recomputed from its newest submission and its version."""
    key = found.policy_version_id
    loaded = version_by_id(session, [key])[key]
    return explain(loaded.programme, loaded.version, found.case.period, found.facts)
