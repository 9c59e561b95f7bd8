"""What a simulation is asked, and how it answers."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from app.core.asked import Asked, Flag
from app.core.days import Day
from app.core.money import YuanOut
from app.policy.schemas import WordsOut, words
from app.policy.version_schemas import VersionTable
from app.simulation.budget import Room
from app.simulation.comparing import Heads
from app.simulation.pairs import Change, Pair, Question, Side
from app.simulation.service import Named, Simulation

Code = Annotated[str, Field(min_length=1, max_length=40)]
SchoolYear = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{4}$")]
CHANGES_MAX = 20


class ChangeIn(Asked):
    """An edited version of one programme: a draft's id, or a `[[version]]` table as JSON."""

    programme: Code
    draft: UUID | None = None
    version: VersionTable | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.draft is None) == (self.version is None):
            raise ValueError("give either draft or version / draft 与 version 须且只能填一项")
        return self


class SimulationIn(Asked):
    """Another catalogue, or edited versions, against the versions in force for a period.

    `programmes` limits what is reckoned; one that nothing changes is reckoned as it is.
    `school_year` and `as_of` say which pupils: those enrolled for that year, there on that day.
    """

    period: Annotated[str, Field(max_length=11)]
    catalogue: Code | None = None
    changes: Annotated[list[ChangeIn], Field(max_length=CHANGES_MAX)] = Field(default_factory=list)
    programmes: Annotated[list[Code], Field(max_length=50)] = Field(default_factory=list)
    school_year: SchoolYear | None = None
    as_of: Day | None = None
    names: Flag = False

    def question(self) -> Question:
        """The question as the service takes it."""
        return Question(
            period=self.period,
            catalogue=self.catalogue,
            changes=tuple(Change(**dict(each)) for each in self.changes),
            programmes=tuple(self.programmes),
            school_year=self.school_year,
            on=self.as_of,
            names=self.names,
        )


class FatesOut(BaseModel):
    """How many pupils have each fate, and how many are entitled before and after."""

    gains: int
    loses: int
    changes: int
    same: int
    asks: int
    out: int
    entitled_before: int
    entitled_after: int


class SideOut(BaseModel):
    """Which version was reckoned, of which catalogue, for which period."""

    catalogue: str
    effective_from: str | None
    revision: int
    period: str
    source: str


class MoneyChangeOut(BaseModel):
    """An amount before and after."""

    before: YuanOut
    after: YuanOut


class ProgrammeOut(BaseModel):
    """One programme over everybody in scope: `year` is a school year's money, `paid` the period's.

    `before` or `after` is null where the programme does not exist.
    """

    programme: str
    name: WordsOut
    before: SideOut | None
    after: SideOut | None
    people: FatesOut
    year: MoneyChangeOut
    paid: MoneyChangeOut


class LeftOutOut(BaseModel):
    """A programme that was not reckoned, and why."""

    programme: str
    why: WordsOut


class HeadsOut(BaseModel):
    """One programme at one holder, or at one of its schools."""

    programme: str
    county_code: str
    county_name: str
    school_code: str | None
    school_name: str | None
    people: FatesOut


class MoneyOut(BaseModel):
    """Money by programme, stage, holder and source; `fiscal_year` null is the school year's."""

    programme: str
    stage: str
    county_code: str
    county_name: str
    source: str
    fiscal_year: int | None
    before: YuanOut
    after: YuanOut


class RoomOut(BaseModel):
    """A fund line: what it was given, what is needed, and what is left (below zero: missing)."""

    fiscal_year: int
    programme: str
    source: str
    holder_code: str
    holder_name: str
    appropriated: YuanOut
    available: YuanOut
    need_before: YuanOut
    need_after: YuanOut
    room: YuanOut


class NameOut(BaseModel):
    """One pupil who gains, loses or changes; the period's amounts, null where not entitled."""

    student_id: UUID
    name: str | None
    school_code: str
    school_name: str
    class_name: str | None
    programme: str
    fate: str
    before: YuanOut | None
    after: YuanOut | None


class SimulationOut(BaseModel):
    """Who would be entitled, and what it would cost. Nothing was written.

    `room` is null for schools, `names` where they were not asked for; `names_total` is how many
    there are.
    """

    period: str
    school_year: str
    as_of: date
    catalogue: str | None
    students: int
    programmes: list[ProgrammeOut]
    left_out: list[LeftOutOut]
    counties: list[HeadsOut]
    schools: list[HeadsOut]
    money: list[MoneyOut]
    room: list[RoomOut] | None
    names: list[NameOut] | None
    names_total: int
    notes: list[WordsOut]


def simulation_out(found: Simulation) -> SimulationOut:
    """A simulation for a reply."""
    codes = [pair.code for pair in found.pairs]
    return SimulationOut(
        period=found.asked.period,
        school_year=found.school_year,
        as_of=found.on,
        catalogue=found.asked.catalogue,
        students=found.students,
        programmes=[_programme(found, pair) for pair in found.pairs],
        left_out=[LeftOutOut(programme=e.programme, why=words(e.why)) for e in found.left_out],
        counties=[_heads(found, code, row) for code in codes for row in found.by_county(code)],
        schools=[_heads(found, code, row) for code in codes for row in found.heads[code]],
        money=[
            MoneyOut(
                programme=row.programme,
                stage=row.stage,
                county_code=found.place(row.county_id).code,
                county_name=found.place(row.county_id).name,
                source=row.source,
                fiscal_year=row.fiscal_year,
                before=row.before_fen,
                after=row.after_fen,
            )
            for row in found.money
        ],
        room=None if found.rooms is None else [_room(found, row) for row in found.rooms],
        names=None if found.names is None else [_name(found, row) for row in found.names],
        names_total=found.names_total,
        notes=[words(note) for note in found.notes],
    )


def _programme(found: Simulation, pair: Pair) -> ProgrammeOut:
    year, paid = found.fen(pair.code, yearly=True), found.fen(pair.code, yearly=False)
    return ProgrammeOut(
        programme=pair.code,
        name=words(pair.name),
        before=_side(pair.before),
        after=_side(pair.after),
        people=_fates(found.totals(pair.code)),
        year=MoneyChangeOut(before=year[0], after=year[1]),
        paid=MoneyChangeOut(before=paid[0], after=paid[1]),
    )


def _side(side: Side | None) -> SideOut | None:
    if side is None:
        return None
    return SideOut(
        catalogue=side.programme.catalogue,
        effective_from=side.version.effective_from,
        revision=side.version.revision,
        period=side.period,
        source=side.version.source,
    )


def _fates(row: Heads) -> FatesOut:
    return FatesOut(**row.fates, entitled_before=row.before, entitled_after=row.after)


def _heads(found: Simulation, code: str, row: Heads) -> HeadsOut:
    county = found.place(row.county_id)
    school = found.place(row.school_id) if row.school_id else None
    return HeadsOut(
        programme=code,
        county_code=county.code,
        county_name=county.name,
        school_code=None if school is None else school.code,
        school_name=None if school is None else school.name,
        people=_fates(row),
    )


def _room(found: Simulation, row: Room) -> RoomOut:
    holder = found.place(row.holder_id)
    return RoomOut(
        fiscal_year=row.fiscal_year,
        programme=row.programme,
        source=row.source,
        holder_code=holder.code,
        holder_name=holder.name,
        appropriated=row.appropriated_fen,
        available=row.available_fen,
        need_before=row.before_fen,
        need_after=row.after_fen,
        room=row.room_fen,
    )


def _name(found: Simulation, row: Named) -> NameOut:
    school = found.place(row.school_id)
    return NameOut(
        student_id=UUID(row.student_id),
        name=row.name,
        school_code=school.code,
        school_name=school.name,
        class_name=row.class_name,
        programme=row.programme,
        fate=row.fate,
        before=row.before_fen,
        after=row.after_fen,
    )
