"""The catalogue's nouns: programmes, their dated versions, and each version's canonical body."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from app.policy.calendar import PeriodKind, PolicyCalendar, Rhythm, parse_period
from app.policy.errors import PolicyVersionNotFound, ProgrammeNotFound
from app.policy.facts import Scalar, Words

CATALOGUES = Path(__file__).parent / "catalogue"
DEFAULT_CATALOGUE = "jining-2008"

Kind = Literal["grant", "scholarship", "waiver", "loan", "school_allocation"]
Payee = Literal["student", "school"]
Office = Literal["county", "city"]
RunBy = Literal["county", "city"]
OnTransfer = Literal["old_school", "new_school"]
QuotaOf = Literal["roll", "boarders", "given"]
Bound = Literal["ceiling", "floor", "guide"]
Rounding = Literal["down", "half_up", "up"]
Direction = Literal["asc", "desc"]
Method = Literal["bank", "cash", "meal_card"]
BY_BANK: tuple[Method, ...] = ("bank",)


@dataclass(frozen=True)
class Criterion:
    """One condition: an SQL expression over facts that must be true."""

    id: str
    test: str
    zh: str
    en: str
    clause: str = ""


@dataclass(frozen=True)
class Caution:
    """Something an officer should look at: true is said, and refuses nothing."""

    id: str
    test: str
    zh: str
    en: str


@dataclass(frozen=True)
class Amount:
    """Fen a year for those who meet `when`; an empty `when` is everybody. First met wins.

    Where `fen` is written, a whole-number expression over facts, it is the amount and `year_fen`
    is 0.
    """

    when: str
    year_fen: int
    fen: str = ""


@dataclass(frozen=True)
class Tiers:
    """Fen a year that a school's awards must average, and the least and most one may be."""

    average_fen: int
    least_fen: int
    most_fen: int


@dataclass(frozen=True)
class Quota:
    """How many places a school has: a share of a head count in basis points, or places given.

    `ceiling`: no more than these, the others wait; `floor`: fewer are warned of; `guide`: about
    so many, either way warned of. `given` has no share: the centre gives each school its places.
    """

    of: QuotaOf
    bound: Bound
    basis_points: int
    rounding: Rounding


@dataclass(frozen=True)
class RankBy:
    """One key of the order in which places are filled; an unknown fact stands last."""

    fact: str
    direction: Direction


@dataclass(frozen=True)
class Funding:
    """One source's share of every award, in basis points."""

    source: str
    basis_points: int


@dataclass(frozen=True)
class Example:
    """A worked case that the version must reproduce.

    What is None (or empty) is not claimed. `period` defaults to the version's first.
    """

    given: tuple[tuple[str, Scalar], ...]
    eligible: bool | None
    year_fen: int | None = None
    instalments: tuple[int, ...] | None = None
    failed: tuple[str, ...] | None = None
    unknown: tuple[str, ...] | None = None
    period: str | None = None
    cautions: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Version:
    """One programme's rules from one period on; `effective_from` None is as far back as records go.

    `body` is the canonical form kept in the append-only table, `sha256` its digest. It carries
    what decides a result (code, period and rhythm of paying too), so that a stored version needs
    no file beside it.

    `ranking` is the order in which places are filled; who is equal in all of it stands by the time
    of handing in, then by number. `student_year_max_fen` is the most one student may be granted of
    the programme in a school year. `methods` are the ways in which it may be paid.
    """

    programme: str
    period: PeriodKind
    instalments: Rhythm
    effective_from: str | None
    revision: int
    source: str
    verified: bool
    criteria: tuple[Criterion, ...]
    amounts: tuple[Amount, ...]
    funding: tuple[Funding, ...]
    examples: tuple[Example, ...] = ()
    note: Words | None = None
    cautions: tuple[Caution, ...] = ()
    tiers: Tiers | None = None
    quotas: tuple[Quota, ...] = ()
    ranking: tuple[RankBy, ...] = ()
    student_year_max_fen: int | None = None
    methods: tuple[Method, ...] = BY_BANK
    body: bytes = field(default=b"", repr=False)
    sha256: str = ""

    @property
    def order(self) -> int:
        """Where the version starts among terms; an open start is before all."""
        return 0 if self.effective_from is None else parse_period(self.effective_from).order

    @property
    def key(self) -> str:
        """How messages name the version: `2008-spring`, or `start` when it has no first period."""
        return self.effective_from or "start"


@dataclass(frozen=True)
class Notice:
    """Working days of public notice at the school and at the centre."""

    school_working_days: int
    centre_working_days: int


@dataclass(frozen=True)
class Programme:
    """One programme: what is applied for, how it is paid, and its versions by date.

    `on_transfer` says whose instalments that fall due after a transfer within the period are: the
    old school's, where the case was decided, or the new school's. `on_statement` is what a payee
    reads of the money on a bank statement.
    """

    catalogue: str
    code: str
    prefix: str
    name: Words
    on_statement: str
    kind: Kind
    payee: Payee
    period: PeriodKind
    instalments: Rhythm
    exclusive_with: tuple[str, ...]
    on_transfer: OnTransfer
    approval: tuple[tuple[RunBy, tuple[Office, ...]], ...]
    notice: Notice
    versions: tuple[Version, ...]
    calendar: PolicyCalendar

    def approval_path(self, school_run_by: str) -> tuple[Office, ...]:
        """The offices that decide, in order, for a school run by the county or the city.

        Raises KeyError for another `school_run_by`.
        """
        return dict[str, tuple[Office, ...]](self.approval)[school_run_by]

    def version_for(self, period: str) -> Version:
        """The version with the greatest first period not after the one applied for.

        Raises PeriodInvalid, or PolicyVersionNotFound when the programme did not exist yet.
        """
        return version_for(self.versions, self.code, period)


def version_for(versions: tuple[Version, ...], code: str, period: str) -> Version:
    """As `Programme.version_for`, over versions in any order (those of the table, say)."""
    wanted = parse_period(period)
    in_force = [version for version in versions if version.order <= wanted.order]
    if not in_force:
        raise PolicyVersionNotFound(
            f"{code} 在 {wanted.zh} 尚无有效政策；请核对申报学期",
            f"{code} had no policy in force for {period}; check the period applied for",
            facts={"programme": code, "period": period},
        )
    return max(in_force, key=lambda version: (version.order, version.revision))


@dataclass(frozen=True)
class Catalogue:
    """One checked catalogue: its calendar and its programmes by code."""

    name: str
    calendar: PolicyCalendar
    programmes: Mapping[str, Programme] = field(default_factory=lambda: MappingProxyType({}))

    def programme(self, code: str) -> Programme:
        """The programme of that code. Raises ProgrammeNotFound and lists those there are."""
        found = self.programmes.get(code)
        if found is None:
            known = ", ".join(self.programmes)
            raise ProgrammeNotFound(
                f"资助项目目录中没有 {code}；现有：{known}",
                f"the catalogue has no programme {code}; it has {known}",
                facts={"programme": code},
            )
        return found

    def exclusive_of(self, code: str) -> tuple[str, ...]:
        """The programmes a student cannot have in the same school year; either file may say so."""
        named = self.programmes[code].exclusive_with if code in self.programmes else ()
        return tuple(
            other
            for other, programme in sorted(self.programmes.items())
            if other != code and (other in named or code in programme.exclusive_with)
        )


def sealed(version: Version) -> Version:
    """The version with its canonical body and digest filled in."""
    body = _body_of(version)
    return replace(version, body=body, sha256=hashlib.sha256(body).hexdigest())


def _body_of(version: Version) -> bytes:
    """The canonical form, without the parts that are not used: old bodies stay as stored."""
    note, tiers = version.note, version.tiers
    table = {
        "programme": version.programme,
        "period": version.period,
        "instalments": version.instalments,
        "effective_from": version.effective_from,
        "revision": version.revision,
        "source": version.source,
        "verified": version.verified,
        "note": None if note is None else {"zh": note.zh, "en": note.en},
        "criteria": [vars(criterion) for criterion in version.criteria],
        "amounts": [_used(vars(amount), ("fen",)) for amount in version.amounts],
        "funding": [vars(share) for share in version.funding],
        "examples": [
            _used(vars(example), ("cautions",)) | {"given": dict(example.given)}
            for example in version.examples
        ],
    }
    table |= _used(
        {
            "cautions": [vars(caution) for caution in version.cautions],
            "tiers": None if tiers is None else vars(tiers),
            "quotas": [vars(quota) for quota in version.quotas],
            "ranking": [vars(key) for key in version.ranking],
            "student_year_max_fen": version.student_year_max_fen,
            "methods": None if version.methods == BY_BANK else list(version.methods),
        },
        ("cautions", "tiers", "quotas", "ranking", "student_year_max_fen", "methods"),
    )
    return json.dumps(table, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _used(row: Mapping[str, Any], optional: tuple[str, ...]) -> dict[str, Any]:
    """The row without those optional parts that say nothing."""
    return {name: value for name, value in row.items() if value or name not in optional}


def version_from_body(body: bytes) -> Version:
    """The version a stored body describes. Raises ValueError when the body is not canonical."""
    table: dict[str, Any] = json.loads(body)
    note, tiers = table.pop("note"), table.pop("tiers", None)
    version = sealed(
        Version(
            **{
                **table,
                "note": None if note is None else Words(**note),
                "criteria": tuple(Criterion(**row) for row in table["criteria"]),
                "amounts": tuple(Amount(**row) for row in table["amounts"]),
                "funding": tuple(Funding(**row) for row in table["funding"]),
                "examples": tuple(_example(row) for row in table["examples"]),
                "cautions": tuple(Caution(**row) for row in table.get("cautions", ())),
                "tiers": None if tiers is None else Tiers(**tiers),
                "quotas": tuple(Quota(**row) for row in table.get("quotas", ())),
                "ranking": tuple(RankBy(**row) for row in table.get("ranking", ())),
                "methods": tuple(table.get("methods", BY_BANK)),
            }
        )
    )
    if version.body != body:
        raise ValueError("the stored body of a policy version is not in canonical form")
    return version


def _example(row: dict[str, Any]) -> Example:
    lists = {
        name: None if row.get(name) is None else tuple(row[name])
        for name in ("instalments", "failed", "unknown", "cautions")
    }
    given = tuple(sorted(row["given"].items()))
    return Example(**{**row, **lists, "given": given})
