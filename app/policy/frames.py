"""Facts as polars frames, and what is wrong with facts that somebody gives."""

import operator
from collections.abc import Mapping, Sequence
from functools import reduce

import polars as pl

from app.core.errors import Fault
from app.policy.errors import FactsInvalid
from app.policy.facts import FACTS, Fact, FactType, Scalar

_NULL = pl.Null()
_SHOWN = 20  # wrong values named for each column
_DTYPES: Mapping[FactType, pl.DataType] = {
    "int": pl.Int64(),
    "bool": pl.Boolean(),
    "enum": pl.String(),
}


def polars_schema() -> dict[str, pl.DataType]:
    """The column types of a frame of facts, in vocabulary order."""
    return {fact.name: _DTYPES[fact.type] for fact in FACTS.values()}


def check_facts(given: Mapping[str, object], where: str = "") -> list[Fault]:
    """Every fault of one case's facts: unknown names and values; None is an unknown fact."""
    faults = []
    for name, value in given.items():
        place = f"{where}/{name}"
        fact = FACTS.get(name)
        if fact is None:
            faults.append(unknown_fact(name, place))
        elif value is not None and not fact.accepts(value):
            faults.append(_bad_value(fact, value, place))
    return faults


def unknown_fact(name: str, where: str) -> Fault:
    """The fault of a name that is not in the vocabulary."""
    names = ", ".join(FACTS)
    return Fault(
        "fact_unknown",
        f"没有名为 {name} 的事实；可用的有：{names}",
        f"there is no fact called {name}; there are {names}",
        where,
    )


def _bad_value(fact: Fact, value: object, where: str) -> Fault:
    allowed = fact.allowed()
    return Fault(
        "fact_value",
        f"{fact.zh}（{fact.name}）不能是 {value!r}；可用：{allowed.zh}",
        f"{fact.name} cannot be {value!r}; allowed: {allowed.en}",
        where,
    )


def frame_of(cases: Sequence[Mapping[str, Scalar | None]]) -> pl.DataFrame:
    """One row a case, every fact a column, null where not known.

    Raises FactsInvalid with every unknown fact and wrong value, placed `/row/fact`.
    """
    faults = [
        fault for row, case in enumerate(cases) for fault in check_facts(case, where=f"/{row}")
    ]
    if faults:
        raise facts_invalid(faults)
    columns = {name: [case.get(name) for case in cases] for name in FACTS}
    return pl.DataFrame(columns, schema=polars_schema())


def conform(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with exactly the vocabulary's columns and types; absent facts are unknown.

    Other columns are left out; a column of `coded` stays as it is. Raises FactsInvalid when a
    column has another type than its fact or holds values that are not allowed.
    """
    facts = typed(frame)
    refuse_outside(frame, frame.lazy().select(allowed(frame)).collect().to_series())
    return facts.collect()


def typed(frame: pl.DataFrame) -> pl.LazyFrame:
    """As `conform`, lazily, with the types checked and the values not: `allowed` is for them.

    Raises FactsInvalid when a column has another type than its fact, with what else is wrong.
    """
    kinds = frame.schema
    wrong = [fact for fact in _present(frame) if not _fits(kinds[fact.name], fact)]
    if wrong:
        faults = [_bad_value(fact, str(kinds[fact.name]), f"/{fact.name}") for fact in wrong]
        raise facts_invalid([*faults, *_value_faults(frame)])
    present = {fact.name for fact in _present(frame)}
    absent = [
        pl.lit(None, _DTYPES[fact.type]).alias(fact.name)
        for fact in FACTS.values()
        if fact.name not in present
    ]
    widened = [
        pl.col(name).cast(_DTYPES["int"])
        for name in present
        if FACTS[name].type == "int" and kinds[name] != _DTYPES["int"]
    ]
    return frame.lazy().with_columns(*absent, *widened).select(*FACTS)


def allowed(frame: pl.DataFrame) -> pl.Expr:
    """Whether a row's facts of the right type are all allowed: false where one is not.

    Unknown facts leave it true or unknown. It compares as tests do, so that a query with both
    compares once what both ask for; `is_in` would hash every row, which takes far longer.
    """
    checked = [
        _allowed(fact)
        for fact in _fitting(frame)
        if fact.type != "bool" and frame.schema[fact.name] != pl.Enum  # these hold nothing else
    ]
    return reduce(operator.and_, checked, pl.lit(value=True)).alias("allowed")


def refuse_outside(frame: pl.DataFrame, found: pl.Series) -> None:
    """Raises FactsInvalid where `allowed` found a row false, with every value not allowed."""
    if not found.all():
        raise facts_invalid(_value_faults(frame))


def _value_faults(frame: pl.DataFrame) -> list[Fault]:
    faults = []
    for fact in _fitting(frame):
        column = pl.col(fact.name)
        bad = frame.select(column.filter(~_allowed(fact)).unique().sort().head(_SHOWN)).to_series()
        faults += [_bad_value(fact, value, f"/{fact.name}") for value in bad.to_list()]
    return faults


def _present(frame: pl.DataFrame) -> list[Fact]:
    return [fact for fact in FACTS.values() if frame.schema.get(fact.name, _NULL) != _NULL]


def _fitting(frame: pl.DataFrame) -> list[Fact]:
    return [fact for fact in _present(frame) if _fits(frame.schema[fact.name], fact)]


def coded(frame: pl.DataFrame) -> pl.DataFrame:
    """As `conform`, with every enumeration as its codes instead of texts.

    For a frame that several versions are run over: codes need no second check and compare ten
    times as fast. Raises FactsInvalid as `conform` does.
    """
    held = [pl.col(each.name).cast(_codes(each)) for each in FACTS.values() if each.type == "enum"]
    return conform(frame).with_columns(held)


def _codes(fact: Fact) -> pl.Enum:
    return pl.Enum([str(value) for value in fact.listed])


def _fits(dtype: pl.DataType, fact: Fact) -> bool:
    if fact.type == "int":
        return dtype.is_integer()
    return dtype == _DTYPES[fact.type] or (fact.type == "enum" and dtype == _codes(fact))


def _allowed(fact: Fact) -> pl.Expr:
    column = pl.col(fact.name)
    if fact.type == "enum":
        return reduce(operator.or_, [column == value for value in fact.listed])
    if fact.type == "bool":
        return pl.lit(value=True)
    return (column >= fact.minimum) & (column <= fact.maximum)


def facts_invalid(faults: Sequence[Fault]) -> FactsInvalid:
    """The refusal of facts, with every fault."""
    return FactsInvalid(
        f"有 {len(faults)} 处事实填写不正确，请逐项改正后再提交",
        f"{len(faults)} facts are wrong; correct each one and send them again",
        faults=faults,
    )
