"""A case to try without storing anything."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from app.policy import queries
from app.policy.calendar import normalise_period
from app.policy.catalogue import Programme
from app.policy.explanation import Explanation, explain
from app.policy.facts import Scalar
from app.policy.frames import check_facts, facts_invalid


@dataclass(frozen=True)
class Tried:
    """A supposed case explained, and the programme it was tried for."""

    programme: Programme
    explained: Explanation


def try_case(session: Session, code: str, period: str, facts: Mapping[str, Scalar | None]) -> Tried:
    """How a case with these facts would come out for a period.

    Raises ProgrammeNotFound, PeriodInvalid, PolicyVersionNotFound, FactsInvalid.
    """
    loaded = queries.version_for(session, code, period)
    if faults := check_facts(facts, where="/facts"):
        raise facts_invalid(faults)
    wanted = normalise_period(loaded.programme, period)
    given = {name: {"value": value} for name, value in facts.items()}
    return Tried(loaded.programme, explain(loaded.programme, loaded.version, wanted, given))
