"""Reads one programme's TOML into the catalogue's nouns, noting every fault on the way."""

from dataclasses import dataclass, field
from typing import Any, get_args

from app.core.errors import Fault
from app.core.money import FEN_MAX, parse_yuan
from app.policy.calendar import PeriodKind, PolicyCalendar, Rhythm, parse_period
from app.policy.catalogue import (
    BY_BANK,
    Amount,
    Bound,
    Caution,
    Criterion,
    Direction,
    Example,
    Funding,
    Kind,
    Method,
    Notice,
    Office,
    OnTransfer,
    Payee,
    Programme,
    Quota,
    QuotaOf,
    RankBy,
    Rounding,
    RunBy,
    Tiers,
    Version,
    sealed,
)
from app.policy.errors import PeriodInvalid
from app.policy.facts import FACTS, Words
from app.policy.frames import check_facts

_SHOWN = {str: ("文字", "a text"), int: ("整数", "a whole number"), bool: ("true 或 false",) * 2}
_SHOWN |= {list: ("列表", "a list"), dict: ("表", "a table")}


@dataclass
class Faults:
    """Collects faults, each placed `file, version, part`."""

    file: str
    found: list[Fault] = field(default_factory=list)

    def add(self, code: str, where: str, zh: str, en: str) -> None:
        """Notes one fault at a place within the file."""
        place = f"{self.file}, {where}" if where else self.file
        self.found.append(Fault(code, f"{place}：{zh}", f"{place}: {en}", place))


@dataclass
class Table:
    """One TOML table: every key is asked for by type, and what nobody asked for is a fault."""

    values: dict[str, Any]
    where: str
    faults: Faults
    asked: set[str] = field(default_factory=set)

    def text(self, key: str, default: str | None = None) -> str:
        """A text; with no default it must be there and not be empty."""
        found: str = self._take(key, str, default) or ""
        if default is None and key in self.values and not found.strip():
            self.refuse("value_empty", f"{key} 不能为空", f"{key} must not be empty")
        return found

    def whole(self, key: str, default: int | None, *, least: int, most: int) -> int:
        """A whole number within bounds."""
        found: int = self._take(key, int, default) or 0
        if key in self.values and not least <= found <= most:
            self.refuse(
                "value_range", f"{key} 须在 {least} 至 {most} 之间", f"{key} is {least} to {most}"
            )
        return found

    def truth(self, key: str, *, default: bool | None) -> bool:
        """True or false."""
        return bool(self._take(key, bool, default))

    def choice(self, key: str, among: Any, default: str | None = None) -> Any:
        """One of a Literal's values."""
        found = self.text(key, default)
        if key in self.values and found not in get_args(among):
            listed = ", ".join(get_args(among))
            self.refuse(
                "value_choice", f"{key} 只能是 {listed}", f"{key} is one of {listed}, not {found!r}"
            )
        return found

    def texts(self, key: str, default: list[str] | None = None) -> tuple[str, ...]:
        """A list of texts."""
        found: list[Any] = self._take(key, list, default) or []
        if not all(isinstance(each, str) for each in found):
            self.refuse("value_type", f"{key} 须为文字列表", f"{key} is a list of texts")
            return ()
        return tuple(found)

    def table(self, key: str) -> "Table":
        """A table within; an empty one when it is missing (and a fault)."""
        return Table(
            self._take(key, dict, None) or {}, f"{self.where} [{key}]".strip(), self.faults
        )

    def tables(self, key: str, *, needed: bool = True) -> list["Table"]:
        """A list of tables; at least one where needed."""
        found: list[Any] = self._take(key, list, [] if not needed else None) or []
        if needed and key in self.values and not found:
            self.refuse("key_missing", f"至少要有一个 {key}", f"there is no {key}; add one")
        tables = [each for each in found if isinstance(each, dict)]
        if len(tables) < len(found):
            self.refuse("value_type", f"{key} 须写成 [[{key}]]", f"{key} is written [[{key}]]")
        return [
            Table(each, f"{self.where} {key} {number}".strip(), self.faults)
            for number, each in enumerate(tables, start=1)
        ]

    def fen(self, key: str) -> int:
        """Yuan as a text with two decimals, in fen; never below zero."""
        text = self.text(key)
        if key not in self.values or not isinstance(self.values[key], str):
            return 0
        try:
            fen = parse_yuan(text)
        except ValueError:
            fen = -1
        if not 0 <= fen <= FEN_MAX:
            self.refuse(
                "amount_invalid",
                f'{key} = {text!r} 不是金额；请写成带两位小数的文字，如 "500.00"',
                f'{key} = {text!r} is no amount; write yuan with two decimals, such as "500.00"',
            )
        return max(fen, 0)

    def period(self, key: str) -> str | None:
        """A term or school year, or None when it is left out."""
        if key not in self.values:
            self.asked.add(key)
            return None
        text = self.text(key)
        try:
            return parse_period(text).text
        except PeriodInvalid as error:
            self.refuse("period_invalid", error.zh, error.en)
            return None

    def refuse(self, code: str, zh: str, en: str) -> None:
        """Notes a fault of this table."""
        self.faults.add(code, self.where, zh, en)

    def close(self) -> None:
        """Notes every key that nobody asked for."""
        for key in self.values.keys() - self.asked:
            known = ", ".join(sorted(self.asked))
            self.refuse(
                "key_unknown",
                f"不认识的键 {key}；可用：{known}",
                f"unknown key {key}; known: {known}",
            )

    def _take(self, key: str, kind: type, default: Any) -> Any:
        self.asked.add(key)
        if key not in self.values:
            if default is None:
                self.refuse("key_missing", f"缺少 {key}", f"{key} is missing; add it")
            return default
        found = self.values[key]
        if isinstance(found, kind) and (kind is bool or not isinstance(found, bool)):
            return found
        zh, en = _SHOWN[kind]
        self.refuse("value_type", f"{key} 须为{zh}", f"{key} must be {en}, not {found!r}")
        return default


def read_programme(
    catalogue: str, values: dict[str, Any], faults: Faults, calendar: PolicyCalendar
) -> Programme:
    """The programme a parsed file describes; only sound when `faults` stayed empty."""
    top = Table(values, "", faults)
    code, period = top.text("code"), top.choice("period", PeriodKind)
    rhythm = top.choice("instalments", Rhythm)
    if (period, rhythm) == ("term", "year"):
        top.refuse(
            "instalments_invalid",
            "按学期申报的项目不能按学年发放；可用：term、month",
            "a programme applied for by term cannot be paid by year; allowed: term, month",
        )
    notice = top.table("notice")
    name = _words(top.table("name"))
    programme = Programme(
        catalogue=catalogue,
        code=code,
        prefix=top.text("prefix"),
        name=name,
        on_statement=top.text("on_statement", name.zh),
        kind=top.choice("kind", Kind),
        payee=top.choice("payee", Payee),
        period=period,
        instalments=rhythm,
        exclusive_with=top.texts("exclusive_with", []),
        on_transfer=top.choice("on_transfer", OnTransfer, "old_school"),
        approval=_approval(top.table("approval")),
        notice=Notice(
            notice.whole("school_working_days", None, least=0, most=60),
            notice.whole("centre_working_days", None, least=0, most=60),
        ),
        versions=tuple(_version(table, (code, period, rhythm)) for table in top.tables("version")),
        calendar=calendar,
    )
    notice.close()
    top.close()
    return programme


def read_version(programme: Programme, values: dict[str, Any], faults: Faults) -> Version:
    """One version of a programme, as a `[[version]]` table writes it; sound when no fault came."""
    table = Table(values, "", faults)
    return _version(table, (programme.code, programme.period, programme.instalments))


def _words(table: Table) -> Words:
    words = Words(table.text("zh"), table.text("en"))
    table.close()
    return words


def _approval(table: Table) -> tuple[tuple[RunBy, tuple[Office, ...]], ...]:
    paths = []
    for run_by in get_args(RunBy):
        offices = table.texts(f"{run_by}_school")
        if not offices or set(offices) - set(get_args(Office)) or len(set(offices)) < len(offices):
            table.refuse(
                "approval_invalid",
                f"{run_by}_school 须依次列出审批单位：county、city",
                f"{run_by}_school lists the deciding offices in order: county, city",
            )
        paths.append((run_by, offices))
    table.close()
    return tuple(paths)  # type: ignore[arg-type]  # offices were compared with the Literal above


def version_place(effective_from: str | None, revision: int) -> str:
    """How a fault names a version: `version 2008-spring`, a later revision with its number."""
    place = f"version {effective_from or 'start'}"
    return place if revision == 1 else f"{place} revision {revision}"


def _version(table: Table, head: tuple[str, PeriodKind, Rhythm]) -> Version:
    effective_from = table.period("effective_from")
    revision = table.whole("revision", 1, least=1, most=9999)
    table.where = version_place(effective_from, revision)
    note = _words(table.table("note")) if "note" in table.values else None
    version = Version(
        programme=head[0],
        period=head[1],
        instalments=head[2],
        effective_from=effective_from,
        revision=revision,
        source=table.text("source"),
        verified=table.truth("verified", default=True),
        criteria=tuple(_criterion(each) for each in table.tables("criterion")),
        amounts=tuple(_amount(each) for each in table.tables("amount", needed=False)),
        funding=tuple(_funding(each) for each in table.tables("funding")),
        examples=tuple(_example(each) for each in table.tables("example")),
        note=note,
        cautions=tuple(_caution(each) for each in table.tables("caution", needed=False)),
        tiers=_tiers(table.table("tiers")) if "tiers" in table.values else None,
        quotas=tuple(_quota(each) for each in table.tables("quota", needed=False)),
        ranking=tuple(_rank_by(each, table) for each in table.texts("ranking", [])),
        student_year_max_fen=table.fen("student_year_max")
        if "student_year_max" in table.values
        else None,
        methods=_methods(table),
    )
    table.asked |= {"note", "tiers", "student_year_max"}
    table.close()
    return sealed(version)


def _criterion(table: Table) -> Criterion:
    criterion = Criterion(
        id=table.text("id"),
        test=table.text("test"),
        zh=table.text("zh"),
        en=table.text("en"),
        clause=table.text("clause", ""),
    )
    table.close()
    return criterion


def _amount(table: Table) -> Amount:
    worked_out = "fen" in table.values
    amount = Amount(
        when=table.text("when", ""),
        year_fen=0 if worked_out else table.fen("yuan"),
        fen=table.text("fen") if worked_out else "",
    )
    table.asked.add("fen")  # instead of yuan: an expression over facts
    table.close()
    return amount


def _caution(table: Table) -> Caution:
    caution = Caution(
        id=table.text("id"), test=table.text("test"), zh=table.text("zh"), en=table.text("en")
    )
    table.close()
    return caution


def _tiers(table: Table) -> Tiers:
    tiers = Tiers(table.fen("average"), table.fen("least"), table.fen("most"))
    if not tiers.least_fen <= tiers.average_fen <= tiers.most_fen:
        table.refuse(
            "tiers_invalid",
            "须满足 least ≤ average ≤ most",
            "least, average and most must rise in this order",
        )
    table.close()
    return tiers


def _quota(table: Table) -> Quota:
    of, given = table.choice("of", QuotaOf), table.values.get("of") == "given"
    quota = Quota(
        of=of,
        bound=table.choice("bound", Bound, "ceiling" if given else None),
        basis_points=0 if given else table.whole("basis_points", None, least=1, most=10_000),
        rounding="down" if given else table.choice("rounding", Rounding),
    )
    table.close()
    return quota


def _rank_by(text: str, table: Table) -> RankBy:
    """Reads `hardship desc`."""
    fact, _, direction = text.partition(" ")
    if fact not in FACTS or direction not in get_args(Direction):
        table.refuse(
            "ranking_invalid",
            f"ranking 中的 {text!r} 须写成“事实名 asc”或“事实名 desc”",
            f"{text!r} in ranking is a fact's name and asc or desc, such as 'hardship desc'",
        )
    return RankBy(fact, "desc" if direction == "desc" else "asc")


def _methods(table: Table) -> tuple[Method, ...]:
    methods = table.texts("methods", list(BY_BANK))
    if set(methods) - set(get_args(Method)) or len(set(methods)) < len(methods):
        listed = ", ".join(get_args(Method))
        table.refuse(
            "methods_invalid",
            f"methods 逐项列出发放方式，不重复：{listed}",
            f"methods lists ways of paying, each once: {listed}",
        )
    return methods  # type: ignore[return-value]  # compared with the Literal above


def _funding(table: Table) -> Funding:
    funding = Funding(table.text("source"), table.whole("basis_points", None, least=1, most=10000))
    table.close()
    return funding


def _example(table: Table) -> Example:
    given, gives = table.table("given"), table.table("gives")
    for fault in check_facts(given.values):
        given.refuse(fault.code, fault.zh, fault.en)
    claims = gives.values
    if not {"eligible", "unknown"} & claims.keys():
        gives.refuse(
            "example_claims", "须写明 eligible 或 unknown", "say what follows: eligible or unknown"
        )
    paid = [
        Table({"instalments": text}, gives.where, gives.faults).fen("instalments")
        for text in gives.texts("instalments", [])
    ]
    example = Example(
        given=tuple(sorted(given.values.items())),
        eligible=gives.truth("eligible", default=False) if "eligible" in claims else None,
        year_fen=gives.fen("year") if "year" in claims else None,
        instalments=tuple(paid) if "instalments" in claims else None,
        failed=gives.texts("failed") if "failed" in claims else None,
        unknown=gives.texts("unknown") if "unknown" in claims else None,
        period=table.period("period"),
        cautions=gives.texts("cautions") if "cautions" in claims else None,
    )
    gives.asked |= {"eligible", "unknown", "failed", "year", "cautions"}
    gives.close()
    table.close()
    return example
