"""Checks a catalogue whole before it binds: every fault of every file, not the first."""

import re
import tomllib
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.core.errors import Fault
from app.policy.boundaries import boundary_cases
from app.policy.calendar import DayRule, PolicyCalendar, TermRule, parse_period, read_calendar
from app.policy.catalogue import (
    CATALOGUES,
    DEFAULT_CATALOGUE,
    Catalogue,
    Caution,
    Criterion,
    Example,
    Programme,
    Version,
)
from app.policy.engine import NO_AMOUNT, assess, instalments
from app.policy.errors import CatalogueInvalid, PeriodInvalid
from app.policy.expressions import check_expression
from app.policy.frames import frame_of
from app.policy.places import check_places
from app.policy.reading import Faults, read_programme, read_version, version_place

_ID = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_CODE = re.compile(r"[a-z][a-z0-9-]*", re.ASCII)
_PREFIX = re.compile(r"[A-Z]{2,4}", re.ASCII)
_ALL_SHARES = 10_000
EXAMPLES_MIN = 5

_NEW_YEAR = DayRule(1, 1)
_ANY_TERM = TermRule(_NEW_YEAR, _NEW_YEAR, _NEW_YEAR, (_NEW_YEAR,) * 5)
# Programmes are checked even where the calendar is broken; the result is never handed out as sound.
_STAND_IN = PolicyCalendar(_ANY_TERM, _ANY_TERM, "", verified=False)


@dataclass(frozen=True)
class Report:
    """What a check found: the catalogues that are sound, and every fault of the others."""

    catalogues: tuple[Catalogue, ...]
    faults: tuple[Fault, ...]
    programmes: int
    versions: int
    examples: int

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def check_directory(path: Path = CATALOGUES) -> Report:
    """Checks one catalogue (a directory with calendar.toml) or every catalogue in a directory."""
    if (path / "calendar.toml").is_file():
        directories = [path]
    else:
        directories = sorted(each for each in path.glob("*") if each.is_dir())
    found = [_check_catalogue(directory) for directory in directories]
    faults = [fault for _, each in found for fault in each]
    if not directories:
        faults.append(
            Fault(
                "catalogue_missing",
                f"{path} 下没有政策目录；目录内须有 calendar.toml 和各项目的 .toml 文件",
                f"{path} holds no catalogue; one has a calendar.toml and a .toml per programme",
                str(path),
            )
        )
    programmes = [each for catalogue, _ in found for each in catalogue.programmes.values()]
    versions = [version for programme in programmes for version in programme.versions]
    return Report(
        catalogues=tuple(catalogue for catalogue, wrong in found if not wrong),
        faults=tuple(faults),
        programmes=len(programmes),
        versions=len(versions),
        examples=sum(len(version.examples) for version in versions),
    )


def load_catalogue(path: Path = CATALOGUES / DEFAULT_CATALOGUE) -> Catalogue:
    """The catalogue in a directory. Raises CatalogueInvalid with every fault when it is broken."""
    catalogue, faults = _check_catalogue(path)
    if faults:
        raise CatalogueInvalid(
            f"政策目录 {path.name} 有 {len(faults)} 处错误，请逐项改正",
            f"catalogue {path.name} has {len(faults)} faults; correct each one",
            faults=faults,
        )
    return catalogue


def check_version(programme: Programme, values: dict[str, Any]) -> tuple[Version, list[Fault]]:
    """A version drafted for a programme, read from a `[[version]]` table, and all its faults.

    It has a first period and at least five examples: those of the catalogue's files are counted
    by a test, an officer's draft only here.
    """
    notes = Faults(programme.code)
    version = read_version(programme, values, notes)
    if version.effective_from is None and not notes.found:
        notes.add(
            "effective_from_missing", "", "须写明 effective_from", "say from when: effective_from"
        )
    if len(version.examples) < EXAMPLES_MIN and not notes.found:
        notes.add(
            "examples_few",
            f"version {version.key}",
            f"至少写 {EXAMPLES_MIN} 个算例，门槛两侧都要有",
            f"write at least {EXAMPLES_MIN} examples, on both sides of each threshold",
        )
    amended = replace(programme, versions=(*programme.versions, version))
    _check_version(amended, version, notes, readable=not notes.found)
    return version, notes.found


def check_stored(programme: Programme, version: Version) -> list[Fault]:
    """The faults a stored version has by now: none while its examples still come out."""
    notes = Faults(programme.code)
    _check_version(programme, version, notes, readable=True)
    return notes.found


def _check_catalogue(path: Path) -> tuple[Catalogue, list[Fault]]:
    faults: list[Fault] = []
    calendar = _calendar(path, faults) or _STAND_IN
    programmes: dict[str, Programme] = {}
    files = sorted(each for each in path.glob("*.toml") if each.name != "calendar.toml")
    for file in files:
        notes = Faults(f"{path.name}/{file.name}")
        programme = _programme(file, notes, calendar)
        if programme is not None:
            _check_programme(programme, file, notes)
            if programme.code in programmes:
                notes.add(
                    "code_repeated",
                    "",
                    f"项目代码 {programme.code} 重复",
                    f"programme code {programme.code} is used twice; give each file its own",
                )
            programmes[programme.code] = programme
        faults.extend(notes.found)
    _check_together(path.name, programmes, faults)
    return Catalogue(path.name, calendar, MappingProxyType(programmes)), faults


def _calendar(path: Path, faults: list[Fault]) -> PolicyCalendar | None:
    notes = Faults(f"{path.name}/calendar.toml")
    try:
        return read_calendar((path / "calendar.toml").read_text(encoding="utf-8"))
    except (OSError, KeyError, TypeError, ValueError) as error:
        notes.add("calendar_invalid", "", f"校历无法使用：{error}", f"unusable calendar: {error}")
        faults.extend(notes.found)
        return None


def _programme(file: Path, notes: Faults, calendar: PolicyCalendar) -> Programme | None:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        notes.add("toml_invalid", "", f"不是有效的 TOML：{error}", f"not valid TOML: {error}")
        return None
    return read_programme(file.parent.name, values, notes, calendar)


def _check_programme(programme: Programme, file: Path, notes: Faults) -> None:
    readable = not notes.found
    if programme.code != file.stem or not _CODE.fullmatch(programme.code):
        notes.add(
            "code_invalid",
            "",
            f"code 须为小写字母、数字、连字符，且与文件名 {file.stem} 相同",
            f"code is lower-case letters, digits and hyphens, and the file's name {file.stem}",
        )
    if not _PREFIX.fullmatch(programme.prefix):
        notes.add("prefix_invalid", "", "prefix 须为 2 至 4 个大写字母", "prefix is 2–4 capitals")
    starts = Counter((version.order, version.revision) for version in programme.versions)
    for start in [start for start, count in starts.items() if count > 1]:
        first = next(each for each in programme.versions if (each.order, each.revision) == start)
        notes.add(
            "versions_overlap",
            _place(first),
            "两个版本从同一学期起生效且 revision 相同；请保留一个，或改生效学期或 revision",
            "two versions start with the same period and have the same revision; keep one, or "
            "change when it starts or its revision",
        )
    for version in programme.versions:
        _check_version(programme, version, notes, readable=readable)


def _place(version: Version) -> str:
    return version_place(version.effective_from, version.revision)


def _check_version(
    programme: Programme, version: Version, notes: Faults, *, readable: bool
) -> None:
    where = _place(version)
    before = len(notes.found)
    _check_criteria(version, notes)
    _check_amounts(version, notes)
    check_places(programme, version, notes)
    if version.funding and sum(share.basis_points for share in version.funding) != _ALL_SHARES:
        notes.add(
            "funding_sum",
            where,
            "各来源 basis_points 之和须为 10000",
            "the funding's basis points must sum to 10000",
        )
    sources = [share.source for share in version.funding]
    if len(set(sources)) < len(sources):
        notes.add("funding_repeated", where, "资金来源重复", "a funding source is listed twice")
    if readable and len(notes.found) == before:
        _check_cases(version, notes)
        _check_examples(programme, version, notes)


def _check_criteria(version: Version, notes: Faults) -> None:
    seen: set[str] = set()
    tests: tuple[Criterion | Caution, ...] = (*version.criteria, *version.cautions)
    for criterion in tests:
        kind = "criterion" if isinstance(criterion, Criterion) else "caution"
        where = f"{_place(version)} {kind} {criterion.id}"
        if not _ID.fullmatch(criterion.id) or criterion.id in seen or criterion.id == NO_AMOUNT:
            notes.add(
                "criterion_id",
                where,
                f"id 须为小写字母、数字、下划线，不重复，也不是 {NO_AMOUNT}",
                f"an id is lower-case letters, digits, underscores, used once, not {NO_AMOUNT}",
            )
        seen.add(criterion.id)
        for fault in check_expression(criterion.test) if criterion.test else ():
            notes.add(fault.code, where, fault.zh, fault.en)


def _check_amounts(version: Version, notes: Faults) -> None:
    if not version.amounts and version.note is None:
        notes.add(
            "amount_missing",
            _place(version),
            "没有金额（[[version.amount]]）的版本须在 note 中说明金额由谁确定或为何不知",
            "a version without an amount ([[version.amount]]) says in its note who sets it or why "
            "it is not known",
        )
    for number, amount in enumerate(version.amounts, start=1):
        where = f"{_place(version)} amount {number}"
        faults = check_expression(amount.when) if amount.when else []
        faults += check_expression(amount.fen, "int") if amount.fen else []
        for fault in faults:
            notes.add(fault.code, where, fault.zh, fault.en)
        if amount.fen and version.period == "term":
            notes.add(
                "amount_by_term",
                where,
                "由事实计算金额（fen）的项目须按学年申报，否则无法保证平分到分",
                "an amount worked out from facts needs a programme by school year: half of it "
                "might not be whole fen",
            )
        if not amount.when and number < len(version.amounts):
            notes.add(
                "amount_unreachable",
                where,
                "没有 when 的金额适用于所有人，只能放在最后",
                "an amount without `when` is everybody's and can only be the last",
            )
        if version.period == "term" and amount.year_fen % 2:
            notes.add(
                "amount_odd",
                where,
                "按学期申报的项目每学期发一半，全年金额须能平分到分",
                "a programme by term pays half a term: the year's amount must halve to whole fen",
            )


def _check_cases(version: Version, notes: Faults) -> None:
    """Over the facts' boundary values somebody is eligible, and whoever is has an amount."""
    cases = boundary_cases(version)
    outcome = assess(cases, version)
    where = _place(version)
    if not outcome.get_column("eligible").fill_null(value=False).any():
        notes.add("nobody_eligible", where, "没有人能符合条件", "nobody can ever be eligible")
    gaps = cases.filter(outcome.get_column("failed").list.contains(NO_AMOUNT))
    if gaps.height:
        case = {name: value for name, value in gaps.row(0, named=True).items() if value is not None}
        shown = ", ".join(f"{name} = {value}" for name, value in case.items())
        notes.add(
            "amount_gap",
            where,
            f"符合条件却没有适用的金额，例如：{shown}",
            f"all criteria are met and yet no amount applies, for example: {shown}",
        )


def _check_examples(programme: Programme, version: Version, notes: Faults) -> None:
    frame = frame_of([dict(example.given) for example in version.examples])
    rows = assess(frame, version).iter_rows(named=True)
    for number, (example, row) in enumerate(zip(version.examples, rows, strict=True), start=1):
        where = f"{_place(version)} example {number}"
        _check_example((programme, version), example, row, (where, notes))


def _check_example(
    of: tuple[Programme, Version], example: Example, row: dict[str, Any], at: tuple[str, Faults]
) -> None:
    (programme, version), (where, notes) = of, at
    period = example.period or example_period(programme, version)
    try:
        planned = instalments(version, programme, period, row["amount_fen"] or 0)
    except PeriodInvalid as error:
        notes.add("period_invalid", where, error.zh, error.en)
        return
    paid = [] if row["eligible"] and row["amount_fen"] is None else planned
    claims: list[tuple[str, object, object]] = [
        ("eligible", example.eligible, row["eligible"]),
        ("unknown", example.unknown, tuple(row["unknown"])),
        ("failed", example.failed, tuple(row["failed"])),
        ("year", example.year_fen, row["year_fen"]),
        ("instalments", example.instalments, tuple(each.amount_fen for each in paid)),
        ("cautions", example.cautions, tuple(row["cautions"])),
    ]
    for name, said, computed in claims:
        if said is not None and said != computed:
            notes.add(
                "example_wrong",
                where,
                f"{name} 写的是 {said}，按规则应为 {computed}（金额单位：分）",
                f"{name} says {said}, the rules give {computed} (amounts in fen)",
            )


def example_period(programme: Programme, version: Version) -> str:
    """The period examples stand in: the version's first, or the last before the next version.

    A rate from a spring term on first decides the school year that begins after it.
    """
    later = [each for each in programme.versions if each.order > version.order]
    if version.effective_from is not None:
        start = parse_period(version.effective_from)
    elif later:
        following = min(later, key=lambda each: each.order)
        start = replace(parse_period(following.effective_from or ""), order=following.order - 1)
    else:
        start = parse_period("2007-autumn")
    if programme.period == "school_year":
        spring = version.effective_from is not None and start.order % 2 == 0
        return replace(start, order=start.order + 1).school_year if spring else start.school_year
    return f"{start.order // 2}-{'autumn' if start.order % 2 else 'spring'}"


def _check_together(name: str, programmes: dict[str, Programme], faults: list[Fault]) -> None:
    if not programmes and not faults:
        notes = Faults(name)
        notes.add("catalogue_empty", "", "目录中没有资助项目", "the catalogue has no programme")
        faults.extend(notes.found)
    prefixes = Counter(programme.prefix for programme in programmes.values())
    for programme in programmes.values():
        notes = Faults(f"{name}/{programme.code}.toml")
        if prefixes[programme.prefix] > 1:
            notes.add("prefix_repeated", "", "prefix 重复", "prefix is another programme's too")
        for other in programme.exclusive_with:
            if other not in programmes or other == programme.code:
                notes.add(
                    "exclusive_unknown",
                    "",
                    f"exclusive_with 中的 {other} 不是本目录的其他项目",
                    f"exclusive_with names {other}, which is no other programme of the catalogue",
                )
        faults.extend(notes.found)
