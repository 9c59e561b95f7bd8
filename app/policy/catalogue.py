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


@dataclass(frozen=True)
class Criterion:
    """One condition: an SQL expression over facts that must be true."""

    id: str
    test: str
    zh: str
    en: str
    clause: str = ""


@dataclass(frozen=True)
class Amount:
    """Fen a year for those who meet `when`; an empty `when` is everybody. First met wins."""

    when: str
    year_fen: int


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


@dataclass(frozen=True)
class Version:
    """One programme's rules from one period on; `effective_from` None is as far back as records go.

    `body` is the canonical form kept in the append-only table, `sha256` its digest. It carries
    what decides a result (code, period and rhythm of paying too), so that a stored version needs
    no file beside it.
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
    """One programme: what is applied for, how it is paid, and its versions by date."""

    catalogue: str
    code: str
    prefix: str
    name: Words
    kind: Kind
    payee: Payee
    period: PeriodKind
    instalments: Rhythm
    exclusive_with: tuple[str, ...]
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


def sealed(version: Version) -> Version:
    """The version with its canonical body and digest filled in."""
    body = _body_of(version)
    return replace(version, body=body, sha256=hashlib.sha256(body).hexdigest())


def _body_of(version: Version) -> bytes:
    note = version.note
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
        "amounts": [vars(amount) for amount in version.amounts],
        "funding": [vars(share) for share in version.funding],
        "examples": [
            vars(example) | {"given": dict(example.given)} for example in version.examples
        ],
    }
    return json.dumps(table, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def version_from_body(body: bytes) -> Version:
    """The version a stored body describes. Raises ValueError when the body is not canonical."""
    table: dict[str, Any] = json.loads(body)
    note = table.pop("note")
    version = sealed(
        Version(
            **{
                **table,
                "note": None if note is None else Words(**note),
                "criteria": tuple(Criterion(**row) for row in table["criteria"]),
                "amounts": tuple(Amount(**row) for row in table["amounts"]),
                "funding": tuple(Funding(**row) for row in table["funding"]),
                "examples": tuple(_example(row) for row in table["examples"]),
            }
        )
    )
    if version.body != body:
        raise ValueError("the stored body of a policy version is not in canonical form")
    return version


def _example(row: dict[str, Any]) -> Example:
    lists = {
        name: None if row[name] is None else tuple(row[name])
        for name in ("instalments", "failed", "unknown")
    }
    given = tuple(sorted(row["given"].items()))
    return Example(**{**row, **lists, "given": given})
