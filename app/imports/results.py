"""What became of every row: kept with the import, and written into the sheet that goes back."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import polars as pl
from sqlalchemy import text
from sqlmodel import Session

from app.applications.outcomes import REFUSALS
from app.core import db
from app.core.money import show_yuan
from app.imports.columns import ACCOUNT_KINDS
from app.imports.models import RowOutcome, SheetImport
from app.policy.facts import FACTS
from app.policy.queries import LoadedVersion
from app.sheets.annotate import Outcome, RowNote
from app.sheets.tables import Tables

TAKEN_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.Int64(),
    "outcome": pl.String(),
    "kinds": pl.List(pl.String()),
    "detail": pl.String(),
    "application_id": pl.String(),
    "amount_fen": pl.Int64(),
    "failed": pl.List(pl.String()),
    "missing": pl.List(pl.String()),
}
"""What `applications.intake.take_in` says of each row, as far as it is used here."""

_DETAIL_MAX = 500
_SHEET_MAX = 80
_COLOURS: Mapping[str, Outcome] = {
    RowOutcome.ELIGIBLE: "good",
    RowOutcome.UNCHANGED: "good",
    RowOutcome.ERROR: "bad",
    RowOutcome.ALREADY_APPLIED: "bad",
}
_STAGE = text(
    "CREATE TEMP TABLE import_staging (sheet_no int, sheet text, row_no int, name text, "
    "outcome text, kinds text, detail text, application_id uuid) ON COMMIT DROP"
)
_STAGED = ("sheet_no", "sheet", "row_no", "name", "outcome", "kinds", "detail", "application_id")
_INSERT = text(
    "INSERT INTO import_row (import_id, school_id, county_id, sheet_no, sheet, row_no, name, "
    "outcome, kinds, detail, application_id) SELECT :import_id, :school_id, :county_id, sheet_no, "
    "sheet, row_no, name, outcome, CAST(kinds AS text[]), detail, application_id "
    "FROM import_staging ORDER BY sheet_no, row_no"
)
_DROP = text("DROP TABLE IF EXISTS pg_temp.import_staging")


def outcomes(places: pl.DataFrame, faults: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """One row a row of the sheet, in its order: its place, its name and what became of it."""
    kinds = pl.col("code").unique(maintain_order=True)
    refused = faults.group_by("row", maintain_order=True).agg(kinds.alias("kinds"))
    bad = refused.select(
        "row",
        pl.lit(RowOutcome.ERROR.value).alias("outcome"),
        "kinds",
        pl.col("kinds").list.join("+").alias("detail"),
        *(pl.lit(None, TAKEN_SCHEMA[name]).alias(name) for name in list(TAKEN_SCHEMA)[4:]),
    )
    told = pl.concat([bad, taken])
    return places.join(told, on="row", how="left", maintain_order="left")


def seen(told: pl.DataFrame) -> pl.DataFrame:
    """What `take_in` answered, as far as it is used here."""
    return told.select(pl.col(name).cast(kind) for name, kind in TAKEN_SCHEMA.items())


def not_stored(outcome: pl.DataFrame) -> pl.DataFrame:
    """The outcomes without the cases that were undone; those that were there before stay named."""
    there = pl.col("outcome").is_in([RowOutcome.UNCHANGED, RowOutcome.ALREADY_APPLIED])
    return outcome.with_columns(pl.when(there).then("application_id"))


def wrong(outcome: pl.DataFrame) -> int:
    """How many rows are errors."""
    return outcome.filter(pl.col("outcome") == RowOutcome.ERROR.value).height


def counts(outcome: pl.DataFrame) -> dict[str, int]:
    """How many rows had each outcome, those with none left out."""
    return dict(sorted(Counter(outcome["outcome"].to_list()).items()))


def amount_fen(outcome: pl.DataFrame) -> int:
    """The sum in fen of the rows that are eligible now."""
    eligible = outcome.filter(pl.col("outcome") == RowOutcome.ELIGIBLE.value)
    return int(eligible["amount_fen"].sum())


def keep(session: Session, record: SheetImport, outcome: pl.DataFrame) -> None:
    """Stores what became of each row, all in one statement."""
    staged = outcome.select(
        "sheet_no",
        pl.col("sheet").str.slice(0, _SHEET_MAX),
        "row_no",
        "name",
        "outcome",
        # Kinds are codes of letters, digits and underscores: nothing in them needs quoting.
        pl.concat_str(pl.lit("{"), pl.col("kinds").list.join(",").fill_null(""), pl.lit("}")).alias(
            "kinds"
        ),
        pl.col("detail").fill_null("").str.slice(0, _DETAIL_MAX),
        "application_id",
    )
    session.execute(_DROP)
    session.execute(_STAGE)
    csv = staged.write_csv(include_header=False).encode()
    db.copy_rows(session, "import_staging", _STAGED, csv)
    session.execute(
        _INSERT,
        {"import_id": record.id, "school_id": record.school_id, "county_id": record.county_id},
    )


def notes(
    outcome: pl.DataFrame, faults: pl.DataFrame, tables: Tables, loaded: LoadedVersion
) -> dict[tuple[str, int], RowNote]:
    """What the sheet that goes back says in its last column, by (sheet, row)."""
    letters = {table.sheet: _letters(table.letters) for table in tables.tables}
    found: dict[int, list[tuple[str, str]]] = {}
    for row, column, words in faults.select("row", "column", "zh").iter_rows():
        found.setdefault(row, []).append((column, words))
    in_words = _Words({criterion.id: criterion.zh for criterion in loaded.version.criteria})
    listed = (pl.col(name).list.join("+").fill_null("") for name in ("failed", "missing", "kinds"))
    telling = outcome.select("row", "sheet", "row_no", "outcome", "amount_fen", *listed)
    written: dict[tuple[str, int], RowNote] = {}
    for row, sheet, row_no, came_out, *why in telling.iter_rows():
        faulty = found.get(row, ())
        said = "；".join(words for _, words in faulty) or in_words.of(came_out, *why)
        place = letters[sheet]
        letters_bad = [letter for column, _ in faulty for letter in place.get(column, ())]
        written[sheet, row_no] = RowNote(
            said, _COLOURS.get(came_out, "waiting"), tuple(dict.fromkeys(letters_bad))
        )
    return written


def _letters(known: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    places: dict[str, tuple[str, ...]] = {column: (letter,) for column, letter in known.items()}
    places["account_number"] = tuple(known[name] for name in ACCOUNT_KINDS if name in known)
    places["school_id"] = tuple(
        known[name] for name in ("school_code", "school_name") if name in known
    )
    return places


class _Words:
    """What is said of a row; most rows of a sheet are told one of a few things."""

    def __init__(self, criteria: Mapping[str, str]) -> None:
        self._criteria = criteria
        self._said: dict[tuple[object, ...], str] = {}

    def of(self, came_out: str, amount_fen: int | None, *why: str) -> str:
        """The sentence for an outcome; `why` are what is failed, missing, and the kinds of error,
        each joined by `+`.
        """
        key = (came_out, amount_fen, *why)
        if key not in self._said:
            self._said[key] = self._say(came_out, amount_fen, *map(_split, why))
        return self._said[key]

    def _say(
        self,
        came_out: str,
        amount_fen: int | None,
        failed: Sequence[str],
        missing: Sequence[str],
        kinds: Sequence[str],
    ) -> str:
        unmet = "」「".join(self._criteria.get(each, each) for each in failed)
        if came_out == RowOutcome.ELIGIBLE and amount_fen is not None:
            return f"符合条件：{show_yuan(amount_fen)} 元"
        if came_out == RowOutcome.INELIGIBLE:
            return f"不符合条件：未满足「{unmet}」"
        if came_out == RowOutcome.PROVISIONAL:
            return f"{_PROVISIONAL}；且未满足「{unmet}」" if unmet else _PROVISIONAL
        if came_out == RowOutcome.INCOMPLETE:
            lacking = [FACTS[each].zh if each in FACTS else each for each in missing]
            return f"资料不全：请补充{'、'.join(lacking)}后再提交"
        return _WORDS.get(came_out, "") or _error(kinds)


def _split(joined: str) -> list[str]:
    return joined.split("+") if joined else []


_PROVISIONAL = "已登记，尚无身份证号：请补充出生日期和监护人身份证号，经资助中心核实身份后才能发放"
_WORDS: Mapping[str, str] = {
    RowOutcome.UNCHANGED: "与已提交的申请一致，未作改动",
    RowOutcome.ALREADY_APPLIED: "已有同一项目和学期的申请，内容不同；如需更改请先退回或撤回原申请",
}


def _error(kinds: Iterable[str]) -> str:
    return "；".join(
        REFUSALS[kind].zh if kind in REFUSALS else f"未能受理（{kind}）" for kind in kinds
    )
