"""What is set against what: per programme the version in force and the one supposed."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session

from app.auth.permissions import MAY, Act
from app.core.actor import Actor, ActorKind
from app.core.errors import AidError, Fault
from app.policy import catalogue as nouns
from app.policy import checker, drafting, queries
from app.policy.calendar import normalise_period, parse_period
from app.policy.catalogue import Catalogue, Programme, Version
from app.policy.drafting import OWN_REVISIONS
from app.policy.errors import PeriodInvalid, PolicyVersionNotFound
from app.policy.facts import Words
from app.simulation.errors import SimulationInvalid


@dataclass(frozen=True, kw_only=True)
class Change:
    """An edited version of a programme: a draft's id, or else a `[[version]]` table."""

    programme: str
    draft: UUID | None = None
    version: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is supposed, for which period, over whom.

    `catalogue` is another catalogue's name; a change goes before it. Without `programmes` every
    programme that the catalogues hold or, where there is no other catalogue, those changed.
    `school_year` and `on` say which pupils; None is the period's year, and today at the office.
    """

    period: str
    catalogue: str | None = None
    changes: tuple[Change, ...] = ()
    programmes: tuple[str, ...] = ()
    school_year: str | None = None
    on: date | None = None
    names: bool = False


@dataclass(frozen=True)
class Side:
    """A version as it would decide a period, with its programme, which says when money is due."""

    programme: Programme
    version: Version
    period: str

    @property
    def first_day(self) -> date:
        """The period's first day, on which ages are counted."""
        return self.programme.calendar.days_of(self.period)[0]


@dataclass(frozen=True)
class Pair:
    """One programme: before, and after; None where it does not exist."""

    code: str
    before: Side | None
    after: Side | None

    @property
    def sides(self) -> tuple[Side, ...]:
        """Those there are."""
        return tuple(side for side in (self.before, self.after) if side is not None)

    @property
    def name(self) -> Words:
        """The programme's name."""
        return self.sides[0].programme.name


@dataclass(frozen=True)
class LeftOut:
    """A programme that is not reckoned, and why."""

    programme: str
    why: Words


@dataclass(frozen=True)
class Paired:
    """What is compared, and what is not."""

    pairs: tuple[Pair, ...]
    left_out: tuple[LeftOut, ...]


def allowed(by: Actor, act: Act) -> bool:
    """Whether the caller may do it; the service itself may."""
    return by.kind is ActorKind.SYSTEM or bool(by.roles & MAY[act])


def pair_up(session: Session, asked: Question, *, by: Actor) -> Paired:
    """The version in force and the supposed one of every programme asked for.

    A programme that is not applied for by such a period, or in force on neither side, is left
    out, saying so, unless it was asked for by name. Raises PeriodInvalid, CatalogueInvalid,
    PolicyVersionNotFound, and SimulationInvalid with every fault of what was sent.
    """
    parse_period(asked.period)
    faults: list[Fault] = []
    other = _other_catalogue(asked.catalogue, faults)
    wanted = _wanted(asked, other, faults)
    supposed = _supposed(session, asked, other, by, faults)
    if faults:
        raise SimulationInvalid(
            f"测算条件有 {len(faults)} 处错误，请逐项改正。",
            f"{len(faults)} part(s) of the simulation are wrong; correct each one.",
            faults=faults,
        )
    named = {*asked.programmes, *supposed}
    pairs, left_out = [], []
    for code in wanted:
        try:
            pairs.append(_pair(session, code, asked.period, other, supposed.get(code)))
        except (PeriodInvalid, PolicyVersionNotFound) as why:
            if code in named:
                raise
            left_out.append(LeftOut(code, Words(why.zh, why.en)))
    return Paired(tuple(pairs), tuple(left_out))


def _other_catalogue(name: str | None, faults: list[Fault]) -> Catalogue | None:
    if name is None:
        return None
    # Only names of directories that are there: a name is never taken for a path.
    here = sorted(each.parent.name for each in nouns.CATALOGUES.glob("*/calendar.toml"))
    if name in here:
        return queries.catalogue(name)
    listed = ", ".join(here)
    faults.append(
        Fault(
            "catalogue-unknown",
            f"没有名为 {name} 的政策目录；现有：{listed}。",
            f"There is no catalogue {name}; there are {listed}.",
            "/catalogue",
        )
    )
    return None


def _known(other: Catalogue | None) -> list[str]:
    here = queries.in_force().programmes
    return list(dict.fromkeys([*here, *(other.programmes if other else ())]))


def _wanted(asked: Question, other: Catalogue | None, faults: list[Fault]) -> list[str]:
    """The codes, each once: as asked for, or all there are to compare."""
    known = _known(other)
    listed = ", ".join(known)
    given = [(code, f"/programmes/{at}") for at, code in enumerate(asked.programmes)]
    given += [(each.programme, f"/changes/{at}/programme") for at, each in enumerate(asked.changes)]
    faults += [
        Fault(
            "programme-not-found",
            f"政策目录中没有资助项目 {code}；现有：{listed}。",
            f"No catalogue has a programme {code}; there are {listed}.",
            where,
        )
        for code, where in given
        if code not in known
    ]
    changed = [each.programme for each in asked.changes]
    if len(set(changed)) < len(changed):
        faults.append(
            Fault(
                "change-repeated",
                "同一项目只能改一次，请合并。",
                "A programme is changed once; merge the changes.",
                "/changes",
            )
        )
    if asked.programmes:
        return list(dict.fromkeys([*asked.programmes, *changed]))
    return list(known) if other is not None or not changed else changed


def _supposed(
    session: Session, asked: Question, other: Catalogue | None, by: Actor, faults: list[Fault]
) -> dict[str, Side]:
    """The edited versions by programme, as far as they are sound."""
    found: dict[str, Side] = {}
    known = _known(other)
    for at, change in enumerate(asked.changes):
        if change.programme not in known:
            continue  # said already
        try:
            programme, version = _edited(session, change, other, by)
        except AidError as refused:
            where = f"/changes/{at}"
            faults += refused.faults or [Fault(refused.code, refused.zh, refused.en, where)]
            continue
        period = normalise_period(programme, asked.period)
        found[change.programme] = Side(programme, version, period)
    return found


def _edited(
    session: Session, change: Change, other: Catalogue | None, by: Actor
) -> tuple[Programme, Version]:
    if change.draft is not None:
        if not allowed(by, Act.POLICY_DRAFT_READ):
            raise drafting.draft_unknown()
        loaded = drafting.loaded_draft(session, change.programme, change.draft)
        return loaded.programme, loaded.version
    if other is not None and change.programme not in queries.in_force().programmes:
        programme = other.programme(change.programme)
    else:
        programme = queries.amended(session, change.programme)
    given = {**(change.version or {}), "revision": OWN_REVISIONS}
    version, wrong = checker.check_version(programme, given)
    if wrong:
        raise SimulationInvalid("版本有错误。", "The version has faults.", faults=wrong)
    return programme, version


def _pair(
    session: Session, code: str, period: str, other: Catalogue | None, supposed: Side | None
) -> Pair:
    before = _in_force(session, code, period)
    if supposed is not None:
        return Pair(code, before, supposed)
    after = before if other is None else _in_catalogue(other, code, period)
    if before is None and after is None:
        raise PolicyVersionNotFound(
            f"{code} 在 {period} 尚无有效政策。", f"{code} had no policy in force for {period}."
        )
    return Pair(code, before, after)


def _in_force(session: Session, code: str, period: str) -> Side | None:
    programme = queries.in_force().programmes.get(code)
    if programme is None:
        return None
    wanted = normalise_period(programme, period)
    versions = tuple(each.version for each in queries.published(session, code))
    return _side(programme, versions, wanted)


def _in_catalogue(catalogue: Catalogue, code: str, period: str) -> Side | None:
    programme = catalogue.programmes.get(code)
    if programme is None:
        return None
    return _side(programme, programme.versions, normalise_period(programme, period))


def _side(programme: Programme, versions: tuple[Version, ...], period: str) -> Side | None:
    try:
        return Side(programme, nouns.version_for(versions, programme.code, period), period)
    except PolicyVersionNotFound:
        return None
