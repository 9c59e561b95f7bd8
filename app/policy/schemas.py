"""What the policy's routes take and answer."""

from datetime import date
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from app.core.asked import Asked
from app.core.money import YuanOut
from app.policy.catalogue import Amount, Caution, Criterion, Office, Programme, RunBy, Version
from app.policy.changes import ResultChange
from app.policy.engine import Instalment
from app.policy.explanation import AmountExplained, CriterionExplained, Explanation, Seen
from app.policy.facts import FACTS, Fact, Scalar, Words

WORDS_KEPT = 4_096

Name = Annotated[str, Field(max_length=40)]
Value = StrictBool | StrictInt | Annotated[StrictStr, Field(max_length=40)] | None
Period = Annotated[str, Field(max_length=11, examples=["2008-spring", "2007-2008"])]


class WordsOut(BaseModel):
    """One text in both languages."""

    model_config = ConfigDict(frozen=True)  # one is shared by many replies

    zh: str
    en: str


@lru_cache(maxsize=WORDS_KEPT)
def words(text: Words) -> WordsOut:
    """A text for a reply; most are the catalogue's own, said again and again."""
    return WordsOut(zh=text.zh, en=text.en)


class CriterionOut(BaseModel):
    """One condition of a version."""

    id: str
    test: str
    label: WordsOut
    clause: str


class CautionOut(BaseModel):
    """Something an officer should look at where `test` is true."""

    id: str
    test: str
    label: WordsOut


class AmountOut(BaseModel):
    """Yuan a year for those who meet `when`; an empty `when` is everybody.

    Where the amount is worked out from facts, `fen` is the expression and `year` is null.
    """

    when: str
    year: YuanOut | None
    fen: str | None


class TiersOut(BaseModel):
    """Yuan a year that a school's awards must average, and the bounds of one."""

    average: YuanOut
    least: YuanOut
    most: YuanOut


class QuotaOut(BaseModel):
    """How many places a school has; see the catalogue's `quota`."""

    of: str
    bound: str
    basis_points: int
    rounding: str


class FundingOut(BaseModel):
    """One source's share of every award, in basis points."""

    source: str
    basis_points: int


class VersionOut(BaseModel):
    """One version; `effective_from` null is as far back as records go."""

    effective_from: str | None
    revision: int
    source: str
    verified: bool
    note: WordsOut | None
    sha256: str
    criteria: list[CriterionOut]
    amounts: list[AmountOut]
    funding: list[FundingOut]
    cautions: list[CautionOut]
    tiers: TiersOut | None
    quotas: list[QuotaOut]
    ranking: list[str]
    student_year_max: YuanOut | None
    methods: list[str]


class ProgrammeOut(BaseModel):
    """A programme in a list."""

    code: str
    name: WordsOut
    kind: str
    payee: str
    period: str
    instalments: str
    effective_from: list[str | None]


class ProgrammeWholeOut(ProgrammeOut):
    """A programme with all its versions, its approval path and its notices."""

    prefix: str
    exclusive_with: list[str]
    approval: dict[RunBy, list[Office]]
    school_working_days: int
    centre_working_days: int
    versions: list[VersionOut]


class AssessIn(Asked):
    """Facts of one imagined case; what is left out or null is not known."""

    period: Period
    facts: dict[Name, Value] = Field(max_length=64)


class NeededOut(BaseModel):
    """A fact that is missing and could still decide, with what may stand there."""

    fact: str
    label: WordsOut
    comes_from: WordsOut
    allowed: WordsOut


class SeenOut(BaseModel):
    """A fact as the case had it."""

    fact: str
    label: WordsOut
    value: Scalar | None
    shown: WordsOut
    source: str | None
    source_label: WordsOut
    as_of: str | None


class ChangeOut(BaseModel):
    """One fact which, changed alone, would meet the criterion."""

    fact: str
    values: list[Scalar]
    says: WordsOut


class CriterionExplainedOut(BaseModel):
    """One criterion: what it asks, what it saw, how it came out, what would change that."""

    id: str
    label: WordsOut
    test: str
    clause: str
    outcome: str
    seen: list[SeenOut]
    changes: list[ChangeOut]


class InstalmentOut(BaseModel):
    """One payment and its shares by source."""

    seq: int
    due_on: date
    amount: YuanOut
    shares: dict[str, YuanOut]


class AmountExplainedOut(BaseModel):
    """How the amount arises."""

    when: str
    worked_out: str
    year: YuanOut
    amount: YuanOut
    instalments: list[InstalmentOut]
    says: WordsOut


class ResultChangeOut(BaseModel):
    """One fact which, changed alone to one of `values`, would give the case another result.

    `steps` is the distance of a number or level, else 1. What is `fixed` cannot honestly change.
    """

    fact: str
    label: WordsOut
    now: WordsOut
    values: list[Scalar]
    steps: int
    fixed: bool
    eligible: bool | None
    amount: YuanOut | None
    failed: list[str]
    says: WordsOut


class ExplanationOut(BaseModel):
    """Why a case comes out as it does; `eligible` null: `needed` lists the facts missing."""

    programme: str
    period: str
    version: str
    revision: int
    sha256: str
    source: str
    verified: bool
    why_version: WordsOut
    eligible: bool | None
    failed: list[str]
    needed: list[NeededOut]
    criteria: list[CriterionExplainedOut]
    amount: AmountExplainedOut | None
    cautions: list[CautionOut]
    would_alter: list[ResultChangeOut]


def programme_out(programme: Programme) -> ProgrammeOut:
    """A programme for a list."""
    return ProgrammeOut(
        code=programme.code,
        name=words(programme.name),
        kind=programme.kind,
        payee=programme.payee,
        period=programme.period,
        instalments=programme.instalments,
        effective_from=[version.effective_from for version in programme.versions],
    )


def programme_whole_out(programme: Programme) -> ProgrammeWholeOut:
    """A programme with everything."""
    return ProgrammeWholeOut(
        **programme_out(programme).model_dump(),
        prefix=programme.prefix,
        exclusive_with=list(programme.exclusive_with),
        approval={run_by: list(offices) for run_by, offices in programme.approval},
        school_working_days=programme.notice.school_working_days,
        centre_working_days=programme.notice.centre_working_days,
        versions=[version_out(version) for version in programme.versions],
    )


def explanation_out(explained: Explanation) -> ExplanationOut:
    """An explanation for a reply."""
    return ExplanationOut(
        programme=explained.programme,
        period=explained.period,
        version=explained.version,
        revision=explained.revision,
        sha256=explained.sha256,
        source=explained.source,
        verified=explained.verified,
        why_version=words(explained.why_version),
        eligible=explained.eligible,
        failed=list(explained.failed),
        needed=[needed_out(FACTS[name]) for name in explained.unknown],
        criteria=[criterion_explained_out(each) for each in explained.criteria],
        amount=None if explained.amount is None else _amount(explained.amount),
        cautions=[_caution(each) for each in explained.cautions],
        would_alter=[result_change_out(each) for each in explained.would_alter],
    )


def needed_out(fact: Fact) -> NeededOut:
    """A missing fact, for whoever has to supply it."""
    return NeededOut(
        fact=fact.name,
        label=WordsOut(zh=fact.zh, en=fact.en),
        comes_from=words(fact.comes_from),
        allowed=words(fact.allowed()),
    )


def version_out(version: Version) -> VersionOut:
    """A version for a reply."""
    tiers = version.tiers
    return VersionOut(
        effective_from=version.effective_from,
        revision=version.revision,
        source=version.source,
        verified=version.verified,
        note=None if version.note is None else words(version.note),
        sha256=version.sha256,
        criteria=[_criterion(each) for each in version.criteria],
        amounts=[_rule(each) for each in version.amounts],
        cautions=[_caution(each) for each in version.cautions],
        tiers=None
        if tiers is None
        else TiersOut(average=tiers.average_fen, least=tiers.least_fen, most=tiers.most_fen),
        quotas=[QuotaOut(**vars(each)) for each in version.quotas],
        ranking=[f"{key.fact} {key.direction}" for key in version.ranking],
        student_year_max=version.student_year_max_fen,
        methods=list(version.methods),
        funding=[
            FundingOut(source=each.source, basis_points=each.basis_points)
            for each in version.funding
        ],
    )


def _caution(caution: Caution) -> CautionOut:
    return CautionOut(
        id=caution.id, test=caution.test, label=WordsOut(zh=caution.zh, en=caution.en)
    )


def _rule(amount: Amount) -> AmountOut:
    return AmountOut(
        when=amount.when,
        year=None if amount.fen else amount.year_fen,
        fen=amount.fen or None,
    )


def _criterion(criterion: Criterion) -> CriterionOut:
    return CriterionOut(
        id=criterion.id, test=criterion.test, label=WordsOut(zh=criterion.zh, en=criterion.en),
        clause=criterion.clause,
    )  # fmt: skip


def criterion_explained_out(each: CriterionExplained) -> CriterionExplainedOut:
    """One criterion explained, for a reply."""
    return CriterionExplainedOut(
        id=each.id,
        label=words(each.label),
        test=each.test,
        clause=each.clause,
        outcome=each.outcome,
        seen=[_seen(seen) for seen in each.seen],
        changes=[
            ChangeOut(fact=change.fact, values=list(change.values), says=words(change.says))
            for change in each.changes
        ],
    )


@lru_cache(maxsize=WORDS_KEPT)
def result_change_out(change: ResultChange) -> ResultChangeOut:
    """A change of one fact, for a reply."""
    return ResultChangeOut(
        fact=change.fact,
        label=words(change.label),
        now=words(change.now),
        values=list(change.values),
        steps=change.steps,
        fixed=change.fixed,
        eligible=change.result.eligible,
        amount=change.result.amount_fen,
        failed=list(change.result.failed),
        says=words(change.says),
    )


def _seen(seen: Seen) -> SeenOut:
    return SeenOut(
        fact=seen.name, label=words(seen.label), value=seen.value, shown=words(seen.shown),
        source=seen.source, source_label=words(seen.source_label), as_of=seen.as_of,
    )  # fmt: skip


def _amount(amount: AmountExplained) -> AmountExplainedOut:
    return AmountExplainedOut(
        when=amount.when,
        worked_out=amount.worked_out,
        year=amount.year_fen,
        amount=amount.amount_fen,
        instalments=[_instalment(each) for each in amount.instalments],
        says=words(amount.says),
    )


def _instalment(part: Instalment) -> InstalmentOut:
    return InstalmentOut(
        seq=part.seq, due_on=part.due_on, amount=part.amount_fen, shares=dict(part.shares)
    )
